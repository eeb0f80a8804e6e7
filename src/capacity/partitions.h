/*-------------------------------------------------------------------------
 *
 * partitions.h
 *	  Indexes of partitioned tables: which indexes they are made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PARTITIONS_H
#define VP_PARTITIONS_H

#include "nodes/pg_list.h"

#include "base/options.h"

/* Is it the index of a partitioned table?  False also if it does not exist. */
extern bool vp_is_partitioned(Oid index);

/* The index that this one is a partition of; InvalidOid: none. */
extern Oid	vp_parent_index(Oid index);

/*
 * The indexes of a partitioned index that hold rows, however deep, in the
 * order of their OIDs; of another index, itself.  Takes no locks: any of them
 * may be gone when the caller comes to it.
 */
extern List *vp_leaf_indexes(Oid index);

/*
 * What an index wishes for, as this transaction knows it; on demand if it does
 * not exist.
 */
extern void vp_wish_of(Oid index, VpWish *wish);

/*
 * With what effort its options want an index to be searched, in the caller's
 * memory; nothing, if it does not exist.
 */
extern void vp_effort_options_of(Oid index, VpEffortOptions *effort);

/* Its parent, if that has a tier; InvalidOid: the index decides for itself. */
extern Oid	vp_deciding_parent(Oid index);

/* Has an index that is just being created, whose row is not visible yet, such a parent? */
extern bool vp_created_decided(Oid index);

/*
 * The index at which its capacity is changed: the highest of its parents that
 * have a tier, or itself.
 */
extern Oid	vp_decider(Oid index);

/*
 * " of index NAME", for advice on shards or replicas that a parent decides;
 * else empty.
 */
extern const char *vp_decided_by(Oid index);

#endif							/* VP_PARTITIONS_H */
