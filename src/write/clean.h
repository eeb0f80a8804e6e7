/*-------------------------------------------------------------------------
 *
 * clean.h
 *	  Takes the dead nodes out of the graphs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CLEAN_H
#define VP_CLEAN_H

#include "page/store.h"

/*
 * Takes all nodes that are marked dead out of the graphs, and writes down how
 * many must stay. The move lock is held; takes the insert lock and gives it
 * back, twice.  May be cancelled: the marks stay.
 */
extern void vp_clean_graph(Relation rel);

/*
 * What is to be done for rows without a vector alone, where no node is dead.
 * The move lock is held.  A node that leaves its chain and is not released, as
 * this has failed, counts as dead for the next ambulkdelete.
 */
extern void vp_clean_bare(const VpStore *store);

#endif							/* VP_CLEAN_H */
