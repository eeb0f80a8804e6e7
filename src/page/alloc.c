/*-------------------------------------------------------------------------
 *
 * alloc.c
 *	  New nodes: ids that were never used, or are used again.
 *
 * An id to be used again comes from the free list.  The waiting list becomes
 * the free list when no snapshot is left that is as old as the VACUUM which
 * made it; see reclaim.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/transam.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "page/alloc.h"
#include "page/change_counter.h"
#include "page/code_page.h"
#include "page/landmark.h"
#include "page/node.h"
#include "page/recent.h"
#include "page/record.h"

/* The transaction that the waiting list waits for. */
static FullTransactionId
waiting_xid(const VpMeta *meta)
{
	return FullTransactionIdFromU64(vp_word64(meta->waiting_xid_lo, meta->waiting_xid_hi));
}

/* Can no search be on the ids of the waiting list any more? */
static bool
waiting_is_over(const VpMeta *meta, Relation heap)
{
	return GlobalVisCheckRemovableFullXid(heap, waiting_xid(meta));
}

/* A node that the free or the waiting list leads to; what: the sentence for when it cannot be. */
static void
check_listed(const VpStore *store, VpId id, const char *record, BlockNumber block, const char *what)
{
	const VpNodeTail *tail = vp_record_tail(store, record);

	if (tail->id != id || !(tail->flags & VP_NODE_LISTED))
		vp_report_damage(store->rel, block, what);
}

void
vp_waiting_to_free(const VpStore *store, Relation heap)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	if (meta->waiting_head != 0 && waiting_is_over(meta, heap))
	{
		VpId		tail = vp_deref(meta->waiting_tail);
		VpPlace		place;
		Buffer		buffer;
		uint32		free_head = meta->free_head;
		uint32		words[3] = {meta->waiting_head, 0, 0};
		VpChange	change;

		if (tail >= meta->next_id)
			vp_report_damage(store->rel, VP_META_BLOCK, "The end of the waiting list is out of range.");
		place = vp_node_place(&store->geo, tail);
		buffer = vp_store_read(store, place.block);
		/* the list's end goes on with what is free already */
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		check_listed(store, tail, BufferGetPage(buffer) + place.offset, VP_META_BLOCK,
					 "The end of the waiting list is a node that is in use.");
		if (store->wal)
			vp_log_reuse(store->rel, waiting_xid(meta));
		vp_change_begin(&change, VP_WAL_META);
		vp_change_page(&change, buffer);
		vp_change_words(&change, vp_list_word(store, BufferGetPage(buffer) + place.offset),
						&free_head, 1);
		vp_change_page(&change, metabuf);
		vp_change_words(&change, &meta->free_head, words, 3);
		vp_change_apply(&change, store->rel, store->wal);
		UnlockReleaseBuffer(buffer);
	}
	UnlockReleaseBuffer(metabuf);
}

/*
 * Zeroes the lists above level 0 that the former user of an id left.  Locks
 * one upper page at a time, exclusively; the caller holds no lock on any.  The
 * node is not linked yet, so nobody reads these lists.
 */
static void
clear_upper_links(const VpStore *store, VpId id)
{
	static const uint32 zeroes[VP_PAGE_ROOM / sizeof(uint32)] = {0};

	for (int level = vp_level(&store->geo.levels, id); level > 0; level--)
	{
		VpPlace		place = vp_upper_place(&store->geo, id, level);
		Buffer		buffer = vp_store_read(store, place.block);
		VpChange	change;

		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		vp_change_begin(&change, VP_WAL_LINKS);
		vp_change_page(&change, buffer);
		vp_change_words(&change, BufferGetPage(buffer) + place.offset, zeroes,
						store->geo.slot_size / sizeof(uint32));
		vp_change_apply(&change, store->rel, store->wal);
		UnlockReleaseBuffer(buffer);
	}
}

