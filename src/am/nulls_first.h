/*-------------------------------------------------------------------------
 *
 * nulls_first.h
 *	  ORDER BY ... NULLS FIRST where nothing is NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NULLS_FIRST_H
#define VP_NULLS_FIRST_H

#include "nodes/pathnodes.h"

/*
 * Adds the paths of a table that give the order which the query wants, but
 * for the place of NULLs.
 */
extern void vp_add_nulls_first_paths(PlannerInfo *root, RelOptInfo *rel, Oid am);

#endif							/* VP_NULLS_FIRST_H */
