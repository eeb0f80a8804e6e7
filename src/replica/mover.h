/*-------------------------------------------------------------------------
 *
 * mover.h
 *	  Moving records from shard to shard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MOVER_H
#define VP_MOVER_H

#include "utils/relcache.h"

/*
 * Clears up after moves, if searches need no more what they left: then moved
 * nodes are dead as any others.  And a copy that was not finished.  The move
 * lock is held.
 */
extern void vp_move_settle(Relation rel, Relation heap);

#endif							/* VP_MOVER_H */
