/*-------------------------------------------------------------------------
 *
 * store.h
 *	  The nodes of an index in its pages.
 *
 * Peeking functions (vp_node_links, vp_node_flags ...) take no lock and may
 * give an answer that is a little old; for an id that does not exist they give
 * a harmless one.  Fetching functions read under a pin and the page's share
 * lock.  All others change pages: each holds its locks only inside, and at most
 * the metapage's together with those of node pages, in this order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STORE_H
#define VP_STORE_H

#include "access/transam.h"
#include "storage/buf.h"
#include "utils/relcache.h"

#include "page/damage.h"
#include "page/geometry.h"
#include "page/peek.h"

/* An index's pages.  May be copied; holds nothing that must be let go. */
typedef struct VpStore
{
	Relation	rel;
	bool		wal;			/* log changes? */
	VpGeometry	geo;
	VpPeekRel	peek;

	/* known of the relation's length, which only grows: at least so many blocks and ids */
	BlockNumber nblocks;
	uint32		nids;
} VpStore;

/* What searches and inserts need to know of the index as a whole. */
typedef struct VpGraphState
{
	uint32		next_id;		/* all ids are below */
	uint32		shards;
	uint32		mean_due;		/* as in VpMeta: who knows another value has another mean */
} VpGraphState;

/*----------
 * store.c: the index as a whole
 *----------
 */

/*
 * Reads the metapage (pin and share lock inside).  Raises an error unless it is in range,
 * fits the relation's size, and is what the catalogue says of the index.
 */
extern void vp_meta_read(Relation rel, VpMeta *meta);

/*
 * The same for who must go on without: returns NULL, or what is wrong, palloc'd.  Damage
 * and a file that cannot be read are no errors; all others are raised.  Sets *nblocks
 * to the relation's size, 0 if not even that can be known.  Not in a critical section.
 */
extern char *vp_meta_try(Relation rel, VpMeta *meta, BlockNumber *nblocks);

/* Is the page that somebody has pinned the one of this kind and number? */
extern bool vp_page_is_sound(Buffer buffer, VpPageKind kind, uint32 number);

/*
 * Copies a metapage that the caller has pinned; false when it is not a sound one.  Does not
 * compare it with the catalogue, nor with the size of the relation.
 */
extern bool vp_meta_look(Buffer buffer, VpMeta *meta);

extern void vp_store_init(VpStore *store, Relation rel, const VpMeta *meta);

/* Lays out an empty index: metapage and mean pages.  mean: NULL or mean_floats floats. */
extern void vp_store_create(Relation rel, ForkNumber fork, const VpMeta *meta,
							const float *mean, bool wal);

/* Copies the mean out of its pages, or into them: mean_floats floats. */
extern void vp_mean_read(Relation rel, const VpMeta *meta, float *mean);
extern void vp_mean_write(const VpStore *store, const VpMeta *meta, const float *mean);

/* Says that the mean has been taken of so many records, and all codes made by it. */
extern void vp_mean_taken(const VpStore *store, uint32 records);

/*
 * ereports if the snapshot is older than old_snapshot_threshold allows and the index has
 * changed since it was taken, so that rows which it sees may be missing.  Each change that
 * takes a row away changes the metapage's totals: so its LSN stands for that of all pages.
 * To be called after what it is to judge has been read.
 */
extern void vp_store_test_snapshot(const VpStore *store, Snapshot snapshot);

/* Pins a page that has been found sound, or ereports that it is damaged. */
extern Buffer vp_store_read(const VpStore *store, BlockNumber block);

/* One peek at the metapage. */
extern VpGraphState vp_graph_state(const VpStore *store);

/*
 * The entry point of a shard; VP_NO_ID: its graph is empty.  It is below next_id of a
 * state that is taken after it.
 */
extern VpId vp_shard_entry(const VpStore *store, uint32 shard);

/*
 * The state, and the entry points of all graphs that are not empty, in one peek.
 * Returns how many; entries: room for VP_MAX_SHARDS.
 */
extern int	vp_graph_entries(const VpStore *store, VpGraphState *state, VpId *entries);

/*
 * Makes `entry` the entry point of a shard if it still is `from`; false when it is
 * not.  A PENDING node becomes LINKED by that: the graph's first.
 */
extern bool vp_entry_replace(const VpStore *store, uint32 shard, VpId from, VpId entry);

/* Writes the count of dead nodes that are still linked. */
extern void vp_meta_set_dead(const VpStore *store, uint32 ndead);

