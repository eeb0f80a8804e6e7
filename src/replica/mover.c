/*-------------------------------------------------------------------------
 *
 * mover.c
 *	  Moves records to where they shall be when the number of shards changes.
 *
 * A background worker does it.  The catalogue reader starts it (replica/catalog_reader.c), or VACUUM.  It
 * works in portions, each a transaction that lasts some milliseconds, so that nobody
 * waits for its locks; but for what it does as VACUUM does: taking the nodes that it
 * gave up out of their graphs.  All that it knows is in the index, and whoever comes
 * next goes on from there.
 *
 * The protocol is in README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/background.h"
#include "base/debug_point.h"
#include "base/options.h"
#include "base/wait_event.h"
#include "capacity/scaling.h"
#include "page/merge.h"
#include "page/move.h"
#include "page/node.h"
#include "page/page_locks.h"
#include "replica/mover.h"
#include "replica/registry.h"
#include "search/index.h"
#include "write/clean.h"
#include "write/inserter.h"
#include "write/recode.h"

/* Records moved, and nodes looked at, in a portion. */
#define PORTION_MOVES	100
#define PORTION_NODES	10000

/* Nodes given up are taken out when they are so many, and one in so many. */
#define MIN_DEAD		1000
#define DEAD_PART		8

/* How often to ask whether searches still need them. */
#define WAIT_MS			100

typedef enum Step
{
	STEP_MORE,					/* there is more to do */
	STEP_WAIT,					/* but not yet */
	STEP_DONE
} Step;

typedef struct Mover
{
	Oid			index;
	VpId		next;			/* node to be looked at */
	bool		moved;			/* has this pass over the nodes moved any? */
	uint64		nmoved;			/* in all */
	/* who may have begun to search before the last move; NULL: not asked for */
	VirtualTransactionId *readers;
	int			nreaders;
} Mover;

extern VP_EXPORT void vecprov_mover_main(Datum arg);

static uint32
wanted_shards(Relation rel)
{
	VpWish		wish;

	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	return vp_wanted_shards(&wish);
}

void
vp_move_settle(Relation rel, Relation heap)
{
	VpMeta		meta;
	VpStore		store;

	vp_meta_read(rel, &meta);
	if (!meta.moving)
		return;
	vp_store_init(&store, rel, &meta);
	vp_node_abandon(&store, VP_NO_ID);
	if (vp_moved_is_over(&meta, heap))
		vp_moved_forget(&store);
}

/*----------
 * Searches that go on
 *----------
 */

static void
forget_readers(Mover *mover)
{
	if (mover->readers != NULL)
		pfree(mover->readers);
	mover->readers = NULL;
}

/* Who has a lock on the index: palloc'd. */
static VirtualTransactionId *
who_has_lock(const Mover *mover, int *n)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, mover->index);
	return GetLockConflicts(&tag, AccessExclusiveLock, n);
}

/* Notes which transactions have a lock on the index: others are in no search of it. */
static void
note_readers(Mover *mover)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	mover->readers = who_has_lock(mover, &mover->nreaders);
	MemoryContextSwitchTo(old);
}

static bool
is_among(VirtualTransactionId id, const VirtualTransactionId *ids, int n)
{
	for (int i = 0; i < n; i++)
		if (VirtualTransactionIdEquals(id, ids[i]))
			return true;
	return false;
}

/*
 * Forgets those that have no lock any more: a search holds it from its beginning to the
 * end of its transaction.  A transaction may have had one for a moment only, as in
 * vecprov_wait, and go on: perhaps until this mover has come to its end.
 */
static void
leave_out_readers(Mover *mover)
{
	int			n;
	VirtualTransactionId *holders = who_has_lock(mover, &n);
	int			left = 0;

	for (int i = 0; i < mover->nreaders; i++)
		if (is_among(mover->readers[i], holders, n))
			mover->readers[left++] = mover->readers[i];
	mover->nreaders = left;
	pfree(holders);
}

/*
 * Have all searches ended that began before the last move?  By their snapshots, which
 * count those of transactions that never look at the index, or by their locks, which
 * count those that will not look at it again.
 */
static bool
searches_ended(Mover *mover, Relation heap, const VpMeta *meta)
{
	if (vp_moved_is_over(meta, heap))
		return true;
	if (mover->readers == NULL)
		note_readers(mover);
	else if (mover->nreaders > 0)
		leave_out_readers(mover);
	return mover->nreaders == 0;
}

/*----------
 * A portion
 *----------
 */

static void
restart_pass(Mover *mover)
{
	mover->next = 0;
	mover->moved = false;
}

