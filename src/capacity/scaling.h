/*-------------------------------------------------------------------------
 *
 * scaling.h
 *	  Indexes whose records are not yet in as many shards as wished for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SCALING_H
#define VP_SCALING_H

#include "base/options.h"
#include "page/format.h"

/* Are records still to be moved between shards? */
static inline bool
vp_is_scaling(const VpMeta *meta, const VpWish *wish)
{
	return meta->moving || meta->target != (uint32) vp_wanted_shards(wish);
}

/*
 * Starts a mover if records of an open index are still to be moved and no mover
 * is at work.  Returns false if there is no background worker to be had.  Not
 * during recovery.
 */
extern bool vp_scaling_wake(Relation rel);

#endif							/* VP_SCALING_H */
