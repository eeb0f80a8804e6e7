/*-------------------------------------------------------------------------
 *
 * mover.h
 *	  Moving records from shard to shard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MOVER_H
#define VP_MOVER_H

#include "am/index.h"

/*
 * The heavyweight page lock of who moves nodes, and of VACUUM: neither shall happen
 * while the other does.  It is taken before the insert lock.
 */
#define VP_MOVE_LOCK_BLOCK 1

/*
 * Moves a living node's record to another shard.  Move lock and insert lock are held,
 * and the mean is not due.
 */
extern void vp_move_node(Relation rel, Relation heap, VpId id, uint32 shard);

/*
 * Clears up after moves, if searches need no more what they left: then moved nodes are
 * dead as any others.  And a copy that was not finished.  The move lock is held.
 */
extern void vp_move_settle(Relation rel, Relation heap);

/* Takes the dead out of the graphs.  The move lock is held. */
extern void vp_clean_graph(Relation rel);

#endif							/* VP_MOVER_H */
