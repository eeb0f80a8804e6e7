/*-------------------------------------------------------------------------
 *
 * plan_limit.c
 *	  How many rows a LIMIT wants of an index scan.
 *
 * An index does not get to know LIMIT.  So when an executor starts, its plan is
 * searched for scans by a distance below a LIMIT, and each is listed beside the
 * LIMIT's node until the executor's memory goes.  The node computes its count
 * before it asks for the first row: whoever looks it up while the scan is asked
 * for a row finds it computed, also where it is a parameter.
 *
 * Between the two there may be nodes that make at most one row of each of
 * theirs: then the scan has to return as many rows as LIMIT wants, or more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relscan.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#include "am/plan_limit.h"

typedef struct Limited
{
	struct Limited *next;
	const IndexScanState *scan;
	const LimitState *limit;
	bool		exact;			/* no node between the two drops rows */
	MemoryContextCallback forget;	/* of the executor's memory */
} Limited;

static Limited *limited = NULL;
static ExecutorStart_hook_type previous_start;

static void
forget(void *arg)
{
	for (Limited **link = &limited; *link != NULL; link = &(*link)->next)
		if (*link == arg)
		{
			*link = (*link)->next;
			return;
		}
}

/* In the executor's memory. */
static void
list_scan(IndexScanState *scan, const LimitState *limit, bool exact)
{
	MemoryContext memory = scan->ss.ps.state->es_query_cxt;
	Limited    *entry;

	/* EXPLAIN alone has not opened it */
	if (scan->iss_RelationDesc == NULL || scan->iss_NumOrderByKeys == 0)
		return;
	entry = MemoryContextAlloc(memory, sizeof(Limited));
	entry->scan = scan;
	entry->limit = limit;
	entry->exact = exact;
	entry->next = limited;
	limited = entry;
	entry->forget.func = forget;
	entry->forget.arg = entry;
	MemoryContextRegisterResetCallback(memory, &entry->forget);
}

static void find_scans(PlanState *state, const LimitState *limit, bool exact);

static void
find_in_array(PlanState **states, int n, const LimitState *limit, bool exact)
{
	for (int i = 0; i < n; i++)
		find_scans(states[i], limit, exact);
}

/*
 * Of a node that makes at most one row of each of theirs, limit is theirs, too;
 * if it drops none and reads none ahead, no more are wanted (exact).
 */
static void
find_scans(PlanState *state, const LimitState *limit, bool exact)
{
	ListCell   *cell;

	if (state == NULL)
		return;
	check_stack_depth();
	exact = exact && state->qual == NULL;
	switch (nodeTag(state))
	{
		case T_IndexScanState:
			if (limit != NULL)
				list_scan((IndexScanState *) state, limit, exact);
			return;
		case T_LimitState:
			find_scans(outerPlanState(state), (LimitState *) state,
					   ((LimitState *) state)->limitOption == LIMIT_OPTION_COUNT);
			return;
		case T_AppendState:
			find_in_array(((AppendState *) state)->appendplans, ((AppendState *) state)->as_nplans,
						  limit, exact);
			return;
		case T_MergeAppendState:
			find_in_array(((MergeAppendState *) state)->mergeplans, ((MergeAppendState *) state)->ms_nplans,
						  limit, exact);
			return;
		case T_SubqueryScanState:
			find_scans(((SubqueryScanState *) state)->subplan, limit, exact);
			return;
		case T_CustomScanState:
			foreach(cell, ((CustomScanState *) state)->custom_ps)
				find_scans(lfirst(cell), limit, exact);
			return;
		case T_ResultState:
			find_scans(outerPlanState(state), limit, exact);
			return;
		case T_LockRowsState:
		case T_IncrementalSortState:
			find_scans(outerPlanState(state), limit, false);
			return;
		default:
			find_scans(outerPlanState(state), NULL, false);
			find_scans(innerPlanState(state), NULL, false);
	}
}

static void
executor_start(QueryDesc *query, int eflags)
{
	ListCell   *cell;

	if (previous_start)
		previous_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	find_scans(query->planstate, NULL, false);
	/* those in expressions, and of WITH; NULL where it is not executed */
	foreach(cell, query->estate->es_subplanstates)
		find_scans(lfirst(cell), NULL, false);
}

void
vp_limit_define(void)
{
	previous_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
}

double
vp_limit_of(IndexScanDesc scan, bool *exact)
{
	for (const Limited *entry = limited; entry != NULL; entry = entry->next)
		if (entry->scan->iss_ScanDesc == scan)
		{
			*exact = entry->exact;
			return entry->limit->noCount ? 0 :
				(double) entry->limit->count + (double) entry->limit->offset;
		}
	*exact = false;
	return 0;
}
