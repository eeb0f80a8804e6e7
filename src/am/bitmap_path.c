/*-------------------------------------------------------------------------
 *
 * bitmap_path.c
 *	  Paths that search an index among the rows that other indexes find.
 *
 * "WHERE doc @> '{"lang": "de"}' AND price < 10 ORDER BY embedding <-> $1 LIMIT
 * 10": other indexes of the table know which rows these are.  PostgreSQL would
 * have a scan in the order of the distance throw away all others one by one.  A
 * path made here has them found first, as a bitmap heap scan does, and the
 * search look for the nearest among them.
 *
 * Which indexes to ask, and how to put their bitmaps together, is what
 * PostgreSQL's planner decides for a bitmap heap scan.  So it is asked to plan
 * one, of the other indexes alone; of that path only the bitmap is used.  Both
 * children are PostgreSQL's own nodes: the index scan still evaluates all
 * conditions, so the bitmap spares work and decides nothing.  It has no part
 * that tells only what the search tests by itself, by key columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/stratnum.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "am/bitmap_path.h"
#include "am/bitmap_scan.h"
#include "am/cost.h"
#include "am/paths_by.h"

/*
 * Of the search's cost: what a share of the rows that are looked for makes of
 * it, by test/bench.
 */
#define SHARE_FACTOR	0.55
#define SHARE_POWER		(-0.35)

/*
 * A row read from the table and measured, and what comes before the first, in
 * units of cpu_operator_cost.
 */
#define MEASURE_COST	60.0
#define START_COST		1600.0

/* One scan of an index of ours: a search can test these conditions itself. */
static bool
is_own(const Path *bitmap, Oid am)
{
	return IsA(bitmap, IndexPath) && ((const IndexPath *) bitmap)->indexinfo->relam == am;
}

/*
 * The cheapest bitmap of a table that its other indexes give, and ours by their
 * keys for OR, as PostgreSQL's planner would scan the heap by it; NULL: they
 * give none.
 */
static Path *
find_bitmap(PlannerInfo *root, RelOptInfo *rel, Oid am)
{
	BitmapHeapPath *best = NULL;
	List	   *others = NIL;
	ListCell   *cell;

	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(cell);

		if (index->relam != am || index->nkeycolumns > 1)
			others = lappend(others, index);
	}
	if (others == NIL)
		return NULL;

	foreach(cell, vp_paths_by(root, rel, others, true))
	{
		BitmapHeapPath *path = lfirst(cell);

		if (IsA(path, BitmapHeapPath) && path->path.param_info == NULL &&
			(best == NULL || path->path.total_cost < best->path.total_cost))
			best = path;
	}
	if (best == NULL || best->path.total_cost >= VP_USELESS_COST || is_own(best->bitmapqual, am))
		return NULL;
	return best->bitmapqual;
}

/*
 * Does a search that tests a condition itself exclude what does not satisfy it?
 * Ranges of text in the order of a language are evaluated on the rows.
 */
static bool
is_decided(const IndexClause *tested, const IndexOptInfo *index)
{
	const Expr *clause = tested->rinfo->clause;
	Oid			opno = InvalidOid;

	if (!OidIsValid(index->indexcollations[tested->indexcol]))
		return true;
	if (IsA(clause, OpExpr))
		opno = ((const OpExpr *) clause)->opno;
	else if (IsA(clause, ScalarArrayOpExpr))
		opno = ((const ScalarArrayOpExpr *) clause)->opno;
	return OidIsValid(opno) &&
		get_op_opfamily_strategy(opno, index->opfamily[tested->indexcol]) == BTEqualStrategyNumber;
}

/* Does a search exclude all rows that a bitmap of one index does not have? */
static bool
is_known(const IndexPath *bitmap, const IndexPath *scan)
{
	ListCell   *cell;

	if (bitmap->indexinfo->indpred != NIL)
		return false;
	foreach(cell, bitmap->indexclauses)
	{
		const IndexClause *clause = lfirst(cell);
		ListCell   *own;
		bool		found = false;

		foreach(own, scan->indexclauses)
		{
			const IndexClause *tested = lfirst(own);

			if (tested->rinfo == clause->rinfo && is_decided(tested, scan->indexinfo))
				found = true;
		}
		if (!found)
			return false;
	}
	return true;
}

