/*-------------------------------------------------------------------------
 *
 * launcher.c
 *	  Sends a catalogue reader to each database whose wishes may have changed, and sees to workers
 *	  and mergers.
 *
 * A backend reads invalidation messages and acts upon those about its own
 * database.  The launcher looks at all of them, so it reads them itself, and
 * must not be in a transaction while it does: those read them too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/affinity.h"
#include "base/clock.h"
#include "base/settings.h"
#include "base/wish_inval.h"
#include "capacity/charge.h"
#include "capacity/usage.h"
#include "replica/merger_pool.h"
#include "replica/posting.h"
#include "replica/registry.h"
#include "replica/seats.h"
#include "replica/worker.h"
#include "replica/worker_pool.h"
#include "replica/worker_slot.h"

/* Milliseconds.  Nothing wakes the launcher of a standby. */
#define LISTEN_EVERY	100
#define IDLE			10000
#define IDLE_ON_STANDBY	1000
#define RETRY_AFTER		1000
#define CATALOG_READER_LIMIT		10000

/*
 * Nanoseconds for which a backend keeps a seat at most: one that goes on with
 * other things, or waits, on the processors of a reserved zone.
 */
#define KEPT_FOR		UINT64CONST(10000000)

/* A database gets a supervisor no more often than this: milliseconds. */
#define SUPERVISE_EVERY	500

/* Notifications that fail are tried again so often at least: milliseconds. */
#define NOTIFY_AGAIN	60000

/* Seconds after which a supervisor that could not do all tries again. */
#define SUPERVISE_AGAIN	60

typedef struct Database
{
	Oid			oid;
	bool		closed;			/* it takes no connections; what it has of
								 * capacity is charged for */
	bool		outdated;
	bool		movers_due;		/* a catalogue reader could not start all that
								 * are needed */
	TimestampTz not_before;		/* a catalogue reader has just been sent
								 * there, or has not done all */
	bool		has_extension;	/* as a catalogue reader found it */
	int			policy_interval;	/* seconds; 0: there are no policies */

	/* by vp_clock() */
	TimestampTz hour_due;		/* the next hour to be written down */
	TimestampTz policies_due;
	bool		notices_due;

	/* by the server's clock */
	TimestampTz not_supervised_before;
	TimestampTz not_notified_before;
	int			notice_wait;	/* milliseconds: how long the last wait was
								 * since notifications fail; 0: they do not */
} Database;

static Database *databases;
static int	ndatabases;
static bool list_outdated;
static bool all_outdated;		/* for all that the list will have when it is
								 * read again */

/* The catalogue reader under way. */
static BackgroundWorkerHandle *catalog_reader;	/* NULL: none */
static Oid	catalog_reader_database;
static TimestampTz catalog_reader_started;

/* The supervisor under way. */
static BackgroundWorkerHandle *supervisor;	/* NULL: none */
static Oid	supervisor_database;

/*----------
 * Invalidation
 *----------
 */

static Database *
find_database(Oid oid)
{
	for (int i = 0; i < ndatabases; i++)
		if (databases[i].oid == oid)
			return &databases[i];
	return NULL;
}

/* One that is not in the list is new, and the list will be read again for that. */
static void
note(Oid oid)
{
	Database   *database = find_database(oid);

	if (database != NULL)
		database->outdated = true;
}

static void
note_notice(Oid oid)
{
	Database   *database = find_database(oid);

	if (database != NULL)
		database->notices_due = true;
}

static void
hear(SharedInvalidationMessage *msg)
{
	LocalExecuteInvalidationMessage(msg);
	if (vp_is_wish_inval(msg))
		note(msg->cat.dbId);
	else if (msg->id == DATABASEOID)
		list_outdated = true;
}

static void
note_all(void)
{
	list_outdated = all_outdated = true;
}

/* Messages were lost. */
static void
hear_all(void)
{
	InvalidateSystemCaches();
	note_all();
}

