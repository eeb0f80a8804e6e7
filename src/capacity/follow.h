/*-------------------------------------------------------------------------
 *
 * follow.h
 *	  Partitions have the capacity that their partitioned index is given.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FOLLOW_H
#define VP_FOLLOW_H

#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

/*
 * Are partitions being given, or deprived of, what their parent has?  Their
 * changes are not the user's.
 */
extern bool vp_following;

/* Had the index that is being changed the replicas of its parent before?  is_decided: has it now? */
extern bool vp_follow_was_decided(bool is_decided);

/*
 * Changes options of a partitioned index and of all its partitions, in this
 * transaction.  options: of DefElem, as in ALTER INDEX ... SET, or RESET if
 * `reset`.  The current user must own the index and all its partitions.  Keeps
 * ShareUpdateExclusiveLock on the partitioned tables, on their indexes, and on
 * those of the partitions, in this order, from the root down.
 */
extern void vp_change_partitioned(Oid index, List *options, bool reset);

/*
 * For the hooks.  A partitioned index was created; a table is becoming, or
 * ceases to be, a partition of another; an index has become one of `parent`.
 * What follows for the capacity of partitions is done when the statement has
 * succeeded: the first two note it, the third is called then.
 */
extern void vp_follow_created(Oid parent);
extern void vp_follow_moved(Oid table);
extern void vp_follow_attached(const RangeVar *parent);

#endif							/* VP_FOLLOW_H */
