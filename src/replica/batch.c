/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  vecprov_search, vecprov_search_values: many searches of one session, spread over an
 *	  index's replicas.
 *
 * Some queries are posted as requests, as many as workers can have in hand and
 * a few more; this process runs others itself, and between two of them takes
 * what is done and posts the next.  It looks at the rows that workers have
 * found, with its own snapshot, and runs a query itself after all when it sees
 * too few of them.  So it never waits for anything but a search that is under
 * way, and all that a worker can do wrong is to be of no help.
 *
 * Where more than the index decides which rows a user sees, the table is read;
 * and with a filter, this process runs all searches, as SELECTs of the caller's
 * (by_select.c): workers act for no user, so they may not evaluate the
 * caller's conditions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "base/loaded.h"
#include "base/settings.h"
#include "base/wait_event.h"
#include "capacity/meter.h"
#include "capacity/rights.h"
#include "replica/by_select.h"
#include "replica/registry.h"
#include "replica/request.h"
#include "replica/seated.h"
#include "replica/seats.h"
#include "replica/worker_slot.h"
#include "search/table_end.h"
#include "type/halfvec.h"
#include "type/vector.h"

VP_SERVER_FUNCTION(vecprov_search);
VP_SERVER_FUNCTION(vecprov_search_values);

#define MAX_K 10000

/*
 * Requests for each worker: what it has in hand, and what it finds when that is
 * done.
 */
#define AHEAD 4

/*
 * Rows that a worker is asked for beyond k, for those that the caller does not
 * see.
 */
#define MORE(k) ((k) / 8 + 4)

/*
 * The rows of a query, in their order; tid as the caller's snapshot sees the
 * row.
 */
typedef struct Answer
{
	int			n;
	VpHit		hits[FLEXIBLE_ARRAY_MEMBER];
} Answer;

typedef struct Posted
{
	VpRequest  *request;
	int			query;
} Posted;

typedef struct Batch
{
	ReturnSetInfo *result;
	Relation	heap;
	Relation	rel;
	VpMetric	metric;
	VpMeter    *meter;
	int			k;
	int			nqueries;
	Datum	   *queries;

	VpSeated   *seated;			/* the search of this process */
	VpEffort	effort;
	Snapshot	snapshot;
	IndexFetchTableData *fetch;
	VpTableEnd	table;			/* where those that workers have found are to
								 * be */
	TupleTableSlot *row;

	int			slot;			/* of the registry, with the index's seats */
	Oid			seats_of;		/* whose slot that is */
	int			helpers;		/* workers to be woken */
	Posted	   *posted;
	int			nposted;
	int			next;			/* query that nobody has yet */
	Answer	  **answers;		/* those that are there, and not put out yet */
	int			nput;
} Batch;

/*----------
 * What is asked for
 *----------
 */

static void
check_query(const VpIndex *index, Datum query, int number)
{
	int			dims = index->form->dims((const VpValue *) DatumGetPointer(query));

	if (dims != (int) index->meta.dims)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different %s %u and %d", index->form->lengths, index->meta.dims, dims),
				 errdetail("Query number %d.", number)));
}

/*
 * A vector as what the index is of: our type, or another extension's of the
 * same layout.
 */
static Datum
as_indexed(const Batch *batch, const VpIndex *index, Datum query)
{
	const VpVector *vector = DatumGetVector(query);

	switch ((VpFormKind) index->meta.form)
	{
		case VP_FORM_VECTOR:
			return PointerGetDatum(vector);
		case VP_FORM_HALFVEC:
			return PointerGetDatum(vp_halfvec_of_floats(vector->x, vector->dim));
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("index \"%s\" is of type %s, which a vector cannot be searched for in",
							RelationGetRelationName(batch->rel),
							format_type_be(batch->rel->rd_opcintype[0]))));
	}
}

/* Values must be of the index's own type: none is converted. */
static void
check_type(const Batch *batch, Oid type)
{
	if (type != batch->rel->rd_opcintype[0])
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("index \"%s\" is of type %s, which a %s cannot be searched for in",
						RelationGetRelationName(batch->rel),
						format_type_be(batch->rel->rd_opcintype[0]), format_type_be(type))));
}