/*
 * Makes sure that the pages for all ids below `to` are there; they are for those
 * below `from`.  ereports when there is no room for so many.  Nobody else may do
 * so at the same time: the caller has the metapage locked exclusively, or the
 * index is not known to others yet.
 */
extern void vp_store_extend(const VpStore *store, uint32 from, uint32 to);

/*
 * Sets next_id and the shards, of which there are so many, at the end of a build, and
 * when the mean is due again.
 */
extern void vp_store_finish(const VpStore *store, uint32 next_id, const VpShard *shard, int shards);

/* Reads how many records there are, and the sum of their sizes, as of one moment. */
extern void vp_store_totals(const VpStore *store, uint32 *records, uint64 *bytes);

/*----------
 * alloc.c: new nodes
 *----------
 */

/* A record to be written; the code's length is the store's. */
typedef struct VpRecord
{
	float		factors[2];
	const void *code;
	uint32		size;			/* of the record that the user stores */
	uint8		shard;
	ItemPointerData tid;
} VpRecord;

/*
 * Takes an id and writes its record, flagged PENDING: to be used again, if no
 * search can be on it any more, else a new one.  heap: the table, to tell that.
 * Sets the record's shard: that with the fewest bytes.  VP_NO_ID, and nothing is
 * changed, if the sizes of all records would be more than `limit`.
 */
extern VpId vp_node_create(const VpStore *store, Relation heap, VpRecord *record, uint64 limit);

/*
 * The same for a build: unlogged, onto a page that it has locked.  First the
 * record, flagged PENDING, later its links, chain and flags.
 */
extern void vp_node_write(const VpStore *store, Page page, VpId id, const VpRecord *record);
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
 * node.c: nodes
 *----------
 */

/*
 * The exact vector of a node that nobody reads yet: vector_words words.  Nothing to do
 * where the code is all.
 */
extern void vp_vector_write(const VpStore *store, VpId id, const void *vector);

/* Peeks. */
extern int	vp_node_links(const VpStore *store, VpId id, int level, VpId *links);
extern uint8 vp_node_flags(const VpStore *store, VpId id);
extern uint8 vp_node_shard(const VpStore *store, VpId id);

/* Flags and shard at once. */
extern uint8 vp_node_standing(const VpStore *store, VpId id, uint8 *shard);

extern void vp_node_code(const VpStore *store, VpId id, float factors[2], void *code);

/* The same and more, where it costs no read and meets no error: false if the page is not at hand. */
extern bool vp_node_look(const VpStore *store, VpId id, float factors[2], void *code,
						 uint8 *flags, uint8 *shard);

/* The TID may be torn: to be used as a hint. */
extern void vp_node_tid(const VpStore *store, VpId id, ItemPointer tid);

/*
 * What `measure` says of the exact vector of a node that can be met, which does not change: as
 * vp_vector_fetch.  It gets the vector where it stands, if that is on one page, else a copy in
 * `room`; it may get any bytes, and is asked again then.
 */
typedef double (*VpVectorMeasure) (const void *vector, void *arg);

extern double vp_vector_measure(const VpStore *store, VpId id, void *room, VpVectorMeasure measure, void *arg);

/*
 * Fetches.  A record that is not that of the node, or of no row, is an error; a free one is not,
 * nor a bare one.
 */
extern void vp_node_fetch(const VpStore *store, VpId id, VpNodeTail *tail);

/*
 * Fetches the node to which the chain of `before` leads, `id`, which may be anything: that it is
 * no node, or not a chained one, is an error.
 */
extern void vp_chain_fetch(const VpStore *store, VpId before, VpId id, VpNodeTail *tail);

/* Raises the error that the chain behind a node leads to where it cannot. */
pg_noreturn extern void vp_chain_damage(const VpStore *store, VpId id);

/* The exact vector, exact_words words: out of the vector pages, or the node's code. */
extern void vp_vector_fetch(const VpStore *store, VpId id, void *vector);

/* Begins to load into the CPU's cache what vp_vector_measure and vp_node_tid will read. */
extern void vp_vector_prefetch(const VpStore *store, VpId id);

/* The end of a node's record, with its row, likewise. */
extern void vp_node_prefetch(const VpStore *store, VpId id);

/*
 * Begins to read from disk what is not in shared buffers: a node's page; its vector's,
 * and tells whether that was so.
 */
extern void vp_node_read_ahead(const VpStore *store, VpId id);
extern bool vp_vector_read_ahead(const VpStore *store, VpId id);

