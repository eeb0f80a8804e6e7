/*-------------------------------------------------------------------------
 *
 * reclaim.h
 *	  What VACUUM does to nodes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RECLAIM_H
#define VP_RECLAIM_H

#include "page/bare.h"

typedef struct VpMarkCounts
{
	double		alive;
	double		marked;			/* now */
	double		dead;			/* now or before, and not taken out yet */
} VpMarkCounts;

/*
 * Node pages that are gone through together: pinned once each, and those that change under one
 * lock of the metapage, which inserts wait for meanwhile.
 */
#define VP_PAGES_TOGETHER	16

/*
 * Marks the nodes whose rows are gone, and empties such entries of bare nodes; adds to the counts.
 * Of `n` node pages from a number on, up to VP_PAGES_TOGETHER.  `gone` may be asked for a row
 * twice, but only if it says of one that it is.  No page is locked on entry and on exit; locks
 * one node page at a time, and the metapage before it to change it.
 */
extern void vp_mark_dead(const VpStore *store, uint32 first, uint32 n,
						 VpRowGone gone, void *arg, VpMarkCounts *counts);

/*
 * Takes the dead out of the chain behind a linked node, which takes over the
 * row of the first living one when its own is gone.
 */
extern void vp_chain_clean(const VpStore *store, VpId first);

/*
 * Puts the nodes that are gone, and that nothing leads to, into the waiting
 * list, until no snapshot is as old as xid.  Pages and locks as of vp_mark_dead.
 */
extern void vp_release_pages(const VpStore *store, uint32 first, uint32 n, FullTransactionId xid);

#endif							/* VP_RECLAIM_H */
