/*-------------------------------------------------------------------------
 *
 * move.c
 *	  Nodes on their way from shard to shard.
 *
 * A record is moved by making a copy of its node in the other shard, and giving
 * the node up for it.  Who may do so when, and why searches find each row once
 * all the same, is in replica/README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/debug_point.h"
#include "page/move.h"
#include "page/record.h"

/* The metapage pinned and locked, and a copy of it to be changed. */
typedef struct MetaChange
{
	Buffer		buffer;
	VpMeta	   *meta;
	VpMeta		copy;
} MetaChange;

/*
 * Pins the metapage and locks it exclusively; the caller changes change->copy,
 * then patches the difference. apply_meta or the caller unlocks it.
 */
static void
lock_meta(const VpStore *store, MetaChange *change)
{
	change->buffer = vp_store_read(store, VP_META_BLOCK);
	change->meta = VpPageGetMeta(BufferGetPage(change->buffer));
	LockBuffer(change->buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_shards_check(store->rel, change->meta);
	change->copy = *change->meta;
}

/* Adds what changes with shards and moves: all words from `shards` on but the lists'. */
static void
patch_meta(VpChange *change, MetaChange *to)
{
	VpMeta	   *meta = to->meta;

	vp_change_page(change, to->buffer);
	vp_change_words(change, &meta->shards, &to->copy.shards,
					(offsetof(VpMeta, has_mean) - offsetof(VpMeta, shards)) / sizeof(uint32));
	vp_change_words(change, &meta->ndead, &to->copy.ndead,
					(offsetof(VpMeta, shard) - offsetof(VpMeta, ndead)) / sizeof(uint32));
	vp_change_words(change, meta->shard, (const uint32 *) to->copy.shard,
					to->copy.shards * sizeof(VpShard) / sizeof(uint32));
}

/* Logs the changes of the metapage alone, unlocks it and unpins it. */
static void
apply_meta(const VpStore *store, MetaChange *to)
{
	VpChange	change;

	vp_change_begin(&change, VP_WAL_META);
	patch_meta(&change, to);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(to->buffer);
}

void
vp_move_begin(const VpStore *store, uint32 target)
{
	MetaChange	to;

	lock_meta(store, &to);
	to.copy.target = target;
	to.copy.shards = Max(to.meta->shards, target);
	to.copy.moving = true;
	apply_meta(store, &to);
}

void
vp_move_by(const VpStore *store, FullTransactionId xid)
{
	MetaChange	to;

	lock_meta(store, &to);
	to.copy.moved_xid_lo = (uint32) U64FromFullTransactionId(xid);
	to.copy.moved_xid_hi = (uint32) (U64FromFullTransactionId(xid) >> 32);
	apply_meta(store, &to);
}

void
vp_move_finish(const VpStore *store, VpId id, VpId copy)
{
	MetaChange	to;
	VpNodePair	pair;
	VpChange	change;
	uint32		word;

	lock_meta(store, &to);
	vp_pair_lock(store, &pair, id, copy);
	vp_shard_of_check(store, to.meta, id, pair.tail[0]);
	vp_shard_of_check(store, to.meta, copy, pair.tail[1]);
	vp_shard_count(&to.copy.shard[pair.tail[0]->shard], -1, -(int64) pair.tail[0]->size);
	vp_shard_count(&to.copy.shard[pair.tail[1]->shard], 1, pair.tail[1]->size);
	to.copy.copy = 0;
	to.copy.ndead++;
	vp_change_begin(&change, VP_WAL_DEAD);
	vp_change_page(&change, pair.buffer[0]);
	vp_patch_flags(&change, pair.tail[0], pair.tail[0]->flags | VP_NODE_DEAD | VP_NODE_MOVED,
				   &word);
	patch_meta(&change, &to);
	vp_change_apply(&change, store->rel, store->wal);
	vp_pair_unlock(&pair);
	UnlockReleaseBuffer(to.buffer);
}

void
vp_node_abandon(const VpStore *store, VpId id)
{
	MetaChange	to;
	VpPlace		place;
	Buffer		buffer;
	VpNodeTail *tail;
	VpChange	change;
	uint32		word;

	lock_meta(store, &to);
	if (id == VP_NO_ID)
		id = vp_deref(to.meta->copy);
	if (id == VP_NO_ID)
	{
		UnlockReleaseBuffer(to.buffer);
		return;
	}
	if (id >= to.meta->next_id)
		vp_report_damage(store->rel, VP_META_BLOCK, "The node being moved is out of range.");
	place = vp_node_place(&store->geo, id);
	buffer = vp_store_read(store, place.block);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	tail = vp_record_tail(store, BufferGetPage(buffer) + place.offset);
	if (tail->flags == 0 || tail->id != id)
		vp_report_damage(store->rel, place.block, "A record is of another node.");
	vp_shard_of_check(store, to.meta, id, tail);
	if (vp_ref(id) == to.meta->copy)
		to.copy.copy = 0;
	else
		vp_shard_count(&to.copy.shard[tail->shard], -1, -(int64) tail->size);
	to.copy.ndead++;
	vp_change_begin(&change, VP_WAL_DEAD);
	vp_change_page(&change, buffer);
	vp_patch_flags(&change, tail, tail->flags | VP_NODE_DEAD, &word);
	patch_meta(&change, &to);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(to.buffer);
}

static FullTransactionId
moved_xid(const VpMeta *meta)
{
	return FullTransactionIdFromU64(vp_word64(meta->moved_xid_lo, meta->moved_xid_hi));
}

/* The first answer may be old: it is not looked for again before another transaction came. */
bool
vp_moved_is_over(const VpMeta *meta, Relation heap)
{
	FullTransactionId xid = moved_xid(meta);

	return GlobalVisCheckRemovableFullXid(heap, xid) ||
		TransactionIdPrecedes(XidFromFullTransactionId(xid),
							  GetOldestNonRemovableTransactionId(heap));
}

/*
 * Takes the flag MOVED from all nodes of a node page, in one WAL record.
 * Locks the page exclusively and unlocks it.  Does nothing with a page of the
 * pool.
 */
static void
forget_on_page(const VpStore *store, uint32 page_number)
{
	uint32		words[VP_MAX_PAGE_NODES];
	VpPageIds	ids = vp_node_page(&store->geo, page_number);
	Buffer		buffer = vp_store_read(store, ids.block);
	VpChange	change;

	if (vp_is_pool_page(BufferGetPage(buffer)))
	{
		ReleaseBuffer(buffer);
		return;
	}
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_DEAD);
	vp_change_page(&change, buffer);
	for (uint32 i = 0; i < ids.count; i++)
	{
		VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, buffer, i));

		if (tail->flags & VP_NODE_MOVED)
			vp_patch_flags(&change, tail, tail->flags & ~VP_NODE_MOVED, &words[i]);
	}
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

/* On standbys, whose searches nobody here knows, those that began before are in conflict. */
void
vp_moved_forget(const VpStore *store)
{
	VpMeta		meta;
	uint32		npages;

	vp_meta_read(store->rel, &meta);
	if (meta.ndead == 0)
		return;
	if (store->wal)
		vp_log_reuse(store->rel, moved_xid(&meta));
	npages = vp_node_page_count(&store->geo, meta.next_id);
	for (uint32 page = 0; page < npages; page++)
	{
		CHECK_FOR_INTERRUPTS();
		forget_on_page(store, page);
	}
	VP_POINT("move-settled");
}

void
vp_move_end(const VpStore *store)
{
	MetaChange	to;

	lock_meta(store, &to);
	to.copy.shards = to.meta->target;
	to.copy.moving = false;
	apply_meta(store, &to);
}
