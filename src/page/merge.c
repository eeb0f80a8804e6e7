/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Recent rows become runs, and runs become fewer; see merge.h.
 *
 * A run is made of a set of ids: those on recent pages and in older runs, or all there are.
 * The keys are read from the nodes, in the order of ids, and sorted.  README.md, *Posting runs*,
 * says why nobody misses a row meanwhile, and what a crash leaves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/key_sort.h"
#include "page/manifest.h"
#include "page/merge.h"
#include "page/page_locks.h"
#include "page/page_pool.h"
#include "page/pool_census.h"
#include "page/recent.h"
#include "page/record.h"
#include "page/run.h"

/* So many rows are recent, at most, before they become a run. */
#define MOST_RECENT		16384

/* In a small index, one in so many, but some pages. */
#define RECENT_PART		16
#define FEWEST_PAGES	2

/* So many runs of a level become one of the next. */
#define MERGED_RUNS		4

/* VACUUM makes all runs anew when one entry in so many is of no row, or a column has more. */
#define DEAD_PART		10
#define VACUUM_RUNS		6

/* A set of ids below nids. */
typedef struct IdBits
{
	uint64	   *words;
	uint32		nids;
} IdBits;

typedef struct Merge
{
	const VpStore *store;
	Relation	heap;
	bool		all;			/* make all runs anew */
	uint32		nids;
	VpManifest	old;
	VpManifest	new;
	VpPool		pool;			/* when it began */
	VpIdList	recent;			/* rows of all recent pages but the last */
	BlockNumber recent_last;	/* of these pages; 0: there are none */
	uint32		npages;
	bool	   *merged;			/* of old.runs: becomes part of another */
	IdBits		ids;			/* of the run that is made */
} Merge;

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

/* Is this a node whose row a search may still have to find here? */
static bool
is_posted(uint8 flags)
{
	return flags != 0 && !(flags & (VP_NODE_BARE | VP_NODE_UNLINKED)) && !vp_is_gone(flags);
}

/*
 * Adds a node page's keys in a column, of the nodes of the set.  What is read under the page's
 * lock is complete, and logged.
 */
static void
sort_page(Merge *merge, const VpKeyColumn *column, uint32 number, VpKeySort *sort)
{
	const VpStore *store = merge->store;
	uint32		first = number * store->geo.nodes_per_page.value;
	Buffer		buffer = vp_store_read(store, vp_node_page_block(&store->geo, number));

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < store->geo.nodes_per_page.value; i++)
	{
		const char *record = vp_page_record(store, buffer, i);

		if (first + i < merge->nids && has_bit(&merge->ids, first + i) &&
			!vp_is_pool_page(BufferGetPage(buffer)) &&
			is_posted(vp_record_tail(store, record)->flags))
			vp_key_sort_put(sort, vp_stored_key(record + store->geo.keys_offset, column), first + i);
	}
	UnlockReleaseBuffer(buffer);
}

