/*-------------------------------------------------------------------------
 *
 * narrowest.c
 *	  Which of a filter's conditions leaves the fewest rows; see narrowest.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "search/narrowest.h"

VpKeySpan *
vp_condition_spans(const VpKeyCondition *condition)
{
	VpKeySpan  *spans = palloc(condition->nranges * sizeof(VpKeySpan));

	for (int i = 0; i < condition->nranges; i++)
	{
		spans[i].first = condition->ranges[i].first;
		spans[i].last = condition->ranges[i].last;
	}
	return spans;
}

uint64
vp_scan_narrowest(VpPostings *postings, const VpFilter *filter)
{
	VpKeySpan  *best = NULL;
	int			best_at = 0;
	uint64		fewest = 0;

	for (int i = 0; i < filter->nconditions; i++)
	{
		const VpKeyCondition *condition = &filter->conditions[i];
		VpKeySpan  *spans = vp_condition_spans(condition);
		uint64		rows = vp_postings_count(postings, condition->column, spans, condition->nranges);

		if (best != NULL && rows >= fewest)
		{
			pfree(spans);
			continue;
		}
		if (best != NULL)
			pfree(best);
		best = spans;
		best_at = i;
		fewest = rows;
	}
	vp_postings_scan(postings, filter->conditions[best_at].column, best,
					 filter->conditions[best_at].nranges);
	pfree(best);
	return fewest;
}
