/*-------------------------------------------------------------------------
 *
 * alloc.h
 *	  New nodes, and ids that are used again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ALLOC_H
#define VP_ALLOC_H

#include "page/array_key.h"
#include "page/patch.h"
#include "page/store.h"
#include "page/unfinished.h"

/* A record to be written; the code's length is the store's. */
typedef struct VpRecord
{
	float		factors[2];
	const void *code;
	const uint32 *keys;			/* the store's key_bytes, as format.h lays
								 * them out */
	const VpElements *elements; /* of columns of arrays, by their numbers;
								 * NULL: not known */
	uint32		size;			/* of the record that the user stores */
	uint8		shard;
	ItemPointerData tid;
} VpRecord;

/*
 * Takes an id and writes its record, flagged PENDING: to be used again, if no
 * search can be on it any more, else a new one.  heap: the table, to tell that.
 * Sets the record's shard: that with the fewest bytes.  VP_NO_ID, and nothing is
 * changed, if there is no room for it, or no telling.
 */
extern VpId vp_node_create(const VpStore *store, Relation heap, VpRecord *record, VpRoom *room);

/*
 * The same, in one WAL record, for a row whose vector is that of `first`: a node in its chain,
 * without code and vector of its own.  Only in an index that has no key columns and pages of
 * codes: there posting lists, or links, would lead to it.  False, and nothing is changed: `first`
 * is dead or not in the graph, its shard is being emptied, or there is no room.  No page is locked
 * on entry; locks the metapage and two node pages exclusively, and releases them.
 */
extern bool vp_node_create_behind(const VpStore *store, Relation heap, VpId first, VpRecord *record,
								  VpRoom *room);

/*
 * The same for a build: unlogged.  First vp_node_write() writes the slot and the record, flagged
 * PENDING.  Later the other two write links, chain and flags onto a page that the caller has
 * pinned and locked exclusively, and that it marks dirty.
 */
extern void vp_node_write(const VpStore *store, VpId id, const VpRecord *record);
extern void vp_node_complete(const VpStore *store, Page page, VpId id,
							 const VpId *links, int nlinks, VpId next, uint8 flags);
extern void vp_upper_write(const VpStore *store, Page page, VpId id, int level,
						   const VpId *links, int nlinks);

/* Stores another code of a node's vector.  Peeks may see parts of both. */
extern void vp_node_recode(const VpStore *store, VpId id, const float factors[2], const void *code);

/*
 * The same for a copy of a node, in the shard that the record says: it counts only when
 * the node is given up for it, vp_move_finish.  There is one copy at a time.
 */
extern VpId vp_node_create_copy(const VpStore *store, Relation heap, VpRecord *record);

/* Makes the waiting ids free if no search can be on them any more. */
extern void vp_waiting_to_free(const VpStore *store, Relation heap);

/*----------
 * For bare.c
 *----------
 */

/*
 * An id that has been taken for a new node: its record, on its page, and what the metapage
 * becomes: the words from next_id to waiting_tail.
 */
typedef struct VpTakenId
{
	VpMeta		meta;
	VpId		id;
	bool		used;			/* had a life before */
	Buffer		buffer;
	char	   *record;
} VpTakenId;

/*
 * Takes an id: one to be used again, if no search can be on it any more, else a new one.  The
 * caller has the metapage locked exclusively.  Leaves the node's page, take->buffer, pinned and
 * locked exclusively, for the caller to release.  Changes neither page.  heap: the table.  Raises
 * an error for damaged lists, and when there is no room.
 */
extern void vp_take_id(const VpStore *store, Relation heap, const VpMeta *meta, VpTakenId *take);

/* Adds that to a change that is at the metapage. */
extern void vp_patch_taken(VpChange *change, VpMeta *meta, const VpTakenId *take);

#endif							/* VP_ALLOC_H */