/* Has a node page any id of the set? */
static bool
has_any(const Merge *merge, uint32 number)
{
	uint32		each = merge->store->geo.nodes_per_page.value;
	VpId		end = Min((number + 1) * each, merge->nids);

	for (VpId id = number * each; id < end; id++)
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

/* Writes a run of the set in a column; false: it would be empty. */
static bool
make_run(Merge *merge, int column, VpRun *run)
{
	uint32		npages = vp_node_page_count(&merge->store->geo, merge->nids);
	VpKeySort  *sort = vp_key_sort_begin();
	uint32		n;

	for (uint32 number = 0; number < npages; number++)
	{
		if (!has_any(merge, number))
			continue;
		CHECK_FOR_INTERRUPTS();
		sort_page(merge, &merge->store->geo.keys[column], number, sort);
	}
	n = vp_key_sort_done(sort);
	if (n > 0)
		vp_run_write(merge->store, merge->heap, column, n, next_sorted, sort, run);
	vp_key_sort_end(sort);
	return n > 0;
}

/*----------
 * Runs of a column
 *----------
 */

static bool
is_of(const Merge *merge, int i, int column)
{
	return merge->old.runs[i].kind == column + 1;
}

static int
count_runs(const Merge *merge, int column, int level)
{
	int			n = 0;

	for (int i = 0; i < merge->old.nruns; i++)
		n += is_of(merge, i, column) && merge->old.runs[i].level == level;
	return n;
}

/* The level of a run of so many entries that is made at once. */
static int
level_of(uint32 entries)
{
	int			level = 0;

	for (uint64 n = MOST_RECENT; n < entries; n *= MERGED_RUNS)
		level++;
	return level;
}

/*
 * Chooses which runs become one with the recent rows: those of a level that has enough, and
 * with what they become of the next.  Returns the new run's level.
 */
static int
choose_runs(Merge *merge, int column)
{
	int			level = 0;

	while (count_runs(merge, column, level) >= MERGED_RUNS - 1)
		level++;
	for (int i = 0; i < merge->old.nruns; i++)
		merge->merged[i] |= is_of(merge, i, column) && merge->old.runs[i].level < level;
	return level;
}

static void
put_run(Merge *merge, const VpRun *run)
{
	merge->new.runs[merge->new.nruns++] = *run;
}

/* What becomes of a column's runs. */
static void
merge_column(Merge *merge, int column)
{
	int			level = choose_runs(merge, column);
	Size		bytes = (merge->nids / 64 + 1) * sizeof(uint64);
	VpRun		run;

	memset(merge->ids.words, merge->all ? 0xFF : 0, bytes);
	for (Size i = 0; i < merge->recent.n; i++)
		add_bit(&merge->ids, merge->recent.ids[i]);
	for (int i = 0; i < merge->old.nruns; i++)
	{
		if (!is_of(merge, i, column))
			continue;
		merge->merged[i] |= merge->all;
		if (!merge->merged[i])
			put_run(merge, &merge->old.runs[i]);
		else if (!merge->all)
			add_run(merge, &merge->old.runs[i]);
	}
	if (make_run(merge, column, &run))
	{
		run.level = merge->all ? level_of(run.entries) : level;
		put_run(merge, &run);
	}
}

/*
 * Gives back what the new manifest does not lead to.
 */
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

/*
 * The last recent page stays, since inserts go on with it; what is on those before it is
 * complete, and what it leads to.  So is what is below next_id as it is read after that.
 */
static void
begin_merge(Merge *merge)
{
	vp_pool_state(merge->store, &merge->pool);
	merge->nids = vp_graph_state(merge->store).next_id;
	merge->ids.nids = merge->nids;
	merge->ids.words = MemoryContextAllocHuge(CurrentMemoryContext,
											  (merge->nids / 64 + 1) * sizeof(uint64));
	merge->recent_last = vp_recent_find(merge->store, merge->old.recent_first,
										merge->pool.recent_last, -1, NULL, 0, &merge->recent);
	merge->npages = merge->recent_last != 0 ? merge->pool.recent_pages - 1 : 0;
	merge->merged = palloc0(Max(merge->old.nruns, 1) * sizeof(bool));
	merge->new.generation = merge->old.generation + 1;
	merge->new.recent_first = merge->pool.recent_last;
	merge->new.runs = palloc((merge->old.nruns + merge->store->geo.nkeys) * sizeof(VpRun));
}

/*
 * The postings lock is held, or the index is not known to others.  The manifest is there: an
 * index without one has no rows.
 */
static void
make_runs(const VpStore *store, Relation heap, bool all)
{
	Merge	   *merge = palloc0(sizeof(Merge));

	merge->store = store;
	merge->heap = heap;
	merge->all = all;
	vp_manifest_read(store, &merge->old);
	if (merge->old.first == 0)
		return;
	if (vp_pool_pending(store, true))
		vp_pool_find_lost(store, &merge->old);
	begin_merge(merge);
	VP_POINT("runs-begun");
	for (uint32 column = 0; column < store->geo.nkeys; column++)
	{
		merge_column(merge, column);
		VP_POINT("runs-written");
	}
	vp_manifest_write(store, heap, &merge->new);
	VP_POINT("runs-listed");
	vp_manifest_use(store, &merge->new, merge->npages);
	VP_POINT("runs-used");
	give_old(merge);
	VP_POINT("runs-ended");
	(void) vp_pool_pending(store, false);
}

/* The same in a memory context of its own. */
static void
make_runs_apart(const VpStore *store, Relation heap, bool all)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov runs",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	make_runs(store, heap, all);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*----------
 * When
 *----------
 */

void
vp_runs_build(const VpStore *store, Relation heap)
{
	Buffer		metabuf;

	if (store->geo.nkeys == 0 || vp_graph_state(store).next_id == 0)
		return;
	metabuf = vp_store_read(store, VP_META_BLOCK);
	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	vp_recent_prepare(store, heap, metabuf);
	UnlockReleaseBuffer(metabuf);
	make_runs_apart(store, heap, true);
}

/* Recent pages in one look at the metapage. */
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
	if (full >= MOST_RECENT / room)
		return true;
	vp_store_totals(store, &records, &bytes);
	return full >= records / RECENT_PART / room;
}

void
vp_runs_keep(const VpStore *store, Relation heap)
{
	if (store->geo.nkeys == 0 || !is_due(store) ||
		!ConditionalLockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock))
		return;
	if (is_due(store))
		make_runs_apart(store, heap, false);
	UnlockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
}

/* Has a column many runs, or many entries of no row? */
static bool
is_worn(const VpStore *store)
{
	VpManifest	manifest;
	uint32		records;
	uint64		bytes;

	vp_manifest_read(store, &manifest);
	vp_store_totals(store, &records, &bytes);
	for (uint32 column = 0; column < store->geo.nkeys; column++)
	{
		uint64		entries = 0;
		int			n = 0;

		for (int i = 0; i < manifest.nruns; i++)
			if (manifest.runs[i].kind == column + 1)
			{
				entries += manifest.runs[i].entries;
				n++;
			}
		if (n > VACUUM_RUNS || entries > records + (uint64) records / DEAD_PART)
			return true;
	}
	return false;
}

void
vp_runs_vacuum(const VpStore *store, Relation heap)
{
	bool		worn;

	if (store->geo.nkeys == 0)
		return;
	LockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
	worn = is_worn(store);
	if (worn || is_due(store))
		make_runs_apart(store, heap, worn);
	UnlockPage(store->rel, VP_POSTINGS_LOCK_BLOCK, ExclusiveLock);
}