static bool
database_is_listed(Oid oid)
{
	return find_database(oid) != NULL;
}

/* Whose slots are there for nothing: of databases that are gone, or closed. */
static void
drop_slots(void)
{
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		Oid			oid = pg_atomic_read_u64(&vp_registry->keys[i]) >> 32;
		Database   *database = find_database(oid);

		if (OidIsValid(oid) && (database == NULL || database->closed))
			vp_registry_drop(oid);
	}
	vp_charge_end_databases(database_is_listed);
}

/*
 * Copies pg_database, with what is known of each database; of a new one, all
 * is out of date.  In a transaction.  The list is allocated in
 * TopMemoryContext.
 */
static void
copy_list(void)
{
	Relation	rel = table_open(DatabaseRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(rel, 0, NULL);
	Database   *list = MemoryContextAlloc(TopMemoryContext, sizeof(Database));
	int			n = 0;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
		Database   *known = find_database(form->oid);

		/* a negative limit: it is half dropped */
		if (form->datconnlimit < -1)
			continue;
		list = repalloc(list, (n + 1) * sizeof(Database));
		if (known != NULL && !known->closed)
			list[n] = *known;
		else
		{
			memset(&list[n], 0, sizeof(Database));
			list[n].oid = form->oid;
			list[n].outdated = true;
		}
		list[n++].closed = !form->datallowconn;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	if (databases != NULL)
		pfree(databases);
	databases = list;
	ndatabases = n;
}

/* Messages that the transaction has read might have said that something is out of date. */
static void
read_list(void)
{
	uint64		heard = SharedInvalidMessageCounter;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	copy_list();
	CommitTransactionCommand();
	if (all_outdated || heard != SharedInvalidMessageCounter)
		for (int i = 0; i < ndatabases; i++)
			databases[i].outdated = true;
	list_outdated = all_outdated = false;
	drop_slots();
}

/*
 * Slots whose definitions are to be read again.  Takes and releases the
 * registry's lock, exclusively.
 */
static void
note_slots(void)
{
	bool		vacant = false;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot	   *slot = &vp_registry->slots[i];

		if (!slot->used)
			vacant = true;
		else if (!slot->gone && slot->hold != slot->sure && slot->hold != 0)
			note(slot->definition.database);
		if (slot->used && !slot->gone && slot->state_changes != slot->told_changes)
			note_notice(slot->definition.database);
	}
	if (vacant && vp_registry->crowded)
	{
		note_all();
		vp_registry->crowded = false;
	}
	LWLockRelease(vp_registry->lock);
}

/*----------
 * Catalogue readers
 *----------
 */

/* To do again what a catalogue reader failed to do: all, or to start movers. */
static void
try_again(Oid oid, bool movers)
{
	Database   *database = find_database(oid);

	if (database == NULL)
		return;
	if (movers)
		database->movers_due = true;
	else
		database->outdated = true;
	database->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RETRY_AFTER);
}

/*
 * Has a database indexes that are idle?  Takes and releases the registry's
 * lock, share.
 */
static bool
has_idle(Oid oid)
{
	bool		idle = false;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_max_provisioned && !idle; i++)
		idle = vp_registry->slots[i].idle && vp_registry->slots[i].definition.database == oid;
	LWLockRelease(vp_registry->lock);
	return idle;
}

/* What the catalogue reader has found in a database for supervisors to do. */
static void
note_extension(Oid oid)
{
	Database   *database = find_database(oid);

	if (database == NULL)
		return;
	database->has_extension = vp_registry->has_extension;
	if (database->policy_interval != vp_registry->policy_interval)
		database->policies_due = vp_clock();
	database->policy_interval = vp_registry->policy_interval;
	/* the policy that let them may have gone */
	if (has_idle(oid))
		database->notices_due = true;
}

