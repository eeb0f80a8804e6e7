/*-------------------------------------------------------------------------
 *
 * sweep.h
 *	  All nodes of an index, nearest first: how a scan that wants most of the
 *	  rows ends.
 *
 * From a certain number of rows on it costs less to measure every node than to
 * follow links, and it misses none.  A sweep measures all of them, one after
 * another as they stand on the pages, and keeps the nearest of those that it
 * has not given yet, as many as work_mem holds.  When these have been given, it
 * measures all once more.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SWEEP_H
#define VP_SWEEP_H

#include "graph/graph.h"

/* The exact distance of a node; false if none of its rows is to be returned. */
typedef bool (*VpSweepMeasure) (void *arg, VpId id, double *dist);

/* A node, as a sweep gives it. */
typedef struct VpSwept
{
	double		dist;
	VpId		id;
} VpSwept;

typedef struct VpSweep VpSweep;

/*
 * A sweep of the nodes 0 ... nids - 1, or of those that may match where
 * `matches` is not NULL, in the current memory context; nothing is measured
 * yet.  It ends with the context.  A node of `matches` may come twice.
 */
extern VpSweep *vp_sweep_begin(uint32 nids, VpMatches *matches, VpSweepMeasure measure, void *arg);

/*
 * Sets *next to the nearest node that was not taken yet; NaN comes last, equal
 * distances by id.  May measure all nodes, and be cancelled.  False when there
 * is none.
 */
extern bool vp_sweep_peek(VpSweep *sweep, VpSwept *next);

/* Takes the node that vp_sweep_peek has told. */
extern void vp_sweep_take(VpSweep *sweep);

/*
 * The node so many places behind the next one; VP_NO_ID if that is not known
 * yet.
 */
extern VpId vp_sweep_ahead(const VpSweep *sweep, int places);

#endif							/* VP_SWEEP_H */
