/*-------------------------------------------------------------------------
 *
 * bare.h
 *	  Rows without a vector: nodes that hold such rows, in chains.
 *
 * format.h documents the nodes; README.md, *Rows without a vector*, says what
 * others see at each step.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BARE_H
#define VP_BARE_H

#include "page/store.h"

/* Is a row gone? */
typedef bool (*VpRowGone) (ItemPointer tid, void *arg);

/* How many rows a node has room for. */
static inline int
vp_bare_room(const VpStore *store)
{
	return store->geo.tail_offset / sizeof(VpBareEntry);
}

/*
 * Adds a row to an index that is complete.  heap: the table.  The caller holds
 * no lock of a page, and the insert lock.  Raises an error for damage, and when
 * the index is full.
 */
extern void vp_bare_add(const VpStore *store, Relation heap, VpBareKind kind,
						const ItemPointerData *tid);

/*----------
 * All rows of a kind
 *----------
 */

/* Where a walk along a chain is. */
typedef struct VpBareWalk
{
	const VpStore *store;
	VpBareKind	kind;
	VpId		id;				/* the next node; VP_NO_ID: there is none */
	VpId		before;			/* the node that led to it; VP_NO_ID: it is
								 * the head */
	VpId		mark;			/* to find a chain that comes back to itself */
	uint32		steps;
} VpBareWalk;

/* Begins at the head of a chain.  The walk holds nothing. */
extern void vp_bare_walk(VpBareWalk *walk, const VpStore *store, VpBareKind kind);

/*
 * Copies the rows of the next node: room for vp_bare_room().  Returns how many,
 * -1 behind the last node; *id: the node.  Raises an error for a chain, or a
 * row, that cannot be.
 */
extern int	vp_bare_walk_on(VpBareWalk *walk, VpId *id, ItemPointerData *tids);

/*----------
 * What VACUUM does
 *----------
 */

/*
 * Is any row of the bare nodes of a node page gone?  Adds to *rows how many rows they have.  The
 * page is locked.
 */
extern bool vp_bare_any_gone(const VpStore *store, Buffer buffer, const VpPageIds *ids,
							 VpRowGone gone, void *arg, double *rows);

/*
 * Empties the entries of these nodes whose rows are gone, in one record with the metapage.  Both
 * pages are locked exclusively.  Returns how many there are.
 */
extern int	vp_bare_empty(const VpStore *store, Buffer metabuf, Buffer buffer, const VpPageIds *ids,
						  VpRowGone gone, void *arg);

/*
 * Where the rows of two nodes of a chain, one after the other, have room in
 * one: moves them there.  The other leaves the chain, to be released
 * (vp_release_pages) when the transaction ID for that is known.  Returns how
 * many left, and sets *pages to the numbers of their node pages, palloc'd.  The
 * caller keeps other VACUUMs out.
 */
extern uint32 vp_bare_merge(const VpStore *store, uint32 **pages);

/* Says that this was done for all entries that have been emptied. */
extern void vp_bare_merged(const VpStore *store);

/*----------
 * Build
 *----------
 */

/* Writes a node, unlogged, onto a page that was never used. */
extern void vp_bare_write(const VpStore *store, VpId id, VpBareKind kind,
						  const ItemPointerData *tids, int n, VpId next);

/*
 * Says where the chains begin, of how many rows they are, and that ids end
 * before next_id.
 */
extern void vp_bare_finish(const VpStore *store, uint32 next_id, const VpBareChain *chains);

/* Has VACUUM emptied any entries of late? */
static inline bool
vp_bare_is_thin(const VpMeta *meta)
{
	for (int kind = 0; kind < VP_NBARE; kind++)
		if (meta->bare[kind].emptied > 0)
			return true;
	return false;
}

#endif							/* VP_BARE_H */
