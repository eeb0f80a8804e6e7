/*-------------------------------------------------------------------------
 *
 * narrowest.c
 *	  Which of a filter's conditions leave the fewest rows; see narrowest.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "search/narrowest.h"

void
vp_scan_condition(VpPostings *postings, const VpKeyCondition *condition)
{
	vp_postings_scan(postings, condition->column, condition->spans, condition->nspans);
}

uint64
vp_count_condition(VpPostings *postings, const VpKeyCondition *condition)
{
	return vp_postings_count(postings, condition->column, condition->spans, condition->nspans);
}

VpCounted *
vp_count_conditions(VpPostings *postings, const VpFilter *filter)
{
	VpCounted  *counted = palloc(filter->nconditions * sizeof(VpCounted));

	Assert(filter->nconditions > 0);
	for (int i = 0; i < filter->nconditions; i++)
	{
		const VpKeyCondition *condition = &filter->conditions[i];
		uint64		rows = vp_count_condition(postings, condition);
		int			at = i;

		for (; at > 0 && rows < counted[at - 1].rows; at--)
			counted[at] = counted[at - 1];
		counted[at].condition = condition;
		counted[at].rows = rows;
	}
	return counted;
}