/* Decides which id to take.  The metapage is locked exclusively. */
static void
choose_id(const VpStore *store, Relation heap, const VpMeta *meta, VpTakenId *take)
{
	take->meta = *meta;
	if (take->meta.free_head == 0 && take->meta.waiting_head != 0 &&
		waiting_is_over(&take->meta, heap))
	{
		if (store->wal)
			vp_log_reuse(store->rel, waiting_xid(&take->meta));
		take->meta.free_head = take->meta.waiting_head;
		take->meta.waiting_head = take->meta.waiting_tail = 0;
	}
	take->used = take->meta.free_head != 0;
	if (take->used)
	{
		take->id = vp_deref(take->meta.free_head);
		if (take->id >= meta->next_id)
			vp_report_damage(store->rel, VP_META_BLOCK, "The free list is out of range.");
		return;
	}
	/* a chunk of the pool begins behind these */
	if (take->meta.pool.spare < take->meta.pool.spare_end)
	{
		take->id = take->meta.pool.spare++;
		if (take->meta.pool.spare_end > meta->next_id)
			vp_report_damage(store->rel, VP_META_BLOCK, "What is left before a chunk of the pool is out of range.");
		return;
	}
	take->id = take->meta.next_id;
	vp_store_extend(store, take->id, take->id + 1);
	if (take->id % store->geo.levels.stripe == 0)
		vp_landmarks_spread(store, take->id / store->geo.levels.stripe);
	take->meta.next_id++;
}

/*
 * Finds the record of a chosen id, and what follows from it.  On entry the
 * metapage and the record's page, take->buffer, are locked exclusively.
 */
static void
find_chosen(const VpStore *store, VpTakenId *take)
{
	VpPlace		place = vp_node_place(&store->geo, take->id);

	take->record = BufferGetPage(take->buffer) + place.offset;
	if (take->used)
	{
		check_listed(store, take->id, take->record, place.block,
					 "The free list leads to a node that is in use.");
		take->meta.free_head = *vp_list_word(store, take->record);
	}
	else if (vp_record_tail(store, take->record)->flags != 0)
		vp_report_damage(store->rel, place.block, "A node is in use that no node has come to yet.");
}

/*
 * The same.  On entry the metapage is locked exclusively; on exit the record's
 * page, take->buffer, is pinned and locked exclusively, too.
 */
static void
lock_chosen(const VpStore *store, VpTakenId *take)
{
	take->buffer = vp_store_read(store, vp_node_place(&store->geo, take->id).block);
	LockBuffer(take->buffer, BUFFER_LOCK_EXCLUSIVE);
	find_chosen(store, take);
}

void
vp_take_id(const VpStore *store, Relation heap, const VpMeta *meta, VpTakenId *take)
{
	choose_id(store, heap, meta, take);
	lock_chosen(store, take);
}

void
vp_patch_taken(VpChange *change, VpMeta *meta, const VpTakenId *take)
{
	vp_change_diff(change, &meta->next_id, &take->meta.next_id,
				   (offsetof(VpMeta, waiting_xid_lo) - offsetof(VpMeta, next_id)) / sizeof(uint32));
	if (take->meta.pool.spare != meta->pool.spare)
		vp_change_words(change, &meta->pool.spare, &take->meta.pool.spare, 1);
}

/* Adds a slot's factors and code to a change that is at its page. */
static void
patch_code(VpChange *change, const VpStore *store, char *slot, const float factors[2], const void *code)
{
	vp_change_words(change, slot + store->geo.code_at, code, store->geo.code_bytes / sizeof(uint32));
	vp_change_words(change, slot + store->geo.factors_at, (const uint32 *) factors,
					VP_FACTORS_BYTES / sizeof(uint32));
}

/* The tail of a new node; record->shard is set. */
static VpNodeTail
new_tail(VpId id, const VpRecord *record, uint8 flags)
{
	VpNodeTail	tail;

	memset(&tail, 0, sizeof(tail));
	tail.id = id;
	tail.size = record->size;
	tail.tid = record->tid;
	tail.shard = record->shard;
	tail.flags = flags;
	return tail;
}

/*
 * Counts a record in its shard and as its writer's, in take->meta.  This may ask
 * the commit log: no page of nodes is locked, which searches may wait for.
 */
static void
count_record(VpTakenId *take, const VpRecord *record, const VpRoom *room, VpUnfinishedPatch *writers)
{
	vp_shard_count(&take->meta.shard[record->shard], 1, record->size);
	vp_unfinished_count(&take->meta, record->size, room, writers);
}

/* Adds that to a change that is at the metapage. */
static void
patch_count(VpChange *change, VpMeta *meta, const VpTakenId *take, uint32 shard,
			const VpUnfinishedPatch *writers)
{
	vp_change_diff(change, &meta->shard[shard], (const uint32 *) &take->meta.shard[shard],
				   sizeof(VpShard) / sizeof(uint32));
	vp_patch_unfinished(change, meta, &take->meta, writers);
}

