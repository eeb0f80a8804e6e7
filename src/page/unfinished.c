/*-------------------------------------------------------------------------
 *
 * unfinished.c
 *	  What an index holds, whatever becomes of those who are writing.
 *
 * An entry of the list is written in the WAL record that also writes the node and the totals,
 * and its writer's transaction ID is that record's.  So after a crash the ID is not given to
 * anybody else, and the commit log says that the writer has not committed.  Nobody is told
 * when a transaction ends: who wants to know asks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/subtrans.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "page/unfinished.h"

/* What became of a writer. */
typedef enum Fate
{
	OWN,						/* this transaction, or a part of it that has
								 * not aborted */
	OPEN,
	COMMITTED,
	ABORTED,
	FORGOTTEN					/* it ended so long ago that nobody knows how */
} Fate;

/*----------
 * Entries
 *----------
 */

static inline FullTransactionId
xid_of(const VpUnfinished *entry)
{
	return FullTransactionIdFromU64(vp_word64(entry->xid_lo, entry->xid_hi));
}

static inline uint64
bytes_of(const VpUnfinished *entry)
{
	return vp_word64(entry->bytes_lo, entry->bytes_hi);
}

static inline uint64
replaced_of(const VpUnfinished *entry)
{
	return vp_word64(entry->replaced_lo, entry->replaced_hi);
}

static void
set_xid(VpUnfinished *entry, FullTransactionId xid)
{
	entry->xid_lo = (uint32) U64FromFullTransactionId(xid);
	entry->xid_hi = (uint32) (U64FromFullTransactionId(xid) >> 32);
}

static void
set_bytes(VpUnfinished *entry, uint64 bytes, uint64 replaced)
{
	entry->bytes_lo = (uint32) bytes;
	entry->bytes_hi = (uint32) (bytes >> 32);
	entry->replaced_lo = (uint32) replaced;
	entry->replaced_hi = (uint32) (replaced >> 32);
}

/* Adds one entry to another; the newer transaction ID of both stays. */
static void
add_entry(VpUnfinished *to, const VpUnfinished *entry)
{
	to->records += entry->records;
	to->replaced += entry->replaced;
	set_bytes(to, bytes_of(to) + bytes_of(entry), replaced_of(to) + replaced_of(entry));
	if (FullTransactionIdPrecedes(xid_of(to), xid_of(entry)))
		set_xid(to, xid_of(entry));
}

/* Takes away what was added before. */
static void
subtract_entry(VpUnfinished *from, const VpUnfinished *entry)
{
	from->records -= entry->records;
	from->replaced -= entry->replaced;
	set_bytes(from, bytes_of(from) - bytes_of(entry), replaced_of(from) - replaced_of(entry));
	if (from->records == 0)
		memset(from, 0, sizeof(*from));
}

/*----------
 * Fates
 *----------
 */

/* Does the commit log not go back so far?  The caller keeps it from being cut off further. */
static bool
is_forgotten(FullTransactionId xid)
{
	FullTransactionId next = ReadNextFullTransactionId();
	uint32		kept = XidFromFullTransactionId(next) - TransamVariables->oldestClogXid;

	return U64FromFullTransactionId(xid) + kept < U64FromFullTransactionId(next);
}

/*
 * A transaction is in progress until after the commit log says that it has
 * committed: so that is asked last.  One that a crash ended is neither.  Holds
 * XactTruncationLock meanwhile, share, so that the commit log is not cut off
 * between the questions.
 */
static Fate
fate_of(FullTransactionId full)
{
	TransactionId xid = XidFromFullTransactionId(full);
	Fate		fate;

	LWLockAcquire(XactTruncationLock, LW_SHARED);
	if (!TransactionIdIsNormal(xid) || is_forgotten(full))
		fate = FORGOTTEN;
	else if (TransactionIdIsCurrentTransactionId(xid))
		fate = OWN;
	else if (TransactionIdIsInProgress(xid))
		fate = OPEN;
	else
		fate = TransactionIdDidCommit(xid) ? COMMITTED : ABORTED;
	LWLockRelease(XactTruncationLock);
	return fate;
}

/*----------
 * What an index holds
 *----------
 */