/* Reads what vp_node_read_ahead has asked for. */
extern void vp_node_read_together(const VpStore *store, VpId id);

/*
 * Returns when all changes of a node that this process has seen in its page are in the
 * WAL.  Who has seen by a peek that a node is LINKED must call it before he stores what
 * leads to it; page/README.md says why.  The caller holds no lock of a page.
 */
extern void vp_node_await_wal(const VpStore *store, VpId id);

/*
 * Compare and set, as VpSource wants it.  A PENDING node becomes LINKED with its first links of
 * level 0, and in the same record its shard's entry point, if it is above that.
 */
extern bool vp_links_replace(const VpStore *store, VpId id, int level,
							 const VpId *from, int nfrom, const VpId *to, int nto);

/* A PENDING node without links becomes LINKED: its graph's first. */
extern void vp_node_set_linked(const VpStore *store, VpId id);

/* Puts PENDING node `id` behind `first`; false when that is dead or not linked. */
extern bool vp_chain_push(const VpStore *store, VpId first, VpId id);

/*----------
 * landmark.c: where searches for a term can begin; nothing in indexes that have no such pages
 *----------
 */

/*
 * Peeks: the landmarks of so many terms in an index of so many ids.  Returns how many, at
 * most VP_TERM_LANDMARKS a term.
 */
extern int	vp_landmarks_find(const VpStore *store, uint32 next_id,
							  const uint32 *terms, int nterms, VpId *ids);

/* Makes a node that is linked a landmark of the terms in which it is worth it. */
extern void vp_landmarks_add(const VpStore *store, uint32 next_id,
							 const uint32 *terms, int nterms, VpId id);

/*
 * Gives the pages of landmarks that came with this stripe, which no id is of yet, their
 * share of the older ones.  The metapage is locked exclusively.
 */
extern void vp_landmarks_spread(const VpStore *store, uint32 stripe);

/* Takes those landmarks off a page that do not stay: nodes that will be taken out. */
extern void vp_landmarks_clean(const VpStore *store, uint32 page_number,
							   bool (*stays) (void *arg, VpId id), void *arg);

/* Writes a page of landmarks at the end of a build, unlogged. */
extern void vp_landmarks_write(const VpStore *store, uint32 page_number,
							   const VpLandmarkPage *landmarks);

/*----------
 * reclaim.c: what VACUUM does to nodes
 *----------
 */

/* Is a row gone? */
typedef bool (*VpRowGone) (ItemPointer tid, void *arg);

typedef struct VpMarkCounts
{
	double		alive;
	double		marked;			/* now */
	double		dead;			/* now or before, and not taken out yet */
} VpMarkCounts;

/* Marks the nodes of a page whose rows are gone; adds to the counts. */
extern void vp_mark_dead(const VpStore *store, uint32 page_number,
						 VpRowGone gone, void *arg, VpMarkCounts *counts);

/*
 * Takes the dead out of the chain behind a linked node, which takes over the
 * row of the first living one when its own is gone.
 */
extern void vp_chain_clean(const VpStore *store, VpId first);

/*
 * Puts the nodes of a page that are gone, and that nothing leads to, into the
 * waiting list, until no snapshot is as old as xid.  Returns how many.
 */
extern int	vp_release_page(const VpStore *store, uint32 page_number, FullTransactionId xid);

/*----------
 * move.c: from shard to shard
 *----------
 */

/* From now on new nodes go to the first so many shards; nodes are going to be moved. */
extern void vp_move_begin(const VpStore *store, uint32 target);

/* Nodes will be moved as long as this transaction goes on. */
extern void vp_move_by(const VpStore *store, FullTransactionId xid);

/* Gives up a node for its copy, which is linked: it is MOVED. */
extern void vp_move_finish(const VpStore *store, VpId id, VpId copy);

/*
 * Marks a node as dead whose insert has failed, or the copy that was being made
 * when somebody failed; VP_NO_ID: that copy, if there is one.
 */
extern void vp_node_abandon(const VpStore *store, VpId id);

/* Is there no snapshot any more whose searches must find moved rows where they were? */
extern bool vp_moved_is_over(const VpMeta *meta, Relation heap);

/* There is no such search: MOVED nodes are dead as any others. */
extern void vp_moved_forget(const VpStore *store);

/* All nodes are where they shall be.  Shards from the target on are gone. */
extern void vp_move_end(const VpStore *store);

#endif							/* VP_STORE_H */
