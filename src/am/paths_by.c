/*-------------------------------------------------------------------------
 *
 * paths_by.c
 *	  The paths of a table by some of its indexes alone; see paths_by.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "optimizer/paths.h"

#include "am/paths_by.h"

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