/* What the totals have too much, because of one writer. */
static void
add_excess(const VpUnfinished *entry, uint64 *records, uint64 *bytes)
{
	switch (fate_of(xid_of(entry)))
	{
		case OWN:
		case COMMITTED:
			*records += entry->replaced;
			*bytes += replaced_of(entry);
			break;
		case OPEN:
			*records += Min(entry->replaced, entry->records);
			*bytes += Min(replaced_of(entry), bytes_of(entry));
			break;
		case ABORTED:
			*records += entry->records;
			*bytes += bytes_of(entry);
			break;
		case FORGOTTEN:
			break;
	}
}

VpHeld
vp_held(const VpMeta *meta)
{
	VpHeld		held = {vp_meta_records(meta), vp_meta_bytes(meta)};
	uint64		records = (uint64) meta->aborted.records + meta->committed.replaced;
	uint64		bytes = bytes_of(&meta->aborted) + replaced_of(&meta->committed);

	for (int i = 0; i < VP_UNFINISHED; i++)
		if (meta->unfinished[i].xid_lo != 0 || meta->unfinished[i].xid_hi != 0)
			add_excess(&meta->unfinished[i], &records, &bytes);

	/*
	 * VACUUM marks rows before it forgets writers; and a record may have
	 * grown since it was counted, so that its replacement says more
	 */
	held.records -= Min(records, held.records);
	held.bytes -= Min(bytes, held.bytes);
	return held;
}

/*
 * The limit that holds now.  A change that is under way, or that may not have been known when
 * the limit was read, may have lowered it.  False: that must be read again.
 */
static bool
apply_bound(const VpMeta *meta, VpRoom *room)
{
	const VpBound *bound = &meta->bound;
	FullTransactionId xid = FullTransactionIdFromU64(vp_word64(bound->xid_lo, bound->xid_hi));
	uint64		bytes = vp_word64(bound->bytes_lo, bound->bytes_hi);

	room->holds = room->limit;
	if (U64FromFullTransactionId(xid) == 0 || bytes >= room->limit ||
		FullTransactionIdEquals(xid, room->seen))
		return true;
	switch (fate_of(xid))
	{
		case OPEN:
			room->holds = bytes;
			return true;
		case COMMITTED:
			/* it may have taken the place of one that has committed */
		case ABORTED:
			room->seen = xid;
			return false;
		default:
			return true;
	}
}

bool
vp_room_has(const VpMeta *meta, uint32 size, VpRoom *room)
{
	uint64		replaced = room->replaces ? room->replaced : 0;

	room->stale = false;
	if (room->replaces && size <= replaced)
		return true;
	if (!apply_bound(meta, room))
	{
		room->stale = true;
		return false;
	}
	/* the totals are never too small: most need to know no more */
	return vp_meta_bytes(meta) + size <= room->holds ||
		vp_held(meta).bytes + size <= room->holds + replaced;
}

/*----------
 * Writers
 *----------
 */

/* The place of a writer; the first free one if it has none; -1: neither. */
static int
find_place(const VpMeta *meta, FullTransactionId xid)
{
	uint32		lo = (uint32) U64FromFullTransactionId(xid);
	int			vacant = -1;

	for (int i = 0; i < VP_UNFINISHED; i++)
	{
		const VpUnfinished *entry = &meta->unfinished[i];

		if (entry->xid_lo == lo && FullTransactionIdEquals(xid_of(entry), xid))
			return i;
		if (vacant < 0 && entry->xid_lo == 0 && entry->xid_hi == 0)
			vacant = i;
	}
	return vacant;
}

/*
 * Is this subtransaction of ours not over yet, so that it may abort alone?  The current one is
 * not, nor are those around it.
 */
static bool
may_abort_alone(TransactionId xid)
{
	TransactionId around = GetCurrentTransactionIdIfAny();

	while (TransactionIdIsValid(around) && around != xid)
		around = SubTransGetParent(around);
	return around == xid;
}

/* A subtransaction of ours that is over shares the fate of the one around it: adds it to that. */
static void
fold_into_parent(VpMeta *meta, int place)
{
	VpUnfinished *entry = &meta->unfinished[place];
	FullTransactionId full = xid_of(entry);
	TransactionId xid = XidFromFullTransactionId(full);
	TransactionId parent = xid;
	int			other;

	while (!may_abort_alone(parent))
	{
		parent = SubTransGetParent(parent);
		if (!TransactionIdIsValid(parent))
			return;
	}
	if (parent == xid)
		return;
	/* the parent's ID is the older one, and not so much */
	full = FullTransactionIdFromU64(U64FromFullTransactionId(full) - (uint32) (xid - parent));
	other = find_place(meta, full);
	if (other >= 0 && FullTransactionIdEquals(xid_of(&meta->unfinished[other]), full))
	{
		entry->xid_lo = entry->xid_hi = 0;
		add_entry(&meta->unfinished[other], entry);
		memset(entry, 0, sizeof(*entry));
	}
	else
		set_xid(entry, full);
}

