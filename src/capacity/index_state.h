/*-------------------------------------------------------------------------
 *
 * index_state.h
 *	  What is known of an index's capacity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FACTS_H
#define VP_FACTS_H

#include "utils/relcache.h"

#include "capacity/tier.h"

/* From this fullness on, more capacity is advised. */
#define VP_ADVISED_FULLNESS	0.8

/* Used against room: 0, 1 ..., infinite when there is no room. */
extern double vp_fullness(int64 used, int64 room);

/* How many shards such an index should have that has too few. */
extern int	vp_advised_shards(int64 bytes, int shards, const VpTier *tier);

/*
 * Opens an index and locks it (AccessShareLock), for the caller to close and
 * unlock.  NULL, and no lock: it does not exist, or is locked exclusively and
 * `wait` is false.  ereports when it is not an index of ours.  With `wait` the
 * current user needs VP_RIGHT_LOOK (rights.h); else it ereports before it asks
 * for the lock.
 */
extern Relation vp_own_index_open(Oid relid, bool wait);

/* The same, waiting; ereports when it does not exist. */
extern Relation vp_own_index_get(Oid relid);

#endif							/* VP_FACTS_H */
