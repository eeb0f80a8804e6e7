/*-------------------------------------------------------------------------
 *
 * old_version.c
 *	  The version of a row that a new one replaces.
 *
 * A row's header says that it is a newer version, but not of which one: versions lead
 * forwards only.  The executor has the old one at hand, but does not pass it on to indexes.  So we
 * remember which executors run, and find ours by the IndexInfo that it has passed.  What is found
 * there is believed only if that version leads to the new one.
 *
 * Where no executor of ours runs, as in the apply worker of logical replication, the old version is
 * found if it is on the same page.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/old_version.h"
#include "capacity/admission.h"
#include "search/index.h"

/* The executors that run, the innermost first. */
typedef struct Running
{
	QueryDesc  *query;
	struct Running *outer;
} Running;

static Running *running;
static ExecutorRun_hook_type previous_run;
static ExecutorFinish_hook_type previous_finish;

/*----------
 * Who runs
 *----------
 */

static bool
writes(const QueryDesc *query)
{
	return query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE;
}

static void
run(VpExecutorRunParameters)
{
	if (previous_run)
		previous_run(VpExecutorRunArguments);
	else
		standard_ExecutorRun(VpExecutorRunArguments);
}

static void
executor_run(VpExecutorRunParameters)
{
	Running		here = {.query = query,.outer = running};

	if (!writes(query))
	{
		run(VpExecutorRunArguments);
		return;
	}
	running = &here;
	PG_TRY();
	{
		run(VpExecutorRunArguments);
	}
	PG_FINALLY();
	{
		running = here.outer;
	}
	PG_END_TRY();
}

static void
finish(QueryDesc *query)
{
	if (previous_finish)
		previous_finish(query);
	else
		standard_ExecutorFinish(query);
}

/* What WITH has and nobody reads to its end is done now. */
static void
executor_finish(QueryDesc *query)
{
	Running		here = {.query = query,.outer = running};

	if (!writes(query))
	{
		finish(query);
		return;
	}
	running = &here;
	PG_TRY();
	{
		finish(query);
	}
	PG_FINALLY();
	{
		running = here.outer;
	}
	PG_END_TRY();
}

void
vp_old_version_define(void)
{
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	previous_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = executor_finish;
}

/*----------
 * Finding the old version
 *----------
 */

static ResultRelInfo *
find_in(List *results, const IndexInfo *info)
{
	ListCell   *cell;

	foreach(cell, results)
	{
		ResultRelInfo *result = lfirst(cell);

		for (int i = 0; i < result->ri_NumIndices; i++)
			if (result->ri_IndexRelationInfo[i] == info)
				return result;
	}
	return NULL;
}

/*
 * Who has passed this to an index: sets both to NULL if that is nobody of
 * ours.
 */
static void
look_for_result(const IndexInfo *info, ResultRelInfo **result, EState **estate)
{
	for (Running *at = running; at != NULL; at = at->outer)
	{
		*estate = at->query->estate;
		*result = find_in((*estate)->es_opened_result_relations, info);
		/* a partition that rows were routed to */
		if (*result == NULL)
			*result = find_in((*estate)->es_tuple_routing_result_relations, info);
		if (*result != NULL)
			return;
	}
	*result = NULL;
	*estate = NULL;
}

/*
 * The same, looked for once in a statement: there may be thousands of
 * partitions.
 */
static ResultRelInfo *
find_result(IndexInfo *info, EState **estate)
{
	VpWriter   *writer = vp_admission_writer(info);

	if (!writer->known)
	{
		look_for_result(info, &writer->result, &writer->estate);
		writer->known = true;
	}
	*estate = writer->estate;
	return writer->result;
}

/*
 * Does a version lead to `tid`?  It does if this transaction has replaced it.
 * A version whose update was rolled back goes on leading to the place of its
 * successor, where another row's version may be by now.  The page is locked
 * while its header is read, since others may lock the row.
 */
static bool
is_before(const BufferHeapTupleTableSlot *old, ItemPointer tid)
{
	HeapTupleHeader header = old->base.tuple->t_data;
	bool		before;

	LockBuffer(old->buffer, BUFFER_LOCK_SHARE);
	before = ItemPointerEquals(&header->t_ctid, tid) &&
		(header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header));
	LockBuffer(old->buffer, BUFFER_LOCK_UNLOCK);
	return before;
}

