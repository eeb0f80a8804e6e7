/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Recent rows become runs, and runs become fewer; see merge.h.
 *
 * A run is made of a set of ids: those on recent pages, those in older runs, or all there are.
 * The keys are read from the nodes, in the order of ids, and sorted.  (Of arrays, entries are
 * sorted: array_run.c.)  README.md, *Posting runs*, says why nobody misses a row meanwhile, and
 * what a crash leaves.
 *
 * A flush only adds runs, under the postings lock.  A merge takes runs away, under the merge
 * lock; it takes the postings lock when it has sorted, to write.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/code_page.h"
#include "page/key_sort.h"
#include "page/manifest.h"
#include "page/merge.h"
#include "page/merge_plan.h"
#include "page/merge_queue.h"
#include "page/page_locks.h"
#include "page/page_pool.h"
#include "page/pool_census.h"
#include "page/recent.h"
#include "page/record.h"
#include "page/run.h"

/* In a small index not VP_MOST_RECENT rows are recent, but one in so many, and some pages. */
#define RECENT_PART		16
#define FEWEST_PAGES	2

/* VACUUM merges all runs of a column when one entry in so many is of no row. */
#define DEAD_PART		10

typedef enum MergeNeed
{
	MERGE_NOT_DUE,
	MERGE_DUE,
	MERGE_OVERDUE				/* nobody merges */
} MergeNeed;

/* A set of ids below nids. */
typedef struct IdBits
{
	uint64	   *words;
	uint32		nids;
} IdBits;

/* A flush, or a merge of runs of a column. */
typedef struct Merge
{
	MemoryContext context;
	MemoryContext caller;
	const VpStore *store;
	Relation	heap;
	bool		gives_way;		/* does not go on while somebody waits for the
								 * table or the index */
	uint32		nids;
	VpManifest	old;
	VpManifest	new;
	bool	   *merged;			/* of old.runs: has become part of another */
	VpIdList	recent;			/* rows of all recent pages but the last */
	BlockNumber recent_last;	/* of these pages; 0: they stay as they are */
	uint32		npages;
	IdBits		ids;			/* of the run that is made */
	VpArrayRun **built;			/* by a build, of columns of arrays; NULL: it
								 * is none */
} Merge;

/* What a run is to be written of; one of the two. */
typedef struct Sorted
{
	VpKeySort  *keys;
	VpArrayRun *entries;		/* of a column of arrays */
} Sorted;

/*----------
 * A run
 *----------
 */

/* Ids that come from a page may be anything. */
static inline void
add_bit(IdBits *bits, VpId id)
{
	if (id < bits->nids)
		bits->words[id / 64] |= UINT64CONST(1) << id % 64;
}

static inline bool
has_bit(const IdBits *bits, VpId id)
{
	return (bits->words[id / 64] & UINT64CONST(1) << id % 64) != 0;
}

static void
add_run(Merge *merge, const VpRun *run)
{
	VpRunCursor cursor;
	VpId		ids[VP_PAGE_ROOM / sizeof(VpId)];
	int			n;

	vp_run_open(&cursor, merge->store, run);
	for (uint32 at = 0; at < run->entries; at += n)
	{
		CHECK_FOR_INTERRUPTS();
		n = vp_run_copy(&cursor, at, lengthof(ids), ids);
		for (int i = 0; i < n; i++)
			add_bit(&merge->ids, ids[i]);
	}
	vp_run_close(&cursor);
}

/*
 * Adds a node page's keys in a column, of the nodes of the set.  What is read under the page's
 * lock is complete, and logged.
 */
static void
sort_page(Merge *merge, const VpKeyColumn *column, uint32 number, VpKeySort *sort)
{
	const VpStore *store = merge->store;
	VpPageIds	ids = vp_node_page(&store->geo, number);
	Buffer		buffer = vp_store_read(store, ids.block);
	uint64		keys[VP_MAX_PAGE_NODES];

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	vp_keys_of_page(store, &ids, buffer, column, keys);
	for (uint32 i = 0; i < ids.count; i++)
		if (ids.first + i < merge->nids && has_bit(&merge->ids, ids.first + i) &&
			!vp_is_pool_page(BufferGetPage(buffer)) &&
			vp_is_posted(vp_record_tail(store, vp_page_record(store, buffer, i))->flags))
			vp_key_sort_put(sort, keys[i], ids.first + i);
	UnlockReleaseBuffer(buffer);
}

