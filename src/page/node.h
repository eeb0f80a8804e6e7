/*-------------------------------------------------------------------------
 *
 * node.h
 *	  The nodes of an index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NODE_H
#define VP_NODE_H

#include "page/code_page.h"
#include "page/store.h"

/*
 * The exact vector of a node that nobody reads yet: vector_words words.  Nothing to do
 * where the code is all.
 */
extern void vp_vector_write(const VpStore *store, VpId id, const void *vector);

/* Peeks. */

/*
 * Flags, row and the next of the chain of equal vectors, VP_NO_ID where there is none: all of
 * one moment.  Keys that are read after it are those of the row, or of a later one.
 */
extern uint8 vp_node_glance(const VpStore *store, VpId id, ItemPointer tid, VpId *next);

extern int	vp_node_links(const VpStore *store, VpId id, int level, VpId *links);
extern uint8 vp_node_flags(const VpStore *store, VpId id);
extern uint8 vp_node_shard(const VpStore *store, VpId id);

/* Flags and shard at once. */
extern uint8 vp_node_standing(const VpStore *store, VpId id, uint8 *shard);

/* Like vp_node_standing(), but never reads from disk: returns false if the page is not cached. */
extern bool vp_node_standing_cached(const VpStore *store, VpId id, uint8 *flags, uint8 *shard);

/*
 * Has the list of this id at a level above 0 ever been used?  Those of the pool's chunks have
 * not.  Likewise from what is cached only.
 */
extern bool vp_node_listed_cached(const VpStore *store, VpId id, int level, bool *listed);

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
 * Fetches all nodes of a node page at once: VP_MAX_PAGE_NODES or fewer.  Returns how many, and
 * the id of the first.
 */
extern uint32 vp_node_fetch_page(const VpStore *store, uint32 page_number, VpId *first, VpNodeTail *tails);

/*
 * Fetches the node to which the chain of `before` leads, `id`, which may be anything: that it is
 * no node, or not a chained one, is an error.
 */
extern void vp_chain_fetch(const VpStore *store, VpId before, VpId id, VpNodeTail *tail);

/* Raises the error that the chain behind a node leads to where it cannot. */
pg_noreturn extern void vp_chain_damage(const VpStore *store, VpId id);

/* The exact vector, exact_words words: out of the vector pages, or the node's code. */
extern void vp_vector_fetch(const VpStore *store, VpId id, void *vector);

/*
 * The node whose code and vector are those of a node: itself, or the first of its chain.  The
 * caller has the move lock, or keeps VACUUM away by another.
 */
extern VpId vp_vector_owner(const VpStore *store, VpId id);

/* Begins to load into the CPU's cache what vp_vector_measure and vp_node_tid will read. */
extern void vp_vector_prefetch(const VpStore *store, VpId id);

/* The end of a node's record, with its row, likewise. */
extern void vp_node_prefetch(const VpStore *store, VpId id);

/*
 * Start reading from disk, unless they are cached: the page of a node's record; the pages of its
 * vector, and returns true if any of these was not cached.
 */
extern void vp_node_read_ahead(const VpStore *store, VpId id);
extern bool vp_vector_read_ahead(const VpStore *store, VpId id);

/*
 * Returns when all changes of a node that this process has seen in its page are in the
 * WAL.  A process that has seen by a peek that a node is LINKED must call it before it stores
 * a link to the node; page/README.md says why.  The caller holds no lock of a page.
 */
extern void vp_node_await_wal(const VpStore *store, VpId id);

/*
 * Compare and set, as VpSource wants it.  `own`: a node that this process has made LINKED itself,
 * or VP_NO_ID: its record is in the WAL.  A PENDING node becomes LINKED with its first links of
 * level 0, and in the same record its shard's entry point, if it is above that.
 */
extern bool vp_links_replace(const VpStore *store, VpId id, int level,
							 const VpId *from, int nfrom, const VpId *to, int nto, VpId own);

/* A PENDING node without links becomes LINKED: its graph's first. */
extern void vp_node_set_linked(const VpStore *store, VpId id);

/* Puts PENDING node `id` behind `first`; false when that is dead or not linked. */
extern bool vp_chain_push(const VpStore *store, VpId first, VpId id);

/*
 * Makes `entry` the entry point of a shard if it still is `from`; false when it is
 * not.  A PENDING node becomes LINKED by that: the graph's first.
 */
extern bool vp_entry_replace(const VpStore *store, uint32 shard, VpId from, VpId entry);

#endif							/* VP_NODE_H */
