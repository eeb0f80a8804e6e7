/*-------------------------------------------------------------------------
 *
 * code_page.c
 *	  Slots: what a distance needs of a node, and its keys; see code_page.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "page/code_page.h"
#include "page/record.h"
#include "page/stored_key.h"

/*----------
 * Peeks
 *----------
 */

/* Copies a slot's factors and code. */
static inline void
copy_code(const VpStore *store, const char *slot, float factors[2], void *code)
{
	memcpy(factors, slot + store->geo.factors_at, VP_FACTORS_BYTES);
	memcpy(code, slot + store->geo.code_at, store->geo.code_bytes);
}

void
vp_node_code(const VpStore *store, VpId id, float factors[2], void *code)
{
	VpPlace		place = vp_code_place(&store->geo, id);

	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);

		copy_code(store, page + place.offset, factors, code);
		if (vp_peek_end(store, place.block, desc, pinned))
			return;
	}
}

bool
vp_node_code_cached(const VpStore *store, VpId id, float factors[2], void *code)
{
	VpPlace		place = vp_code_place(&store->geo, id);
	BufferDesc *desc;

	desc = store->peek.enabled ?
		vp_peek(&store->peek, place.block, vp_peek_hint(&store->peek, place.block)) : NULL;
	if (desc == NULL)
		return false;
	copy_code(store, vp_peek_page(desc) + place.offset, factors, code);
	return vp_peek_done(&store->peek, place.block, desc);
}

void
vp_node_keys(const VpStore *store, VpId id, void *keys)
{
	VpPlace		place = vp_key_place(&store->geo, id);

	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);

		memcpy(keys, page + place.offset, store->geo.key_bytes);
		if (vp_peek_end(store, place.block, desc, pinned))
			return;
	}
}

/*
 * An index that has room in shared buffers will be read whole before long: of
 * such a one all code pages of a chunk are read together, in one sweep of the disk.
 */
static uint32
pages_together(const VpStore *store, VpId id, BlockNumber *first)
{
	const VpGeometry *geo = &store->geo;
	VpId		in_chunk = id % geo->nodes_per_chunk.value;

	if (vp_blocks_for(geo, Max(store->nids, id + 1) - 1) > NBuffers / 4)
	{
		*first = vp_code_place(geo, id).block;
		return 1;
	}
	*first = vp_code_place(geo, id - in_chunk).block;
	return geo->code.pages;
}

void
vp_code_read_ahead(const VpStore *store, VpId id)
{
	BlockNumber first;
	uint32		n;

	if (!store->peek.enabled || !vp_reads_wait() ||
		vp_is_resident(store, vp_code_place(&store->geo, id).block))
		return;
	n = pages_together(store, id, &first);
	for (uint32 i = 0; i < n; i++)
		(void) vp_read_ahead(store, first + i);
}

void
vp_code_read_together(const VpStore *store, VpId id)
{
	BlockNumber first;
	uint32		n;

	if (!store->peek.enabled)
		return;
	n = pages_together(store, id, &first);
	/* one alone is read by who asked */
	for (uint32 i = 0; n > 1 && i < n; i++)
		if (!vp_is_resident(store, first + i))
			ReleaseBuffer(vp_store_read(store, first + i));
}

/*----------
 * Under locks
 *----------
 */

/* The page of a slot, pinned, and locked for share unless it is the node's page. */
static Buffer
read_slot_page(const VpStore *store, BlockNumber block, Buffer node)
{
	Buffer		buffer;

	if (!store->geo.apart && BufferIsValid(node))
		return node;
	buffer = vp_store_read(store, block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	return buffer;
}

void
vp_keys_read(const VpStore *store, VpId id, Buffer node, void *keys)
{
	VpPlace		place = vp_key_place(&store->geo, id);
	Buffer		buffer = read_slot_page(store, place.block, node);

	memcpy(keys, vp_page_to_read(buffer) + place.offset, store->geo.key_bytes);
	vp_slot_unlock(buffer, node);
}

void
vp_keys_of_page(const VpStore *store, const VpPageIds *ids, Buffer node,
				const VpKeyColumn *column, uint64 *keys)
{
	VpId		end = ids->first + ids->count;
	VpPageIds	slots;

	for (VpId id = ids->first; id < end; id = slots.first + slots.count)
	{
		Buffer		buffer;
		const char *page;

		slots = vp_page_of(&store->geo, &store->geo.code, id);
		buffer = read_slot_page(store, slots.block, node);
		page = vp_page_to_read(buffer);
		for (VpId at = id; at < Min(end, slots.first + slots.count); at++)
			keys[at - ids->first] = vp_stored_key(page + vp_key_place(&store->geo, at).offset, column);
		vp_slot_unlock(buffer, node);
	}
}

Buffer
vp_slot_lock(const VpStore *store, VpId id, Buffer node)
{
	Buffer		buffer;

	if (!store->geo.apart)
		return node;
	buffer = vp_store_read(store, vp_code_place(&store->geo, id).block);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	return buffer;
}

void
vp_slot_unlock(Buffer slot, Buffer node)
{
	if (slot != node)
		UnlockReleaseBuffer(slot);
}