/* Has a node page any id of the set? */
static bool
has_any(const Merge *merge, uint32 number)
{
	VpPageIds	ids = vp_node_page(&merge->store->geo, number);
	VpId		end = Min(ids.first + ids.count, merge->nids);

	for (VpId id = ids.first; id < end; id++)
		if (merge->ids.words[id / 64] == 0)
			id |= 63;
		else if (has_bit(&merge->ids, id))
			return true;
	return false;
}

static void
next_sorted(void *arg, uint64 *key, VpId *id)
{
	vp_key_sort_get(arg, key, id);
}

/*
 * Does somebody wait for a lock of a relation that no AccessShareLock is compatible with?  Then a
 * stronger one is not to be had.  LockHasWaiters does not work for locks of the fast path.
 */
static bool
is_waited_for(Relation rel)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, RelationGetRelid(rel));
	if (LockAcquire(&tag, RowShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, RowShareLock, false);
	return false;
}

/* Does it have to give way?  To be asked now and then. */
static bool
must_give_way(void *arg)
{
	const Merge *merge = arg;

	return merge->gives_way && (is_waited_for(merge->heap) || is_waited_for(merge->store->rel));
}

/* Sorts the set by the keys of a column.  False: it gave way. */
static bool
sort_ids(Merge *merge, int column, Sorted *sorted)
{
	uint32		npages = vp_node_page_count(&merge->store->geo, merge->nids);
	VpKeySort  *sort = vp_key_sort_begin(maintenance_work_mem);
	uint32		nread = 0;

	for (uint32 number = 0; number < npages; number++)
	{
		if (!has_any(merge, number))
			continue;
		CHECK_FOR_INTERRUPTS();
		if (nread++ % VP_PATIENCE == 0 && must_give_way(merge))
		{
			vp_key_sort_end(sort);
			return false;
		}
		sort_page(merge, &merge->store->geo.keys[column], number, sort);
	}
	sorted->keys = sort;
	sorted->entries = NULL;
	return true;
}

/* The same of entries that were added. */
static bool
sort_entries(Merge *merge, VpArrayRun *entries, Sorted *sorted)
{
	sorted->keys = NULL;
	sorted->entries = entries;
	return vp_array_run_sort(entries, merge->nids, must_give_way, merge);
}

static bool
is_of_arrays(const Merge *merge, int column)
{
	return vp_is_of_arrays(&merge->store->geo.keys[column]);
}

/* Writes what was sorted, which is freed.  False: there is nothing. */
static bool
write_sorted(Merge *merge, int column, Sorted *sorted, VpRun *run)
{
	uint32		n;

	if (sorted->entries != NULL)
		return vp_array_run_write(sorted->entries, merge->store, merge->heap, run);
	n = vp_key_sort_done(sorted->keys);
	if (n > 0)
		vp_run_write(merge->store, merge->heap, column, n, next_sorted, sorted->keys, run);
	vp_key_sort_end(sorted->keys);
	return n > 0;
}

/* Writes a run of what was sorted, and lists it unless it is empty. */
static void
write_run(Merge *merge, int column, int level, Sorted *sorted)
{
	VpRun	   *run = &merge->new.runs[merge->new.nruns];

	if (!write_sorted(merge, column, sorted, run))
		return;
	run->level = Max(level, vp_plan_level(is_of_arrays(merge, column) ? run->rows : run->entries));
	merge->new.nruns++;
}

