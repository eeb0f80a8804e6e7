/*-------------------------------------------------------------------------
 *
 * keeper.c
 *	  Holds provisioned indexes, and pins their pages; the rules are in README.md.
 *
 * It serves all indexes by turns, and nothing that it does for one of them takes
 * longer than a portion of pages: whoever waits for a lock of ours is seen in
 * time.  What this process knows of each slot is in `kept`; the registry has a
 * copy of what others may want to know.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "capacity/charge.h"
#include "capacity/memory.h"
#include "page/window.h"
#include "replica/pins.h"
#include "replica/load.h"
#include "replica/registry.h"
#include "replica/replica_stats.h"
#include "replica/worker.h"
#include "replica/worker_slot.h"

/* Milliseconds. */
#define LOOK_EVERY		10
#define LOOK_SELDOM		1000	/* nothing is provisioned */
#define GROWTH_EVERY	1000

typedef struct Kept
{
	/* of the registry */
	bool		used;
	bool		gone;
	bool		failed;
	bool		unfilled;
	bool		sure;
	bool		idle;
	VpDefinition definition;

	bool		locked;
	uint64		hold;			/* 0: not locked, or the locks are about to be
								 * released */
	VpPins		pins;
	BlockNumber reserved;		/* for when it is not idle any more */
	bool		ready;			/* all was pinned, since pinning began */
	bool		filling;		/* what is not pinned is being read */
	TimestampTz looked;			/* when the size of the file was */
	char		error[512];
} Kept;

static Kept *kept;
static uint64 known_version;

/*----------
 * The registry
 *----------
 */

static void
learn_slot(Kept *k, const VpSlot *slot)
{
	k->used = slot->used;
	k->gone = slot->gone;
	k->failed = slot->failed;
	k->unfilled = slot->unfilled;
	k->sure = k->hold != 0 && slot->sure == k->hold;
	if (slot->idle && !k->idle)
		k->reserved = slot->wanted;
	if (memcmp(&k->definition, &slot->definition, sizeof(VpDefinition)) == 0 && k->idle == slot->idle)
		return;
	k->idle = slot->idle;
	/* what stood in the way may not do so any more: look at once */
	k->definition = slot->definition;
	k->error[0] = '\0';
	k->looked = 0;
}

/*
 * Takes over what catalogue readers have written since.  Takes and releases
 * the registry's lock, share.
 */
static void
learn(void)
{
	LWLockAcquire(vp_registry->lock, LW_SHARED);
	if (known_version != vp_registry->version)
		for (int i = 0; i < vp_max_provisioned; i++)
			learn_slot(&kept[i], &vp_registry->slots[i]);
	known_version = vp_registry->version;
	LWLockRelease(vp_registry->lock);
}

static VpState
state_of(const Kept *k)
{
	if (k->error[0] != '\0')
		return VP_ERROR;
	if (k->definition.wish.replicas == 0)
		return VP_SUSPENDED;
	if (k->idle)
		return VP_IDLE;
	return k->ready ? VP_READY : VP_LOADING;
}

/* Blocks of shared buffers that are kept for an index. */
static BlockNumber
blocks_of(const Kept *k)
{
	return k->idle ? k->reserved : k->pins.owner != NULL ? k->pins.wanted : 0;
}

/*
 * Tells the registry how far an index is, if that is not what it was told
 * last.  Takes and releases the registry's lock, exclusively.
 */
static void
tell(int i)
{
	Kept	   *k = &kept[i];
	VpSlot	   *slot = &vp_registry->slots[i];
	VpState		state = state_of(k);
	BlockNumber wanted = blocks_of(k);

	/* a catalogue reader may write there; then we are to look once more */
	if (state == slot->state && k->pins.pinned == slot->pinned &&
		wanted == slot->wanted && strcmp(k->error, slot->error) == 0)
		return;
	if (k->pins.owner != NULL && k->pins.wanted != slot->wanted)
		vp_charge_memory(k->definition.database, k->definition.index, (int64) k->pins.wanted * BLCKSZ);
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	slot->pinned = k->pins.pinned;
	slot->wanted = wanted;

	/*
	 * if a catalogue reader has written another definition meanwhile, or a
	 * search has woken the index, what we know is not of that
	 */
	if (memcmp(&k->definition, &slot->definition, sizeof(VpDefinition)) == 0 && k->idle == slot->idle)
	{
		if (slot->state != state)
			slot->state_changes++;
		slot->state = state;
		strlcpy(slot->error, k->error, sizeof(slot->error));
	}
	LWLockRelease(vp_registry->lock);
}

