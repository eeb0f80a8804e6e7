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

/*
 * Strategies of operators (anything, float8) in all operator classes of vectors: vecprov.<@, no farther
 * than that from what the scan is ordered by; vecprov.<@~, or at no distance that is a number.
 */
#define VP_RADIUS_STRATEGY			3
#define VP_RADIUS_OR_NAN_STRATEGY	4

/* Has this path such a condition? */
extern bool vp_has_radius(const IndexPath *path);

/* Adds paths with such conditions to those of a table. */
extern void vp_add_radius_paths(PlannerInfo *root, RelOptInfo *rel, Oid am);

#endif							/* VP_RADIUS_H */
