/*-------------------------------------------------------------------------
 *
 * cost.h
 *	  amcostestimate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_COST_H
#define VP_COST_H

#include "nodes/pathnodes.h"

extern void vp_cost_estimate(PlannerInfo *root, IndexPath *path, double loop_count,
							 Cost *startup_cost, Cost *total_cost,
							 Selectivity *selectivity, double *correlation, double *pages);

/*
 * Of a path that must not be taken, as rows might be missing: more than all
 * else, and finite, since the planner takes costs off from one another.
 */
#define VP_USELESS_COST	1e100

static inline bool
vp_is_useless(const IndexPath *path)
{
	return path->indextotalcost >= VP_USELESS_COST;
}

/*
 * Is there a condition that a scan without an order can look for: on a key, or
 * that there is no vector?
 */
extern bool vp_scans_keys(const IndexPath *path);

#endif							/* VP_COST_H */
