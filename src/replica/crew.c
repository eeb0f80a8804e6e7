/*-------------------------------------------------------------------------
 *
 * crew.c
 *	  A worker for each unit of each replica, as far as there are desks.
 *
 * The launcher compares what the slots want with the desks, again and again: so
 * nothing has to be remembered of workers that were started, and it does not matter
 * why one has gone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "replica/crew.h"
#include "replica/desk.h"
#include "replica/registry.h"
#include "replica/worker.h"

/*
 * Milliseconds until another worker is started for a desk: when one was; when none was
 * to be had.
 */
#define START_AGAIN		1000
#define TRY_AGAIN		5000

/* Is this unit of this replica to have a worker? */
static bool
is_wanted(const VpDesk *desk)
{
	const VpSlot *slot = &vp_registry->slots[desk->slot];

	return slot->used && !slot->gone && slot->facts.database == desk->database &&
		slot->facts.index == desk->index && slot->facts.there &&
		desk->replica < slot->facts.wish.replicas && desk->unit < slot->facts.units;
}

/* What nobody wants any more. */
static void
end_workers(void)
{
	for (int i = 0; i < vp_desk_count(); i++)
	{
		VpDesk    *desk = &vp_desks[i];

		if (!desk->taken || (i < vp_desk_limit() && is_wanted(desk)))
			continue;
		vp_desk_end(desk);
		desk->taken = desk->proc != NULL;
	}
}

static VpDesk *
free_desk(void)
{
	for (int i = 0; i < vp_desk_limit(); i++)
		if (!vp_desks[i].taken)
			return &vp_desks[i];
	return NULL;
}

/* Gives a unit its desk if it has none; false: there are no more. */
static bool
give_desk(int number, int replica, int unit)
{
	const VpSlot *slot = &vp_registry->slots[number];
	VpDesk    *desk;

	if (vp_desk_find(number, slot->facts.index, replica, unit) != NULL)
		return true;
	desk = free_desk();
	if (desk == NULL)
		return false;
	desk->taken = true;
	desk->slot = number;
	desk->database = slot->facts.database;
	desk->index = slot->facts.index;
	desk->replica = replica;
	desk->unit = unit;
	desk->not_before = 0;
	desk->failed = desk->warmed = false;
	return true;
}

/* The first unit of all replicas of all indexes comes first, then the second ... */
static void
give_desks(void)
{
	bool		more = true;

	for (int nth = 0; more; nth++)
	{
		more = false;
		for (int i = 0; i < vp_max_provisioned; i++)
		{
			const VpSlot *slot = &vp_registry->slots[i];
			int			replicas = slot->facts.wish.replicas;

			if (!slot->used || slot->gone || !slot->facts.there ||
				nth >= replicas * slot->facts.units)
				continue;
			more = true;
			if (!give_desk(i, nth % replicas, nth / replicas))
				return;
		}
	}
}

/*
 * Workers are started while the slot's facts are sure: then the keeper has the database,
 * and nobody drops it.
 */
static bool
is_due(const VpDesk *desk, TimestampTz now)
{
	const VpSlot *slot = &vp_registry->slots[desk->slot];

	return desk->taken && desk->proc == NULL && slot->hold != 0 && slot->sure == slot->hold &&
		now >= desk->not_before;
}

static bool
start_worker(int desk)
{
	BackgroundWorker worker;

	vp_worker_fill(&worker, "vecprov worker", "vecprov_worker_main", BGW_NEVER_RESTART);
	worker.bgw_main_arg = Int32GetDatum(desk);
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* False: the server had none for some desk. */
static bool
start_workers(void)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		all = true;

	for (int i = 0; i < vp_desk_limit(); i++)
	{
		VpDesk    *desk = &vp_desks[i];

		if (!is_due(desk, now))
			continue;
		desk->failed = !start_worker(i);
		all &= !desk->failed;
		desk->not_before = TimestampTzPlusMilliseconds(now, desk->failed ? TRY_AGAIN : START_AGAIN);
	}
	return all;
}

bool
vp_crew_is_there(void)
{
	bool		there = false;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_desk_count(); i++)
		there |= vp_desks[i].taken;
	LWLockRelease(vp_registry->lock);
	return there;
}

void
vp_crew_mind(void)
{
	static bool told = false;
	bool		all;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	end_workers();
	give_desks();
	all = start_workers();
	LWLockRelease(vp_registry->lock);
	if (!all && !told)
		ereport(LOG,
				(errmsg("could not start a background worker for a replica"),
				 errdetail("Its searches run in the processes of clients."),
				 errhint("You might need to increase max_worker_processes.")));
	told = !all;
}
