/*-------------------------------------------------------------------------
 *
 * array_clauses.h
 *	  Conditions with arrays that the planner has left out of an index path.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ARRAY_CLAUSES_H
#define VP_ARRAY_CLAUSES_H

#include "nodes/pathnodes.h"

/*
 * Adds the conditions "key = ANY (array)" that the index can test to a path, of which it
 * gives the order.  To be called while the path is being made, by amcostestimate.
 */
extern void vp_add_array_clauses(PlannerInfo *root, IndexPath *path);

#endif							/* VP_ARRAY_CLAUSES_H */
