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

#include "base/debug_point.h"
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

/* A node that is not marked now. */
static void
count_node(uint8 flags, VpMarkCounts *counts)
{
	if (vp_is_alive(flags))
		counts->alive++;
	else if (flags != 0 && flags != VP_NODE_BARE && !(flags & VP_NODE_LISTED))
		counts->dead++;
}

/* A node page that VACUUM is at, and what it has found there. */
typedef struct VacuumPage
{
	VpPageIds	ids;
	Buffer		buffer;
	bool		nodes;			/* nodes are to be changed */
	bool		bare;			/* entries of bare nodes are to be emptied */
} VacuumPage;

/*
 * Pins some node pages, one after another from a number on, but those of the
 * pool.  Returns how many.
 */
static int
pin_pages(const VpStore *store, uint32 first, uint32 n, VacuumPage *pages)
{
	int			npages = 0;

	Assert(n <= VP_PAGES_TOGETHER);
	for (uint32 i = 0; i < n; i++)
	{
		VacuumPage *page = &pages[npages];

		page->ids = vp_node_page(&store->geo, first + i);
		page->buffer = vp_store_read(store, page->ids.block);
		page->nodes = page->bare = false;
		if (vp_is_pool_page(BufferGetPage(page->buffer)))
			ReleaseBuffer(page->buffer);
		else
			npages++;
	}
	return npages;
}

static void
unpin_pages(VacuumPage *pages, int npages)
{
	for (int i = 0; i < npages; i++)
		ReleaseBuffer(pages[i].buffer);
}

/* Pins the metapage and locks it exclusively, for changes of node pages. */
static Buffer
lock_meta(const VpStore *store)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	vp_shards_check(store->rel, VpPageGetMeta(BufferGetPage(metabuf)));
	return metabuf;
}

/*
 * Finds out what of a page is gone.  Counts its nodes if none is, and the rows
 * of its bare nodes.  The page is pinned; locks it, share, and unlocks it.
 */
static void
look_for_gone(const VpStore *store, VacuumPage *page, VpRowGone gone, void *arg, VpMarkCounts *counts)
{
	double		rows = 0;

	LockBuffer(page->buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < page->ids.count; i++)
		check_record(store, page->buffer, page->ids.first + i,
					 vp_record_tail(store, vp_page_record(store, page->buffer, i)));
	for (uint32 i = 0; i < page->ids.count && !page->nodes; i++)
	{
		VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, page->buffer, i));

		page->nodes = (shows_row(tail->flags) || keeps_row(tail->flags)) && gone(&tail->tid, arg);
	}
	for (uint32 i = 0; i < page->ids.count && !page->nodes; i++)
		count_node(vp_record_tail(store, vp_page_record(store, page->buffer, i))->flags, counts);
	page->bare = vp_bare_any_gone(store, page->buffer, &page->ids, gone, arg, &rows);
	LockBuffer(page->buffer, BUFFER_LOCK_UNLOCK);
	counts->alive += rows;
}

/*
 * Marks the nodes of a page whose rows are gone, in one record with the totals.
 * Both pages are locked exclusively.
 */
static void
mark_nodes(const VpStore *store, Buffer metabuf, const VacuumPage *page,
		   VpRowGone gone, void *arg, VpMarkCounts *counts)
{
	uint32		words[VP_MAX_PAGE_NODES];
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpShard		shards[VP_MAX_SHARDS];
	VpChange	change;

	memcpy(shards, meta->shard, sizeof(shards));
	vp_change_begin(&change, VP_WAL_DEAD);
	vp_change_page(&change, page->buffer);
	for (uint32 i = 0; i < page->ids.count; i++)
	{
		VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, page->buffer, i));
		uint8		flags = tail->flags;

		if (!(shows_row(flags) || keeps_row(flags)) || !gone(&tail->tid, arg))
		{
			count_node(flags, counts);
			continue;
		}
		if (vp_is_alive(flags))
		{
			vp_shard_of_check(store, meta, page->ids.first + i, tail);
			vp_shard_count(&shards[tail->shard], -1, -(int64) tail->size);
			counts->marked++;
		}
		counts->dead += !(flags & VP_NODE_LISTED);
		vp_patch_flags(&change, tail, flags & VP_NODE_MOVED ? flags & ~VP_NODE_MOVED : flags | VP_NODE_DEAD,
					   &words[i]);
	}
	vp_change_page(&change, metabuf);
	vp_change_diff(&change, meta->shard, (const uint32 *) shards,
				   meta->shards * sizeof(VpShard) / sizeof(uint32));
	vp_change_apply(&change, store->rel, store->wal);
}

