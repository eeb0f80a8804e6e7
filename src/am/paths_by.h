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
 * The paths that the planner makes for a table if it has these indexes alone,
 * by bitmaps if it can, or else by plain scans: one kind would push out the
 * other.  They are not among the table's.
 */
extern List *vp_paths_by(PlannerInfo *root, RelOptInfo *rel, List *indexes, bool bitmaps);

#endif							/* VP_PATHS_BY_H */
