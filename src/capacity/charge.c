/*-------------------------------------------------------------------------
 *
 * charge.c
 *	  What the owners of provisioned indexes use of the server, in shared memory.
 *
 * Quotas hold for all databases together, and a session sees the catalogue of one.  So
 * each provisioned index of the server has an entry here.  The transaction that changes
 * an index writes the new charge beside the old one, and both count until it ends.  A
 * prepared transaction is asked about when somebody wants to know.
 * Catalogue readers (replica/) read the catalogues after a start, and after each change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "base/settings.h"
#include "capacity/charge.h"

typedef struct Entry
{
	Oid			database;		/* InvalidOid: the entry is free */
	Oid			index;
	VpCharge	now;			/* as committed */
	int			asker;			/* 1 + number of the process whose transaction
								 * has changed it, or PREPARED; 0: none */
	TransactionId prepared;		/* the transaction that was */
	VpCharge	asked;			/* what it will be when that commits */
	uint64		changed;		/* clock at the commit that wrote `now` */
} Entry;

/* The transaction belongs to no process any more. */
#define PREPARED	(-1)

typedef struct Book
{
	LWLock	   *lock;
	bool		all_read;		/* all databases were read since the server
								 * started */
	uint64		clock;			/* counts commits */
	Entry		entries[FLEXIBLE_ARRAY_MEMBER];
} Book;

static Book *book;

/* What this transaction has written over, the last first. */
typedef struct Undo
{
	Oid			index;
	int			asker;
	VpCharge	asked;
	SubTransactionId subxact;
} Undo;

static List *undos = NIL;

static Size
book_size(void)
{
	return offsetof(Book, entries) + vp_max_provisioned * sizeof(Entry);
}

void
vp_charge_request(void)
{
	RequestAddinShmemSpace(book_size());
	RequestNamedLWLockTranche("vecprov charges", 1);
}

void
vp_charge_startup(void)
{
	bool		found;

	book = ShmemInitStruct("vecprov charges", book_size(), &found);
	if (found)
		return;
	memset(book, 0, book_size());
	book->lock = &GetNamedLWLockTranche("vecprov charges")->lock;
}

/*----------
 * Entries; the lock is held
 *----------
 */

/* NULL: there is none. */
static Entry *
find_entry(Oid database, Oid index)
{
	for (int i = 0; i < vp_max_provisioned; i++)
		if (book->entries[i].database == database && book->entries[i].index == index)
			return &book->entries[i];
	return NULL;
}

static bool
is_empty(const Entry *entry)
{
	return entry->asker == 0 && !OidIsValid(entry->now.owner);
}

/*
 * An entry for another index; NULL: all are taken.  That of an index which has just been
 * dropped is taken last: a catalogue reader that began before might still post that index.
 */
static Entry *
find_vacant(void)
{
	Entry	   *vacant = find_entry(InvalidOid, InvalidOid);

	for (int i = 0; vacant == NULL && i < vp_max_provisioned; i++)
		if (is_empty(&book->entries[i]))
			vacant = &book->entries[i];
	return vacant;
}

static void
free_if_empty(Entry *entry)
{
	if (is_empty(entry))
		memset(entry, 0, sizeof(*entry));
}

/*
 * Of a transaction that has ended.  If the commit log does not go back so far it is taken to
 * have committed: the charge counts until a catalogue reader comes.
 */
static bool
did_commit(TransactionId xid)
{
	return TransactionIdPrecedes(xid, TransamVariables->oldestClogXid) ||
		TransactionIdDidCommit(xid);
}

/*
 * Ends the wait for prepared transactions that have ended.  Nobody is told when they do, but
 * the commit log knows how.
 */
static void
settle(void)
{
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		Entry	   *entry = &book->entries[i];

		if (entry->asker != PREPARED || TransactionIdIsInProgress(entry->prepared))
			continue;
		if (did_commit(entry->prepared))
		{
			entry->now = entry->asked;
			entry->changed = ++book->clock;
		}
		entry->asker = 0;
		free_if_empty(entry);
	}
}

/* The entry of an index, or a vacant one made its own; NULL: all are taken. */
static Entry *
take_entry(Oid database, Oid index)
{
	Entry	   *entry = find_entry(database, index);

	if (entry != NULL)
		return entry;
	entry = find_vacant();
	if (entry != NULL)
	{
		memset(entry, 0, sizeof(*entry));
		entry->database = database;
		entry->index = index;
	}
	return entry;
}

static bool
is_of(const VpCharge *charge, Oid owner)
{
	return OidIsValid(owner) ? charge->owner == owner : OidIsValid(charge->owner);
}