/* values: of the index's type; else they are vectors. */
static void
get_queries(Batch *batch, ArrayType *array, bool values)
{
	const VpIndex *index = vp_index_copy(vp_index_get(batch->rel));
	Oid			type = ARR_ELEMTYPE(array);
	int16		length;
	bool		by_value;
	char		align;
	bool	   *nulls;

	batch->metric = index->meta.metric;
	if (values)
		check_type(batch, type);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &batch->queries, &nulls,
					  &batch->nqueries);
	for (int i = 0; i < batch->nqueries; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("query number %d is null", i + 1)));
		batch->queries[i] = values ? PointerGetDatum(vp_value_get(batch->queries[i])) :
			as_indexed(batch, index, batch->queries[i]);
		check_query(index, batch->queries[i], i + 1);
	}
}

/*----------
 * Rows
 *----------
 */

/*
 * Distances of the index are those of the operator, but for a root that it
 * spares itself.
 */
static double
operator_distance(const Batch *batch, double dist)
{
	return batch->metric == VP_METRIC_L2 ? sqrt(dist) : dist;
}

static void
put_row(int query, int rank, VpHit *hit, void *arg)
{
	Batch	   *batch = arg;
	Datum		values[] = {Int32GetDatum(query + 1), Int32GetDatum(rank),
	PointerGetDatum(&hit->tid), Float8GetDatum(operator_distance(batch, hit->dist))};
	bool		nulls[] = {false, false, false, false};

	tuplestore_putvalues(batch->result->setResult, batch->result->setDesc, values, nulls);
}

/* Keeps an answer, and puts out all whose turn it is. */
static void
put_answer(Batch *batch, int query, Answer *answer)
{
	batch->answers[query] = answer;
	while (batch->nput < batch->nqueries && batch->answers[batch->nput] != NULL)
	{
		Answer	   *next = batch->answers[batch->nput];

		for (int i = 0; i < next->n; i++)
			put_row(batch->nput, i + 1, &next->hits[i], batch);
		pfree(next);
		batch->answers[batch->nput++] = NULL;
	}
}

static Answer *
new_answer(const Batch *batch)
{
	Answer	   *answer = palloc(offsetof(Answer, hits) + batch->k * sizeof(VpHit));

	answer->n = 0;
	return answer;
}

/*
 * Adds a row to an answer, if the caller sees it: by the TID of the version
 * that the caller sees.
 */
static void
add_row(Batch *batch, Answer *answer, const VpHit *hit)
{
	ItemPointerData tid = hit->tid;
	bool		again = false;
	bool		all_dead = false;

	if (table_index_fetch_tuple(batch->fetch, &tid, batch->snapshot, batch->row, &again,
								&all_dead))
	{
		answer->hits[answer->n].dist = hit->dist;
		answer->hits[answer->n++].tid = batch->row->tts_tid;
	}
}

/* Runs a query here. */
static void
run_here(Batch *batch, int query)
{
	Answer	   *answer = new_answer(batch);
	VpHit		hit;

	CHECK_FOR_INTERRUPTS();
	vp_seated_begin(batch->seated, (const VpValue *) DatumGetPointer(batch->queries[query]),
					&batch->effort, NULL, batch->heap, batch->snapshot);
	while (answer->n < batch->k && vp_seated_next(batch->seated, &hit))
		add_row(batch, answer, &hit);
	vp_seated_end(batch->seated);
	put_answer(batch, query, answer);
}

/*
 * Takes the first rows that the caller sees; if they are too few, runs the
 * query here.
 */
static void
take_answer(Batch *batch, int query, const VpRequest *request)
{
	Answer	   *answer = new_answer(batch);

	vp_meter_search(batch->meter, request->ns);
	for (int i = 0; i < request->nhits && answer->n < batch->k; i++)
	{
		/* the query that runs here will name what is damaged */
		if (!vp_table_has(&batch->table, &request->hits[i].tid))
		{
			answer->n = 0;
			break;
		}
		add_row(batch, answer, &request->hits[i]);
	}
	if (answer->n == batch->k)
		put_answer(batch, query, answer);
	else
	{
		pfree(answer);
		run_here(batch, query);
	}
}

