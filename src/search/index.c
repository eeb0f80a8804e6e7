/*-------------------------------------------------------------------------
 *
 * index.c
 *	  An index opened: what follows from its metapage, kept with the relation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "kernel/rotation.h"
#include "search/index.h"

/* Layout of the piece: VpIndex, mean, signs. */
static Size
mean_bytes(const VpMeta *meta)
{
	return MAXALIGN(meta->mean_floats * sizeof(float));
}

/*
 * Points codec and store at what stands behind the struct, wherever it is now.
 */
static void
attach(VpIndex *index, Relation rel)
{
	char	   *behind = (char *) index + MAXALIGN(sizeof(VpIndex));
	VpMeta	   *meta = &index->meta;
	bool		rotated = vp_codec_sign_words(meta->metric, meta->dims, meta->bits) > 0;

	index->form = vp_form(meta->form);
	index->store.rel = rel;
	/* a table made in the same transaction may not need WAL until that ends */
	index->store.wal = RelationNeedsWAL(rel);
	index->form->init_codec(&index->codec, meta,
							rotated ? (uint32 *) (behind + mean_bytes(meta)) : NULL,
							meta->has_mean ? (float *) behind : NULL);
}

/* How many this process has made. */
static uint64 opened = 0;

VpIndex *
vp_index_make(Relation rel, const VpMeta *meta, const float *mean, MemoryContext context)
{
	Size		words = vp_codec_sign_words(meta->metric, meta->dims, meta->bits);
	Size		size = MAXALIGN(sizeof(VpIndex)) + mean_bytes(meta) + words * sizeof(uint32);
	VpIndex    *index = MemoryContextAllocZero(context, size);
	char	   *behind = (char *) index + MAXALIGN(sizeof(VpIndex));

	index->size = size;
	index->opened = ++opened;
	index->meta = *meta;
	if (mean != NULL)
		memcpy(behind, mean, meta->mean_floats * sizeof(float));
	vp_codec_make_signs(meta->seed, (uint32 *) (behind + mean_bytes(meta)), words);
	vp_store_init(&index->store, rel, meta);
	attach(index, rel);
	Assert(index->codec.code_bytes <= index->store.geo.code_bytes);
	return index;
}

void
vp_index_check_built(Relation rel)
{
	if (!rel->rd_index->indisready)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" has not been built", RelationGetRelationName(rel)),
				 errdetail("CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY is building it, or has failed."),
				 errhint("Wait for its end, or REINDEX or DROP the index.")));
}

const VpIndex *
vp_index_get(Relation rel)
{
	VpIndex    *index = rel->rd_amcache;
	VpMeta		meta;
	float	   *mean;

	if (index != NULL && index->meta.mean_due == vp_graph_state(&index->store).mean_due)
	{
		index->store.wal = RelationNeedsWAL(rel);
		return index;
	}
	vp_index_forget(rel);

	vp_meta_read(rel, &meta);
	mean = palloc(mean_bytes(&meta));
	vp_mean_read(rel, &meta, mean);
	index = vp_index_make(rel, &meta, mean, rel->rd_indexcxt);
	pfree(mean);
	rel->rd_amcache = index;
	return index;
}

VpIndex *
vp_index_copy(const VpIndex *index)
{
	VpIndex    *copy = palloc(index->size);

	memcpy(copy, index, index->size);
	attach(copy, index->store.rel);
	return copy;
}

void
vp_index_forget(Relation rel)
{
	if (rel->rd_amcache != NULL)
		pfree(rel->rd_amcache);
	rel->rd_amcache = NULL;
}

void *
vp_palloc_aligned(Size size)
{
	VP_POINT("allocation");
	return (void *) TYPEALIGN(64, palloc(size + 63));
}

void *
vp_palloc0_aligned(Size size)
{
	return memset(vp_palloc_aligned(size), 0, size);
}
