/*-------------------------------------------------------------------------
 *
 * ranges.h
 *	  Sets of stored keys, as ranges.
 *
 * Each range is closed.  Values that are stored as a key of a sure range
 * satisfy a condition; of those of one that is not sure, some do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RANGES_H
#define VP_RANGES_H

typedef struct VpKeyRange
{
	uint64		first;
	uint64		last;
	bool		sure;
} VpKeyRange;

/* In the memory context that was current when it was made. */
typedef struct VpKeyRanges
{
	VpKeyRange *ranges;			/* sorted and disjoint, but while some are
								 * being added */
	int			n;
	int			room;
} VpKeyRanges;

extern void vp_ranges_init(VpKeyRanges *set);

/* Adds a range, in any order.  Then all must be put in order. */
extern void vp_ranges_add(VpKeyRanges *set, uint64 first, uint64 last, bool sure);

/* Makes them sorted and disjoint.  A key is sure if it is in any sure range. */
extern void vp_ranges_order(VpKeyRanges *set);

/*
 * Leaves in `set` what is in both, which are in order.  A key is sure if it is
 * in both.
 */
extern void vp_ranges_intersect(VpKeyRanges *set, const VpKeyRanges *other);

#endif							/* VP_RANGES_H */
