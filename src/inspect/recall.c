/*-------------------------------------------------------------------------
 *
 * recall.c
 *	  vecprov_recall: how many of the true neighbours an index finds.
 *
 * The queries are vectors of the table, drawn at random but the same each time
 * (reservoir sampling, Vitter's algorithm R).  Their exact neighbours come from
 * more passes over the table, each for as many queries as work_mem has room
 * for.  What is kept of a query is its row and the distance of its k-th
 * neighbour: some bytes.
 *
 * With a filter, neighbours are looked for among the rows that the caller sees
 * and that satisfy it, both by the table and by the index: by SELECTs of the
 * caller's (replica/caller_rows.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/loaded.h"
#include "inspect/heap_scan.h"
#include "inspect/recall.h"
#include "replica/caller_rows.h"
#include "replica/seated.h"
#include "search/nearest.h"
#include "search/row_reader.h"

VP_SERVER_FUNCTION(vecprov_recall);

#define MAX_SAMPLES 10000
#define MAX_K 10000

/* A row whose vector is searched for. */
typedef struct Sample
{
	ItemPointerData tid;
	int			n;				/* neighbours to be found; 0 also if the row
								 * is not seen any more */
	double		farthest;		/* distance of the last of them */
} Sample;

/* Samples whose neighbours are looked for in the present pass. */
typedef struct SampleGroup
{
	VpValue   **values;
	VpNearest  *nearest;
	int			n;
} SampleGroup;

struct VpRecall
{
	VpTarget	target;
	const VpIndex *index;
	int			k;
	int			nsamples;		/* wanted */
	int			drawn;
	int64		rows;
	pg_prng_state random;
	Sample	   *samples;
	SampleGroup group;
	VpRowReader *reader;

	/* with a filter */
	const VpCallerFilter *filter;	/* NULL: none */
	VpCallerRows *matches;		/* those that the index finds */

	const VpRecallOther *other; /* NULL: rows come from the index */
};

/*----------
 * The true neighbours
 *----------
 */

static void
draw(ItemPointer tid, const VpValue *value, const VpRowKeys *keys, void *arg)
{
	VpRecall   *recall = arg;
	int64		at = recall->rows++;

	if (at >= recall->nsamples)
		at = (int64) pg_prng_uint64_range(&recall->random, 0, at);
	else
		recall->drawn++;
	if (at < recall->nsamples)
		recall->samples[at].tid = *tid;
}

/* The value of a sample, copied; NULL if its row is not seen. */
static VpValue *
sample_value(VpRecall *recall, const Sample *sample)
{
	ItemPointerData tid = sample->tid;
	const VpValue *value = vp_row_reader_get(recall->reader, &tid);

	return value == NULL ? NULL : memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
}

/* NaN, the cosine distance of a zero vector, is farther than all else. */
static double
distance(const VpIndex *index, const VpValue *a, const VpValue *b)
{
	double		d = index->form->distance(&index->meta, index->form->elements(a),
										  index->form->elements(b));

	return isnan(d) ? INFINITY : d;
}

static void
measure_row(ItemPointer tid, const VpValue *value, const VpRowKeys *keys, void *arg)
{
	VpRecall   *recall = arg;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < recall->group.n; i++)
		if (recall->group.values[i] != NULL)
			vp_nearest_offer(&recall->group.nearest[i], tid,
							 distance(recall->index, recall->group.values[i], value));
}

/*
 * Reads samples, from `first` on, as many as work_mem has room for with their
 * neighbours, and at least one.
 */
static void
read_group(VpRecall *recall, int first)
{
	SampleGroup *group = &recall->group;
	int			k = (int) Min(recall->k, recall->rows);
	Size		used = 0;

	group->n = 0;
	group->values = palloc((recall->drawn - first) * sizeof(VpValue *));
	group->nearest = palloc((recall->drawn - first) * sizeof(VpNearest));
	while (first + group->n < recall->drawn && used < work_mem * (Size) 1024)
	{
		VpValue    *value = sample_value(recall, &recall->samples[first + group->n]);

		CHECK_FOR_INTERRUPTS();
		group->values[group->n] = value;
		if (value != NULL)
		{
			vp_nearest_init(&group->nearest[group->n], k);
			used += VARSIZE(value) + VP_NEAREST_BYTES(k);
		}
		group->n++;
	}
}

/* Offers the rows that satisfy the filter. */
static void
measure_matches(VpRecall *recall, VpCallerRows *matches)
{
	ItemPointerData tid;
	const VpValue *value;

	vp_caller_rows_begin(matches, NULL);
	while ((value = vp_caller_rows_next(matches, &tid)) != NULL)
		measure_row(&tid, value, NULL, recall);
}

/* Finds how far the k-th neighbour of each sample is. */
static void
find_neighbours(VpRecall *recall)
{
	VpTarget   *target = &recall->target;
	VpCallerRows *matches = NULL;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov recall",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;

	if (recall->filter != NULL)
		matches = vp_caller_rows_open(target->heap, target->rel, recall->filter, 0);
	for (int first = 0; first < recall->drawn; first += recall->group.n)
	{
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		read_group(recall, first);
		MemoryContextSwitchTo(old);
		if (matches != NULL)
			measure_matches(recall, matches);
		else
			vp_each_row(target, measure_row, NULL, recall);
		for (int i = 0; i < recall->group.n; i++)
		{
			VpNearest  *nearest = &recall->group.nearest[i];
			Sample	   *sample = &recall->samples[first + i];

			if (recall->group.values[i] == NULL || nearest->n == 0)
				continue;
			sample->n = nearest->n;
			sample->farthest = nearest->hits[0].dist;
		}
	}
	MemoryContextDelete(context);
	if (matches != NULL)
		vp_caller_rows_close(matches);
}

