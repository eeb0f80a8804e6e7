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
	bool		saved_indexscan = enable_indexscan;
	bool		saved_bitmapscan = enable_bitmapscan;
	List	   *paths;

	enable_indexscan = !bitmaps;
	enable_bitmapscan = bitmaps;
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
		enable_indexscan = saved_indexscan;
		enable_bitmapscan = saved_bitmapscan;
	}
	PG_END_TRY();
	return paths;
}