/* What an owner, or everybody (InvalidOid), uses, but for one index. */
static void
add_up(Oid owner, Oid except, VpQuota *sum)
{
	sum->bytes = sum->units = 0;
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		Entry	   *entry = &book->entries[i];
		VpCharge	none = {0};
		VpCharge   *now = is_of(&entry->now, owner) ? &entry->now : &none;
		VpCharge   *asked = entry->asker != 0 && is_of(&entry->asked, owner) ? &entry->asked : &none;

		if (entry->database == MyDatabaseId && entry->index == except)
			continue;

		/*
		 * what this transaction has changed becomes so together with what it
		 * asks for
		 */
		if (entry->asker == VpMyProcNumber + 1)
			now = &none;
		sum->bytes += Max(now->bytes, asked->bytes);
		sum->units += Max(now->units, asked->units);
	}
}

static VpObstacle
find_obstacle(Oid index, const VpCharge *charge, const VpQuota *quota, const VpQuota *others)
{
	if (find_entry(MyDatabaseId, index) == NULL && find_vacant() == NULL)
		return VP_OBSTACLE_PLACES;
	if (quota->bytes != PG_INT64_MAX || quota->units != PG_INT64_MAX)
	{
		if (!book->all_read)
			return VP_OBSTACLE_UNREAD;
		if (charge->bytes > quota->bytes - others->bytes)
			return VP_OBSTACLE_BYTES;
		if (charge->units > quota->units - others->units)
			return VP_OBSTACLE_UNITS;
	}
	return VP_OBSTACLE_NONE;
}

/*
 * Is there room in memory besides all others?  Before all databases were read it is not known what
 * they have.  Returns NONE, or MEMORY with what others have.
 */
static VpObstacle
find_memory_obstacle(Oid index, const VpCharge *charge, int64 memory, VpQuota *others)
{
	VpQuota		all;

	if (memory == PG_INT64_MAX)
		return VP_OBSTACLE_NONE;
	add_up(InvalidOid, index, &all);
	if (charge->bytes <= memory - all.bytes)
		return VP_OBSTACLE_NONE;
	*others = all;
	return VP_OBSTACLE_MEMORY;
}

/*----------
 * Transactions
 *----------
 */

/* Writes a charge over that of an entry; undo is made by the caller, who has memory. */
static void
write_over(Entry *entry, const VpCharge *charge, Undo *undo)
{
	undo->index = entry->index;
	undo->asker = entry->asker;
	undo->asked = entry->asked;
	undo->subxact = GetCurrentSubTransactionId();
	entry->asker = VpMyProcNumber + 1;
	entry->asked = *charge;
}

/*
 * An entry of what is to be undone, first in the list; lives as long as the
 * transaction.
 */
static Undo *
make_undo(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Undo	   *undo = palloc0(sizeof(Undo));

	undos = lcons(undo, undos);
	MemoryContextSwitchTo(old);
	return undo;
}

VpObstacle
vp_charge_set(Oid index, const VpCharge *charge, const VpQuota *quota, int64 memory,
			  VpQuota *others)
{
	Undo	   *undo = make_undo();
	VpObstacle	obstacle = VP_OBSTACLE_NONE;
	Entry	   *entry = NULL;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	settle();
	add_up(charge->owner, index, others);
	if (quota != NULL)
		obstacle = find_obstacle(index, charge, quota, others);
	if (obstacle == VP_OBSTACLE_NONE)
		obstacle = find_memory_obstacle(index, charge, memory, others);
	if (obstacle == VP_OBSTACLE_NONE)
		entry = take_entry(MyDatabaseId, index);
	if (entry != NULL)
		write_over(entry, charge, undo);
	LWLockRelease(book->lock);
	return obstacle;
}

int64
vp_charge_elsewhere(void)
{
	int64		bytes = 0;

	LWLockAcquire(book->lock, LW_SHARED);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		const Entry *entry = &book->entries[i];
		int64		now = OidIsValid(entry->now.owner) ? entry->now.bytes : 0;
		int64		asked = entry->asker != 0 ? entry->asked.bytes : 0;

		if (OidIsValid(entry->database) && entry->database != MyDatabaseId)
			bytes += Max(now, asked);
	}
	LWLockRelease(book->lock);
	return bytes;
}

bool
vp_charge_any(Oid database, bool *all_read)
{
	bool		any = false;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	settle();
	*all_read = book->all_read;
	for (int i = 0; i < vp_max_provisioned; i++)
		if (book->entries[i].database == database && !is_empty(&book->entries[i]))
			any = true;
	LWLockRelease(book->lock);
	return any;
}

int64
vp_charge_other_units(Oid except, bool *all_read)
{
	VpQuota		sum;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	settle();
	*all_read = book->all_read;
	add_up(InvalidOid, except, &sum);
	LWLockRelease(book->lock);
	return sum.units;
}

void
vp_charge_drop(Oid index)
{
	Undo	   *undo = make_undo();
	VpCharge	none = {0};
	Entry	   *entry;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	settle();
	entry = find_entry(MyDatabaseId, index);
	if (entry != NULL)
		write_over(entry, &none, undo);
	LWLockRelease(book->lock);
}

