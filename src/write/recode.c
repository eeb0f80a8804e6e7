/*-------------------------------------------------------------------------
 *
 * recode.c
 *	  The mean that codes are relative to, and an index that began without one.
 *
 * Codes are better when what all vectors share need not be coded.  A build
 * takes the mean of what it reads first.  An index that was made on an empty
 * or a small table takes it again as it grows (vp_mean_due): the insert that
 * finds it due codes all that is there anew, at most VP_MEAN_LAST vectors, from
 * the exact ones, while other inserts wait.
 *
 * The metapage says last that this was done (mean_due changes), and until it
 * does every insert tries again: whatever a cancelled or killed one left, some
 * codes of the old and some of the new mean, is coded anew.  Searches do not
 * wait; one that goes on just then sees estimates that are off, and is right
 * in its exact distances.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/alloc.h"
#include "page/node.h"
#include "page/page_locks.h"
#include "page/page_locks.h"
#include "write/recode.h"

bool
vp_mean_finish(const double *sum, double n, int padded, float *mean)
{
	bool		finite = true;

	for (int d = 0; d < padded; d++)
	{
		mean[d] = n > 0 ? (float) (sum[d] / n) : 0.0f;
		finite = finite && isfinite(mean[d]);
	}
	if (!finite)
		memset(mean, 0, padded * sizeof(float));
	return finite;
}

bool
vp_mean_is_due(const VpIndex *index)
{
	VpGraphState state = vp_graph_state(&index->store);
	uint32		records;
	uint64		bytes;

	/*
	 * codes of what is in the table alone keep the mean that they were built
	 * with
	 */
	if (index->meta.mean_floats == 0 || index->form->in_table ||
		state.mean_due == 0 || state.next_id < state.mean_due)
		return false;
	/* ids may be of nodes without a vector */
	vp_store_totals(&index->store, &records, &bytes);
	return records >= state.mean_due;
}

/* Adds up the rotated vectors of all living nodes that have one of their own; how many. */
static double
sum_vectors(const VpIndex *index, uint32 nids, void *vector, float *rotated, double *sum)
{
	double		n = 0;

	for (VpId id = 0; id < nids; id++)
	{
		uint8		flags = vp_node_flags(&index->store, id);

		CHECK_FOR_INTERRUPTS();
		if ((flags != VP_NODE_LINKED && flags != VP_NODE_CHAINED) ||
			vp_vector_owner(&index->store, id) != id)
			continue;
		vp_vector_fetch(&index->store, id, vector);
		index->form->rotate(&index->codec, &index->meta, vector, rotated, true);
		for (int d = 0; d < index->codec.padded; d++)
			sum[d] += rotated[d];
		n++;
	}
	return n;
}

/*
 * Codes every node anew that has a vector, dead ones too: searches pass through
 * them.
 */
static void
recode_nodes(const VpIndex *index, uint32 nids, void *vector, float *rotated)
{
	uint8	   *code = vp_palloc_aligned(index->codec.code_bytes);
	VpFactors	factors;

	for (VpId id = 0; id < nids; id++)
	{
		uint8		flags = vp_node_flags(&index->store, id);

		CHECK_FOR_INTERRUPTS();
		if (flags == 0 || (flags & VP_NODE_BARE) || vp_vector_owner(&index->store, id) != id)
			continue;
		vp_vector_fetch(&index->store, id, vector);
		index->form->rotate(&index->codec, &index->meta, vector, rotated, false);
		vp_codec_encode(&index->codec, rotated, code, &factors);
		vp_node_recode(&index->store, id, (float *) &factors, code);
		VP_POINT("recode-node");
	}
}

static void
take_mean(Relation rel)
{
	VpIndex    *index = vp_index_copy(vp_index_get(rel));
	uint32		nids = vp_graph_state(&index->store).next_id;
	uint32		records;
	uint64		bytes;
	void	   *vector = palloc(index->store.geo.exact_words * sizeof(uint32));
	float	   *rotated = vp_palloc_aligned(index->codec.rotated_bytes);
	float	   *mean = palloc(index->meta.mean_floats * sizeof(float));
	double	   *sum = palloc0(index->codec.padded * sizeof(double));
	double		n = sum_vectors(index, nids, vector, rotated, sum);

	vp_store_totals(&index->store, &records, &bytes);
	(void) vp_mean_finish(sum, n, index->codec.padded, mean);
	vp_mean_write(&index->store, &index->meta, mean);
	index->meta.has_mean = true;
	index = vp_index_make(rel, &index->meta, mean, CurrentMemoryContext);
	recode_nodes(index, nids, vector, rotated);
	vp_mean_taken(&index->store, records);
}

/*
 * The lock keeps inserts away, which would code by the old mean.  VACUUM goes
 * on beside: estimates that are off for once cost it a less good link.
 */
void
vp_mean_take(Relation rel)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov recode",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	LockPage(rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
	if (vp_mean_is_due(vp_index_get(rel)))
		take_mean(rel);
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
