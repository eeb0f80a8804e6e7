/*-------------------------------------------------------------------------
 *
 * recall.c
 *	  vecprov_recall: how many of the true neighbours an index finds.
 *
 * The queries are vectors of the table, drawn at random but the same each time
 * (reservoir sampling, Vitter's algorithm R).  Their exact neighbours come from
 * one more pass over the table, for all queries at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/genam.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "common/pg_prng.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/am.h"
#include "base/loaded.h"
#include "inspect/heap_scan.h"
#include "inspect/recall.h"

VP_SERVER_FUNCTION(vecprov_recall);

#define MAX_SAMPLES 10000
#define MAX_K 10000

typedef struct Sample
{
	VpValue    *value;
	double	   *nearest;		/* distances, a heap with the farthest on top */
	int			n;
} Sample;

typedef struct Recall
{
	const VpIndex *index;
	int			k;
	int			nsamples;		/* wanted */
	int			drawn;
	int64		rows;
	pg_prng_state random;
	Sample	   *samples;
} Recall;

struct VpRecall
{
	VpTarget	target;
	Recall		recall;
	IndexInfo  *info;
	EState	   *estate;
};

static VpValue *
copy_value(const VpValue *value)
{
	VpValue    *copy = palloc(VARSIZE(value));

	memcpy(copy, value, VARSIZE(value));
	return copy;
}

static void
draw(ItemPointer tid, const VpValue *value, void *arg)
{
	Recall	   *recall = arg;
	int64		at = recall->rows++;

	if (at >= recall->nsamples)
	{
		at = (int64) pg_prng_uint64_range(&recall->random, 0, at);
		if (at >= recall->nsamples)
			return;
		pfree(recall->samples[at].value);
	}
	else
		recall->drawn++;
	recall->samples[at].value = copy_value(value);
}

/* NaN, the cosine distance of a zero vector, is farther than all else. */
static double
distance(const VpIndex *index, const VpValue *a, const VpValue *b)
{
	double		d = index->form->distance(&index->meta, index->form->elements(a),
										  index->form->elements(b));

	return isnan(d) ? INFINITY : d;
}

/* Keeps a distance if it is among the k least. */
static void
keep_nearest(Sample *sample, int k, double dist)
{
	double	   *heap = sample->nearest;
	int			i;

	if (sample->n < k)
	{
		for (i = sample->n++; i > 0 && heap[(i - 1) / 2] < dist; i = (i - 1) / 2)
			heap[i] = heap[(i - 1) / 2];
		heap[i] = dist;
		return;
	}
	if (dist >= heap[0])
		return;
	for (i = 0; 2 * i + 1 < k;)
	{
		int			child = 2 * i + 1;

		if (child + 1 < k && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= dist)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = dist;
}

static void
measure_row(ItemPointer tid, const VpValue *value, void *arg)
{
	Recall	   *recall = arg;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < recall->drawn; i++)
		keep_nearest(&recall->samples[i], recall->k,
					 distance(recall->index, recall->samples[i].value, value));
}

/* How many of the rows that the index returns are as near as the k nearest. */
static int
search(VpTarget *target, Recall *recall, const Sample *sample, IndexInfo *info, EState *estate)
{
	IndexScanDesc scan = VpIndexBeginScan(target->heap, target->rel, GetActiveSnapshot(), 0, 1);
	TupleTableSlot *slot = table_slot_create(target->heap, NULL);
	ScanKeyData key;
	int			found = 0;

	vp_order_key(&key, PointerGetDatum(sample->value));
	index_rescan(scan, NULL, 0, &key, 1);
	GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
	for (int i = 0; i < sample->n && index_getnext_slot(scan, ForwardScanDirection, slot); i++)
	{
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		FormIndexDatum(info, slot, estate, values, isnull);
		if (!isnull[0] && distance(recall->index, sample->value,
								   vp_value_get(values[0])) <= sample->nearest[0])
			found++;
		ResetPerTupleExprContext(estate);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

static void
check_arguments(int k, int nsamples)
{
	if (k < 1 || k > MAX_K)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be between 1 and %d, not %d", MAX_K, k)));
	if (nsamples < 1 || nsamples > MAX_SAMPLES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("samples must be between 1 and %d, not %d", MAX_SAMPLES, nsamples)));
}

VpRecall *
vp_recall_open(Oid relid, int k, int nsamples)
{
	VpRecall   *all = palloc0(sizeof(VpRecall));
	Recall	   *recall = &all->recall;

	check_arguments(k, nsamples);
	vp_target_open(&all->target, relid, VP_RIGHT_MEASURE, AccessShareLock);
	recall->index = all->target.index;
	recall->k = k;
	recall->nsamples = nsamples;
	recall->samples = palloc0(nsamples * sizeof(Sample));
	pg_prng_seed(&recall->random, 1);

	vp_each_row(&all->target, draw, recall);
	for (int i = 0; i < recall->drawn; i++)
		recall->samples[i].nearest = palloc(k * sizeof(double));
	vp_each_row(&all->target, measure_row, recall);

	all->info = BuildIndexInfo(all->target.rel);
	all->estate = CreateExecutorState();
	return all;
}

void
vp_recall_close(VpRecall *all)
{
	FreeExecutorState(all->estate);
	vp_target_close(&all->target);
}

Relation
vp_recall_index(const VpRecall *all)
{
	return all->target.rel;
}

double
vp_recall_measure(VpRecall *all, double *ms)
{
	Recall	   *recall = &all->recall;
	double		wanted = 0;
	double		found = 0;
	instr_time	start;
	instr_time	time;

	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < recall->drawn; i++)
	{
		CHECK_FOR_INTERRUPTS();
		wanted += recall->samples[i].n;
		found += search(&all->target, recall, &recall->samples[i], all->info, all->estate);
	}
	INSTR_TIME_SET_CURRENT(time);
	INSTR_TIME_SUBTRACT(time, start);
	*ms = INSTR_TIME_GET_MILLISEC(time) / Max(recall->drawn, 1);
	return wanted > 0 ? found / wanted : NAN;
}

Datum
vecprov_recall(PG_FUNCTION_ARGS)
{
	VpRecall   *all = vp_recall_open(PG_GETARG_OID(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2));
	double		ms;
	double		recall = vp_recall_measure(all, &ms);

	vp_recall_close(all);
	if (isnan(recall))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(recall);
}