/* Fetches the version `old`, if it leads to `tid`. */
static bool
fetch_if_before(Relation heap, ItemPointer old, ItemPointer tid, TupleTableSlot *slot)
{
	if (!ItemPointerIsValid(old) || ItemPointerEquals(old, tid) ||
		!table_tuple_fetch_row_version(heap, old, SnapshotAny, slot))
		return false;
	return TTS_IS_BUFFERTUPLE(slot) && is_before((BufferHeapTupleTableSlot *) slot, tid);
}

static bool
fetch_from_slot(Relation heap, TupleTableSlot *from, ItemPointer tid, TupleTableSlot *slot)
{
	ItemPointerData old;

	if (from == NULL || TTS_EMPTY(from))
		return false;
	old = from->tts_tid;
	return fetch_if_before(heap, &old, tid, slot);
}

static bool
fetch_from_page(Relation heap, ItemPointer tid, TupleTableSlot *slot)
{
	ItemPointerData old;

	for (OffsetNumber offset = 1; offset <= MaxHeapTuplesPerPage; offset++)
	{
		ItemPointerSet(&old, ItemPointerGetBlockNumber(tid), offset);
		if (fetch_if_before(heap, &old, tid, slot))
			return true;
	}
	return false;
}

static bool
fetch_old(Relation heap, const ResultRelInfo *result, ItemPointer tid, TupleTableSlot *slot)
{
	if (result != NULL)
	{
		/* ON CONFLICT DO UPDATE; then UPDATE and MERGE */
		if (result->ri_onConflict != NULL &&
			fetch_from_slot(heap, result->ri_onConflict->oc_Existing, tid, slot))
			return true;
		if (fetch_from_slot(heap, result->ri_oldTupleSlot, tid, slot))
			return true;
	}
	return fetch_from_page(heap, tid, slot);
}

/*----------
 * Its record
 *----------
 */

/*
 * What an index is told of the old version.  False: nothing, since its
 * condition is not true of it.  Condition and expressions are those that were
 * just asked of the new version; without an executor (estate is NULL) there
 * are none.
 */
static bool
index_values(IndexInfo *info, EState *estate, TupleTableSlot *slot, Datum *values, bool *isnull)
{
	ExprContext *context = estate != NULL ? GetPerTupleExprContext(estate) : NULL;
	TupleTableSlot *scanned;
	bool		is_indexed;

	if (context == NULL)
	{
		FormIndexDatum(info, slot, NULL, values, isnull);
		return true;
	}
	scanned = context->ecxt_scantuple;
	context->ecxt_scantuple = slot;
	is_indexed = info->ii_Predicate == NIL || ExecQual(info->ii_PredicateState, context);
	if (is_indexed)
		FormIndexDatum(info, slot, estate, values, isnull);
	/* the executor goes on with the next index */
	context->ecxt_scantuple = scanned;
	return is_indexed;
}

static bool
measure(Relation rel, IndexInfo *info, EState *estate, TupleTableSlot *slot, uint32 *size)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	const VpValue *value;
	bool		is_record;

	if (!index_values(info, estate, slot, values, isnull) || isnull[0])
		return false;
	value = vp_value_get(values[0]);
	is_record = vp_value_accepted(&vp_index_get(rel)->meta, value);
	if (is_record)
		*size = vp_measure_slot(vp_admission_measure(info), slot,
								vp_index_get(rel)->form->record_bytes(value));
	vp_value_free(value, values[0]);
	return is_record;
}

bool
vp_replaces_record(Relation rel, Relation heap, IndexInfo *info, ItemPointer tid, uint32 *size)
{
	bool		is_record = true;
	EState	   *estate;
	ResultRelInfo *result = find_result(info, &estate);
	TupleTableSlot *slot = table_slot_create(heap, NULL);

	if (fetch_old(heap, result, tid, slot) &&
		(estate != NULL || (info->ii_Predicate == NIL && info->ii_Expressions == NIL)))
		is_record = measure(rel, info, estate, slot, size);
	ExecDropSingleTupleTableSlot(slot);
	return is_record;
}
