/*-------------------------------------------------------------------------
 *
 * paths.h
 *	  What the planner does not think of by itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PATHS_H
#define VP_PATHS_H

#include "nodes/pathnodes.h"

/*
 * The paths that the planner makes for a table if it has these indexes alone, those that an index
 * scan and a bitmap give.  They are not among the table's.
 */
extern List *vp_paths_by(PlannerInfo *root, RelOptInfo *rel, List *indexes);

/* Takes its place in the planner. */
extern void vp_paths_define(void);

#endif							/* VP_PATHS_H */
