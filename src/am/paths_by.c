/*-------------------------------------------------------------------------
 *
 * paths_by.c
 *	  The paths of a table by some of its indexes alone; see paths_by.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "optimizer/cost.h"
#include "optimizer/paths.h"

#include "am/paths_by.h"

List *
vp_paths_by(PlannerInfo *root, RelOptInfo *rel, List *indexes, bool bitmaps)
{
	List	   *saved_indexes = rel->indexlist;
	List	   *saved_paths = rel->pathlist;
	List	   *saved_partial = rel->partial_pathlist;
	const uint64 saved_scans = VpScansEnabled(rel);
	List	   *paths;

	VpScansEnable(rel, (saved_scans & ~(uint64) (VP_INDEX_SCANS | VP_BITMAP_SCANS)) |
				  (bitmaps ? VP_BITMAP_SCANS : VP_INDEX_SCANS));
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
		VpScansEnable(rel, saved_scans);
	}
	PG_END_TRY();
	return paths;
}

List *
vp_key_clauses(PlannerInfo *root, IndexOptInfo *index)
{
	ListCell   *cell;

	if (index->nkeycolumns == 1)
		return NIL;
	foreach(cell, vp_paths_by(root, index->rel, list_make1(index), false))
	{
		const IndexPath *path = lfirst(cell);

		if (IsA(path, IndexPath) && path->path.param_info == NULL)
			return path->indexclauses;
	}
	return NIL;
}

List *
vp_our_indexes(const RelOptInfo *rel, Oid am)
{
	List	   *ours = NIL;
	ListCell   *cell;

	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(cell);

		/* one that has no ORDER BY operators now gives no order */
		if (index->relam == am && index->amcanorderbyop && (index->indpred == NIL || index->predOK))
			ours = lappend(ours, index);
	}
	return ours;
}
