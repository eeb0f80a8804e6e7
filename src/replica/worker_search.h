/*-------------------------------------------------------------------------
 *
 * worker_search.h
 *	  One search by a worker.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WORKER_SEARCH_H
#define VP_WORKER_SEARCH_H

#include "utils/relcache.h"

#include "replica/request.h"

/* What such a search cost. */
typedef struct VpHandedCounts
{
	VpRankedCounts counts;
	uint64		waited_ns;		/* for a seat */
} VpHandedCounts;

/*
 * Has a worker search: while no seat is free, in the order of arrival; and,
 * with `meanwhile`, an idle worker if there is one.  Returns how many rows it
 * has put into hits; -1: do it yourself, perhaps with a seat that this process
 * has now.  The caller has the index open, no seat, and a snapshot that is
 * older than the call.  While an idle worker searches, `meanwhile` is called
 * until it returns false.  *cost: how long a seat was waited for; and what the
 * worker did, unless it is -1.  Can be cancelled.
 */
extern int	vp_search_by_worker(Relation rel, const VpAsk *ask, VpHit *hits,
								bool (*meanwhile) (void *arg), void *arg, VpHandedCounts *cost);

#endif							/* VP_WORKER_SEARCH_H */
