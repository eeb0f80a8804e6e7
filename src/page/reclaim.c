/*-------------------------------------------------------------------------
 *
 * reclaim.c
 *	  Nodes whose rows are gone: marking, chains, and using ids again.
 *
 * What VACUUM does in which order, and why, is in write/README.md; what each step
 * leaves on the pages, in page/README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "page/node.h"
#include "page/recent.h"
#include "page/reclaim.h"
#include "page/record.h"

/* Is this the record of a node on its page?  Raises an error when not; free ones say nothing. */
static void
check_record(const VpStore *store, Buffer buffer, VpId id, const VpNodeTail *tail)
{
	if (tail->flags == 0)
		return;
	if (tail->id != id)
		vp_report_damage(store->rel, BufferGetBlockNumber(buffer), "A record is of another node.");
	if (!(tail->flags & VP_NODE_BARE) && !vp_tid_is_sound(&tail->tid))
		vp_report_damage(store->rel, BufferGetBlockNumber(buffer), "A record is of no row.");
}

/* A node whose row searches find, and VACUUM must see. */
static bool
shows_row(uint8 flags)
{
	return vp_is_alive(flags) || (flags & VP_NODE_MOVED);
}

/*
 * A node that was taken out of its chain and keeps its row.  No link leads to it, but a run may: once the row is
 * gone, its TID can be that of another one.
 */
static bool
keeps_row(uint8 flags)
{
	return (flags & VP_NODE_UNLINKED) && !(flags & (VP_NODE_DEAD | VP_NODE_BARE));
}

/*
 * Two passes over the page: most have no dead, and are only locked for
 * reading.  The page is looked at again once it is locked for writing, after
 * the metapage, whose totals change with it.
 */
void
vp_mark_dead(const VpStore *store, uint32 page_number,
			 VpRowGone gone, void *arg, VpMarkCounts *counts)
{
	uint32		words[VP_MAX_PAGE_NODES];
	VpPageIds	ids = vp_node_page(&store->geo, page_number);
	Buffer		buffer = vp_store_read(store, ids.block);
	Buffer		metabuf = InvalidBuffer;
	VpMeta	   *meta = NULL;
	VpMeta		copy;
	bool		found = false;
	VpChange	change;

	if (vp_is_pool_page(BufferGetPage(buffer)))
	{
		ReleaseBuffer(buffer);
		return;
	}
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < ids.count; i++)
		check_record(store, buffer, ids.first + i,
					 vp_record_tail(store, vp_page_record(store, buffer, i)));
	for (uint32 i = 0; i < ids.count && !found; i++)
	{
		VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, buffer, i));

		found = (shows_row(tail->flags) || keeps_row(tail->flags)) && gone(&tail->tid, arg);
	}
	if (found)
	{
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		metabuf = vp_store_read(store, VP_META_BLOCK);
		LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		meta = VpPageGetMeta(BufferGetPage(metabuf));
		vp_shards_check(store->rel, meta);
		copy = *meta;
	}

	vp_change_begin(&change, VP_WAL_DEAD);
	vp_change_page(&change, buffer);
	for (uint32 i = 0; i < ids.count; i++)
	{
		VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, buffer, i));

		if ((tail->flags & VP_NODE_MOVED) && found && gone(&tail->tid, arg))
		{
			vp_patch_flags(&change, tail, tail->flags & ~VP_NODE_MOVED, &words[i]);
			counts->dead++;
		}
		else if (vp_is_alive(tail->flags) && found && gone(&tail->tid, arg))
		{
			vp_shard_of_check(store, meta, ids.first + i, tail);
			vp_patch_flags(&change, tail, tail->flags | VP_NODE_DEAD, &words[i]);
			vp_shard_count(&copy.shard[tail->shard], -1, -(int64) tail->size);
			counts->marked++;
			counts->dead++;
		}
		else if (keeps_row(tail->flags) && found && gone(&tail->tid, arg))
		{
			vp_patch_flags(&change, tail, tail->flags | VP_NODE_DEAD, &words[i]);
			counts->dead += !(tail->flags & VP_NODE_LISTED);
		}
		else if (vp_is_alive(tail->flags))
			counts->alive++;
		else if (tail->flags != 0 && tail->flags != VP_NODE_BARE && !(tail->flags & VP_NODE_LISTED))
			counts->dead++;
	}
	if (found)
	{
		vp_change_page(&change, metabuf);
		vp_change_words(&change, meta->shard, (const uint32 *) copy.shard,
						meta->shards * sizeof(VpShard) / sizeof(uint32));
	}
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
	if (found)
		UnlockReleaseBuffer(metabuf);
}

/*
 * Adds a node's new keys to a change that is at the page of its slot.  They
 * come before the tail: who finds the row there reads its keys then.  Page and
 * node page are locked exclusively.
 */
static void
patch_keys(VpChange *change, const VpStore *store, Buffer slot, VpId id, const uint32 *keys)
{
	vp_change_words(change, vp_slot_keys(store, slot, id), keys,
					store->geo.key_bytes / sizeof(uint32));
}

/*
 * Takes `id` out of the chain, being next to `before`.  If adopt, `before` is
 * a dead head and gets the row, with its keys, which are then in a recent
 * page.  Both nodes are changed in one record.  The node taken out keeps its
 * row, so that a search that is on its way to it returns it; one that begins
 * now finds it at the head.
 *
 * Returns false when `before` does not point at `id` any more.
 *
 * No page is locked on entry.  Locks, all exclusively: with keys to be copied
 * the metapage and the open recent page; then both node pages, in the order of
 * blocks; then the code page of `before`.  Releases all of them.
 */