/* Is one under way? */
static bool
catalog_reader_is_running(void)
{
	pid_t		pid;
	Database   *database;

	if (catalog_reader == NULL)
		return false;
	if (GetBackgroundWorkerPid(catalog_reader, &pid) != BGWH_STOPPED)
	{
		if (TimestampDifferenceExceeds(catalog_reader_started, GetCurrentTimestamp(), CATALOG_READER_LIMIT))
			TerminateBackgroundWorker(catalog_reader);
		return true;
	}
	pfree(catalog_reader);
	catalog_reader = NULL;
	database = find_database(catalog_reader_database);

	/*
	 * it may have posted slots after those of the closed database were
	 * dropped
	 */
	if (database == NULL || database->closed)
		vp_registry_drop(catalog_reader_database);
	else if (vp_registry->catalog_read != catalog_reader_database)
		try_again(catalog_reader_database, false);
	else
	{
		if (vp_registry->moved != catalog_reader_database)
			try_again(catalog_reader_database, true);
		note_extension(catalog_reader_database);
	}
	return false;
}

/*
 * Starts a catalogue reader in a database, and remembers which; its handle is
 * allocated in TopMemoryContext.  If no worker is to be had, the database
 * stays out of date.
 */
static void
start_catalog_reader(Database *database)
{
	BackgroundWorker worker;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	vp_worker_fill(&worker, "vecprov catalog reader", "vecprov_catalog_reader_main", BGW_NEVER_RESTART);
	worker.bgw_main_arg = ObjectIdGetDatum(database->oid);
	worker.bgw_notify_pid = MyProcPid;
	database->outdated = database->movers_due = false;
	database->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LISTEN_EVERY);
	catalog_reader_database = database->oid;
	catalog_reader_started = GetCurrentTimestamp();
	vp_registry->catalog_read = vp_registry->moved = InvalidOid;
	vp_registry->readers_refused = !RegisterDynamicBackgroundWorker(&worker, &catalog_reader);
	if (vp_registry->readers_refused)
	{
		catalog_reader = NULL;
		try_again(database->oid, false);
		ereport(LOG,
				(errmsg("could not start a background worker to look at provisioned indexes"),
				 errhint("You might need to increase max_worker_processes.")));
	}
	MemoryContextSwitchTo(old);
}

static void
send_catalog_reader(void)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		outdated = list_outdated;

	for (int i = 0; i < ndatabases; i++)
		if ((databases[i].outdated || databases[i].movers_due) && !databases[i].closed &&
			databases[i].not_before <= now)
		{
			start_catalog_reader(&databases[i]);
			return;
		}
	for (int i = 0; i < ndatabases; i++)
		outdated |= databases[i].outdated && !databases[i].closed;
	if (!outdated)
		vp_charge_all_read();
}

/*----------
 * Supervisors
 *----------
 */

/* Not on a standby: nothing can be written there. */
static bool
is_supervisor_due(const Database *database, TimestampTz now)
{
	return !database->closed && database->has_extension && !RecoveryInProgress() &&
		database->not_supervised_before <= GetCurrentTimestamp() &&
		((database->notices_due && database->not_notified_before <= GetCurrentTimestamp()) ||
		 database->hour_due <= now ||
		 (database->policy_interval > 0 && database->policies_due <= now));
}

/*
 * Starts a supervisor in a database; its handle is allocated in
 * TopMemoryContext.  What it does not do is tried again in a minute;
 * notifications sooner.
 */
static void
start_supervisor(Database *database, TimestampTz now)
{
	BackgroundWorker worker;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	vp_worker_fill(&worker, "vecprov supervisor", "vecprov_supervisor_main", BGW_NEVER_RESTART);
	worker.bgw_main_arg = ObjectIdGetDatum(database->oid);
	worker.bgw_notify_pid = MyProcPid;
	vp_registry->supervised = vp_registry->notified = InvalidOid;
	supervisor_database = database->oid;
	database->notices_due = false;
	database->not_supervised_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), SUPERVISE_EVERY);
	database->hour_due = vp_hour_of(now) + USECS_PER_HOUR;
	database->policies_due = now + database->policy_interval * USECS_PER_SEC;
	if (!RegisterDynamicBackgroundWorker(&worker, &supervisor))
	{
		supervisor = NULL;
		database->hour_due = now + SUPERVISE_AGAIN * USECS_PER_SEC;
	}
	MemoryContextSwitchTo(old);
}

