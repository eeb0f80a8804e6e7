/*-------------------------------------------------------------------------
 *
 * check_runs.c
 *	  vecprov_check: posting runs, recent rows, and the pages of the pool.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "inspect/check.h"
#include "page/code_page.h"
#include "page/page_pool.h"
#include "page/pool_census.h"
#include "page/recent.h"
#include "page/record.h"
#include "page/run.h"

/* Is a node one whose row must be in a run of each column? */
static bool
is_posted(Check *check, VpId id)
{
	uint8		flags = check->nodes[id].flags;

	return (flags & (VP_NODE_LINKED | VP_NODE_CHAINED)) &&
		!(flags & (VP_NODE_DEAD | VP_NODE_UNLINKED));
}

/*
 * What there is to be found of an array: a bit for each of its signature; of
 * others: one.
 */
static uint64
find_bits(const VpKeyColumn *column, uint64 key)
{
	return vp_is_of_arrays(column) && key != PG_UINT64_MAX && key != 0 ? key : 1;
}

/* What a posted key says of such an array. */
static uint64
bits_of_posted(uint32 posted, uint64 signature)
{
	if (!vp_posted_fits(posted, signature))
		return 0;
	return posted > VP_POSTED_LAST ? PG_UINT64_MAX : vp_element_bit(posted);
}

/* A node that is found where keys of a range are: is its own of it? */
static void
note_found(Check *check, VpId id, int column, uint64 first, uint64 last)
{
	const VpKeyColumn *stored = &check->store->geo.keys[column];
	char		keys[VP_MAX_KEY_BYTES];
	uint64		key;

	if (id >= check->meta.next_id || (check->nodes[id].posted != 0 && !vp_is_of_arrays(stored)))
		return;
	vp_keys_read(check->store, id, InvalidBuffer, keys);
	key = vp_stored_key(keys, stored);
	if (vp_is_of_arrays(stored))
		check->nodes[id].posted |= bits_of_posted((uint32) first, key);
	else
		check->nodes[id].posted = key >= first && key <= last;
}

/* Has all been found that there is of a node's key? */
static bool
is_found(Check *check, VpId id, int column)
{
	const VpKeyColumn *stored = &check->store->geo.keys[column];
	char		keys[VP_MAX_KEY_BYTES];

	vp_keys_read(check->store, id, InvalidBuffer, keys);
	return (find_bits(stored, vp_stored_key(keys, stored)) & ~check->nodes[id].posted) == 0;
}

/* The blocks of a run are in order, and lead to nodes. */
static void
check_run(Check *check, const VpRun *run)
{
	const VpKeyColumn *column = &check->store->geo.keys[run->kind - 1];
	VpRunCursor cursor;
	uint32		each;
	uint32		nblocks;
	uint64		fence;

	vp_run_open(&cursor, check->store, run);
	each = cursor.shape.block;
	nblocks = run->entries / each + (run->entries % each != 0);
	fence = vp_run_fence(&cursor, 0);
	for (uint32 block = 0; block < nblocks; block++)
	{
		VpId		ids[VP_RUN_BLOCK];
		int			n = Min(run->entries - block * each, each);
		uint64		end = vp_largest_posted(column);

		CHECK_FOR_INTERRUPTS();
		if (block + 1 < nblocks)
			end = vp_run_fence(&cursor, block + 1);
		if (end < fence || fence > vp_largest_posted(column))
			vp_check_report(check, run->root, block, "runs",
							"of column %d, block %u begins behind the next one", run->kind, block);
		n = vp_run_copy(&cursor, block * each, n, ids);
		for (int i = 0; i < n; i++)
			if (ids[i] >= check->meta.next_id && check->full)
				vp_check_report(check, run->root, block, "runs", "an entry is node %u of %u",
								ids[i], check->meta.next_id);
			else if (check->full)
				note_found(check, ids[i], run->kind - 1, fence, end);
		fence = end;
	}
	vp_run_close(&cursor);
}

typedef struct RecentCheck
{
	Check	   *check;
	int			column;
} RecentCheck;

/* The rows of a recent page that are of the nodes that they say. */
static bool
check_recent(BlockNumber block, Page page, void *arg)
{
	RecentCheck *recent = arg;
	const VpGeometry *geo = &recent->check->store->geo;
	uint32		n = vp_recent_count(recent->check->store, block, page);

	for (uint32 i = 0; i < n; i++)
	{
		uint64		key = vp_recent_key(geo, page, i, recent->column);

		note_found(recent->check, vp_recent_row(geo, page, i), recent->column, key, key);
	}
	return true;
}