/*
 * Takes an id and writes its code, keys and record in one WAL record, with the
 * flags PENDING; counts it in its shard.  Returns VP_NO_ID, having changed
 * nothing, if there is no room. copy: of a node that is moved to
 * record->shard: it does not count, the metapage names it, and room is NULL.
 *
 * No lock is held on entry.  Locks, all exclusively: metapage, open recent
 * page, node page, code page; releases them in the opposite order before it
 * clears the links of a former user.  heap: NULL or the table, which says
 * whether ids of the waiting list may be used again. ereports for damage, or
 * if the index is full.
 */
static VpId
create_node(const VpStore *store, Relation heap, VpRecord *record, VpRoom *room, bool copy)
{
	static const uint32 zeroes[VP_MAX_LINKS] = {0};
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpNodeTail	tail;
	VpTakenId	take;
	VpRecentRow recent;
	Buffer		slot;
	VpUnfinishedPatch writers;
	VpChange	change;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	vp_shards_check(store->rel, meta);
	if (!copy && !vp_room_has(meta, record->size, room))
	{
		UnlockReleaseBuffer(metabuf);
		return VP_NO_ID;
	}
	if (store->geo.nkeys > 0)
		vp_recent_prepare(store, heap, metabuf,
						  vp_recent_entries(&store->geo, record->keys, record->elements));
	choose_id(store, heap, meta, &take);
	if (copy)
		take.meta.copy = vp_ref(take.id);
	else
	{
		record->shard = vp_emptiest_shard(meta->shard, meta->target);
		count_record(&take, record, room, &writers);
	}
	lock_chosen(store, &take);
	slot = vp_slot_lock(store, take.id, take.buffer);
	tail = new_tail(take.id, record, VP_NODE_PENDING);

	vp_change_begin(&change, VP_WAL_NODE);
	vp_change_page(&change, metabuf);
	vp_patch_taken(&change, meta, &take);
	if (copy)
		vp_change_words(&change, &meta->copy, &take.meta.copy, 1);
	else
		patch_count(&change, meta, &take, record->shard, &writers);
	if (store->geo.nkeys > 0)
		vp_recent_add(store, meta, take.id, record->keys, record->elements, &recent, &change);
	/* the slot first: who reads the tail may read the slot then */
	vp_change_page(&change, slot);
	patch_code(&change, store, vp_slot_at(store, slot, take.id), record->factors, record->code);
	if (store->geo.key_bytes > 0)
		vp_change_words(&change, vp_slot_keys(store, slot, take.id), record->keys,
						store->geo.key_bytes / sizeof(uint32));
	if (slot != take.buffer)
		vp_change_page(&change, take.buffer);
	if (take.used)
		vp_change_words(&change, take.record + store->geo.links_offset, zeroes, 2 * store->geo.m);
	vp_change_words(&change, vp_record_tail(store, take.record), (const uint32 *) &tail,
					sizeof(tail) / sizeof(uint32));
	vp_change_apply(&change, store->rel, store->wal);
	vp_slot_unlock(slot, take.buffer);
	UnlockReleaseBuffer(take.buffer);
	if (store->geo.nkeys > 0)
		vp_recent_done(&recent);
	UnlockReleaseBuffer(metabuf);

	if (take.used)
		clear_upper_links(store, take.id);
	return take.id;
}

VpId
vp_node_create(const VpStore *store, Relation heap, VpRecord *record, VpRoom *room)
{
	return create_node(store, heap, record, room, false);
}

VpId
vp_node_create_copy(const VpStore *store, Relation heap, VpRecord *record)
{
	return create_node(store, heap, record, NULL, true);
}

/* Can a node get another row behind it?  The metapage is locked exclusively. */
static bool
has_place_behind(const VpStore *store, const VpMeta *meta, VpId first, VpRecord *record)
{
	VpNodeTail	tail;

	vp_node_fetch(store, first, &tail);
	record->shard = tail.shard;
	return tail.flags == VP_NODE_LINKED && tail.shard < meta->target;
}

/*
 * While the metapage is locked, no living node that is linked becomes another:
 * that is asked before an id is taken.
 */