/*
 * Notifications that fail are tried again after a second, then after twice as
 * long each time.
 */
static void
note_notified(Database *database)
{
	if (vp_registry->notified == database->oid)
		database->notice_wait = 0;
	else
		database->notice_wait = Min(Max(2 * database->notice_wait, RETRY_AFTER), NOTIFY_AGAIN);
	database->not_notified_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), database->notice_wait);
}

static bool
supervisor_is_running(void)
{
	pid_t		pid;
	Database   *database;

	if (supervisor == NULL)
		return false;
	if (GetBackgroundWorkerPid(supervisor, &pid) != BGWH_STOPPED)
		return true;
	pfree(supervisor);
	supervisor = NULL;
	database = find_database(supervisor_database);
	if (database == NULL)
		return false;
	if (vp_registry->supervised != supervisor_database)
		database->hour_due = vp_clock() + SUPERVISE_AGAIN * USECS_PER_SEC;
	note_notified(database);
	return false;
}

static void
send_supervisor(void)
{
	TimestampTz now = vp_clock();

	for (int i = 0; i < ndatabases; i++)
		if (is_supervisor_due(&databases[i], now))
		{
			start_supervisor(&databases[i], now);
			return;
		}
}

/*----------
 * The rounds
 *----------
 */

/*
 * Has the registry slots, or lacked some?  Takes and releases the registry's
 * lock, share.
 */
static bool
registry_is_used(void)
{
	bool		used;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	used = vp_registry->crowded;
	for (int i = 0; i < vp_max_provisioned && !used; i++)
		used = vp_registry->slots[i].used;
	LWLockRelease(vp_registry->lock);
	return used;
}

/*
 * Is there nothing that a round could do?  Then only a message can change that.  All messages that came
 * before the latch was set last must have been read.
 */
static bool
is_idle(void)
{
	if (list_outdated || catalog_reader != NULL || supervisor != NULL || registry_is_used() || vp_worker_pool_exists() ||
		vp_merger_pool_is_needed())
		return false;
	for (int i = 0; i < ndatabases; i++)
		if (((databases[i].outdated || databases[i].movers_due) && !databases[i].closed) ||
			is_supervisor_due(&databases[i], vp_clock()))
			return false;
	return true;
}

static void
do_round(void)
{
	if (list_outdated)
		read_list();
	note_slots();
	vp_seats_recall(KEPT_FOR);
	if (!catalog_reader_is_running())
		send_catalog_reader();
	if (!supervisor_is_running())
		send_supervisor();
	vp_worker_pool_tend();
	vp_merger_pool_tend();
}

void
vecprov_launcher_main(Datum arg)
{
	bool		in_recovery = false;

	vp_worker_start(&vp_registry->launcher);
	note_all();
	for (;;)
	{
		pg_atomic_fetch_add_u64(&vp_registry->rounds, 1);
		ReceiveSharedInvalidMessages(hear, hear_all);
		vp_affinity_spread(vp_registry->lock, vp_is_worker_pid);
		if (in_recovery != RecoveryInProgress())
		{
			in_recovery = !in_recovery;
			note_all();
		}
		if (!is_idle())
		{
			do_round();
			(void) vp_worker_wait(VP_WAIT_LAUNCHER, LISTEN_EVERY);
		}
		else if (!vp_worker_wait(VP_WAIT_LAUNCHER_IDLE, in_recovery ? IDLE_ON_STANDBY : IDLE))
			pg_atomic_fetch_add_u64(&vp_registry->idle_looks, 1);
	}
}
