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
 * Of a partitioned index, samples and neighbours are of all its partitions,
 * each read by its own index: what a query of the partitioned table merges.
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
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/loaded.h"
#include "capacity/partitions.h"
#include "inspect/heap_scan.h"
#include "inspect/recall.h"
#include "replica/caller_rows.h"
#include "replica/seated.h"
#include "search/nearest.h"
#include "search/row_reader.h"

VP_SERVER_FUNCTION(vecprov_recall);

#define MAX_SAMPLES 10000

/* A row whose vector is searched for. */
typedef struct Sample
{
	int			part;			/* of whose table it is */
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

/* An index with its table: the one that is measured, or a partition of it. */
typedef struct Part
{
	VpTarget	target;
	VpRowReader *reader;

	/* with a filter */
	const VpCallerFilter *filter;	/* NULL: none */
	VpCallerRows *matches;		/* those that the index finds */
} Part;

struct VpRecall
{
	char	   *name;
	Part	   *parts;
	int			nparts;
	int			reading;		/* which part a pass has come to */
	const VpIndex *index;		/* of the first: all measure distances alike */
	int			k;
	int			nsamples;		/* wanted */
	int			drawn;
	int64		rows;
	pg_prng_state random;
	Sample	   *samples;
	SampleGroup group;

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
	{
		recall->samples[at].part = recall->reading;
		recall->samples[at].tid = *tid;
	}
}

/* The value of a sample, copied; NULL if its row is not seen. */
static VpValue *
sample_value(VpRecall *recall, const Sample *sample)
{
	ItemPointerData tid = sample->tid;
	const VpValue *value = vp_row_reader_get(recall->parts[sample->part].reader, &tid);

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

/* Offers the rows of a table. */
static void
measure_part(VpRecall *recall, Part *part)
{
	VpCallerRows *matches;

	if (part->filter == NULL)
	{
		vp_each_row(&part->target, measure_row, NULL, recall);
		return;
	}
	matches = vp_caller_rows_open(part->target.heap, part->target.rel, part->filter, 0);
	measure_matches(recall, matches);
	vp_caller_rows_close(matches);
}

/* Finds how far the k-th neighbour of each sample is. */
static void
find_neighbours(VpRecall *recall)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov recall",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;

	for (int first = 0; first < recall->drawn; first += recall->group.n)
	{
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		read_group(recall, first);
		MemoryContextSwitchTo(old);
		for (int i = 0; i < recall->nparts; i++)
			measure_part(recall, &recall->parts[i]);
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
}

/*----------
 * What the index finds
 *----------
 */

/* How many of the rows that the index returns are as near as the k nearest. */
static int
search(VpRecall *recall, Part *part, const Sample *sample, const VpValue *query)
{
	VpTarget   *target = &part->target;
	VpSeated   *seated = vp_seated_open(target->rel, NULL, sizeof(VpSeated));
	VpEffort	effort = vp_effort_of(target->rel, recall->k);
	VpHit		hit;
	int			found = 0;
	int			n = 0;

	vp_seated_begin(seated, query, &effort, NULL, target->heap, GetActiveSnapshot());
	while (n < sample->n && vp_seated_next(seated, &hit))
	{
		const VpValue *value = vp_row_reader_get(part->reader, &hit.tid);

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
		const VpValue *value = vp_row_reader_get(recall->parts[0].reader, &tid);

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
search_matches(VpRecall *recall, Part *part, const Sample *sample, const VpValue *query)
{
	const VpValue *value;
	ItemPointerData tid;
	int			found = 0;

	vp_caller_rows_begin(part->matches, query);
	for (int n = 0; n < sample->n; n++)
	{
		value = vp_caller_rows_next(part->matches, &tid);
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
	if (k < 1 || k > VP_RECALL_MAX_K)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be between 1 and %d, not %d", VP_RECALL_MAX_K, k)));
	if (nsamples < 1 || nsamples > MAX_SAMPLES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("samples must be between 1 and %d, not %d", MAX_SAMPLES, nsamples)));
}

/*
 * Opens and locks one index, until vp_recall_close().  If there are several,
 * the caller acts, since they may be of different owners: each table's owner
 * acts only where its expressions are evaluated.
 */
static void
open_part(VpRecall *recall, Part *part, Oid index, const VpRecallArguments *arguments)
{
	VpTarget   *target = &part->target;

	vp_target_open(target, index, VP_RIGHT_MEASURE, AccessShareLock);
	if (recall->nparts > 1 || arguments->filter != NULL)
		vp_target_as_caller(target);
	if (arguments->filter != NULL)
	{
		part->filter = vp_caller_filter_parse(target->heap, arguments->filter, arguments->params);
		part->matches = vp_caller_rows_open(target->heap, target->rel, part->filter, recall->k);
	}
	part->reader = vp_row_reader_begin(target->heap, target->rel, GetActiveSnapshot());
	if (recall->index == NULL)
		recall->index = target->index;
	/* their tables have columns of one type */
	if (target->index->meta.dims != recall->index->meta.dims)
		elog(ERROR, "index \"%s\" has %u dimensions, another partition %u",
			 RelationGetRelationName(target->rel), target->index->meta.dims, recall->index->meta.dims);
}

VpRecall *
vp_recall_open(const VpRecallArguments *arguments)
{
	VpRecall   *recall = palloc0(sizeof(VpRecall));
	int			nsamples = arguments->samples;
	List	   *leaves;

	check_arguments(arguments->k, nsamples);
	(void) vp_right_check_any(arguments->index, VP_RIGHT_MEASURE);
	leaves = vp_leaf_indexes(arguments->index);
	recall->name = get_rel_name(arguments->index);
	recall->nparts = list_length(leaves);
	recall->parts = palloc0(Max(recall->nparts, 1) * sizeof(Part));
	recall->k = arguments->k;
	recall->nsamples = nsamples;
	recall->samples = palloc0(nsamples * sizeof(Sample));
	pg_prng_seed(&recall->random, 1);

	for (int i = 0; i < recall->nparts; i++)
		open_part(recall, &recall->parts[i], list_nth_oid(leaves, i), arguments);
	for (int i = 0; i < recall->nparts; i++)
	{
		recall->reading = i;
		vp_each_row(&recall->parts[i].target, draw, NULL, recall);
	}
	find_neighbours(recall);
	return recall;
}

void
vp_recall_close(VpRecall *recall)
{
	/* users and settings are set back in the reverse order */
	for (int i = recall->nparts - 1; i >= 0; i--)
	{
		Part	   *part = &recall->parts[i];

		if (part->matches != NULL)
			vp_caller_rows_close(part->matches);
		vp_row_reader_end(part->reader);
		vp_target_close(&part->target);
	}
}

const VpMeta *
vp_recall_meta(const VpRecall *recall)
{
	return &recall->index->meta;
}

Relation
vp_recall_index(const VpRecall *recall)
{
	Assert(recall->nparts == 1);
	return recall->parts[0].target.rel;
}

const char *
vp_recall_name(const VpRecall *recall)
{
	return recall->name;
}

/*
 * How many of a sample's neighbours are found.  The nearest rows of all
 * partitions are among the nearest of each, and those that are near enough
 * come first.
 */
static int
found_of(VpRecall *recall, const Sample *sample, const VpValue *query)
{
	int			found = 0;

	if (recall->other != NULL)
		return search_other(recall, sample, query);
	for (int i = 0; i < recall->nparts; i++)
	{
		Part	   *part = &recall->parts[i];

		found += part->matches != NULL ? search_matches(recall, part, sample, query) :
			search(recall, part, sample, query);
	}
	return Min(found, sample->n);
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
