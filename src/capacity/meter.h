/*-------------------------------------------------------------------------
 *
 * meter.h
 *	  What is counted of each index in shared memory, and the buckets of its limits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_METER_H
#define VP_METER_H

#include <time.h>

#include "port/atomics.h"
#include "utils/relcache.h"

#include "capacity/role_refusals.h"

#define VP_NS_PER_SECOND	UINT64CONST(1000000000)

/* Durations of searches are counted by these upper bounds, and one for all above. */
#define VP_SEARCH_BOUNDS	12
extern const double vp_search_bounds[VP_SEARCH_BOUNDS]; /* seconds */

/* What is limited. */
typedef enum VpBucket
{
	VP_BUCKET_READ_UNITS,
	VP_BUCKET_WRITE_RECORDS,
	VP_BUCKET_WRITE_BYTES,
	VP_BUCKET_WRITE_UNITS,
	VP_NBUCKETS
} VpBucket;

/*
 * Why an index needs a meter.  One that is only counted can do without; the buckets of
 * one with limits are there.
 */
typedef enum VpClaim
{
	VP_CLAIM_COUNTED,
	VP_CLAIM_GENERAL,			/* limited by the row for all */
	VP_CLAIM_NAMED				/* limited by a row of its own */
} VpClaim;

/* The meter of an index, in shared memory; NULL stands for one that has none. */
typedef struct VpMeter VpMeter;

/* Sums of a meter. */
typedef struct VpMeterSums
{
	Oid			index;
	uint64		searches[VP_SEARCH_BOUNDS + 1]; /* by duration, not cumulated */
	uint64		search_ns;
	uint64		waits[VP_SEARCH_BOUNDS + 1];	/* of searches that waited for
												 * a seat, likewise */
	uint64		wait_ns;
	uint64		inserts;
	uint64		insert_ns;
	uint64		refused[VP_NREFUSALS];
} VpMeterSums;

/* For the shared memory hooks. */
extern void vp_meter_request(void);
extern void vp_meter_startup(void);

/*
 * The meter of an index that the caller has open, for counting.  NULL: a temporary
 * index, or all meters are taken.  It may pass to another index while the caller has
 * it: then the caller's next counts are added to that one.
 */
extern VpMeter *vp_meter_find(Relation rel);

/*
 * The same for an index with limits, which is not temporary.  If none is left, it
 * takes one from an index that can do without.  NULL: there is no such index.
 */
extern VpMeter *vp_meter_claim(Relation rel, VpClaim claim);

/* Is it still the index's? */
extern bool vp_meter_is_of(const VpMeter *meter, Relation rel);

/* Counting.  Each does nothing for NULL. */
extern void vp_meter_search(VpMeter *meter, uint64 ns);
extern void vp_meter_insert(VpMeter *meter, uint64 ns);

/* Counts for the index and for the current role, whether or not there is a meter. */
extern void vp_meter_refusal(VpMeter *meter, VpRefusal refusal);

/* The index of this database, if it has a meter: a search has waited for its seat. */
extern void vp_meter_wait(Oid index, uint64 ns);

/* Of the columns that rows are filtered by, so many are remembered: the newest. */
#define VP_FILTERED		4

/*
 * A plan scans the index in order and filters the rows that it returns by this column of the
 * table, not a system column.  The second one tells how many such columns are remembered, and
 * which.
 */
extern void vp_meter_filter(Relation rel, AttrNumber column);
extern int	vp_meter_filtered(Relation rel, AttrNumber columns[VP_FILTERED]);

/*
 * Takes `cost` out of a bucket that gets `rate` a second and holds what comes in
 * `burst` seconds.  Returns 0, or, having taken nothing, the nanoseconds to wait.
 * What costs more than the bucket holds is let through when that is full, and those who
 * come next wait longer.
 */
extern uint64 vp_meter_take(VpMeter *meter, VpBucket which, double cost, double rate,
							double burst);

/* Puts back what was taken a moment ago. */
extern void vp_meter_give_back(VpMeter *meter, VpBucket which, double cost, double rate);

/*
 * Reads the next meter of this database from *position on, which begins with 0;
 * false when there are no more.
 */
extern bool vp_meter_next(int *position, VpMeterSums *sums);

/* Operation and reason of a refusal, as labels have them. */
extern const char *vp_refusal_operation(VpRefusal refusal);
extern const char *vp_refusal_reason(VpRefusal refusal);

/*
 * How many meters are taken; how many operations were not counted for want of one; how
 * many refusals of changes were not written to the ledger.
 */
extern void vp_meter_usage(int *taken, uint64 *missed, uint64 *unwritten);

/*
 * A change was refused: may that be written to the ledger, or are there enough of the
 * index in this hour?  A new index goes by its creator: index is InvalidOid then.
 */
extern bool vp_meter_may_write_refusal(Oid index, Oid role);

/* Nanoseconds since some moment: the same one for all processes. */
static inline uint64
vp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64) now.tv_sec * VP_NS_PER_SECOND + now.tv_nsec;
}

#endif							/* VP_METER_H */