/* An empty set of the ids that there are. */
static void
begin_ids(Merge *merge)
{
	merge->nids = vp_graph_state(merge->store).next_id;
	merge->ids.nids = merge->nids;
	merge->ids.words = MemoryContextAllocExtended(CurrentMemoryContext,
												  (merge->nids / 64 + 1) * sizeof(uint64),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*----------
 * Writing: the postings lock is held, or the index is not known to others
 *----------
 */

/* The manifest was read.  The new one has all runs that are not merged, and room for more. */
static void
begin_writing(Merge *merge)
{
	if (vp_pool_pending(merge->store, true))
		vp_pool_find_lost(merge->store, &merge->old);
	merge->new.generation = merge->old.generation + 1;
	merge->new.recent_first = merge->old.recent_first;
	merge->new.runs = palloc((merge->old.nruns + merge->store->geo.nkeys) * sizeof(VpRun));
	for (int i = 0; i < merge->old.nruns; i++)
		if (!merge->merged[i])
			merge->new.runs[merge->new.nruns++] = merge->old.runs[i];
}

/* Gives back what the new manifest does not lead to. */
static void
give_old(Merge *merge)
{
	vp_pool_give(merge->store, merge->old.first, merge->old.last);
	VP_POINT("runs-given");
	for (int i = 0; i < merge->old.nruns; i++)
		if (merge->merged[i])
			vp_pool_give(merge->store, merge->old.runs[i].root, merge->old.runs[i].last);
	if (merge->recent_last != 0)
		vp_pool_give(merge->store, merge->old.recent_first, merge->recent_last);
}

static void
end_writing(Merge *merge)
{
	vp_manifest_write(merge->store, merge->heap, &merge->new);
	VP_POINT("runs-listed");
	vp_manifest_use(merge->store, &merge->new, merge->npages);
	VP_POINT("runs-used");
	give_old(merge);
	VP_POINT("runs-ended");
	(void) vp_pool_pending(merge->store, false);
}

/*----------
 * Flush
 *----------
 */

/*
 * The last recent page stays, since inserts go on with it; what is on those before it is
 * complete, and what it leads to.  So is what is below next_id as it is read after that.
 */
static void
find_recent(Merge *merge)
{
	VpPool		pool;

	vp_pool_state(merge->store, &pool);
	begin_ids(merge);
	merge->recent_last = vp_recent_find(merge->store, merge->old.recent_first, pool.recent_last,
										-1, NULL, 0, &merge->recent);
	merge->npages = merge->recent_last != 0 ? pool.recent_pages - 1 : 0;
	merge->new.recent_first = pool.recent_last;
	for (Size i = 0; i < merge->recent.n; i++)
		add_bit(&merge->ids, merge->recent.ids[i]);
}

/* Sorts what becomes a run of a column. */
static void
sort_recent(Merge *merge, int column, Sorted *sorted)
{
	VpArrayRun *entries;

	if (!is_of_arrays(merge, column))
	{
		(void) sort_ids(merge, column, sorted);
		return;
	}
	entries = merge->built != NULL ? merge->built[column] :
		vp_array_run_begin(merge->store, column, maintenance_work_mem);
	if (merge->recent_last != 0)
		vp_array_run_add_recent(entries, merge->old.recent_first, merge->new.recent_first);
	(void) sort_entries(merge, entries, sorted);
}

/*
 * Recent rows, or all that there are, become a run of each column.  The postings lock is held, or
 * the index is not known to others.  The manifest is there: an index without one has no rows.
 */
static void
flush(Merge *merge, bool all)
{
	vp_manifest_read(merge->store, &merge->old);
	if (merge->old.first == 0)
		return;
	merge->merged = palloc0(Max(merge->old.nruns, 1) * sizeof(bool));
	begin_writing(merge);
	find_recent(merge);
	if (all)
		memset(merge->ids.words, 0xFF, (merge->nids / 64 + 1) * sizeof(uint64));
	VP_POINT("runs-begun");
	for (uint32 column = 0; column < merge->store->geo.nkeys; column++)
	{
		Sorted		sorted = {NULL, NULL};

		sort_recent(merge, column, &sorted);
		write_run(merge, column, 0, &sorted);
		VP_POINT("runs-written");
	}
	end_writing(merge);
}

/*----------
 * Merge: the merge lock is held
 *----------
 */

/* Without the postings lock, a flush could give the manifest back meanwhile. */
static void
read_manifest(const VpStore *store, VpManifest *manifest)
{
	LockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	vp_manifest_read(store, manifest);
	UnlockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
}

static bool
is_below(const VpRun *run, int column, int level)
{
	return run->kind == column + 1 && run->level < level;
}

/*
 * Reads the manifest again, to which flushes may have added runs, and finds there the runs that
 * were sorted: those of *sorted that are below a level.
 */
static void
find_sorted(Merge *merge, const VpManifest *sorted, int column, int level)
{
	vp_manifest_read(merge->store, &merge->old);
	merge->merged = palloc0(Max(merge->old.nruns, 1) * sizeof(bool));
	for (int i = 0; i < merge->old.nruns; i++)
		for (int j = 0; j < sorted->nruns; j++)
			if (sorted->runs[j].root == merge->old.runs[i].root)
				merge->merged[i] = is_below(&sorted->runs[j], column, level);
}

/* Sorts the runs of a column that are below a level.  False: it gave way. */
static bool
sort_runs(Merge *merge, const VpManifest *manifest, int column, int level, Sorted *sorted)
{
	VpArrayRun *entries = NULL;

	begin_ids(merge);
	if (is_of_arrays(merge, column))
		entries = vp_array_run_begin(merge->store, column, maintenance_work_mem);
	for (int i = 0; i < manifest->nruns; i++)
	{
		if (!is_below(&manifest->runs[i], column, level))
			continue;
		if (entries != NULL)
			vp_array_run_add_run(entries, &manifest->runs[i]);
		else
			add_run(merge, &manifest->runs[i]);
	}
	VP_POINT("merge-begun");
	return entries != NULL ? sort_entries(merge, entries, sorted) : sort_ids(merge, column, sorted);
}

/*
 * Makes one run of those of a column that are below a level.  False: it gave
 * way.  On entry the merge lock is held and the postings lock is not; takes
 * that, exclusively, while it writes.
 */
static bool
merge_runs(Merge *merge, const VpManifest *manifest, int column, int level)
{
	Sorted		sorted = {NULL, NULL};

	if (!sort_runs(merge, manifest, column, level, &sorted))
		return false;
	VP_POINT("merge-sorted");
	LockPage(merge->store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	find_sorted(merge, manifest, column, level);
	begin_writing(merge);
	write_run(merge, column, level < VP_ALL_LEVELS ? level : 0, &sorted);
	VP_POINT("runs-written");
	end_writing(merge);
	UnlockPage(merge->store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	return true;
}

/*----------
 * When
 *----------
 */

/*
 * Begins work in a memory context of its own, which is the current one until
 * end().  No lock is taken.
 */
static Merge *
begin(const VpStore *store, Relation heap)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov runs",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Merge	   *merge = palloc0(sizeof(Merge));

	merge->context = context;
	merge->caller = old;
	merge->store = store;
	merge->heap = heap;
	return merge;
}

/*
 * Goes back to the context that begin() was called in, and frees all that was
 * allocated since.
 */
static void
end(Merge *merge)
{
	MemoryContextSwitchTo(merge->caller);
	MemoryContextDelete(merge->context);
}

void
vp_runs_build(const VpStore *store, Relation heap, VpArrayRun **arrays)
{
	Merge	   *merge;
	Buffer		metabuf;

	if (store->geo.nkeys == 0 || vp_graph_state(store).next_id == 0)
		return;
	metabuf = vp_store_read(store, VP_META_BLOCK);
	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	vp_recent_prepare(store, heap, metabuf, 1);
	UnlockReleaseBuffer(metabuf);
	merge = begin(store, heap);
	merge->built = arrays;
	flush(merge, true);
	end(merge);
}

/*
 * Recent pages in one look at the metapage.  Pins the metapage without a lock.
 */
static uint32
count_pages(const VpStore *store)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	uint32		n = meta->pool.recent_pages;

	ReleaseBuffer(buffer);
	return n;
}

/* Are there so many recent pages that a run is to be made of them? */
static bool
is_due(const VpStore *store)
{
	uint32		full = count_pages(store) - 1;
	uint32		room = vp_recent_room(&store->geo);
	uint32		records;
	uint64		bytes;

	/* there may be none */
	if (full == PG_UINT32_MAX || full < FEWEST_PAGES)
		return false;
	if (full >= VP_MOST_RECENT / room)
		return true;
	vp_store_totals(store, &records, &bytes);
	return full >= records / RECENT_PART / room;
}

/* Does a column have runs that should become one, or more of them than it may have? */
static MergeNeed
judge(const VpStore *store, const VpManifest *manifest)
{
	MergeNeed	need = MERGE_NOT_DUE;

	for (uint32 column = 0; column < store->geo.nkeys; column++)
	{
		int			backlog = vp_plan_backlog(manifest, column);

		if (backlog > VP_MOST_BACKLOG)
			return MERGE_OVERDUE;
		if (backlog > 0)
			need = MERGE_DUE;
	}
	return need;
}

/* The postings lock is held. */
static MergeNeed
flush_if_due(const VpStore *store, Relation heap)
{
	MergeNeed	need;
	Merge	   *merge;

	if (!is_due(store))
		return MERGE_NOT_DUE;
	merge = begin(store, heap);
	flush(merge, false);
	need = judge(store, &merge->new);
	end(merge);
	return need;
}

/* Merges what is due first.  False: nothing is, or it gave way.  The merge lock is held. */
static bool
merge_next(const VpStore *store, Relation heap, bool gives_way)
{
	Merge	   *merge = begin(store, heap);
	bool		merged = false;
	VpManifest	manifest;

	merge->gives_way = gives_way;
	read_manifest(store, &manifest);
	for (uint32 column = 0; column < store->geo.nkeys; column++)
	{
		int			level = vp_plan_merge(&manifest, column);

		if (level == 0)
			continue;
		merged = merge_runs(merge, &manifest, column, level);
		break;
	}
	end(merge);
	return merged;
}

/* Others cannot open an index that this transaction has made, nor a temporary one. */
static void
ask_if_due(const VpStore *store, MergeNeed need)
{
	if (need != MERGE_NOT_DUE && !RELATION_IS_LOCAL(store->rel))
		vp_merge_queue_ask(MyDatabaseId, RelationGetRelid(store->rel));
}

void
vp_runs_lock(const VpStore *store)
{
	LockPage(store->rel, VP_MERGE_LOCK_BLOCK, ExclusiveLock);
}

/* Inserts may have flushed, and a merger that they asked for found the lock held. */
void
vp_runs_unlock(const VpStore *store, Relation heap)
{
	Merge	   *merge;

	UnlockPage(store->rel, VP_MERGE_LOCK_BLOCK, ExclusiveLock);
	if (store->geo.nkeys == 0)
		return;
	merge = begin(store, heap);
	read_manifest(store, &merge->old);
	ask_if_due(store, judge(store, &merge->old));
	end(merge);
}

void
vp_runs_ask(const VpStore *store)
{
	Merge	   *merge;

	if (store->geo.nkeys == 0 ||
		!ConditionalLockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock))
		return;
	merge = begin(store, NULL);
	vp_manifest_read(store, &merge->old);
	ask_if_due(store, judge(store, &merge->old));
	end(merge);
	UnlockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
}

/* The merge lock is held, and is let go. */
static void
merge_all(const VpStore *store, Relation heap)
{
	while (merge_next(store, heap, false))
		CHECK_FOR_INTERRUPTS();
	vp_runs_unlock(store, heap);
}

void
vp_runs_keep(const VpStore *store, Relation heap)
{
	MergeNeed	need;

	if (store->geo.nkeys == 0 || !is_due(store) ||
		!ConditionalLockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock))
		return;
	need = flush_if_due(store, heap);
	UnlockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	if (need == MERGE_OVERDUE || (need == MERGE_DUE && RELATION_IS_LOCAL(store->rel)))
	{
		if (ConditionalLockPage(store->rel, VP_MERGE_LOCK_BLOCK, ExclusiveLock))
			merge_all(store, heap);
	}
	else
		ask_if_due(store, need);
}