bool
vp_node_create_behind(const VpStore *store, Relation heap, VpId first, VpRecord *record, VpRoom *room)
{
	uint32		links[VP_MAX_LINKS] = {0};
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpNodePair	pair;
	VpNodeTail	tail;
	uint32		ref;
	VpTakenId	take;
	VpUnfinishedPatch writers;
	VpChange	change;

	Assert(store->geo.nkeys == 0 && store->geo.apart);
	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	vp_shards_check(store->rel, meta);
	if (!has_place_behind(store, meta, first, record) || !vp_room_has(meta, record->size, room))
	{
		UnlockReleaseBuffer(metabuf);
		return false;
	}
	choose_id(store, heap, meta, &take);
	count_record(&take, record, room, &writers);
	vp_pair_lock(store, &pair, first, take.id);
	take.buffer = pair.buffer[1];
	find_chosen(store, &take);
	Assert(pair.tail[0]->flags == VP_NODE_LINKED);
	tail = new_tail(take.id, record, VP_NODE_CHAINED);
	tail.next = pair.tail[0]->next;
	links[VP_CHAINED_HEAD] = vp_ref(first);
	ref = vp_ref(take.id);

	vp_change_begin(&change, VP_WAL_CHAIN);
	vp_change_page(&change, metabuf);
	vp_patch_taken(&change, meta, &take);
	patch_count(&change, meta, &take, record->shard, &writers);
	vp_change_page(&change, take.buffer);
	vp_change_diff(&change, take.record + store->geo.links_offset, links, 2 * store->geo.m);
	vp_change_words(&change, pair.tail[1], (const uint32 *) &tail, sizeof(tail) / sizeof(uint32));
	vp_pair_other_page(&change, &pair);
	vp_change_words(&change, &pair.tail[0]->next, &ref, 1);
	vp_change_apply(&change, store->rel, store->wal);
	vp_pair_unlock(&pair);
	UnlockReleaseBuffer(metabuf);

	if (take.used)
		clear_upper_links(store, take.id);
	return true;
}

void
vp_node_recode(const VpStore *store, VpId id, const float factors[2], const void *code)
{
	Buffer		buffer = vp_store_read(store, vp_code_place(&store->geo, id).block);
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_NODE);
	vp_change_page(&change, buffer);
	patch_code(&change, store, vp_slot_at(store, buffer, id), factors, code);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

/*
 * Returns a page that is being built, pinned and locked exclusively, for
 * unlock_built().
 */
static Buffer
lock_built(const VpStore *store, BlockNumber block)
{
	Buffer		buffer = vp_store_read(store, block);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	return buffer;
}

/*
 * Ends a change that a build has made without WAL: unlocks and unpins the
 * page.  On entry it is locked exclusively.
 */
static void
unlock_built(Buffer buffer)
{
	vp_mark_dirty(buffer);
	UnlockReleaseBuffer(buffer);
}

void
vp_node_write(const VpStore *store, VpId id, const VpRecord *record)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	Buffer		buffer = lock_built(store, vp_code_place(&store->geo, id).block);
	char	   *slot = vp_slot_at(store, buffer, id);
	VpNodeTail *tail;

	memcpy(slot + store->geo.code_at, record->code, store->geo.code_bytes);
	memcpy(slot + store->geo.factors_at, record->factors, VP_FACTORS_BYTES);
	if (store->geo.key_bytes > 0)
		memcpy(vp_slot_keys(store, buffer, id), record->keys, store->geo.key_bytes);
	unlock_built(buffer);
	buffer = lock_built(store, place.block);
	tail = vp_record_tail(store, BufferGetPage(buffer) + place.offset);
	tail->id = id;
	tail->size = record->size;
	tail->tid = record->tid;
	tail->shard = record->shard;
	tail->flags = VP_NODE_PENDING;
	unlock_built(buffer);
}

void
vp_node_complete(const VpStore *store, Page page, VpId id,
				 const VpId *links, int nlinks, VpId next, uint8 flags)
{
	char	   *to = (char *) page + vp_node_place(&store->geo, id).offset;
	uint32	   *words = (uint32 *) (to + store->geo.links_offset);
	VpNodeTail *tail = vp_record_tail(store, to);

	for (int i = 0; i < nlinks; i++)
		words[i] = vp_ref(links[i]);
	tail->next = vp_ref(next);
	tail->flags = flags;
}

void
vp_upper_write(const VpStore *store, Page page, VpId id, int level,
			   const VpId *links, int nlinks)
{
	VpUpperSlot *slot;

	slot = (VpUpperSlot *)
		((char *) page + vp_upper_place(&store->geo, id, level).offset);
	slot->owner = vp_ref(id);
	for (int i = 0; i < nlinks; i++)
		slot->links[i] = vp_ref(links[i]);
}
