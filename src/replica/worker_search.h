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

/*
 * Has a worker search: while no seat is free, in the order of arrival; and,
 * with `meanwhile`, an idle worker if there is one.  Returns how many rows it
 * has put into hits; -1: do it yourself, perhaps with a seat that this process
 * has now.  The caller has the index open, no seat, and a snapshot that is
 * older than the call.  While an idle worker searches, `meanwhile` is called
 * until it returns false.  Can be cancelled.
 */
extern int	vp_search_by_worker(Relation rel, const VpAsk *ask, VpHit *hits,
								bool (*meanwhile) (void *arg), void *arg);

#endif							/* VP_WORKER_SEARCH_H */