/* Empties the entries of a page's bare nodes whose rows are gone.  Locks are as there. */
static void
empty_entries(const VpStore *store, Buffer metabuf, const VacuumPage *page,
			  VpRowGone gone, void *arg, VpMarkCounts *counts)
{
	int			n = vp_bare_empty(store, metabuf, page->buffer, &page->ids, gone, arg);

	counts->alive -= n;
	counts->marked += n;
}

/*
 * Two passes over the pages: most have no dead, and are only locked for
 * reading.  The others are looked at again once they are locked for writing,
 * after the metapage, which changes with them.
 */
void
vp_mark_dead(const VpStore *store, uint32 first, uint32 n, VpRowGone gone, void *arg, VpMarkCounts *counts)
{
	VacuumPage	pages[VP_PAGES_TOGETHER];
	int			npages = pin_pages(store, first, n, pages);
	Buffer		metabuf = InvalidBuffer;

	for (int i = 0; i < npages; i++)
		look_for_gone(store, &pages[i], gone, arg, counts);
	for (int i = 0; i < npages; i++)
	{
		VacuumPage *page = &pages[i];

		if (!page->nodes && !page->bare)
			continue;
		if (!BufferIsValid(metabuf))
			metabuf = lock_meta(store);
		LockBuffer(page->buffer, BUFFER_LOCK_EXCLUSIVE);
		if (page->nodes)
			mark_nodes(store, metabuf, page, gone, arg, counts);
		if (page->bare)
			empty_entries(store, metabuf, page, gone, arg, counts);
		LockBuffer(page->buffer, BUFFER_LOCK_UNLOCK);
	}
	if (BufferIsValid(metabuf))
		UnlockReleaseBuffer(metabuf);
	unpin_pages(pages, npages);
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

/* Are there such nodes on a page?  Locks it, share, and unlocks it; it is pinned. */
static bool
has_to_release(const VpStore *store, const VacuumPage *page)
{
	bool		found = false;

	LockBuffer(page->buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < page->ids.count && !found; i++)
		found = can_release(vp_record_tail(store, vp_page_record(store, page->buffer, i)));
	LockBuffer(page->buffer, BUFFER_LOCK_UNLOCK);
	return found;
}

/*
 * Puts the nodes of a page that can be released into the waiting list, in one
 * record with the metapage.  Both are locked exclusively.
 */
static void
release_nodes(const VpStore *store, Buffer metabuf, const VacuumPage *page, FullTransactionId xid)
{
	uint32		words[2 * VP_MAX_PAGE_NODES];
	int			nwords = 0;
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	uint32		lists[4] = {meta->waiting_head, meta->waiting_tail, (uint32) U64FromFullTransactionId(xid),
	(uint32) (U64FromFullTransactionId(xid) >> 32)};
	VpChange	change;

	StaticAssertStmt(offsetof(VpMeta, waiting_xid_hi) - offsetof(VpMeta, waiting_head) == 3 * sizeof(uint32),
					 "words of the waiting list follow one another");
	vp_change_begin(&change, VP_WAL_UNLINK);
	vp_change_page(&change, page->buffer);
	for (uint32 i = 0; i < page->ids.count; i++)
	{
		char	   *record = vp_page_record(store, page->buffer, i);
		VpNodeTail *tail = vp_record_tail(store, record);

		if (!can_release(tail))
			continue;
		check_record(store, page->buffer, page->ids.first + i, tail);
		words[nwords] = lists[0];
		vp_change_words(&change, vp_list_word(store, record), &words[nwords++], 1);
		vp_patch_flags(&change, tail, tail->flags | VP_NODE_UNLINKED | VP_NODE_LISTED,
					   &words[nwords]);
		nwords++;
		lists[0] = vp_ref(tail->id);
		if (lists[1] == 0)
			lists[1] = vp_ref(tail->id);
	}
	if (nwords > 0)
	{
		vp_change_page(&change, metabuf);
		vp_change_words(&change, &meta->waiting_head, lists, lengthof(lists));
	}
	vp_change_apply(&change, store->rel, store->wal);
}

void
vp_release_pages(const VpStore *store, uint32 first, uint32 n, FullTransactionId xid)
{
	VacuumPage	pages[VP_PAGES_TOGETHER];
	int			npages = pin_pages(store, first, n, pages);
	Buffer		metabuf = InvalidBuffer;

	for (int i = 0; i < npages; i++)
	{
		if (!has_to_release(store, &pages[i]))
			continue;
		if (!BufferIsValid(metabuf))
			metabuf = lock_meta(store);
		LockBuffer(pages[i].buffer, BUFFER_LOCK_EXCLUSIVE);
		release_nodes(store, metabuf, &pages[i], xid);
		LockBuffer(pages[i].buffer, BUFFER_LOCK_UNLOCK);
		VP_POINT("vacuum-listed");
	}
	if (BufferIsValid(metabuf))
		UnlockReleaseBuffer(metabuf);
	unpin_pages(pages, npages);
}
