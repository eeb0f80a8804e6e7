/*-------------------------------------------------------------------------
 *
 * bitmap_path.h
 *	  Paths that search an index among the rows that other indexes find.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BITMAP_PATH_H
#define VP_BITMAP_PATH_H

#include "nodes/pathnodes.h"

/*
 * Adds such paths to those of a table, for each that scans an index of the
 * access method in order.
 */
extern void vp_add_bitmap_paths(PlannerInfo *root, RelOptInfo *rel, Oid am);

#endif							/* VP_BITMAP_PATH_H */
