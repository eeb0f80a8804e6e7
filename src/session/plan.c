/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Spares the executor distances that nobody reads, and sees what is filtered by.
 *
 * For "SELECT id FROM t ORDER BY embedding <-> $1 LIMIT 10" the planner has the
 * index scan compute the distance for each row, since it is the sort key, even
 * where the index gives the order and no one looks at it.  To compute it, the
 * vector is fetched from the table again, and from 500 dimensions on out of
 * TOAST: up to a third of the whole query.
 *
 * So where a query's plan is nothing but such a scan, or a LIMIT over it, an
 * unused sort key ("resjunk", dropped before anybody gets the row) becomes a
 * NULL.  EXPLAIN VERBOSE shows it.  The query may be part of another one,
 * wherever: who reads its rows cannot name that column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "utils/syscache.h"

#include "base/settings.h"
#include "capacity/meter.h"
#include "session/plan.h"

/* The custom scan of am/bitmap_scan.c. */
#define BITMAP_SCAN_NAME	"VecprovBitmap"

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

/*
 * The sort keys of a scan that nobody but the scan itself needs; NIL when there
 * is none.
 */
static List *
find_sort_keys(Plan *plan)
{
	IndexScan  *scan = (IndexScan *) plan;
	CustomScan *custom = (CustomScan *) plan;

	if (IsA(plan, IndexScan))
		return scan->indexorderbyorig != NIL && is_ours(scan->indexid) ? scan->indexorderbyorig : NIL;

	/*
	 * one that searches among the rows of a bitmap has them once more, over
	 * its child's columns
	 */
	if (IsA(plan, CustomScan) && strcmp(custom->methods->CustomName, BITMAP_SCAN_NAME) == 0)
		return custom->custom_exprs;
	return NIL;
}

/* The plan of a whole query: what is resjunk at its top, nobody reads. */
static void
spare_unused(Plan *plan)
{
	List	   *keys;
	ListCell   *cell;

	/* rows that tie with the last one are found by the sort key */
	if (IsA(plan, Limit) && ((Limit *) plan)->limitOption == LIMIT_OPTION_COUNT)
		plan = outerPlan(plan);
	keys = find_sort_keys(plan);
	if (keys == NIL)
		return;
	foreach(cell, plan->targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk && list_member(keys, entry->expr))
			entry->expr = (Expr *) makeNullConst(exprType((Node *) entry->expr), -1, InvalidOid);
	}
}

/*
 * The one column of the scan's table in a condition; 0: there are others, or
 * none.
 */
static AttrNumber
single_column(Node *clause, Index relid)
{
	Bitmapset  *columns = NULL;
	int			column;

	pull_varattnos(clause, relid, &columns);
	if (!bms_get_singleton_member(columns, &column))
		return 0;
	return column + FirstLowInvalidHeapAttributeNumber;
}

/*
 * Tells of a column by which rows are filtered that a search returns, for
 * advice: as a key of the index it would restrict the search.  Not the vector
 * itself, as in a condition on the distance.
 */
static void
tell_filter(IndexScan *scan)
{
	Relation	rel;
	ListCell   *cell;

	if (scan->scan.plan.qual == NIL || scan->indexorderbyorig == NIL || !is_ours(scan->indexid))
		return;
	rel = index_open(scan->indexid, NoLock);
	foreach(cell, scan->scan.plan.qual)
	{
		AttrNumber	column = single_column(lfirst(cell), scan->scan.scanrelid);

		if (column > 0 && column != rel->rd_index->indkey.values[0])
			vp_meter_filter(rel, column);
	}
	index_close(rel, NoLock);
}

/*
 * Those of the queries that a plan takes rows from.  Their own node may have
 * been left out, but a LIMIT is always the top of one.
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
	else if (IsA(plan, IndexScan))
		tell_filter((IndexScan *) plan);
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
