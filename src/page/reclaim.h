/*-------------------------------------------------------------------------
 *
 * reclaim.h
 *	  What VACUUM does to nodes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RECLAIM_H
#define VP_RECLAIM_H

#include "page/store.h"

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

#endif							/* VP_RECLAIM_H */
