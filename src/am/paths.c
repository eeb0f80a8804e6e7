/*-------------------------------------------------------------------------
 *
 * paths.c
 *	  What the planner does not think of by itself.
 *
 * When it has made its paths for a table, those are added that an index of ours
 * makes possible besides.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/defrem.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"

#include "am/bitmap_path.h"
#include "am/cost.h"
#include "am/nulls_first.h"
#include "am/one_row.h"
#include "am/paths.h"
#include "am/radius.h"
#include "am/row_number.h"

static set_rel_pathlist_hook_type previous_hook;
static set_join_pathlist_hook_type previous_join_hook;
static create_upper_paths_hook_type previous_upper_hook;

/* Has a table an index that gives an order by operators, as ours do? */
static bool
may_be_ours(const RelOptInfo *rel)
{
	ListCell   *cell;

	foreach(cell, rel->indexlist)
		if (((IndexOptInfo *) lfirst(cell))->amcanorderbyop)
		return true;
	return false;
}

/*
 * Has a bitmap a scan of an index of ours that looks for no key, or must not be
 * taken?
 */
static bool
is_pointless(Path *bitmap, Oid am)
{
	List	   *children = NIL;
	ListCell   *cell;

	if (IsA(bitmap, IndexPath))
	{
		const IndexPath *path = (IndexPath *) bitmap;

		return path->indexinfo->relam == am && (!vp_scans_keys(path) || vp_is_useless(path));
	}
	if (IsA(bitmap, BitmapAndPath))
		children = ((BitmapAndPath *) bitmap)->bitmapquals;
	else if (IsA(bitmap, BitmapOrPath))
		children = ((BitmapOrPath *) bitmap)->bitmapquals;
	foreach(cell, children)
		if (is_pointless(lfirst(cell), am))
		return true;
	return false;
}

static List *
without_pointless(List *paths, Oid am)
{
	List	   *rest = NIL;
	ListCell   *cell;

	foreach(cell, paths)
	{
		BitmapHeapPath *path = lfirst(cell);

		if (!IsA(path, BitmapHeapPath) || !is_pointless(path->bitmapqual, am))
			rest = lappend(rest, path);
	}
	return rest;
}

/*
 * PostgreSQL makes bitmaps also of paths that are ordered, by their costs as
 * such, and so of a search that a partial index gives, all rows of that index.
 * Since 18 such a bitmap does not count as disabled where the path does.  A
 * sequential scan may have lost against one.
 */
static void
drop_pointless(PlannerInfo *root, RelOptInfo *rel, Oid am)
{
	List	   *rest = without_pointless(rel->pathlist, am);

	rel->partial_pathlist = without_pointless(rel->partial_pathlist, am);
	if (list_length(rest) == list_length(rel->pathlist))
		return;
	rel->pathlist = rest;
	add_path(rel, create_seqscan_path(root, rel, rel->lateral_relids, 0));
}

static void
add_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	Oid			am;

	if (previous_hook)
		previous_hook(root, rel, rti, rte);
	if (!may_be_ours(rel))
		return;
	am = get_index_am_oid("vecprov", true);
	if (!OidIsValid(am))
		return;
	drop_pointless(root, rel, am);
	vp_add_nulls_first_paths(root, rel, am);
	if (rel->baserestrictinfo != NIL)
	{
		vp_add_radius_paths(root, rel, am);
		vp_add_bitmap_paths(root, rel, am);
	}
	vp_limit_by_row_number(root, rel, am);
}

static void
add_join_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
			   JoinType jointype, JoinPathExtraData *extra)
{
	Oid			am;

	if (previous_join_hook)
		previous_join_hook(root, joinrel, outer, inner, jointype, extra);
	if (root->query_pathkeys == NIL || !may_be_ours(inner))
		return;
	am = get_index_am_oid("vecprov", true);
	if (OidIsValid(am))
		vp_add_one_row_paths(root, joinrel, outer, inner, jointype, extra, am);
}

static void
complete_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output, void *extra)
{
	if (previous_upper_hook)
		previous_upper_hook(root, stage, input, output, extra);
	if (stage == UPPERREL_FINAL)
		vp_complete_radius_paths(root);
}

void
vp_paths_define(void)
{
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_paths;
	previous_join_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = add_join_paths;
	previous_upper_hook = create_upper_paths_hook;
	create_upper_paths_hook = complete_paths;
}