/*----------
 * What the index finds
 *----------
 */

/* How many of the rows that the index returns are as near as the k nearest. */
static int
search(VpRecall *recall, const Sample *sample, const VpValue *query)
{
	VpTarget   *target = &recall->target;
	VpSeated   *seated = vp_seated_open(target->rel, NULL, sizeof(VpSeated));
	VpEffort	effort = vp_effort_by_settings();
	VpHit		hit;
	int			found = 0;
	int			n = 0;

	vp_seated_begin(seated, query, &effort, NULL, target->heap, GetActiveSnapshot());
	while (n < sample->n && vp_seated_next(seated, &hit))
	{
		const VpValue *value = vp_row_reader_get(recall->reader, &hit.tid);

		if (value == NULL)
			continue;
		n++;
		if (distance(recall->index, query, value) <= sample->farthest)
			found++;
	}
	vp_seated_close(seated);
	return found;
}

/* The same of the rows that somebody else returns. */
static int
search_other(VpRecall *recall, const Sample *sample, const VpValue *query)
{
	ItemPointerData tid;
	int			found = 0;
	int			n = 0;

	recall->other->begin(query, recall->other->arg);
	while (n < sample->n && recall->other->next(&tid, recall->other->arg))
	{
		const VpValue *value = vp_row_reader_get(recall->reader, &tid);

		if (value == NULL)
			continue;
		n++;
		if (distance(recall->index, query, value) <= sample->farthest)
			found++;
	}
	return found;
}

/* The same of the rows that satisfy the filter. */
static int
search_matches(VpRecall *recall, const Sample *sample, const VpValue *query)
{
	const VpValue *value;
	ItemPointerData tid;
	int			found = 0;

	vp_caller_rows_begin(recall->matches, query);
	for (int n = 0; n < sample->n; n++)
	{
		value = vp_caller_rows_next(recall->matches, &tid);
		if (value == NULL)
			break;
		if (distance(recall->index, query, value) <= sample->farthest)
			found++;
	}
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
vp_recall_open(const VpRecallArguments *arguments)
{
	VpRecall   *recall = palloc0(sizeof(VpRecall));
	VpTarget   *target = &recall->target;
	int			nsamples = arguments->samples;

	check_arguments(arguments->k, nsamples);
	vp_target_open(target, arguments->index, VP_RIGHT_MEASURE, AccessShareLock);
	recall->index = target->index;
	recall->k = arguments->k;
	recall->nsamples = nsamples;
	if (arguments->filter != NULL)
	{
		vp_target_as_caller(target);
		recall->filter = vp_caller_filter_parse(target->heap, arguments->filter, arguments->params);
		recall->matches = vp_caller_rows_open(target->heap, target->rel, recall->filter, recall->k);
	}
	recall->samples = palloc0(nsamples * sizeof(Sample));
	pg_prng_seed(&recall->random, 1);
	recall->reader = vp_row_reader_begin(target->heap, target->rel, GetActiveSnapshot());

	vp_each_row(target, draw, NULL, recall);
	find_neighbours(recall);
	return recall;
}

void
vp_recall_close(VpRecall *recall)
{
	if (recall->matches != NULL)
		vp_caller_rows_close(recall->matches);
	vp_row_reader_end(recall->reader);
	vp_target_close(&recall->target);
}

Relation
vp_recall_index(const VpRecall *recall)
{
	return recall->target.rel;
}

/* How many of a sample's neighbours are found. */
static int
found_of(VpRecall *recall, const Sample *sample, const VpValue *query)
{
	if (recall->other != NULL)
		return search_other(recall, sample, query);
	if (recall->matches != NULL)
		return search_matches(recall, sample, query);
	return search(recall, sample, query);
}

double
vp_recall_measure_other(VpRecall *recall, const VpRecallOther *other)
{
	double		ms;
	double		measured;

	recall->other = other;
	measured = vp_recall_measure(recall, &ms);
	recall->other = NULL;
	return measured;
}

double
vp_recall_measure(VpRecall *recall, double *ms)
{
	double		wanted = 0;
	double		found = 0;
	instr_time	time;

	INSTR_TIME_SET_ZERO(time);
	for (int i = 0; i < recall->drawn; i++)
	{
		const Sample *sample = &recall->samples[i];
		VpValue    *query = sample->n > 0 ? sample_value(recall, sample) : NULL;
		instr_time	start;
		instr_time	end;

		CHECK_FOR_INTERRUPTS();
		if (query == NULL)
			continue;
		INSTR_TIME_SET_CURRENT(start);
		wanted += sample->n;
		found += found_of(recall, sample, query);
		INSTR_TIME_SET_CURRENT(end);
		INSTR_TIME_ACCUM_DIFF(time, end, start);
		pfree(query);
	}
	*ms = INSTR_TIME_GET_MILLISEC(time) / Max(recall->drawn, 1);
	return wanted > 0 ? found / wanted : NAN;
}

/* Arguments: index, k, samples, filter, params.  The last two may be null. */
Datum
vecprov_recall(PG_FUNCTION_ARGS)
{
	VpRecallArguments arguments;
	VpRecall   *all;
	double		ms;
	double		recall;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	arguments.index = PG_GETARG_OID(0);
	arguments.k = PG_GETARG_INT32(1);
	arguments.samples = PG_GETARG_INT32(2);
	arguments.filter = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	arguments.params = PG_ARGISNULL(4) ? NULL : PG_GETARG_ARRAYTYPE_P(4);
	all = vp_recall_open(&arguments);
	recall = vp_recall_measure(all, &ms);
	vp_recall_close(all);
	if (isnan(recall))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(recall);
}