/*----------
 * Helpers
 *----------
 */

/*
 * How many workers are of use: with this process, as many as there are seats.
 */
static int
count_helpers(Batch *batch, const VpAsk *ask)
{
	VpSlot		slot;

	batch->slot = vp_seats_find(RelationGetRelid(batch->rel), &batch->seats_of);
	if (batch->slot < 0 || !vp_slot_copy(batch->slot, &slot) || !vp_request_fits(ask))
		return 0;
	return Max(Min(Min(slot.definition.wish.replicas * slot.definition.units, vp_worker_slot_limit() + 1),
				   batch->nqueries) - 1, 0);
}

/* Posts what finds a free request, and has somebody awake who sees it. */
static void
post(Batch *batch, VpAsk *ask)
{
	bool		first = batch->next == 0;
	bool		pending = false;
	bool		running = false;

	while (batch->next < batch->nqueries && batch->nposted < batch->helpers * AHEAD)
	{
		VpRequest  *request;

		ask->query = batch->queries[batch->next];
		request = vp_request_post(batch->slot, batch->seats_of, RelationGetRelid(batch->rel), ask);
		if (request == NULL)
			break;
		batch->posted[batch->nposted].request = request;
		batch->posted[batch->nposted++].query = batch->next++;
	}
	for (int i = 0; i < batch->nposted; i++)
	{
		VpRequestState state = vp_request_state(batch->posted[i].request);

		pending |= state == VP_REQUEST_PENDING;
		running |= state == VP_REQUEST_RUNNING;
	}
	if (pending && !running)
		for (int i = 0; i < (first ? batch->helpers : 1); i++)
			(void) vp_worker_slot_wake(batch->slot, batch->seats_of);
}

/* Takes what is done, or has failed; false: nothing is. */
static bool
collect(Batch *batch)
{
	bool		any = false;

	for (int i = batch->nposted - 1; i >= 0; i--)
	{
		Posted		posted = batch->posted[i];
		VpRequestState state = vp_request_state(posted.request);

		if (state != VP_REQUEST_DONE && state != VP_REQUEST_FAILED)
			continue;
		any = true;
		batch->posted[i] = batch->posted[--batch->nposted];
		if (state == VP_REQUEST_DONE)
			take_answer(batch, posted.query, posted.request);
		vp_request_free(posted.request);
		if (state == VP_REQUEST_FAILED)
			run_here(batch, posted.query);
	}
	return any;
}

/* Takes back a request that nobody has begun; its query, -1: there is none. */
static int
take_back(Batch *batch)
{
	for (int i = 0; i < batch->nposted; i++)
	{
		Posted		posted = batch->posted[i];

		if (!vp_request_take_back(posted.request))
			continue;
		batch->posted[i] = batch->posted[--batch->nposted];
		return posted.query;
	}
	return -1;
}

/* All of them have to fit where requests are; sparse ones differ in size. */
static Datum
largest_query(const Batch *batch)
{
	Datum		largest = batch->queries[0];

	for (int i = 1; i < batch->nqueries; i++)
		if (VARSIZE(DatumGetPointer(batch->queries[i])) > VARSIZE(DatumGetPointer(largest)))
			largest = batch->queries[i];
	return largest;
}

static void
run_all(Batch *batch)
{
	VpAsk		ask = {.effort = batch->effort,.rows = batch->k,.more = MORE(batch->k)};

	if (batch->nqueries == 0)
		return;
	ask.query = largest_query(batch);
	batch->helpers = count_helpers(batch, &ask);
	batch->posted = palloc(batch->helpers * AHEAD * sizeof(Posted));
	while (batch->nput < batch->nqueries)
	{
		int			query;

		post(batch, &ask);
		query = batch->next < batch->nqueries ? batch->next++ : take_back(batch);
		if (query >= 0)
			run_here(batch, query);
		/* a look that found nothing was after all that resets the latch */
		if (!collect(batch) && query < 0 && batch->nposted > 0)
		{
			(void) vp_wait(VP_WAIT_BATCH, -1);
			CHECK_FOR_INTERRUPTS();
		}
	}
}

