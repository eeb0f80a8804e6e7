/*-------------------------------------------------------------------------
 *
 * idle.c
 *	  Provisioned indexes that nobody searches: they are idle until the next search.
 *
 * A slot that is idle has no seats, no pins and no workers, so searches run as
 * those of an index on demand.  The first one finds that there are no seats,
 * and wakes the index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "base/clock.h"
#include "replica/idle.h"
#include "replica/replica_stats.h"
#include "replica/seats.h"

/* Searches of a slot so far.  *under_way: does one run or wait? */
static uint64
count_searches(int slot, bool *under_way)
{
	uint64		searches = 0;

	*under_way = vp_seats_waiting(slot) > 0;
	for (int i = 0; i < VP_MAX_REPLICAS; i++)
	{
		VpReplicaCounts counts;

		vp_replica_counts(slot, i, &counts);
		searches += counts.searches;
		*under_way |= counts.in_use > 0;
	}
	return searches;
}

/* Is it the slot of this index of our database?  The registry's lock is held. */
static bool
is_of(const VpSlot *slot, Oid index)
{
	return slot->used && !slot->gone && slot->definition.database == MyDatabaseId &&
		slot->definition.index == index;
}

/* A suspended index is not searched, and not for want of searches. */
TimestampTz
vp_idle_look(int number, Oid index)
{
	VpSlot	   *slot = &vp_registry->slots[number];
	TimestampTz now = vp_clock();
	TimestampTz searched = now;
	bool		under_way;
	uint64		searches = count_searches(number, &under_way);

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	if (is_of(slot, index))
	{
		if (slot->searched == 0 || slot->searched > now || under_way ||
			searches != slot->searches || slot->definition.wish.replicas == 0)
		{
			slot->searched = now;
			slot->would_idle = false;
		}
		slot->searches = searches;
		searched = slot->searched;
	}
	LWLockRelease(vp_registry->lock);
	return searched;
}

void
vp_idle_begin(int number, Oid index)
{
	VpSlot	   *slot = &vp_registry->slots[number];
	bool		begun;
	bool		under_way;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	begun = is_of(slot, index) && !slot->idle && slot->state == VP_READY &&
		slot->definition.wish.replicas > 0;
	if (begun)
	{
		slot->idle = true;
		slot->in_ledger = false;
		slot->state = VP_IDLE;
		slot->state_changes++;
		vp_registry->version++;
		vp_seats_set(number, 0, 0);

		/*
		 * A search that was counted after the look may have found seats.  One
		 * that is not counted yet will find none.
		 */
		if (count_searches(number, &under_way) != slot->searches || under_way)
			(void) vp_idle_end_locked(number, VP_WAKE_NONE);
	}
	LWLockRelease(vp_registry->lock);
	if (!begun)
		return;
	vp_registry_wake(&vp_registry->keeper);
	vp_registry_wake(&vp_registry->launcher);
}

/* As a new definition does, it makes the state Loading until the keeper has looked. */
bool
vp_idle_end_locked(int number, VpWake why)
{
	VpSlot	   *slot = &vp_registry->slots[number];

	if (!slot->idle)
		return false;
	slot->idle = false;
	slot->woken = why;
	slot->searched = vp_clock();
	slot->state = VP_LOADING;
	slot->state_changes++;
	vp_registry->version++;
	vp_seats_set(number, slot->definition.wish.replicas, slot->definition.units);
	return true;
}

void
vp_idle_end(int number, VpWake why)
{
	bool		ended;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	ended = vp_idle_end_locked(number, why);
	LWLockRelease(vp_registry->lock);
	if (!ended)
		return;
	vp_registry_wake(&vp_registry->keeper);
	vp_registry_wake(&vp_registry->launcher);
}

const char *
vp_wake_reason(VpWake why)
{
	static const char *const reasons[] = {
		[VP_WAKE_NONE] = "the server was started",
		[VP_WAKE_SEARCH] = "it was searched",
		[VP_WAKE_WAIT] = "vecprov_wait was called",
		[VP_WAKE_CHANGE] = "the index was changed",
		[VP_WAKE_POLICY] = "no policy lets it be idle any more"
	};

	return reasons[why];
}
