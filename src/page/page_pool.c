/*-------------------------------------------------------------------------
 *
 * page_pool.c
 *	  Pages that are at no place given by arithmetic; see page_pool.h.
 *
 * The metapage's exclusive lock guards the pool.  Pages of a structure are read by who has
 * found it, under a pin and a share lock; they change only while nobody can know of them, but
 * for recent pages, and for what a piece's first page says of its waiting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/transam.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "page/change_counter.h"
#include "page/landmark.h"
#include "page/page_pool.h"

#define POOL_WORDS	(sizeof(VpPool) / sizeof(uint32))

Buffer
vp_pool_read(const VpStore *store, BlockNumber block, VpPoolUse use)
{
	Buffer		buffer = vp_store_read(store, block);
	Page		page = vp_page_to_read(buffer);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (unlikely(!vp_is_pool_page(page) || VpPageGetPoolHead(page)->use != use))
		vp_report_damage(store->rel, block, "A posting list leads to a page that is none of its kind.");
	return buffer;
}

/* Pins a page of the pool, whatever its use, and locks it. */
static Buffer
lock_page(const VpStore *store, BlockNumber block, int mode)
{
	Buffer		buffer = vp_store_read(store, block);

	if (unlikely(!vp_is_pool_page(BufferGetPage(buffer))))
		vp_report_damage(store->rel, block, "A list of free pages leads to a page that is in use.");
	LockBuffer(buffer, mode);
	return buffer;
}

Buffer
vp_pool_lock(const VpStore *store, BlockNumber block)
{
	return lock_page(store, block, BUFFER_LOCK_EXCLUSIVE);
}

/*
 * The head of a page of the pool, copied.  Locks the page, share, and unlocks
 * it.
 */
static VpPoolHead
read_head(const VpStore *store, BlockNumber block)
{
	Buffer		buffer = lock_page(store, block, BUFFER_LOCK_SHARE);
	VpPoolHead	head = *VpPageGetPoolHead(BufferGetPage(buffer));

	UnlockReleaseBuffer(buffer);
	return head;
}

void
vp_patch_pool(VpChange *change, VpMeta *meta, const VpPool *pool)
{
	vp_change_words(change, &meta->pool, (const uint32 *) pool, POOL_WORDS);
}

/*----------
 * Chunks
 *----------
 */

/*
 * Gives the pool the next chunk of which no id was used.  Those that are left before it are
 * kept for new nodes.  The metapage is locked exclusively.
 */
static void
take_chunk(const VpStore *store, Buffer metabuf)
{
	const VpGeometry *geo = &store->geo;
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	uint32		ids = geo->nodes_per_chunk.value;
	uint32		next_id = meta->next_id;
	VpId		first = (next_id + ids - 1) / ids * ids;
	uint32		end = first + ids;
	VpPool		pool = meta->pool;
	VpChange	change;

	vp_store_extend_pool(store, next_id, first, end);
	if (first % geo->levels.stripe == 0)
		vp_landmarks_spread(store, first / geo->levels.stripe);
	pool.fresh = vp_node_place(geo, first).block;
	pool.fresh_end = pool.fresh + geo->chunk_blocks;
	if (first > next_id)
	{
		pool.spare = next_id;
		pool.spare_end = first;
	}
	vp_change_begin(&change, VP_WAL_POOL);
	vp_change_page(&change, metabuf);
	vp_change_words(&change, &meta->next_id, &end, 1);
	vp_patch_pool(&change, meta, &pool);
	vp_change_apply(&change, store->rel, store->wal);
}

/*
 * Is the first page of a chunk, which begins with this id, one of the pool?
 * Pins the page without a lock: what a page is for does not change.
 */
static bool
is_pool_chunk(const VpStore *store, VpId first)
{
	Buffer		buffer = vp_store_read(store, vp_node_place(&store->geo, first).block);
	bool		is = vp_is_pool_page(BufferGetPage(buffer));

	ReleaseBuffer(buffer);
	return is;
}

void
vp_pool_each_chunk(const VpStore *store, uint32 next_id,
				   void (*call) (BlockNumber first, void *arg), void *arg)
{
	for (VpId id = 0; id < next_id; id += store->geo.nodes_per_chunk.value)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_pool_chunk(store, id))
			call(vp_node_place(&store->geo, id).block, arg);
	}
}

/*----------
 * Pages
 *----------
 */

/* Is no snapshot left that may be on the oldest piece that waits?  Standbys are told if so. */
static bool
waiting_is_over(const VpStore *store, Relation heap, const VpPoolHead *head)
{
	FullTransactionId xid = FullTransactionIdFromU64(vp_word64(head->xid_lo, head->xid_hi));

	if (!GlobalVisCheckRemovableFullXid(heap, xid))
		return false;
	if (store->wal)
		vp_log_reuse(store->rel, xid);
	return true;
}

