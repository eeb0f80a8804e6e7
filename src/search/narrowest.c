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

/* Takes in a condition that leaves so many rows. */
static void
consider(VpNarrowest *narrowest, const VpKeyCondition *condition, uint64 rows)
{
	int			at = narrowest->condition[0] == NULL || rows < narrowest->rows[0] ? 0 : 1;

	if (at == 1 && narrowest->condition[1] != NULL && rows >= narrowest->rows[1])
		return;
	if (at == 0)
	{
		narrowest->condition[1] = narrowest->condition[0];
		narrowest->rows[1] = narrowest->rows[0];
	}
	narrowest->condition[at] = condition;
	narrowest->rows[at] = rows;
}

void
vp_find_narrowest(VpPostings *postings, const VpFilter *filter, VpNarrowest *narrowest)
{
	narrowest->condition[0] = narrowest->condition[1] = NULL;
	narrowest->rows[0] = narrowest->rows[1] = 0;
	for (int i = 0; i < filter->nconditions; i++)
		consider(narrowest, &filter->conditions[i], vp_count_condition(postings, &filter->conditions[i]));
}

uint64
vp_scan_narrowest(VpPostings *postings, const VpFilter *filter)
{
	VpNarrowest narrowest;

	Assert(filter->nconditions > 0);
	vp_find_narrowest(postings, filter, &narrowest);
	vp_scan_condition(postings, narrowest.condition[0]);
	return narrowest.rows[0];
}
