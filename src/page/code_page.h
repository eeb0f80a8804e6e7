/*-------------------------------------------------------------------------
 *
 * code_page.h
 *	  Slots: what a distance needs of a node, and its keys.
 *
 * A slot stands on a code page; in an index of before version 7, in the node's record.
 * Which of both it is, these functions alone know.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CODE_PAGE_H
#define VP_CODE_PAGE_H

#include "page/patch.h"
#include "page/store.h"

/*----------
 * Peeks: no lock, and any bytes for a node that is not there
 *----------
 */

extern void vp_node_code(const VpStore *store, VpId id, float factors[2], void *code);

/*
 * Like vp_node_code(), but never reads from disk and raises no error: returns false if the page
 * is not cached.
 */
extern bool vp_node_code_cached(const VpStore *store, VpId id, float factors[2], void *code);

/* The stored keys: key_bytes, as format.h lays them out. */
extern void vp_node_keys(const VpStore *store, VpId id, void *keys);

/* Starts reading from disk the page of a slot, unless it is cached. */
extern void vp_code_read_ahead(const VpStore *store, VpId id);

/* Reads what vp_code_read_ahead() has asked for. */
extern void vp_code_read_together(const VpStore *store, VpId id);

/*----------
 * Under locks
 *
 * Code pages are locked after node pages, one at a time.  A node's keys change only while its
 * node page is locked exclusively.
 *----------
 */

/*
 * The stored keys of a node.  node: the node's page, which the caller has pinned and locked in
 * any mode; InvalidBuffer: it has no page locked, and the keys may be of any moment.
 */
extern void vp_keys_read(const VpStore *store, VpId id, Buffer node, void *keys);

/*
 * A column's keys of all nodes of a node page, which the caller has pinned and locked in any mode:
 * keys[i] of node ids->first + i.
 */
extern void vp_keys_of_page(const VpStore *store, const VpPageIds *ids, Buffer node,
							const VpKeyColumn *column, uint64 *keys);

/*
 * The page of a node's slot, pinned and locked exclusively.  node: the node's page, which the
 * caller has locked exclusively and which is returned if the slot is there.
 * vp_slot_unlock() releases lock and pin, unless the slot is on the node's page: that stays
 * locked for the caller.
 */
extern Buffer vp_slot_lock(const VpStore *store, VpId id, Buffer node);
extern void vp_slot_unlock(Buffer slot, Buffer node);

/* The start of a slot on its page; its keys. */
static inline char *
vp_slot_at(const VpStore *store, Buffer slot, VpId id)
{
	return BufferGetPage(slot) + vp_code_place(&store->geo, id).offset;
}

static inline char *
vp_slot_keys(const VpStore *store, Buffer slot, VpId id)
{
	return BufferGetPage(slot) + vp_key_place(&store->geo, id).offset;
}

#endif							/* VP_CODE_PAGE_H */
