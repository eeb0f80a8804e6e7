/*-------------------------------------------------------------------------
 *
 * condition.h
 *	  A condition on a key column, made ready to be tested on nodes.
 *
 * What is stored does not always tell whether a row satisfies a condition: a
 * test says yes, no or unsure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CONDITION_H
#define VP_CONDITION_H

#include "key/ranges.h"
#include "page/stored_key.h"

typedef enum VpTruth
{
	VP_NO,
	VP_UNSURE,
	VP_YES
} VpTruth;

/*
 * A condition on one column: all there are on it, but of arrays there may be
 * several.  A posting list may have other keys than nodes (page/array_key.h),
 * so what is looked for there is said besides.
 */
typedef struct VpKeyCondition
{
	int			column;			/* in the metapage's keys */
	uint16		offset;			/* in a node's keys */
	uint8		width;
	uint64		mask;			/* the bits of a stored key that count */
	int			nranges;		/* at least one */
	VpKeyRange *ranges;			/* of these bits; sorted, disjoint */
	int			nspans;
	VpKeySpan  *spans;			/* of the column's posting lists: they have
								 * all rows that satisfy it; sorted, disjoint */
	int			nwide;
	VpKeySpan  *wide;			/* likewise, all rows of which the test does
								 * not say no; none: hardly more than those of
								 * spans */
} VpKeyCondition;

/* For vp_condition_test: in many ranges. */
extern VpTruth vp_condition_find(const VpKeyCondition *condition, uint64 key);

/* More than so many ranges are searched by halves. */
#define VP_FEW_RANGES	8

static inline uint64
vp_key_load(const char *keys, uint16 offset, uint8 width)
{
	const char *from = keys + offset;
	uint64		key;
	uint32		word;
	uint16		half;

	switch (width)
	{
		case 4:
			memcpy(&word, from, sizeof(word));
			return word;
		case 8:
			memcpy(&key, from, sizeof(key));
			return key;
		case 2:
			memcpy(&half, from, sizeof(half));
			return half;
		default:
			return (uint8) *from;
	}
}

static inline VpTruth
vp_condition_test(const VpKeyCondition *condition, const char *keys)
{
	uint64		key = vp_key_load(keys, condition->offset, condition->width) & condition->mask;
	const VpKeyRange *range = condition->ranges;

	if (condition->nranges > VP_FEW_RANGES)
		return vp_condition_find(condition, key);
	for (const VpKeyRange *end = range + condition->nranges; range < end && key >= range->first; range++)
		if (key <= range->last)
			return range->sure ? VP_YES : VP_UNSURE;
	return VP_NO;
}

#endif							/* VP_CONDITION_H */
