/*-------------------------------------------------------------------------
 *
 * entry_points.h
 *	  Where searches of an index begin; see entry_points.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ENTRY_POINTS_H
#define VP_ENTRY_POINTS_H

#include "graph/graph.h"
#include "page/store.h"

/*
 * VpSource's `entry points`, for a source of the nodes of an index of which all
 * ids below `nids` have pages.
 */
extern int	vp_entry_points(VpSource *source, const VpStore *store, uint32 nids, const VpQuery *query,
							VpId entry, VpCandidate *found, int *level);

#endif							/* VP_ENTRY_POINTS_H */
