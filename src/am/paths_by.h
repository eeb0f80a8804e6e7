/*-------------------------------------------------------------------------
 *
 * paths_by.h
 *	  The paths of a table by some of its indexes alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PATHS_BY_H
#define VP_PATHS_BY_H

#include "nodes/pathnodes.h"

/*
 * The paths that the planner makes for a table if it has these indexes alone, those that an index
 * scan and a bitmap give.  They are not among the table's.
 */
extern List *vp_paths_by(PlannerInfo *root, RelOptInfo *rel, List *indexes);

#endif							/* VP_PATHS_BY_H */