static bool
take_out(const VpStore *store, VpId before, VpId id, bool adopt)
{
	bool		posts = adopt && store->geo.nkeys > 0;
	Buffer		metabuf = InvalidBuffer;
	uint32		keys[VP_MAX_KEY_BYTES / sizeof(uint32)];
	VpNodePair	pair;
	VpNodeTail	head;
	VpRecentRow recent;
	Buffer		slot = InvalidBuffer;
	uint32		word;
	bool		ok;

	if (posts)
	{
		metabuf = vp_store_read(store, VP_META_BLOCK);
		LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
		vp_recent_prepare(store, NULL, metabuf, vp_recent_most(&store->geo));
	}
	vp_pair_lock(store, &pair, before, id);
	ok = pair.tail[0]->next == vp_ref(id);
	if (ok)
	{
		VpChange	change;

		head = *pair.tail[0];
		head.next = pair.tail[1]->next;
		if (adopt)
		{
			head.size = pair.tail[1]->size;
			head.tid = pair.tail[1]->tid;
			head.flags &= ~VP_NODE_DEAD;
		}
		vp_change_begin(&change, VP_WAL_CHAIN);
		if (posts)
		{
			vp_keys_read(store, id, pair.buffer[1], keys);
			slot = vp_slot_lock(store, before, pair.buffer[0]);
			vp_recent_add(store, VpPageGetMeta(BufferGetPage(metabuf)), before, keys, NULL,
						  &recent, &change);
		}
		if (posts && slot != pair.buffer[0])
		{
			vp_change_page(&change, slot);
			patch_keys(&change, store, slot, before, keys);
		}
		vp_change_page(&change, pair.buffer[1]);
		vp_patch_flags(&change, pair.tail[1], pair.tail[1]->flags | VP_NODE_UNLINKED, &word);
		vp_pair_other_page(&change, &pair);
		if (posts && slot == pair.buffer[0])
			patch_keys(&change, store, slot, before, keys);
		vp_change_words(&change, pair.tail[0], (uint32 *) &head, sizeof(head) / sizeof(uint32));
		vp_change_apply(&change, store->rel, store->wal);
		if (posts)
		{
			vp_recent_done(&recent);
			vp_slot_unlock(slot, pair.buffer[0]);
		}
	}
	vp_pair_unlock(&pair);
	if (posts)
		UnlockReleaseBuffer(metabuf);
	return ok;
}

/*
 * Each turn takes a node out of the chain, which is one fewer, or goes on to the next: in a chain
 * that comes back to itself, until it has met more nodes than there are.
 */
void
vp_chain_clean(const VpStore *store, VpId first)
{
	uint32		next_id = vp_graph_state(store).next_id;
	VpId		before = first;

	for (uint32 turns = 0;; turns++)
	{
		VpNodeTail	tail;
		VpNodeTail	next;
		bool		adopt;

		CHECK_FOR_INTERRUPTS();
		vp_node_fetch(store, before, &tail);
		if (tail.next == 0)
			return;
		vp_chain_fetch(store, before, vp_deref(tail.next), &next);
		if (turns / 2 > next_id)
			vp_chain_damage(store, before);
		adopt = before == first && vp_is_gone(tail.flags) && !(next.flags & VP_NODE_DEAD);
		if (adopt || vp_is_gone(next.flags))
			take_out(store, before, vp_deref(tail.next), adopt);
		else
			before = vp_deref(tail.next);
	}
}

/* Is a node gone, not listed yet, and out of reach?  Its graph must have been repaired. */
static bool
can_release(const VpNodeTail *tail)
{
	if (tail->flags & VP_NODE_LISTED)
		return false;
	if (tail->flags & VP_NODE_UNLINKED)
		return true;
	return vp_is_gone(tail->flags) && !(tail->flags & VP_NODE_CHAINED) && tail->next == 0;
}

int
vp_release_page(const VpStore *store, uint32 page_number, FullTransactionId xid)
{
	uint32		words[2 * VP_MAX_PAGE_NODES];
	int			nwords = 0;
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpPageIds	ids = vp_node_page(&store->geo, page_number);
	Buffer		buffer = vp_store_read(store, ids.block);
	VpMeta		copy;
	VpChange	change;
	int			n = 0;

	if (vp_is_pool_page(BufferGetPage(buffer)))
	{
		ReleaseBuffer(buffer);
		ReleaseBuffer(metabuf);
		return 0;
	}
	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	copy = *meta;
	vp_change_begin(&change, VP_WAL_UNLINK);
	vp_change_page(&change, buffer);
	for (uint32 i = 0; i < ids.count; i++)
	{
		char	   *record = vp_page_record(store, buffer, i);
		VpNodeTail *tail = vp_record_tail(store, record);

		if (!can_release(tail))
			continue;
		check_record(store, buffer, ids.first + i, tail);
		words[nwords] = copy.waiting_head;
		vp_change_words(&change, vp_list_word(store, record), &words[nwords++], 1);
		vp_patch_flags(&change, tail, tail->flags | VP_NODE_UNLINKED | VP_NODE_LISTED,
					   &words[nwords]);
		nwords++;
		copy.waiting_head = vp_ref(tail->id);
		if (copy.waiting_tail == 0)
			copy.waiting_tail = vp_ref(tail->id);
		n++;
	}
	if (n > 0)
	{
		copy.waiting_xid_lo = (uint32) U64FromFullTransactionId(xid);
		copy.waiting_xid_hi = (uint32) (U64FromFullTransactionId(xid) >> 32);
		vp_change_page(&change, metabuf);
		vp_change_words(&change, &meta->waiting_head, &copy.waiting_head, 4);
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(metabuf);
	return n;
}
