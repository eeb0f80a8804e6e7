/*-------------------------------------------------------------------------
 *
 * record.h
 *	  Node records on their pages: for the files of this room.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RECORD_H
#define VP_RECORD_H

#include "storage/bufmgr.h"

#include "page/bypass.h"
#include "page/patch.h"
#include "page/store.h"

/*
 * The page of a place, directly if possible: *desc is its buffer, to be checked
 * by vp_peek_end.  Or past shared buffers: *desc is NULL, and *pinned
 * InvalidBuffer.  Or in the ordinary way: *pinned is the buffer, to be released
 * by vp_peek_end.  No other page may be asked for before vp_peek_end.
 */
static inline const char *
vp_peek_begin(const VpStore *store, BlockNumber block, BufferDesc **desc, Buffer *pinned)
{
	const char *copy;

	*desc = NULL;
	*pinned = InvalidBuffer;
	if (store->peek.enabled)
	{
		*desc = vp_peek(&store->peek, block, vp_peek_hint(&store->peek, block));
		if (*desc != NULL)
		{
			vp_buffer_touch(*desc);
			return vp_peek_page(*desc);
		}
	}
	if (store->bypass && (copy = vp_bypass_read(store, block)) != NULL)
		return copy;
	*pinned = vp_store_read(store, block);
	return BufferGetPage(*pinned);
}

/* Ends a peek: false when what was read must be thrown away. */
static inline bool
vp_peek_end(const VpStore *store, BlockNumber block, BufferDesc *desc, Buffer pinned)
{
	if (BufferIsValid(pinned))
	{
		ReleaseBuffer(pinned);
		return true;
	}
	return desc == NULL || vp_peek_done(&store->peek, block, desc);
}

/* Is a page known to be in shared buffers?  Peeks are enabled. */
extern bool vp_is_resident(const VpStore *store, BlockNumber block);

/*
 * Starts reading a page from disk.  Returns false if there is no need to: it is
 * in shared buffers, or reads do not wait for the device lately.
 */
extern bool vp_read_ahead(const VpStore *store, BlockNumber block);

/* A node's tail, given the start of its record. */
static inline VpNodeTail *
vp_record_tail(const VpStore *store, const char *record)
{
	return (VpNodeTail *) (record + store->geo.tail_offset);
}

/*
 * A node with a row of its own that was in use and is not known to be dead: it
 * counts in the totals.
 */
static inline bool
vp_is_alive(uint8 flags)
{
	return flags != 0 && (flags & (VP_NODE_DEAD | VP_NODE_UNLINKED | VP_NODE_BARE)) == 0;
}

/* Raises an error if a node's shard does not exist, in a metapage found sound. */
static inline void
vp_shard_of_check(const VpStore *store, const VpMeta *meta, VpId id, const VpNodeTail *tail)
{
	if (unlikely(tail->shard >= meta->shards))
		vp_report_damage(store->rel, vp_node_place(&store->geo, id).block,
						 "A record is of a shard that does not exist.");
}

/* The word of a node's record through which the free and waiting lists go. */
static inline uint32 *
vp_list_word(const VpStore *store, const char *record)
{
	VpNodeTail *tail = vp_record_tail(store, record);

	if (tail->flags & VP_NODE_CHAINED)
		return (uint32 *) (record + store->geo.links_offset);
	return tail->flags & VP_NODE_BARE ? &tail->size : &tail->next;
}

/* The word of a chained node's record that leads to the node with its vector. */
static inline const uint32 *
vp_head_word(const VpStore *store, const char *record)
{
	return (const uint32 *) (record + store->geo.links_offset) + VP_CHAINED_HEAD;
}

/* The last word of a tail, with other flags. */
static inline uint32
vp_flags_word(const VpNodeTail *tail, uint8 flags)
{
	VpNodeTail	copy = *tail;
	uint32		word;

	copy.flags = flags;
	memcpy(&word, (char *) (&copy + 1) - sizeof(word), sizeof(word));
	return word;
}

/* Adds a patch that sets a node's flags; word: room that stays until it is applied. */
static inline void
vp_patch_flags(VpChange *change, VpNodeTail *tail, uint8 flags, uint32 *word)
{
	*word = vp_flags_word(tail, flags);
	vp_change_words(change, (char *) (tail + 1) - sizeof(*word), word, 1);
}

StaticAssertDecl(2 * VP_MAX_PAGE_NODES + 1 <= VP_CHANGE_PATCHES, "a change has room for a page");

/* The i-th record of a node page. */
static inline char *
vp_page_record(const VpStore *store, Buffer buffer, uint32 i)
{
	return VpPageData(BufferGetPage(buffer)) + i * store->geo.node.size;
}

/* The tails of two nodes, their pages (or page) pinned and locked exclusively. */
typedef struct VpNodePair
{
	Buffer		buffer[2];
	VpNodeTail *tail[2];
} VpNodePair;

/*
 * Locks the pages of both nodes, in the order of their blocks.  The caller has
 * no node page locked, and releases both pages by vp_pair_unlock().
 */
extern void vp_pair_lock(const VpStore *store, VpNodePair *pair, VpId a, VpId b);
extern void vp_pair_unlock(VpNodePair *pair);

/* In a change that began with the page of the second: goes on with that of the first. */
static inline void
vp_pair_other_page(VpChange *change, const VpNodePair *pair)
{
	if (pair->buffer[0] != pair->buffer[1])
		vp_change_page(change, pair->buffer[0]);
}

#endif							/* VP_RECORD_H */
