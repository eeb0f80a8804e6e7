/*-------------------------------------------------------------------------
 *
 * left_out.h
 *	  Conditions on key columns that the planner leaves out of index paths.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LEFT_OUT_H
#define VP_LEFT_OUT_H

#include "nodes/pathnodes.h"

/*
 * Adds the conditions to a path that its index can test and the planner has
 * left out.  To be called while the path is being made, by amcostestimate.
 */
extern void vp_add_left_out(PlannerInfo *root, IndexPath *path);

#endif							/* VP_LEFT_OUT_H */