/* Makes places free: of writers that have ended, or whose fate is that of others. */
static void
fold(VpMeta *meta)
{
	for (int i = 0; i < VP_UNFINISHED; i++)
	{
		VpUnfinished *entry = &meta->unfinished[i];

		switch (fate_of(xid_of(entry)))
		{
			case OWN:
				fold_into_parent(meta, i);
				continue;
			case OPEN:
				continue;
			case COMMITTED:
				if (entry->replaced > 0)
					add_entry(&meta->committed, entry);
				break;
			case ABORTED:
				add_entry(&meta->aborted, entry);
				break;
			case FORGOTTEN:
				break;
		}
		memset(entry, 0, sizeof(*entry));
	}
}

void
vp_unfinished_count(VpMeta *copy, uint32 size, const VpRoom *room, VpUnfinishedPatch *writers)
{
	VpUnfinished *entry;
	int			place;

	memset(writers, 0, sizeof(*writers));
	if (U64FromFullTransactionId(room->writer) == 0)
		return;
	place = find_place(copy, room->writer);
	if (place < 0)
	{
		fold(copy);
		writers->folded = true;
		place = find_place(copy, room->writer);
	}
	writers->first = Max(place, 0);
	writers->n = place >= 0 ? 1 : 0;
	/* all are in progress: it counts as one that has committed already */
	if (place < 0)
		return;
	entry = &copy->unfinished[place];
	set_xid(entry, room->writer);
	entry->records++;
	entry->replaced += room->replaces;
	set_bytes(entry, bytes_of(entry) + size,
			  replaced_of(entry) + (room->replaces ? room->replaced : 0));
}

void
vp_patch_unfinished(VpChange *change, VpMeta *meta, const VpMeta *copy, const VpUnfinishedPatch *writers)
{
	if (writers->folded)
		vp_change_words(change, &meta->aborted, &copy->aborted.xid_lo,
						(offsetof(VpMeta, unfinished) + sizeof(meta->unfinished) -
						 offsetof(VpMeta, aborted)) / sizeof(uint32));
	else if (writers->n > 0)
		vp_change_diff(change, &meta->unfinished[writers->first],
					   &copy->unfinished[writers->first].xid_lo,
					   sizeof(VpUnfinished) / sizeof(uint32));
}

/*----------
 * Bounds
 *----------
 */