/* Of each column: full only. */
static void
check_column(Check *check, const VpManifest *manifest, int column)
{
	RecentCheck recent = {.check = check,.column = column};

	for (VpId id = 0; check->full && id < check->meta.next_id; id++)
		check->nodes[id].posted = 0;
	for (int i = 0; i < manifest->nruns; i++)
		if (manifest->runs[i].kind == column + 1)
			check_run(check, &manifest->runs[i]);
	if (!check->full)
		return;
	vp_pool_walk(check->store, manifest->recent_first, check_recent, &recent);
	for (VpId id = 0; id < check->meta.next_id; id++)
		if (is_posted(check, id) && !is_found(check, id, column))
			vp_check_report(check, vp_check_block(check, id), id, "every row in a run",
							"neither a run of column %d nor a recent page leads to the node", column + 1);
}

/*----------
 * Pages
 *----------
 */

typedef struct PageUse
{
	Check	   *check;
	BlockNumber nblocks;
	uint8	   *uses;			/* of each block */
	bool		lost;			/* some pages may be in no structure */
} PageUse;

static void
count_use(BlockNumber block, void *arg)
{
	PageUse    *use = arg;

	if (block < use->nblocks && use->uses[block] < 2)
		use->uses[block]++;
}

static void
check_use(BlockNumber block, void *arg)
{
	PageUse    *use = arg;

	if (block >= use->nblocks || use->uses[block] == 1 || (use->uses[block] == 0 && use->lost))
		return;
	vp_check_report(use->check, block, -1, "pool pages once", use->uses[block] == 0 ?
					"nothing leads to the page" : "the page is in use more than once");
}

/* The pages of a chain, and the last of them. */
typedef struct Chain
{
	uint32		n;
	BlockNumber last;
} Chain;

/* A VpPoolCall: counts the pages of a structure. */
static bool
count_page(BlockNumber block, Page page, void *arg)
{
	Chain	   *chain = arg;

	chain->n++;
	chain->last = block;
	return true;
}

/* The metapage says where the recent pages end.  An insert that ended early made no manifest yet. */
static void
check_recent_pages(Check *check, const VpManifest *manifest, const VpPool *pool)
{
	Chain		chain = {0};

	vp_pool_walk(check->store, manifest->first != 0 ? manifest->recent_first : pool->recent_last,
				 count_page, &chain);
	if (chain.last != pool->recent_last || chain.n != pool->recent_pages)
		vp_check_report(check, VP_META_BLOCK, -1, "runs",
						"there are %u recent pages up to block %u, it says %u up to %u",
						chain.n, chain.last, pool->recent_pages, pool->recent_last);
}

/* Pages that were never used are empty. */
static void
check_fresh(Check *check, const VpPool *pool)
{
	for (BlockNumber block = pool->fresh; block < pool->fresh_end; block++)
	{
		Buffer		buffer = vp_store_read(check->store, block);

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		if (!vp_is_pool_page(BufferGetPage(buffer)) ||
			!vp_all_zero(VpPageData(BufferGetPage(buffer)), VP_PAGE_ROOM))
			vp_check_report(check, block, -1, "pool pages once",
							"the page is said not to be used yet, but it is not empty");
		UnlockReleaseBuffer(buffer);
	}
}

/* Each page of the pool is in one structure, or in one piece. */
static void
check_pool(Check *check, const VpManifest *manifest)
{
	PageUse		use = {.check = check,.nblocks = RelationGetNumberOfBlocks(check->target.rel)};
	VpCensus	census;

	use.uses = MemoryContextAllocExtended(CurrentMemoryContext, use.nblocks + 1,
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	vp_pool_census(check->store, manifest, count_use, &use, &census);
	use.lost = census.pool.pending != 0;
	vp_pool_each_used(check->store, &census, check_use, &use);
	check_recent_pages(check, manifest, &census.pool);
	check_fresh(check, &census.pool);
	pfree(use.uses);
}

void
vp_check_runs(Check *check)
{
	VpManifest	manifest;

	if (check->store->geo.nkeys == 0)
		return;
	vp_manifest_read(check->store, &manifest);
	for (uint32 column = 0; column < check->store->geo.nkeys; column++)
		check_column(check, &manifest, column);
	if (check->full)
		check_pool(check, &manifest);
}