/*
 * Tells the registry that an index is held, under a new number, or not held
 * any more.  Takes and releases the registry's lock, exclusively, before it
 * wakes the launcher.
 */
static void
tell_hold(int i)
{
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	if (kept[i].hold != 0)
		kept[i].hold = ++vp_registry->holds;
	vp_registry->slots[i].hold = kept[i].hold;
	LWLockRelease(vp_registry->lock);
	if (kept[i].hold != 0)
		vp_registry_wake(&vp_registry->launcher);
}

/* Nothing is held, as at a keeper's start and end. */
static void
tell_nothing(void)
{
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot	   *slot = &vp_registry->slots[i];

		slot->hold = slot->sure = 0;
		slot->pinned = 0;
		if (!slot->idle)
			slot->wanted = 0;
		if (slot->state == VP_READY)
			slot->state = VP_LOADING;
	}
	LWLockRelease(vp_registry->lock);
}

/* Begins with the slots as they are; of those that failed, what was wrong. */
static void
take_over(void)
{
	kept = MemoryContextAllocZero(TopMemoryContext, vp_max_provisioned * sizeof(Kept));
	known_version = 0;
	tell_nothing();
	learn();
	for (int i = 0; i < vp_max_provisioned; i++)
		if (kept[i].failed)
			strlcpy(kept[i].error, vp_registry->slots[i].error, sizeof(kept[i].error));
}

/*----------
 * Locks
 *----------
 */

static void
lock_tags(const VpDefinition *definition, LOCKTAG *database, LOCKTAG *index)
{
	SET_LOCKTAG_OBJECT(*database, InvalidOid, DatabaseRelationId, definition->database, 0);
	SET_LOCKTAG_RELATION(*index, definition->database, definition->index);
}

/*
 * Takes both locks, if nobody has or waits for stronger ones.  Workers are connected to
 * the database: who copies it (CREATE DATABASE) must wait for them to end, too, so
 * its lock is one that stands in the way of that.
 */