bool
vp_bound_set(const VpStore *store, uint64 bytes, uint64 *held)
{
	FullTransactionId xid = GetCurrentFullTransactionId();
	VpBound		bound = {
		.xid_lo = (uint32) U64FromFullTransactionId(xid),
		.xid_hi = (uint32) (U64FromFullTransactionId(xid) >> 32),
		.bytes_lo = (uint32) bytes,.bytes_hi = (uint32) (bytes >> 32)
	};
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_shards_check(store->rel, meta);
	*held = vp_held(meta).bytes;
	if (*held <= bytes)
	{
		vp_change_begin(&change, VP_WAL_META);
		vp_change_page(&change, buffer);
		vp_change_words(&change, &meta->bound, &bound.xid_lo, sizeof(bound) / sizeof(uint32));
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
	return *held <= bytes;
}

/*----------
 * VACUUM
 *----------
 */

/*
 * Which rows this VACUUM has seen as they are now: those of transactions that had ended before
 * its snapshot was taken, which was before it began with the table.
 */
static bool
had_ended(FullTransactionId full)
{
	return ActiveSnapshotSet() &&
		!XidInMVCCSnapshot(XidFromFullTransactionId(full), GetActiveSnapshot());
}

/* The same of all transactions up to this one. */
static bool
all_had_ended(FullTransactionId full)
{
	return ActiveSnapshotSet() &&
		TransactionIdPrecedes(XidFromFullTransactionId(full), GetActiveSnapshot()->xmin);
}

/* And no snapshot needed the rows that it and all before it have replaced. */
static bool
all_were_removable(FullTransactionId full, Relation heap)
{
	return all_had_ended(full) &&
		TransactionIdPrecedes(XidFromFullTransactionId(full),
							  GetOldestNonRemovableTransactionId(heap));
}

/*
 * Does VACUUM leave nothing of a writer?  clean: nothing of anybody who has ended.
 */
static bool
leaves_nothing(const VpUnfinished *entry, Relation heap, bool marked, bool clean)
{
	FullTransactionId xid = xid_of(entry);

	switch (fate_of(xid))
	{
		case OWN:
		case OPEN:
			return false;
		case FORGOTTEN:
			return true;
		case ABORTED:
			return clean || (marked && had_ended(xid));
		case COMMITTED:
			return clean || entry->replaced == 0 || (marked && all_were_removable(xid, heap));
	}
	return false;
}

/* Which sums are to be forgotten, and which entries. */
typedef struct Forgotten
{
	VpUnfinished aborted;
	VpUnfinished committed;
	FullTransactionId xids[VP_UNFINISHED];
	int			n;
} Forgotten;

/* A sum of writers, all of which have ended; the newest of them may be unknown by now. */
static bool
forget_sum(const VpUnfinished *sum, bool known_to_be_gone)
{
	FullTransactionId xid = xid_of(sum);

	return U64FromFullTransactionId(xid) != 0 &&
		(known_to_be_gone || fate_of(xid) == FORGOTTEN);
}

static void
choose_forgotten(const VpMeta *meta, Relation heap, bool marked, bool clean, Forgotten *forgotten)
{
	memset(forgotten, 0, sizeof(*forgotten));
	if (forget_sum(&meta->aborted, clean || (marked && all_had_ended(xid_of(&meta->aborted)))))
		forgotten->aborted = meta->aborted;
	if (forget_sum(&meta->committed,
				   clean || (marked && all_were_removable(xid_of(&meta->committed), heap))))
		forgotten->committed = meta->committed;
	for (int i = 0; i < VP_UNFINISHED; i++)
	{
		const VpUnfinished *entry = &meta->unfinished[i];

		if (U64FromFullTransactionId(xid_of(entry)) != 0 &&
			leaves_nothing(entry, heap, marked, clean))
			forgotten->xids[forgotten->n++] = xid_of(entry);
	}
}

/*
 * Takes what was decided about writers out of the metapage's list, and logs
 * that.  Locks the metapage exclusively and unlocks it.
 */
static void
apply_forgotten(const VpStore *store, const Forgotten *forgotten)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	VpMeta		copy;
	VpUnfinishedPatch all = {.folded = true};
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	copy = *meta;
	subtract_entry(&copy.aborted, &forgotten->aborted);
	subtract_entry(&copy.committed, &forgotten->committed);
	for (int i = 0; i < forgotten->n; i++)
	{
		int			place = find_place(&copy, forgotten->xids[i]);

		/* it may have been folded meanwhile: the next VACUUM finds it there */
		if (place >= 0)
			memset(&copy.unfinished[place], 0, sizeof(VpUnfinished));
	}
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	vp_patch_unfinished(&change, meta, &copy, &all);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

/*
 * Do all pages of the table have living rows only?  Then all who had ended before that was asked
 * left nothing.
 */
static bool
is_clean(Relation heap)
{
	BlockNumber visible;

	if (heap->rd_rel->relam != HEAP_TABLE_AM_OID)
		return false;
	visibilitymap_count(heap, &visible, NULL);
	return visible == RelationGetNumberOfBlocks(heap);
}

void
vp_unfinished_forget(const VpStore *store, bool marked)
{
	VpMeta		meta;
	Forgotten	ended;
	Forgotten	forgotten;

	/* VACUUM has it locked */
	Relation	heap = table_open(store->rel->rd_index->indrelid, NoLock);

	vp_meta_read(store->rel, &meta);
	choose_forgotten(&meta, heap, marked, true, &ended);
	choose_forgotten(&meta, heap, marked, false, &forgotten);
	if (memcmp(&ended, &forgotten, sizeof(ended)) != 0 && is_clean(heap))
		forgotten = ended;
	if (forgotten.n > 0 || U64FromFullTransactionId(xid_of(&forgotten.aborted)) != 0 ||
		U64FromFullTransactionId(xid_of(&forgotten.committed)) != 0)
		apply_forgotten(store, &forgotten);
	table_close(heap, NoLock);
}