/*
 * What of a bitmap excludes rows that a search does not exclude by the
 * conditions that it tests itself; NULL: nothing does.  A B-tree index on a key
 * column would cost its scan, and make nothing faster.
 */
static Path *
without_known(PlannerInfo *root, RelOptInfo *rel, Path *bitmap, const IndexPath *scan)
{
	List	   *parts = NIL;
	ListCell   *cell;

	if (IsA(bitmap, IndexPath))
		return is_known((IndexPath *) bitmap, scan) ? NULL : bitmap;
	if (!IsA(bitmap, BitmapAndPath))
		return bitmap;
	foreach(cell, ((BitmapAndPath *) bitmap)->bitmapquals)
	{
		Path	   *part = without_known(root, rel, lfirst(cell), scan);

		if (part != NULL)
			parts = lappend(parts, part);
	}
	if (parts == NIL)
		return NULL;
	return list_length(parts) == 1 ? linitial(parts) : (Path *) create_bitmap_and_path(root, rel, parts);
}

/*
 * The scan of a plan.  Above it may be the test of conditions that hold for all
 * rows or for none; the planner puts the same one above the custom scan.
 */
static Plan *
scan_of(Plan *plan)
{
	return IsA(plan, Result) ? outerPlan(plan) : plan;
}

/*
 * The two plans as children of one scan, which returns what the first of them
 * does.
 */
static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *plans)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *index_scan = scan_of(linitial(plans));
	Plan	   *heap_scan = scan_of(lsecond(plans));

	scan->scan.plan.targetlist = tlist;
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;
	scan->custom_plans = list_make2(index_scan, outerPlan(heap_scan));
	scan->custom_scan_tlist = copyObject(index_scan->targetlist);

	/*
	 * what it is ordered by: nothing to be evaluated, but session/plan.c
	 * wants to know
	 */
	scan->custom_exprs = copyObject(((IndexPath *) linitial(path->custom_paths))->indexorderbys);
	scan->methods = &vp_bitmap_scan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "VecprovBitmap",
	.PlanCustomPath = plan_path
};

static void
cost_path(CustomPath *path, const IndexPath *scan, Path *bitmap)
{
	RelOptInfo *rel = path->path.parent;
	Cost		bitmap_cost;
	Selectivity share;
	double		rows;
	double		search;
	double		measure;

	cost_bitmap_tree_node(bitmap, &bitmap_cost, &share);
	rows = clamp_row_est(rel->tuples * share);
	share = Max(rows / Max(rel->tuples, 1.0), 1e-9);
	search = scan->path.startup_cost * Max(SHARE_FACTOR * pow(share, SHARE_POWER), 1.0);
	measure = START_COST * cpu_operator_cost +
		rows * (MEASURE_COST * cpu_operator_cost + cpu_tuple_cost) +
		Min(rows, rel->pages) * random_page_cost;
	path->path.rows = rel->rows;
	path->path.startup_cost = bitmap_cost + Min(search, measure);
	path->path.total_cost = path->path.startup_cost +
		share * (scan->path.total_cost - scan->path.startup_cost);
}

static CustomPath *
make_path(PlannerInfo *root, RelOptInfo *rel, IndexPath *scan, Path *bitmap)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.pathkeys = scan->path.pathkeys;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make2(scan, create_bitmap_heap_path(root, rel, bitmap, NULL, 1.0, 0));
	path->methods = &path_methods;
	cost_path(path, scan, bitmap);
	return path;
}

void
vp_add_bitmap_paths(PlannerInfo *root, RelOptInfo *rel, Oid am)
{
	List	   *scans = NIL;
	Path	   *bitmap;
	ListCell   *cell;

	if (!(VpScansEnabled(rel) & VP_BITMAP_SCANS) || rel->baserestrictinfo == NIL)
		return;
	foreach(cell, rel->pathlist)
	{
		IndexPath  *path = lfirst(cell);

		if (IsA(path, IndexPath) && path->indexinfo->relam == am &&
			path->indexorderbys != NIL && path->path.param_info == NULL && !vp_is_useless(path))
			scans = lappend(scans, path);
	}
	if (scans == NIL)
		return;
	bitmap = find_bitmap(root, rel, am);
	if (bitmap == NULL)
		return;
	foreach(cell, scans)
	{
		Path	   *part = without_known(root, rel, bitmap, lfirst(cell));

		if (part != NULL)
			add_path(rel, (Path *) make_path(root, rel, lfirst(cell), part));
	}
}
