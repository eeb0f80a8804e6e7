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

/* The conditions on keys that a scan of an index tests: a list of IndexClauses. */
extern List *vp_key_clauses(PlannerInfo *root, IndexOptInfo *index);

/* The indexes of a table that are ours, give an order, and have all rows that the query wants. */
extern List *vp_our_indexes(const RelOptInfo *rel, Oid am);

#endif							/* VP_PATHS_BY_H */
