/*-------------------------------------------------------------------------
 *
 * posting.c
 *	  What catalogue readers have read, written into the registry.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "base/clock.h"
#include "base/settings.h"
#include "replica/idle.h"
#include "replica/load.h"
#include "replica/posting.h"
#include "replica/seats.h"
#include "replica/replica_stats.h"

void
vp_registry_enter(VpTicket *ticket)
{
	ticket->holds = palloc(vp_max_provisioned * sizeof(uint64));
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	ticket->number = ++vp_registry->tickets;
	for (int i = 0; i < vp_max_provisioned; i++)
		ticket->holds[i] = vp_registry->slots[i].hold;
	LWLockRelease(vp_registry->lock);
}

/* Says where the seats of a slot are.  The registry's lock is held exclusively. */
static void
set_seats(int slot, int at)
{
	vp_registry->slots[slot].seated = at;
	vp_seats_refer(slot, at);
}

/*
 * The slot of an index, a free one if it has none; -1: all are taken.  The
 * registry's lock is held exclusively.
 */
static int
take_slot(Oid database, Oid index)
{
	int			i = vp_slot_find(database, index);

	if (i >= 0)
		return i;
	for (i = 0; i < vp_max_provisioned; i++)
		if (!vp_registry->slots[i].used)
		{
			memset(&vp_registry->slots[i], 0, sizeof(VpSlot));
			vp_registry->slots[i].used = true;
			set_seats(i, i);
			vp_tallies_clear(i);
			vp_load_clear(i);
			pg_atomic_write_u64(&vp_registry->keys[i], vp_slot_key(database, index));
			return i;
		}
	return -1;
}

/*
 * Where the seats of an index are.  A search that waits for one at the old place goes on:
 * that has no limit any more.  The registry's lock is held exclusively.
 */
static void
set_place(int slot, const VpDefinition *definition)
{
	int			at = OidIsValid(definition->decider) ? vp_slot_find(definition->database, definition->decider) : slot;

	set_seats(slot, at >= 0 ? at : slot);
	if (!vp_slot_seats(slot))
		vp_seats_set(slot, 0, 0);
	else if (!vp_registry->slots[slot].idle)
		vp_seats_set(slot, definition->wish.replicas, definition->units);
}

/*
 * Writes a definition into a slot; if it is another one, what was known of the
 * index does not hold any more.  The registry's lock is held exclusively.
 */
static void
set_facts(int number, const VpDefinition *definition)
{
	VpSlot	   *slot = &vp_registry->slots[number];

	if (memcmp(&slot->definition, definition, sizeof(VpDefinition)) == 0)
		return;
	(void) vp_idle_end_locked(number, VP_WAKE_CHANGE);
	slot->definition = *definition;
	slot->failed = slot->unfilled = false;
	/* so that nobody takes the keeper's work of before for what these ask */
	slot->state = VP_LOADING;
	slot->state_changes++;
	slot->changed = vp_clock();
	slot->high_since = slot->low_since = slot->missing_since = 0;
	slot->lacking = false;
	slot->error[0] = '\0';
}

/*
 * It is not provisioned any more: who waits for a seat need not.  The
 * registry's lock is held exclusively; vp_seats_set takes that of the queue
 * below it.
 */
static void
set_gone(int slot)
{
	vp_registry->slots[slot].gone = true;
	vp_registry->slots[slot].idle = false;
	set_seats(slot, slot);
	vp_seats_set(slot, 0, 0);
}

/* Under the lock; returns how many found no slot. */
static int
post(Oid database, const VpDefinition *definition, int ndefinitions, const VpTicket *ticket)
{
	bool	   *seen = palloc0(vp_max_provisioned * sizeof(bool));
	int			left_out = 0;

	for (int n = 0; n < ndefinitions; n++)
	{
		int			i = take_slot(database, definition[n].index);
		VpSlot	   *slot;

		if (i < 0)
		{
			left_out++;
			continue;
		}
		slot = &vp_registry->slots[i];
		seen[i] = true;
		set_facts(i, &definition[n]);
		slot->gone = false;
		if (slot->hold == ticket->holds[i])
			slot->sure = slot->hold;
	}
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		const VpSlot *slot = &vp_registry->slots[i];

		if (seen[i])
			set_place(i, &slot->definition);
		else if (slot->used && slot->definition.database == database)
			set_gone(i);
	}
	pfree(seen);
	return left_out;
}

void
vp_registry_post(Oid database, const VpDefinition *definition, int ndefinitions, const VpTicket *ticket)
{
	int			left_out = 0;
	bool		told = true;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	if (ticket->number > vp_registry->posted)
	{
		left_out = post(database, definition, ndefinitions, ticket);
		told = vp_registry->crowded;
		if (left_out > 0)
			vp_registry->crowded = true;
		vp_registry->version++;
		vp_registry->posted = ticket->number;
		vp_registry->catalog_read = database;
	}
	LWLockRelease(vp_registry->lock);
	vp_registry_wake(&vp_registry->keeper);

	if (left_out > 0 && !told)
		ereport(LOG,
				(errmsg("%d provisioned indexes cannot be kept in memory", left_out),
				 errhint("Increase vecprov.max_provisioned_indexes, which is %d.",
						 vp_max_provisioned)));
}

void
vp_registry_drop(Oid database)
{
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < vp_max_provisioned; i++)
		if (vp_registry->slots[i].used && vp_registry->slots[i].definition.database == database)
			set_gone(i);
	vp_registry->version++;
	LWLockRelease(vp_registry->lock);
	vp_registry_wake(&vp_registry->keeper);
}
