/*-------------------------------------------------------------------------
 *
 * move.h
 *	  Nodes that move from shard to shard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MOVE_H
#define VP_MOVE_H

#include "page/store.h"

/*
 * From now on new nodes go to the first so many shards; nodes are going to be
 * moved.
 */
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

/*
 * Is there no snapshot any more whose searches must find moved rows where they
 * were?
 */
extern bool vp_moved_is_over(const VpMeta *meta, Relation heap);

/* There is no such search: MOVED nodes are dead as any others. */
extern void vp_moved_forget(const VpStore *store);

/* All nodes are where they shall be.  Shards from the target on are gone. */
extern void vp_move_end(const VpStore *store);

#endif							/* VP_MOVE_H */
