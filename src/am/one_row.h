/*-------------------------------------------------------------------------
 *
 * one_row.h
 *	  ORDER BY t.v <-> q.v, where q is one row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ONE_ROW_H
#define VP_ONE_ROW_H

#include "nodes/pathnodes.h"

/*
 * Adds a nested loop to a join, if its outer relation has one row at most,
 * the inner one is a table with an index of ours, and the query wants the
 * order of a distance between the two.
 */
extern void vp_add_one_row_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer,
								 RelOptInfo *inner, JoinType jointype, JoinPathExtraData *extra,
								 Oid am);

#endif							/* VP_ONE_ROW_H */
