/*-------------------------------------------------------------------------
 *
 * radius.h
 *	  Conditions on the distance end a scan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RADIUS_H
#define VP_RADIUS_H

#include "nodes/pathnodes.h"

/* Has this path such a condition? */
extern bool vp_has_radius(const IndexPath *path);

/* Adds paths with such conditions to those of a table. */
extern void vp_add_radius_paths(PlannerInfo *root, RelOptInfo *rel, Oid am);

/*
 * Completes these paths for the making of plans.  To be called when a query has
 * all its paths.
 */
extern void vp_complete_radius_paths(PlannerInfo *root);

#endif							/* VP_RADIUS_H */