bool
vp_runs_merge(const VpStore *store, Relation heap)
{
	bool		merged;

	if (store->geo.nkeys == 0 ||
		!ConditionalLockPage(store->rel, VP_MERGE_LOCK_BLOCK, ExclusiveLock))
		return false;
	merged = merge_next(store, heap, true);
	UnlockPage(store->rel, VP_MERGE_LOCK_BLOCK, ExclusiveLock);
	return merged;
}

/*----------
 * VACUUM
 *----------
 */

/* Has a column many entries of no row? */
static bool
is_worn(const VpStore *store, const VpManifest *manifest, int column)
{
	uint64		entries = 0;
	uint32		records;
	uint64		bytes;

	vp_store_totals(store, &records, &bytes);
	for (int i = 0; i < manifest->nruns; i++)
		if (manifest->runs[i].kind == column + 1)
			entries += vp_is_of_arrays(&store->geo.keys[column]) ? manifest->runs[i].rows :
				manifest->runs[i].entries;
	return entries > records + (uint64) records / DEAD_PART;
}

/* Merges all runs of each column that has many entries of no row.  The merge lock is held. */
static void
merge_worn(const VpStore *store, Relation heap)
{
	for (uint32 column = 0; column < store->geo.nkeys; column++)
	{
		Merge	   *merge = begin(store, heap);
		VpManifest	manifest;

		read_manifest(store, &manifest);
		if (is_worn(store, &manifest, column))
			(void) merge_runs(merge, &manifest, column, VP_ALL_LEVELS);
		end(merge);
	}
}

void
vp_runs_vacuum(const VpStore *store, Relation heap)
{
	if (store->geo.nkeys == 0)
		return;
	vp_runs_lock(store);
	LockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	(void) flush_if_due(store, heap);
	UnlockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	merge_worn(store, heap);
	merge_all(store, heap);
}
