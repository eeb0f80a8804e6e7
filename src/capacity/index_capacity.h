/*-------------------------------------------------------------------------
 *
 * index_capacity.h
 *	  What an index may hold, and what it needs in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_INDEX_CAPACITY_H
#define VP_INDEX_CAPACITY_H

#include "base/compat.h"

#include "catalog/pg_class.h"

#include "base/options.h"
#include "capacity/tier.h"
#include "page/store.h"
#include "page/unfinished.h"

/* Bytes of records that an index may hold; PG_INT64_MAX when it is on demand. */
extern int64 vp_capacity_limit(Relation rel);

/* The same, not as this transaction knows the index's options, but as they are. */
extern int64 vp_capacity_limit_now(Relation rel);

/* ereports that a row of `size` bytes is too much for an index, as it was told. */
pg_noreturn extern void vp_capacity_refuse(const VpStore *store, uint32 size, const VpRoom *room);

/* A build has read records of so many bytes: ereports at this level when they are too many. */
extern void vp_capacity_check(Relation rel, uint64 bytes, int elevel);

/* ereports when the index is suspended. */
extern void vp_capacity_check_awake(Relation rel);

/*
 * An index is being built, and will have so many blocks and some of the pool:
 * warns when memory does not hold what the tier promises; ereports at this level
 * when the owner's quota of it does not.
 */
extern void vp_memory_check(Relation rel, const VpMeta *meta, BlockNumber nblocks, int elevel);

#endif							/* VP_INDEX_CAPACITY_H */