static void
search_index(Batch *batch)
{
	batch->answers = palloc0(batch->nqueries * sizeof(Answer *));
	batch->seated = vp_seated_open(batch->rel, NULL, sizeof(VpSeated));
	batch->effort = vp_effort_of(batch->rel, batch->k);
	batch->effort.vectors_only = true;
	batch->snapshot = GetActiveSnapshot();
	/* as any scan of an index that does not do so by itself */
	PredicateLockRelation(batch->rel, batch->snapshot);
	batch->fetch = VpTableFetchBegin(batch->heap);
	vp_table_end_init(&batch->table, batch->heap);
	batch->row = table_slot_create(batch->heap, NULL);
	PG_TRY();
	{
		run_all(batch);
	}
	PG_CATCH();
	{
		vp_requests_leave();
		PG_RE_THROW();
	}
	PG_END_TRY();
	ExecDropSingleTupleTableSlot(batch->row);
	table_index_fetch_end(batch->fetch);
	vp_seated_close(batch->seated);
}

/*
 * May the planner use the index?  Not while it is not valid, or has no entries
 * for some rows that an old snapshot sees.
 */
static bool
index_is_usable(Relation rel)
{
	Form_pg_index form = rel->rd_index;

	return form->indisvalid &&
		(!form->indcheckxmin ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(rel->rd_indextuple->t_data),
							   TransactionXmin));
}

/* filter: NULL: all rows. */
static void
search_by_select(Batch *batch, const char *filter, ArrayType *params)
{
	VpSelectBatch select = {
		.heap = batch->heap,.rel = batch->rel,.nqueries = batch->nqueries,
		.queries = batch->queries,.k = batch->k,.found = put_row,.arg = batch
	};

	select.filter = vp_caller_filter_parse(batch->heap, filter, filter == NULL ? NULL : params);
	if (filter != NULL && index_is_usable(batch->rel))
		vp_select_by_index(&select);
	else
		vp_select_by_table(&select);
}

/*
 * The index is all that decides only where there are no policies for the
 * caller.
 */
static void
search_all(Batch *batch, const char *filter, ArrayType *params)
{
	if (filter == NULL && index_is_usable(batch->rel) &&
		check_enable_rls(RelationGetRelid(batch->heap), InvalidOid, false) != RLS_ENABLED)
		search_index(batch);
	else
		search_by_select(batch, filter, params);
}

/*
 * Arguments: index, queries, k, filter, ef_search, params.  The last three may
 * be null.
 */
static void
search(FunctionCallInfo fcinfo, bool values)
{
	Batch		batch = {.k = 0};
	char	   *filter = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	ArrayType  *params = PG_ARGISNULL(5) ? NULL : PG_GETARG_ARRAYTYPE_P(5);
	int			guc_level;

	InitMaterializedSRF(fcinfo, 0);
	batch.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return;
	batch.k = PG_GETARG_INT32(2);
	if (batch.k < 1 || batch.k > MAX_K)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be between 1 and %d, not %d", MAX_K, batch.k)));
	vp_right_open(PG_GETARG_OID(0), VP_RIGHT_SEARCH, AccessShareLock, &batch.heap, &batch.rel);
	vp_index_check_built(batch.rel);
	batch.meter = vp_meter_find(batch.rel);
	get_queries(&batch, PG_GETARG_ARRAYTYPE_P(1), values);
	guc_level = NewGUCNestLevel();
	if (!PG_ARGISNULL(4))
		vp_settings_change("vecprov.ef_search", psprintf("%d", PG_GETARG_INT32(4)));
	search_all(&batch, filter, params);
	AtEOXact_GUC(false, guc_level);
	relation_close(batch.rel, AccessShareLock);
	table_close(batch.heap, AccessShareLock);
}

Datum
vecprov_search(PG_FUNCTION_ARGS)
{
	search(fcinfo, false);
	return (Datum) 0;
}

Datum
vecprov_search_values(PG_FUNCTION_ARGS)
{
	search(fcinfo, true);
	return (Datum) 0;
}