/*
 * Takes back what a subtransaction has written, or all
 * (InvalidSubTransactionId).  Takes and releases the book's lock, exclusively;
 * raises no error.
 */
static void
take_back(SubTransactionId subxact)
{
	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	while (undos != NIL)
	{
		Undo	   *undo = linitial(undos);
		Entry	   *entry = NULL;

		if (OidIsValid(undo->index))
		{
			if (subxact != InvalidSubTransactionId && undo->subxact != subxact)
				break;
			entry = find_entry(MyDatabaseId, undo->index);
		}
		if (entry != NULL)
		{
			entry->asker = undo->asker;
			entry->asked = undo->asked;
			if (entry->changed == 0)
				free_if_empty(entry);
		}
		undos = list_delete_first(undos);
	}
	LWLockRelease(book->lock);
}

/* The entry that this transaction has changed and not settled yet; NULL: there is none. */
static Entry *
changed_entry(const Undo *undo)
{
	Entry	   *entry = OidIsValid(undo->index) ? find_entry(MyDatabaseId, undo->index) : NULL;

	return entry != NULL && entry->asker != 0 ? entry : NULL;
}

/*
 * What was asked for is so from now on.  Takes and releases the book's lock,
 * exclusively; raises no error.
 */
static void
keep(void)
{
	ListCell   *cell;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	foreach(cell, undos)
	{
		Entry	   *entry = changed_entry(lfirst(cell));

		if (entry == NULL)
			continue;
		entry->now = entry->asked;
		entry->asker = 0;
		entry->changed = ++book->clock;
	}
	LWLockRelease(book->lock);
	undos = NIL;
}

/*
 * The transaction leaves this process: what it asks for counts until it is
 * seen to have ended.  Takes and releases the book's lock, exclusively; raises
 * no error.
 */
static void
hand_over(void)
{
	ListCell   *cell;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	foreach(cell, undos)
	{
		Entry	   *entry = changed_entry(lfirst(cell));

		if (entry == NULL)
			continue;
		entry->asker = PREPARED;
		entry->prepared = GetTopTransactionIdIfAny();
	}
	LWLockRelease(book->lock);
	undos = NIL;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (undos == NIL)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			keep();
			break;
		case XACT_EVENT_ABORT:
			take_back(InvalidSubTransactionId);
			break;
		case XACT_EVENT_PREPARE:
			hand_over();
			break;
		default:
			break;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact, SubTransactionId parent,
					  void *arg)
{
	ListCell   *cell;

	if (undos == NIL)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		take_back(subxact);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		foreach(cell, undos)
	{
		Undo	   *undo = lfirst(cell);

		if (undo->subxact == subxact)
			undo->subxact = parent;
	}
}

void
vp_charge_define(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}

/*----------
 * What the background processes know
 *----------
 */

uint64
vp_charge_clock(void)
{
	uint64		clock;

	LWLockAcquire(book->lock, LW_SHARED);
	clock = book->clock;
	LWLockRelease(book->lock);
	return clock;
}

void
vp_charge_post(Oid database, uint64 clock, const VpChargeRead *read, int n)
{
	bool	   *seen = palloc0(Max(vp_max_provisioned, 1) * sizeof(bool));

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	settle();
	for (int i = 0; i < n; i++)
	{
		Entry	   *entry = take_entry(database, read[i].index);
		int64		bytes;

		if (entry == NULL)
			continue;
		seen[entry - book->entries] = true;
		if (entry->changed > clock)
			continue;
		bytes = OidIsValid(entry->now.owner) ? entry->now.bytes : read[i].charge.bytes;
		entry->now = read[i].charge;
		entry->now.bytes = bytes;
	}
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		Entry	   *entry = &book->entries[i];

		if (entry->database != database || seen[i] || entry->changed > clock)
			continue;
		entry->now.owner = InvalidOid;
		free_if_empty(entry);
	}
	LWLockRelease(book->lock);
	pfree(seen);
}

void
vp_charge_memory(Oid database, Oid index, int64 bytes)
{
	Entry	   *entry;

	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	entry = find_entry(database, index);
	if (entry != NULL)
		entry->now.bytes = bytes;
	LWLockRelease(book->lock);
}

void
vp_charge_end_databases(bool (*exists) (Oid database))
{
	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		Entry	   *entry = &book->entries[i];

		if (!OidIsValid(entry->database) || entry->asker != 0 || exists(entry->database))
			continue;
		entry->now.owner = InvalidOid;
		free_if_empty(entry);
	}
	LWLockRelease(book->lock);
}

void
vp_charge_all_read(void)
{
	if (book->all_read)
		return;
	LWLockAcquire(book->lock, LW_EXCLUSIVE);
	book->all_read = true;
	LWLockRelease(book->lock);
}
