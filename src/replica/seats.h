/*-------------------------------------------------------------------------
 *
 * seats.h
 *	  How many searches a provisioned index runs at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SEATS_H
#define VP_SEATS_H

#include "base/compat.h"

#include "base/options.h"

/* For the shared memory hooks. */
extern void vp_seats_request(void);
extern void vp_seats_startup(void);

/*
 * Sets how many seats the index of a slot has: replicas x units.  0: no limit.
 * Takes the queue's lock; the caller may hold the registry's.
 */
extern void vp_seats_set(int slot, int replicas, int units);

/* The slot is a new index's: what was counted is not.  Under the registry's lock. */
extern void vp_seats_clear(int slot);

/* This process is a replica's: its searches are counted there while it has a unit to spare. */
extern void vp_seat_home(int replica);

/* What one replica has done. */
typedef struct VpReplicaCounts
{
	int			in_use;			/* searches under way */
	uint64		searches;
	uint64		busy;			/* microseconds that they took */
	double		busy_fraction;	/* of its units, of late */
} VpReplicaCounts;

extern void vp_replica_counts(int slot, int replica, int units, VpReplicaCounts *counts);

/* Who waits for a seat now. */
extern int	vp_seats_waiting(int slot);

/* Remembers what was counted until now: "of late" begins there.  By the keeper, at times. */
extern void vp_seats_sample(void);

#endif							/* VP_SEATS_H */
