/*-------------------------------------------------------------------------
 *
 * paths.c
 *	  What the planner does not think of by itself.
 *
 * When it has made its paths for a table, those are added that an index of ours makes possible besides.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/defrem.h"
#include "optimizer/paths.h"

#include "am/bitmap_path.h"
#include "am/paths.h"
#include "am/radius.h"

static set_rel_pathlist_hook_type previous_hook;

List *
vp_paths_by(PlannerInfo *root, RelOptInfo *rel, List *indexes)
{
	List	   *saved_indexes = rel->indexlist;
	List	   *saved_paths = rel->pathlist;
	List	   *saved_partial = rel->partial_pathlist;
	List	   *paths;

	rel->indexlist = indexes;
	rel->pathlist = rel->partial_pathlist = NIL;
	PG_TRY();
	{
		create_index_paths(root, rel);
	}
	PG_FINALLY();
	{
		paths = rel->pathlist;
		rel->indexlist = saved_indexes;
		rel->pathlist = saved_paths;
		rel->partial_pathlist = saved_partial;
	}
	PG_END_TRY();
	return paths;
}

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

static void
add_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	Oid			am;

	if (previous_hook)
		previous_hook(root, rel, rti, rte);
	if (rel->baserestrictinfo == NIL || !may_be_ours(rel))
		return;
	am = get_index_am_oid("vecprov", true);
	if (!OidIsValid(am))
		return;
	vp_add_radius_paths(root, rel, am);
	vp_add_bitmap_paths(root, rel, am);
}

void
vp_paths_define(void)
{
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_paths;
}
