/*-------------------------------------------------------------------------
 *
 * resize.c
 *	  Sizes of records that have changed without the index being told.
 *
 * An update of columns that no index has (HOT) does not tell indexes.  VACUUM measures the rows
 * of pages that were changed (am/remeasure.c), and what it finds is stored here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"

#include "page/record.h"
#include "page/resize.h"

/*
 * The rows of a page's records that count, by their places; those of others
 * are invalid.  False: none.  On entry the node page is pinned; locks it,
 * share, and unlocks it, but keeps the pin.
 */
static bool
read_rows(const VpStore *store, Buffer buffer, uint32 n, ItemPointerData *tids, uint32 *sizes)
{
	bool		any = false;

	if (vp_is_pool_page(BufferGetPage(buffer)))
		return false;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < n; i++)
	{
		const VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, buffer, i));

		ItemPointerSetInvalid(&tids[i]);
		sizes[i] = tail->size;
		if (!vp_is_alive(tail->flags))
			continue;
		tids[i] = tail->tid;
		any = true;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return any;
}

/*
 * Stores other sizes of records that still are of these rows, in one record
 * with the totals. sizes: stays until that is done.
 *
 * On entry the node page is pinned and not locked.  Locks the metapage, then
 * the node page, both exclusively, and unlocks them; keeps the pin on the node
 * page.
 */
static void
store_sizes(const VpStore *store, Buffer buffer, uint32 n, const ItemPointerData *tids,
			const uint32 *sizes)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpMeta		copy;
	VpChange	change;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_shards_check(store->rel, meta);
	copy = *meta;
	vp_change_begin(&change, VP_WAL_NODE);
	vp_change_page(&change, buffer);
	for (uint32 i = 0; i < n; i++)
	{
		VpNodeTail *tail = vp_record_tail(store, vp_page_record(store, buffer, i));

		if (!ItemPointerIsValid(&tids[i]) || !vp_is_alive(tail->flags) || tail->size == sizes[i] ||
			!ItemPointerEquals(&tail->tid, unconstify(ItemPointerData *, &tids[i])))
			continue;
		if (tail->shard >= meta->shards)
			vp_report_damage(store->rel, BufferGetBlockNumber(buffer),
							 "A record is of a shard that does not exist.");
		vp_change_words(&change, &tail->size, &sizes[i], 1);
		vp_shard_count(&copy.shard[tail->shard], 0, (int64) sizes[i] - tail->size);
	}
	if (change.npatches > 0)
	{
		vp_change_page(&change, metabuf);
		vp_change_words(&change, meta->shard, (const uint32 *) copy.shard,
						meta->shards * sizeof(VpShard) / sizeof(uint32));
	}
	vp_change_apply(&change, store->rel, store->wal);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	UnlockReleaseBuffer(metabuf);
}

/* The table is read while no page of the index is locked. */
void
vp_resize_page(const VpStore *store, uint32 page_number, VpRowSize call, void *arg)
{
	ItemPointerData tids[VP_MAX_PAGE_NODES];
	uint32		sizes[VP_MAX_PAGE_NODES];
	VpPageIds	ids = vp_node_page(&store->geo, page_number);
	Buffer		buffer = vp_store_read(store, ids.block);
	bool		changed = false;

	if (read_rows(store, buffer, ids.count, tids, sizes))
		for (uint32 i = 0; i < ids.count; i++)
		{
			uint32		size;

			if (ItemPointerIsValid(&tids[i]) && call(&tids[i], &size, arg) && size != sizes[i])
			{
				sizes[i] = size;
				changed = true;
			}
			else
				ItemPointerSetInvalid(&tids[i]);
		}
	if (changed)
		store_sizes(store, buffer, ids.count, tids, sizes);
	ReleaseBuffer(buffer);
}

void
vp_set_measured(const VpStore *store, XLogRecPtr at)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	uint32		words[2] = {(uint32) at, (uint32) (at >> 32)};
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	vp_change_words(&change, &meta->measured_lo, words, lengthof(words));
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}