/*
 * Is a record to leave its shard?  Then to which.  Out of one that shall not be, or that
 * has more than its part without it.
 */
static bool
should_move(const VpMeta *meta, const VpNodeTail *tail, uint32 *to)
{
	*to = vp_emptiest_shard(meta->shard, meta->target);
	if (tail->shard >= meta->target)
		return true;
	return vp_shard_bytes(&meta->shard[tail->shard]) >=
		vp_meta_bytes(meta) / meta->target + tail->size && *to != tail->shard;
}

static bool
is_alive(uint8 flags)
{
	return flags == VP_NODE_LINKED || flags == VP_NODE_CHAINED;
}

/*
 * Looks at the next nodes, and moves those that are to be moved.
 *
 * On entry the move lock is held.  Takes the insert lock, share, for all of
 * them together: VACUUM's steps that wait for inserts wait for these.
 */
static void
move_some(Mover *mover, Relation heap, Relation rel, uint32 next_id)
{
	const VpStore *store = &vp_index_get(rel)->store;
	VpId		end = Min(next_id, mover->next + PORTION_NODES);
	int			nmoved = 0;

	forget_readers(mover);

	/*
	 * what searches that are under way find where it was, they do until this
	 * has ended
	 */
	vp_move_by(store, GetTopFullTransactionId());
	if (vp_mean_is_due(vp_index_get(rel)))
		vp_mean_take(rel);
	LockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	for (; mover->next < end && nmoved < PORTION_MOVES; mover->next++)
	{
		VpMeta		meta;
		VpNodeTail	tail;
		uint32		to;

		CHECK_FOR_INTERRUPTS();
		store = &vp_index_get(rel)->store;
		if (!is_alive(vp_node_flags(store, mover->next)))
			continue;
		vp_node_fetch(store, mover->next, &tail);
		vp_meta_read(rel, &meta);
		if (!is_alive(tail.flags) || !should_move(&meta, &tail, &to))
			continue;
		vp_move_node(rel, heap, mover->next, to);
		nmoved++;
	}
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	vp_runs_keep(&vp_index_get(rel)->store, heap);
	mover->moved |= nmoved > 0;
	mover->nmoved += nmoved;
}

/* Takes the nodes that were given up out of their graphs, if no search needs them. */
static Step
clean_up(Mover *mover, Relation heap, Relation rel, const VpMeta *meta)
{
	if (!searches_ended(mover, heap, meta))
		return STEP_WAIT;
	vp_moved_forget(&vp_index_get(rel)->store);
	vp_clean_graph(rel);
	return STEP_MORE;
}

/*
 * Marks as dead what failed inserts have left in shards that shall not be.
 * While nobody inserts, all that is PENDING was left.  On entry the move lock
 * is held; takes the insert lock exclusively and releases it.
 */
