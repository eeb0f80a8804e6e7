/*-------------------------------------------------------------------------
 *
 * pool_census.c
 *	  What each page of the pool is for; see pool_census.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "base/debug_point.h"
#include "page/page_pool.h"
#include "page/pool_census.h"

typedef struct Walk
{
	VpCensusCall call;
	void	   *arg;
	BlockNumber end;			/* the last page; 0: that which leads to none */
} Walk;

/* A VpPoolCall; the page is locked, share. */
static bool
walk_on(BlockNumber block, Page page, void *arg)
{
	Walk	   *walk = arg;

	walk->call(block, walk->arg);
	return block != walk->end;
}

static void
walk_pages(const VpStore *store, Walk *walk, BlockNumber first, BlockNumber end)
{
	walk->end = end;
	vp_pool_walk(store, first, walk_on, walk);
}

/*
 * The head of a page of the pool, copied.  Locks the page, share, and unlocks
 * it.
 */
static VpPoolHead
piece_head(const VpStore *store, BlockNumber block)
{
	Buffer		buffer = vp_store_read(store, block);
	VpPoolHead	head;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	head = *VpPageGetPoolHead(vp_page_to_read(buffer));
	UnlockReleaseBuffer(buffer);
	return head;
}

static void
walk_pieces(const VpStore *store, Walk *walk, BlockNumber first)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(store->rel);
	BlockNumber block = first;

	for (BlockNumber n = 0; block != 0; n++)
	{
		VpPoolHead	head = piece_head(store, block);

		if (n > nblocks)
			vp_report_damage(store->rel, block, "A list of pages leads back to itself.");
		walk_pages(store, walk, block, head.last);
		block = head.next_piece;
	}
}

/*
 * Inserts take pages from the lists and make them recent ones, under the metapage's lock: so all
 * these are looked at in one moment.
 */
void
vp_pool_census(const VpStore *store, const VpManifest *manifest,
			   VpCensusCall call, void *arg, VpCensus *census)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	Walk		walk = {.call = call,.arg = arg};

	walk_pages(store, &walk, manifest->first, 0);
	for (int i = 0; i < manifest->nruns; i++)
		walk_pages(store, &walk, manifest->runs[i].root, 0);

	if (VpPageGetMeta(vp_page_to_read(metabuf))->cells != 0)
		walk_pages(store, &walk, VpPageGetMeta(vp_page_to_read(metabuf))->cells, 0);

	LockBuffer(metabuf, BUFFER_LOCK_SHARE);
	census->pool = VpPageGetMeta(vp_page_to_read(metabuf))->pool;
	census->next_id = VpPageGetMeta(vp_page_to_read(metabuf))->next_id;
	/* the first recent page is there before the first manifest */
	walk_pages(store, &walk, manifest->first != 0 ? manifest->recent_first : census->pool.recent_last, 0);
	walk_pages(store, &walk, census->pool.piece, census->pool.piece_last);
	walk_pieces(store, &walk, census->pool.waiting);
	UnlockReleaseBuffer(metabuf);
}

typedef struct ChunkWalk
{
	const VpGeometry *geo;
	const VpCensus *census;
	VpCensusCall call;
	void	   *arg;
} ChunkWalk;

static void
walk_chunk(BlockNumber first, void *arg)
{
	ChunkWalk  *walk = arg;
	BlockNumber end = first + walk->geo->chunk_blocks;

	for (BlockNumber block = first; block < end; block++)
		if (block < walk->census->pool.fresh || block >= walk->census->pool.fresh_end)
			walk->call(block, walk->arg);
}

void
vp_pool_each_used(const VpStore *store, const VpCensus *census, VpCensusCall call, void *arg)
{
	ChunkWalk	walk = {.geo = &store->geo,.census = census,.call = call,.arg = arg};

	vp_pool_each_chunk(store, census->next_id, walk_chunk, &walk);
}

/*----------
 * Pages that a crash left
 *----------
 */

typedef struct Lost
{
	BlockNumber nblocks;
	uint8	   *known;			/* a bit for each block */
	BlockNumber *blocks;
	uint32		n;
	uint32		room;
} Lost;

static void
note_known(BlockNumber block, void *arg)
{
	Lost	   *lost = arg;

	if (block < lost->nblocks)
		lost->known[block / 8] |= 1 << block % 8;
}

static void
note_lost(BlockNumber block, void *arg)
{
	Lost	   *lost = arg;

	if (block >= lost->nblocks || (lost->known[block / 8] & 1 << block % 8))
		return;
	if (lost->n == lost->room)
	{
		lost->room = Max(2 * lost->room, 64);
		lost->blocks = lost->blocks == NULL ? palloc(lost->room * sizeof(BlockNumber)) :
			repalloc_huge(lost->blocks, lost->room * sizeof(BlockNumber));
	}
	lost->blocks[lost->n++] = block;
}

/* Only who has the postings lock can have taken pages that are lost. */
void
vp_pool_find_lost(const VpStore *store, const VpManifest *manifest)
{
	Lost		lost = {.nblocks = RelationGetNumberOfBlocks(store->rel)};
	VpCensus	census;

	lost.known = MemoryContextAllocExtended(CurrentMemoryContext, lost.nblocks / 8 + 1,
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	vp_pool_census(store, manifest, note_known, &lost, &census);
	vp_pool_each_used(store, &census, note_lost, &lost);
	for (uint32 i = 0; i < lost.n; i++)
	{
		vp_pool_give(store, lost.blocks[i], lost.blocks[i]);
		VP_POINT("runs-found");
	}
	pfree(lost.known);
	if (lost.blocks != NULL)
		pfree(lost.blocks);
}
