/*-------------------------------------------------------------------------
 *
 * worker_pool.c
 *	  A worker for each unit of each replica, as far as there are worker slots.
 *
 * The launcher compares what the slots want with the worker slots, again and
 * again: so nothing has to be remembered of workers that were started, and it
 * does not matter why one has gone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "replica/registry.h"
#include "replica/slot_state.h"
#include "replica/worker.h"
#include "replica/worker_pool.h"
#include "replica/worker_slot.h"

/*
 * Milliseconds until another worker is started for a worker slot: when one was;
 * when none was to be had.
 */
#define START_AGAIN		1000
#define TRY_AGAIN		5000

/*
 * Is this unit of this replica to have a worker?  The registry's lock is held.
 */
static bool
is_wanted(const VpWorkerSlot *worker_slot)
{
	const VpSlot *slot = &vp_registry->slots[worker_slot->slot];

	return slot->used && !slot->gone && vp_slot_seats(worker_slot->slot) &&
		slot->definition.database == worker_slot->database &&
		slot->definition.index == worker_slot->index && slot->definition.there && !slot->idle &&
		worker_slot->replica < slot->definition.wish.replicas && worker_slot->unit < slot->definition.units;
}

/* What nobody wants any more.  The registry's lock is held exclusively. */
static void
end_workers(void)
{
	for (int i = 0; i < vp_worker_slot_count(); i++)
	{
		VpWorkerSlot *worker_slot = &vp_worker_slots[i];

		if (!worker_slot->taken || (i < vp_worker_slot_limit() && is_wanted(worker_slot)))
			continue;
		vp_worker_slot_end(worker_slot);
		worker_slot->taken = worker_slot->proc != NULL;
	}
}

/*
 * A worker slot that nobody has; NULL: there is none.  The registry's lock is
 * held exclusively.
 */
static VpWorkerSlot *
free_worker_slot(void)
{
	for (int i = 0; i < vp_worker_slot_limit(); i++)
		if (!vp_worker_slots[i].taken)
			return &vp_worker_slots[i];
	return NULL;
}

/*
 * Gives a unit its worker slot if it has none; false: there are no more.  The
 * registry's lock is held exclusively.
 */
static bool
give_worker_slot(int number, int replica, int unit)
{
	const VpSlot *slot = &vp_registry->slots[number];
	VpWorkerSlot *worker_slot;

	if (vp_worker_slot_find(number, slot->definition.index, replica, unit) != NULL)
		return true;
	worker_slot = free_worker_slot();
	if (worker_slot == NULL)
		return false;
	worker_slot->taken = true;
	worker_slot->slot = number;
	worker_slot->database = slot->definition.database;
	worker_slot->index = slot->definition.index;
	worker_slot->replica = replica;
	worker_slot->unit = unit;
	worker_slot->not_before = 0;
	worker_slot->failed = worker_slot->warmed = false;
	return true;
}

/*
 * The first unit of all replicas of all indexes comes first, then the second
 * ...  The registry's lock is held exclusively.
 */
static void
give_worker_slots(void)
{
	bool		more = true;

	for (int nth = 0; more; nth++)
	{
		more = false;
		for (int i = 0; i < vp_max_provisioned; i++)
		{
			const VpSlot *slot = &vp_registry->slots[i];
			int			replicas = slot->definition.wish.replicas;

			if (!slot->used || slot->gone || !vp_slot_seats(i) || !slot->definition.there || slot->idle ||
				nth >= replicas * slot->definition.units)
				continue;
			more = true;
			if (!give_worker_slot(i, nth % replicas, nth / replicas))
				return;
		}
	}
}

/*
 * Workers are started while the slot's definition is sure: then the keeper has
 * the database, and nobody drops it.
 */
static bool
is_due(const VpWorkerSlot *worker_slot, TimestampTz now)
{
	const VpSlot *slot = &vp_registry->slots[worker_slot->slot];

	return worker_slot->taken && worker_slot->proc == NULL && slot->hold != 0 && slot->sure == slot->hold &&
		now >= worker_slot->not_before;
}

static bool
start_worker(int worker_slot)
{
	BackgroundWorker worker;

	vp_worker_fill(&worker, "vecprov worker", "vecprov_worker_main", BGW_NEVER_RESTART);
	worker.bgw_main_arg = Int32GetDatum(worker_slot);
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* False: the server had none for some worker slot. */
static bool
start_workers(void)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		all = true;

	for (int i = 0; i < vp_worker_slot_limit(); i++)
	{
		VpWorkerSlot *worker_slot = &vp_worker_slots[i];

		if (!is_due(worker_slot, now))
			continue;
		worker_slot->failed = !start_worker(i);
		all &= !worker_slot->failed;
		worker_slot->not_before = TimestampTzPlusMilliseconds(now, worker_slot->failed ? TRY_AGAIN : START_AGAIN);
	}
	return all;
}

bool
vp_worker_pool_exists(void)
{
	bool		there = false;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_worker_slot_count(); i++)
		there |= vp_worker_slots[i].taken;
	LWLockRelease(vp_registry->lock);
	return there;
}

void
vp_worker_pool_tend(void)
{
	static bool told = false;
	bool		all;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	end_workers();
	give_worker_slots();
	all = start_workers();
	vp_slot_states_note();
	LWLockRelease(vp_registry->lock);
	if (!all && !told)
		ereport(LOG,
				(errmsg("could not start a background worker for a replica"),
				 errdetail("Its searches run in the processes of clients."),
				 errhint("You might need to increase max_worker_processes.")));
	told = !all;
}
