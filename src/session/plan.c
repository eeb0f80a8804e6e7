/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Spares the executor distances that nobody reads.
 *
 * For "SELECT id FROM t ORDER BY embedding <-> $1 LIMIT 10" the planner has the
 * index scan compute the distance for each row, since it is the sort key, even
 * where the index gives the order and no one looks at it.  To compute it, the
 * vector is fetched from the table again, and from 500 dimensions on out of
 * TOAST: up to a third of the whole query.
 *
 * So where a query's plan is nothing but such a scan, or a LIMIT over it, an unused
 * sort key ("resjunk", dropped before anybody gets the row) becomes a NULL.
 * EXPLAIN VERBOSE shows it.  The query may be part of another one, wherever: who
 * reads its rows cannot name that column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/planner.h"
#include "utils/syscache.h"

#include "base/settings.h"
#include "session/plan.h"

static planner_hook_type previous_planner_hook;

static bool
is_ours(Oid indexid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(indexid));
	Oid			am;

	if (!HeapTupleIsValid(tuple))
		return false;			/* hypothetical */
	am = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return am == get_index_am_oid("vecprov", true);
}

/* The scan whose sort keys nobody but the scan itself needs; NULL when there is none. */
static IndexScan *
find_scan(Plan *plan)
{
	/* rows that tie with the last one are found by the sort key */
	if (IsA(plan, Limit) && ((Limit *) plan)->limitOption == LIMIT_OPTION_COUNT)
		plan = outerPlan(plan);
	if (!IsA(plan, IndexScan) || ((IndexScan *) plan)->indexorderbyorig == NIL)
		return NULL;
	return is_ours(((IndexScan *) plan)->indexid) ? (IndexScan *) plan : NULL;
}

/* The plan of a whole query: what is resjunk at its top, nobody reads. */
static void
spare_unused(Plan *plan)
{
	IndexScan  *scan = find_scan(plan);
	ListCell   *cell;

	if (scan == NULL)
		return;
	foreach(cell, scan->scan.plan.targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk && list_member(scan->indexorderbyorig, entry->expr))
			entry->expr = (Expr *) makeNullConst(exprType((Node *) entry->expr), -1, InvalidOid);
	}
}

/*
 * Those of the queries that a plan takes rows from.  Their own node may have been left out, but a
 * LIMIT is always the top of one.
 */
static void
spare_below(Plan *plan)
{
	List	   *children = NIL;
	ListCell   *cell;

	if (plan == NULL)
		return;
	check_stack_depth();
	if (IsA(plan, SubqueryScan))
	{
		spare_unused(((SubqueryScan *) plan)->subplan);
		spare_below(((SubqueryScan *) plan)->subplan);
	}
	else if (IsA(plan, Limit))
		spare_unused(plan);
	else if (IsA(plan, Append))
		children = ((Append *) plan)->appendplans;
	else if (IsA(plan, MergeAppend))
		children = ((MergeAppend *) plan)->mergeplans;
	foreach(cell, children)
		spare_below(lfirst(cell));
	spare_below(outerPlan(plan));
	spare_below(innerPlan(plan));
}

static PlannedStmt *
plan_query(VP_PLANNER_PARAMETERS)
{
	PlannedStmt *stmt;
	ListCell   *cell;

	stmt = previous_planner_hook ?
		previous_planner_hook(VP_PLANNER_ARGUMENTS) :
		standard_planner(VP_PLANNER_ARGUMENTS);
	if (stmt->commandType == CMD_SELECT)
		spare_unused(stmt->planTree);
	spare_below(stmt->planTree);
	/* those in expressions, and of WITH; NULL: the planner chose another one */
	foreach(cell, stmt->subplans)
	{
		if (lfirst(cell) != NULL)
			spare_unused(lfirst(cell));
		spare_below(lfirst(cell));
	}
	return stmt;
}

void
vp_plan_define(void)
{
	if (!vp_server_internals)
		return;
	previous_planner_hook = planner_hook;
	planner_hook = plan_query;
}