static void
try_hold(int i)
{
	Kept	   *k = &kept[i];
	LOCKTAG		database;
	LOCKTAG		index;

	lock_tags(&k->definition, &database, &index);
	if (LockAcquire(&database, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		/* a former keeper may have left workers there */
		(void) vp_worker_slot_clear(k->definition.database);
		return;
	}
	/* what we have for another index is ours again, whoever waits for it */
	if (LockHasWaiters(&database, RowExclusiveLock, true) ||
		LockAcquire(&index, AccessShareLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		LockRelease(&database, RowExclusiveLock, true);
		return;
	}
	k->locked = true;
	k->hold = 1;
	k->sure = false;
	tell_hold(i);
}

static bool
database_is_waited_for(const Kept *k)
{
	LOCKTAG		database;
	LOCKTAG		index;

	lock_tags(&k->definition, &database, &index);
	return LockHasWaiters(&database, RowExclusiveLock, true);
}

static bool
is_waited_for(const Kept *k)
{
	LOCKTAG		database;
	LOCKTAG		index;

	lock_tags(&k->definition, &database, &index);
	return LockHasWaiters(&index, AccessShareLock, true) || database_is_waited_for(k);
}

static void
unpin(Kept *k)
{
	vp_pins_end(&k->pins);
	k->ready = false;
	k->looked = 0;
}

/* The locks stay: no worker is started from now on. */
static void
let_go(int i)
{
	Kept	   *k = &kept[i];

	unpin(k);
	k->hold = 0;
	k->sure = false;
	tell_hold(i);
	tell(i);
}

/* Releases the locks, if it is not the database that is wanted while it has workers. */
static void
unlock(int i)
{
	Kept	   *k = &kept[i];
	LOCKTAG		database;
	LOCKTAG		index;

	if (database_is_waited_for(k) && !vp_worker_slot_clear(k->definition.database))
		return;
	lock_tags(&k->definition, &database, &index);
	LockRelease(&index, AccessShareLock, true);
	LockRelease(&database, RowExclusiveLock, true);
	k->locked = false;
}

/* At exit, also by an error while a page was being read. */
static void
let_all_go(int code, Datum arg)
{
	LWLockReleaseAll();
	VpAbortBufferIO();
	CurrentResourceOwner = NULL;
	for (int i = 0; i < vp_max_provisioned; i++)
		vp_pins_end(&kept[i].pins);
	LockReleaseAll(DEFAULT_LOCKMETHOD, true);
	tell_nothing();
}

/*----------
 * Pins
 *----------
 */

/*
 * Blocks of shared buffers that are promised to other indexes; to those of an owner, or of
 * all (InvalidOid).
 */
static BlockNumber
promised_to_others(int i, Oid owner)
{
	BlockNumber promised = 0;

	for (int other = 0; other < vp_max_provisioned; other++)
		if (other != i && (!OidIsValid(owner) || kept[other].definition.owner == owner))
			promised += blocks_of(&kept[other]);
	return promised;
}

/*
 * Has the file grown, and is there room for that?  Sets how far to pin, or the
 * error.
 */
static void
look_at_size(int i)
{
	Kept	   *k = &kept[i];
	BlockNumber nblocks = vp_pins_file_blocks(&k->pins);
	BlockNumber wanted = vp_pins_of(&k->pins, nblocks);
	BlockNumber promised = promised_to_others(i, InvalidOid);
	uint64		charged = ((uint64) promised_to_others(i, k->definition.owner) + wanted) * BLCKSZ;
	BlockNumber limit = (uint64) NBuffers * VP_MEMORY_PERCENT / 100;

	if (nblocks == k->pins.end)
		return;
	if ((uint64) promised + wanted > limit)
	{
		snprintf(k->error, sizeof(k->error),
				 "memory cannot hold the index: it needs %llu bytes; of %llu, which are %d %% of "
				 "shared_buffers, %llu are used by others",
				 (unsigned long long) wanted * BLCKSZ, (unsigned long long) limit * BLCKSZ,
				 VP_MEMORY_PERCENT, (unsigned long long) promised * BLCKSZ);
		return;
	}
	if (charged > (uint64) k->definition.quota)
	{
		snprintf(k->error, sizeof(k->error),
				 "the quota of its owner does not allow the index: it needs %llu bytes; of %lld, "
				 "%llu are used by other indexes of the owner",
				 (unsigned long long) wanted * BLCKSZ, (long long) k->definition.quota,
				 (unsigned long long) charged - (unsigned long long) wanted * BLCKSZ);
		return;
	}
	k->pins.end = nblocks;
	k->pins.wanted = wanted;
}

/* Pinning begins, with what is known of the index now. */
static void
begin(Kept *k)
{
	k->pins.locator = k->definition.locator;
	k->pins.permanent = k->definition.permanent;
	k->pins.vectors = k->definition.keeps_vectors;
	if (!vp_pins_begin(&k->pins) && vp_pins_file_blocks(&k->pins) > 0)
		strlcpy(k->error, "its metapage is damaged", sizeof(k->error));
}

static bool
is_to_be_pinned(const Kept *k)
{
	return k->definition.wish.replicas > 0 && k->definition.known && k->definition.there && !k->idle;
}

/* Is what is pinned what is wanted now? */
static bool
is_same(const Kept *k)
{
	return memcmp(&k->pins.locator, &k->definition.locator, sizeof(k->definition.locator)) == 0 &&
		k->pins.vectors == k->definition.keeps_vectors;
}

/* Of an index that is sure: pins a portion.  True: there is more to do at once. */
static bool
pin(int i)
{
	Kept	   *k = &kept[i];
	TimestampTz now = GetCurrentTimestamp();
	bool		more;

	if (k->pins.owner != NULL && (!is_to_be_pinned(k) || !is_same(k)))
		unpin(k);
	if (!k->definition.known)
		snprintf(k->error, sizeof(k->error), "tier \"%s\" does not exist", k->definition.wish.tier);
	else if (!k->definition.there)
		strlcpy(k->error, "it is unlogged, and not there before this standby is promoted", sizeof(k->error));
	if (!is_to_be_pinned(k))
		return false;
	if (k->definition.partitioned)
	{
		k->error[0] = '\0';
		k->ready = true;
		return false;
	}
	if (TimestampDifferenceExceeds(k->looked, now, GROWTH_EVERY))
	{
		k->looked = now;
		k->error[0] = '\0';
		if (k->pins.owner == NULL)
			begin(k);
		if (k->pins.owner == NULL)
			return false;
		look_at_size(i);
		if (k->pins.end == 0)
		{
			/* no room: not even the metapage */
			vp_pins_end(&k->pins);
			return false;
		}
	}
	if (k->pins.owner == NULL)
		return false;
	more = vp_pins_more(&k->pins);
	if (!more && !k->unfilled)
	{
		k->filling = true;
		more = vp_pins_fill(&k->pins);
		k->filling = false;
	}
	if (!more)
		k->ready = true;
	return more;
}

/*
 * The same.  An error is written down with the index, and ends this process: the
 * next one leaves the index alone, or what is not pinned, if that could not be read.
 */
static bool
pin_carefully(int i)
{
	bool		more = false;

	PG_TRY();
	{
		more = pin(i);
	}
	PG_CATCH();
	{
		MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
		ErrorData  *error = CopyErrorData();

		LWLockReleaseAll();
		LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
		if (kept[i].filling)
			vp_registry->slots[i].unfilled = true;
		else
		{
			vp_registry->slots[i].failed = true;
			vp_registry->slots[i].state = VP_ERROR;
			strlcpy(vp_registry->slots[i].error, error->message,
					sizeof(vp_registry->slots[i].error));
		}
		LWLockRelease(vp_registry->lock);
		MemoryContextSwitchTo(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return more;
}

/*----------
 * The rounds
 *----------
 */

/* All locks: lets go first, wherever it must, and takes new ones then. */
static void
mind_locks(void)
{
	for (int i = 0; i < vp_max_provisioned; i++)
		if (kept[i].hold != 0 && (kept[i].gone || is_waited_for(&kept[i])))
			let_go(i);
	for (int i = 0; i < vp_max_provisioned; i++)
		if (kept[i].locked && kept[i].hold == 0)
			unlock(i);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		if (kept[i].locked || !kept[i].used)
			continue;
		if (kept[i].gone)
			kept[i].used = !vp_slot_free(i);
		else
			try_hold(i);
	}
}

/* A portion of pages of each index.  True: there is more to do at once. */
static bool
mind_pins(void)
{
	bool		more = false;

	for (int i = 0; i < vp_max_provisioned; i++)
		if (kept[i].used && kept[i].sure && !kept[i].failed)
		{
			if (pin_carefully(i))
				more = true;
			tell(i);
		}
	return more;
}

static bool
have_slots(void)
{
	for (int i = 0; i < vp_max_provisioned; i++)
		if (kept[i].used)
			return true;
	return false;
}

void
vecprov_keeper_main(Datum arg)
{
	vp_worker_start(&vp_registry->keeper);
	take_over();
	before_shmem_exit(let_all_go, (Datum) 0);
	for (;;)
	{
		bool		more;

		/* files that were dropped are closed so */
		AcceptInvalidationMessages();
		learn();
		mind_locks();
		more = mind_pins();
		if (vp_window_widen())
			more = true;
		vp_load_sample();
		(void) vp_worker_wait(VP_WAIT_KEEPER, more ? 0 : have_slots() ? LOOK_EVERY :
							  vp_window_enter() ? LOOK_SELDOM : -1);
	}
}