/* Makes the oldest piece that waits the one to be used up; false: it waits still. */
static bool
begin_piece(const VpStore *store, Relation heap, VpPool *pool)
{
	VpPoolHead	head;

	if (pool->waiting == 0)
		return false;
	head = read_head(store, pool->waiting);
	if (!waiting_is_over(store, heap, &head))
		return false;
	pool->piece = pool->waiting;
	pool->piece_last = head.last;
	pool->waiting = head.next_piece;
	if (pool->waiting == 0)
		pool->waiting_last = 0;
	return true;
}

BlockNumber
vp_pool_take(const VpStore *store, Relation heap, Buffer metabuf, VpPool *pool)
{
	if (pool->piece == 0)
		(void) begin_piece(store, heap, pool);
	if (pool->piece != 0)
	{
		BlockNumber block = pool->piece;

		pool->piece = block == pool->piece_last ? 0 : read_head(store, block).next;
		if (pool->piece == 0)
			pool->piece_last = 0;
		return block;
	}
	if (pool->fresh == pool->fresh_end)
	{
		take_chunk(store, metabuf);
		*pool = VpPageGetMeta(BufferGetPage(metabuf))->pool;
	}
	if (read_head(store, pool->fresh).use != VP_POOL_FRESH)
		vp_report_damage(store->rel, pool->fresh, "A list of free pages leads to a page that is in use.");
	return pool->fresh++;
}

BlockNumber
vp_pool_take_page(const VpStore *store, Relation heap)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpPool		pool;
	VpChange	change;
	BlockNumber block;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	pool = meta->pool;
	block = vp_pool_take(store, heap, metabuf, &pool);
	vp_change_begin(&change, VP_WAL_POOL);
	vp_change_page(&change, metabuf);
	vp_patch_pool(&change, meta, &pool);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(metabuf);
	return block;
}

void
vp_pool_write(const VpStore *store, BlockNumber block, const void *data)
{
	Buffer		buffer = vp_pool_lock(store, block);

	START_CRIT_SECTION();
	memcpy(VpPageData(BufferGetPage(buffer)), data, VP_PAGE_ROOM);
	vp_mark_dirty(buffer);
	if (store->wal)
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

/*
 * The transaction that the piece waits for is the next one: who has found the structure did so
 * with a snapshot that is not newer.
 */
void
vp_pool_give(const VpStore *store, BlockNumber first, BlockNumber last)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	uint64		xid = U64FromFullTransactionId(ReadNextFullTransactionId());
	Buffer		buffer;
	Buffer		before = InvalidBuffer;
	uint32		words[4] = {last, 0, (uint32) xid, (uint32) (xid >> 32)};
	uint32		ref = first;
	VpPool		pool;
	VpChange	change;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	pool = meta->pool;
	if (pool.waiting_last == first)
		vp_report_damage(store->rel, first, "A list of free pages leads to a page that is in use.");
	buffer = vp_pool_lock(store, first);
	if (pool.waiting != 0)
		before = vp_pool_lock(store, pool.waiting_last);
	else
		pool.waiting = first;
	pool.waiting_last = first;

	vp_change_begin(&change, VP_WAL_POOL);
	vp_change_page(&change, buffer);
	vp_change_words(&change, &VpPageGetPoolHead(BufferGetPage(buffer))->last, words, lengthof(words));
	if (BufferIsValid(before))
	{
		vp_change_page(&change, before);
		vp_change_words(&change, &VpPageGetPoolHead(BufferGetPage(before))->next_piece, &ref, 1);
	}
	vp_change_page(&change, metabuf);
	vp_patch_pool(&change, meta, &pool);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
	if (BufferIsValid(before))
		UnlockReleaseBuffer(before);
	UnlockReleaseBuffer(metabuf);
}

bool
vp_pool_pending(const VpStore *store, bool pending)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	uint32		word = pending;
	bool		was;
	VpChange	change;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	was = meta->pool.pending != 0;
	if (was != pending)
	{
		vp_change_begin(&change, VP_WAL_POOL);
		vp_change_page(&change, metabuf);
		vp_change_words(&change, &meta->pool.pending, &word, 1);
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(metabuf);
	return was;
}

void
vp_pool_walk(const VpStore *store, BlockNumber first, VpPoolCall call, void *arg)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(store->rel);
	BlockNumber block = first;

	for (BlockNumber n = 0; block != 0; n++)
	{
		Buffer		buffer = lock_page(store, block, BUFFER_LOCK_SHARE);
		Page		page = vp_page_to_read(buffer);
		bool		more = call(block, page, arg);

		if (n > nblocks)
			vp_report_damage(store->rel, block, "A list of pages leads back to itself.");
		block = more ? VpPageGetPoolHead(page)->next : 0;
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
}
