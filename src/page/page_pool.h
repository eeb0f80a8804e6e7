/*-------------------------------------------------------------------------
 *
 * page_pool.h
 *	  Pages that are at no place given by arithmetic.
 *
 * README.md, *The pool*, says who takes and gives pages when, and what a crash
 * leaves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PAGE_POOL_H
#define VP_PAGE_POOL_H

#include "storage/bufmgr.h"

#include "page/patch.h"
#include "page/store.h"

/*
 * Returns a page of the pool pinned and locked for reading, for the caller to
 * release.  Raises an error unless it is in use for this.
 */
extern Buffer vp_pool_read(const VpStore *store, BlockNumber block, VpPoolUse use);

/*
 * Returns a page of the pool, whatever its use, pinned and locked exclusively,
 * for the caller to release.
 */
extern Buffer vp_pool_lock(const VpStore *store, BlockNumber block);

/*
 * A page for a new structure, neither pinned nor locked.  The caller has the
 * metapage locked exclusively, and makes *pool, which is a copy of its pool,
 * that of the metapage in the record in which the page comes into use.  May log
 * that the pool has one more chunk, which *pool is then told.
 */
extern BlockNumber vp_pool_take(const VpStore *store, Relation heap, Buffer metabuf, VpPool *pool);

/* Adds to a change that is at the metapage what its pool becomes. */
extern void vp_patch_pool(VpChange *change, VpMeta *meta, const VpPool *pool);

/*
 * Takes a page in a record of its own.  The caller has the postings lock, and
 * has said by vp_pool_pending() that runs are being written; it has no page
 * locked.
 */
extern BlockNumber vp_pool_take_page(const VpStore *store, Relation heap);

/*
 * Writes such a page whole: VP_PAGE_ROOM bytes, which begin with a VpPoolHead.
 */
extern void vp_pool_write(const VpStore *store, BlockNumber block, const void *data);

/*
 * Gives a structure back, from its first page to its last one, which `next`
 * leads to: they are used again when no snapshot is left of those there are.
 * The caller has the postings lock.
 */
extern void vp_pool_give(const VpStore *store, BlockNumber first, BlockNumber last);

/*
 * Says that runs are being written, or that this is over; whether it was said
 * before.
 */
extern bool vp_pool_pending(const VpStore *store, bool pending);

/*
 * Calls for each page of a chain, with the page pinned and locked for reading
 * as long as the call lasts; false ends the walk.  Raises an error for a chain that has no end, or leads to
 * pages that are not of the pool.
 */
typedef bool (*VpPoolCall) (BlockNumber block, Page page, void *arg);

extern void vp_pool_walk(const VpStore *store, BlockNumber first, VpPoolCall call, void *arg);

/* Calls for each chunk of the pool below an id: its first block. */
extern void vp_pool_each_chunk(const VpStore *store, uint32 next_id,
							   void (*call) (BlockNumber first, void *arg), void *arg);

#endif							/* VP_PAGE_POOL_H */
