/*-------------------------------------------------------------------------
 *
 * condition.c
 *	  A condition on a key column; see condition.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "key/condition.h"

/*
 * The last range that begins before the key or with it is the only one that may
 * have it.
 */
VpTruth
vp_condition_find(const VpKeyCondition *condition, uint64 key)
{
	const VpKeyRange *ranges = condition->ranges;
	int			low = 0;
	int			high = condition->nranges;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (ranges[middle].first <= key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || key > ranges[low - 1].last)
		return VP_NO;
	return ranges[low - 1].sure ? VP_YES : VP_UNSURE;
}
