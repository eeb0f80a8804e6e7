/*-------------------------------------------------------------------------
 *
 * replica_stats.h
 *	  What each replica of a provisioned index does, and has done.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_REPLICA_STATS_H
#define VP_REPLICA_STATS_H

#include "base/compat.h"

/* For the shared memory hooks. */
extern void vp_tallies_request(void);
extern void vp_tallies_startup(void);

/* The slot is a new index's: what was counted is not.  Under the registry's lock. */
extern void vp_tallies_clear(int slot);

/*
 * A search begins.  It is counted for the replica `home` if that has a unit to spare, else for the
 * next that has.  Returns which.
 */
extern int	vp_replica_stats_begin(int slot, int replicas, int units, int home);

/* It ends, after so many microseconds. */
extern void vp_replica_stats_end(int slot, int replica, uint64 busy);

/* Its seat is in use no more, which may be later. */
extern void vp_replica_stats_leave(int slot, int replica);

/* What one replica has done. */
typedef struct VpReplicaCounts
{
	int			in_use;			/* seats: searches under way, and seats that
								 * are kept */
	uint64		searches;
	uint64		busy;			/* microseconds that they took */
} VpReplicaCounts;

extern void vp_replica_counts(int slot, int replica, VpReplicaCounts *counts);

/* Microseconds that its searches took so far. */
extern uint64 vp_replica_busy(int slot, int replica);

#endif							/* VP_REPLICA_STATS_H */