static void
abandon_pending(Relation rel, const VpMeta *meta)
{
	const VpStore *store = &vp_index_get(rel)->store;

	LockPage(rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
	for (VpId id = 0; id < meta->next_id; id++)
	{
		CHECK_FOR_INTERRUPTS();
		if (vp_node_flags(store, id) == VP_NODE_PENDING &&
			vp_node_shard(store, id) >= meta->target)
			vp_node_abandon(store, id);
	}
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
}

/* Is there nothing in the shards that shall not be? */
static bool
is_emptied(const VpMeta *meta)
{
	for (uint32 i = meta->target; i < meta->shards; i++)
		if (meta->shard[i].records > 0 || meta->shard[i].entry != 0)
			return false;
	return true;
}

/* What is to be done next, until the transaction's end under the move lock. */
static Step
do_step(Mover *mover, Relation heap, Relation rel)
{
	uint32		wanted = wanted_shards(rel);
	const VpStore *store;
	VpMeta		meta;

	LockPage(rel, VP_MOVE_LOCK_BLOCK, ExclusiveLock);
	store = &vp_index_get(rel)->store;
	vp_meta_read(rel, &meta);
	if (meta.target != wanted)
	{
		vp_move_begin(store, wanted);
		VP_POINT("move-begun");
		restart_pass(mover);
		return STEP_MORE;
	}
	if (!meta.moving)
		return STEP_DONE;
	vp_node_abandon(store, VP_NO_ID);
	if (meta.ndead > Max(MIN_DEAD, vp_meta_records(&meta) / DEAD_PART))
		return clean_up(mover, heap, rel, &meta);
	if (mover->next < meta.next_id)
		move_some(mover, heap, rel, meta.next_id);
	else if (mover->moved)
		restart_pass(mover);
	else if (meta.ndead > 0)
		return clean_up(mover, heap, rel, &meta);
	else if (!is_emptied(&meta))
	{
		abandon_pending(rel, &meta);
		restart_pass(mover);
	}
	else
	{
		vp_move_end(store);
		VP_POINT("move-ended");
		ereport(LOG,
				(errmsg("index \"%s\" has %u shards now, %llu records were moved",
						RelationGetRelationName(rel), meta.target,
						(unsigned long long) mover->nmoved)));
		return STEP_DONE;
	}
	return STEP_MORE;
}

/*
 * Opens the index with its table, as an insert does; false when it is gone, or
 * is not built yet: the build's end wakes the catalogue reader.  Both are
 * locked, RowExclusiveLock; if false, neither.
 */
static bool
open_index(Oid index, Relation *heap, Relation *rel)
{
	Oid			table = IndexGetRelation(index, true);

	*heap = OidIsValid(table) ? try_table_open(table, RowExclusiveLock) : NULL;
	if (*heap == NULL)
		return false;
	*rel = try_relation_open(index, RowExclusiveLock);
	if (*rel != NULL && (*rel)->rd_index->indisready)
		return true;
	if (*rel != NULL)
		relation_close(*rel, RowExclusiveLock);
	table_close(*heap, RowExclusiveLock);
	return false;
}

/*
 * Does what is next in a transaction of its own, which unlocks table and index
 * at its end.
 */
static Step
do_portion(Mover *mover)
{
	Relation	heap;
	Relation	rel;
	Step		step = STEP_DONE;

	StartTransactionCommand();
	/* a snapshot makes known which others are gone */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (open_index(mover->index, &heap, &rel))
	{
		pgstat_report_activity(STATE_RUNNING,
							   psprintf("moving records of index %s: %llu moved",
										RelationGetRelationName(rel),
										(unsigned long long) mover->nmoved));
		step = do_step(mover, heap, rel);
		relation_close(rel, NoLock);
		table_close(heap, NoLock);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	return step;
}

/*----------
 * The worker
 *----------
 */

/*
 * One mover an index.  Who finds another one at work leaves it to that, which looks
 * again after it has let go.
 */
static bool
lock_mover(Mover *mover)
{
	LOCKTAG		tag;
	bool		locked;

	SET_LOCKTAG_PAGE(tag, MyDatabaseId, mover->index, VP_MOVER_LOCK_BLOCK);
	StartTransactionCommand();
	locked = LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
	CommitTransactionCommand();
	return locked;
}

/*
 * Releases what lock_mover took, which belongs to the session and not to a
 * transaction.
 */
static void
unlock_mover(Mover *mover)
{
	LOCKTAG		tag;

	SET_LOCKTAG_PAGE(tag, MyDatabaseId, mover->index, VP_MOVER_LOCK_BLOCK);
	(void) LockRelease(&tag, ExclusiveLock, true);
}

/*
 * At exit, also by an error or SIGTERM: the server by itself releases what a transaction
 * has locked, and that only.  The transaction's changes end before the lock does.
 */
static void
let_go(int code, Datum arg)
{
	AbortOutOfAnyTransaction();
	LockReleaseAll(DEFAULT_LOCKMETHOD, true);
}

/* Is there anything to be moved or cleaned up?  In a transaction of its own. */
static bool
has_work(Mover *mover)
{
	Relation	heap;
	Relation	rel;
	VpMeta		meta;
	bool		work = false;

	StartTransactionCommand();
	if (open_index(mover->index, &heap, &rel))
	{
		vp_meta_read(rel, &meta);
		work = meta.moving || meta.target != wanted_shards(rel);
		relation_close(rel, NoLock);
		table_close(heap, NoLock);
	}
	CommitTransactionCommand();
	return work;
}

void
vecprov_mover_main(Datum arg)
{
	Mover		mover = {.index = DatumGetObjectId(arg)};
	Step		step;

	vp_job_connect();
	before_shmem_exit(let_go, (Datum) 0);
	vp_worker_watch_postmaster();
	/* what is lost in a crash is moved again */
	SetConfigOption("synchronous_commit", "off", PGC_USERSET, PGC_S_OVERRIDE);
	while (has_work(&mover) && lock_mover(&mover))
	{
		while ((step = do_portion(&mover)) != STEP_DONE)
		{
			CHECK_FOR_INTERRUPTS();
			if (step != STEP_WAIT)
				continue;
			(void) vp_wait(VP_WAIT_MOVER, WAIT_MS);
		}
		unlock_mover(&mover);
		vp_slot_notice(mover.index);
	}
}
