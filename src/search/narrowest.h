/*-------------------------------------------------------------------------
 *
 * narrowest.h
 *	  Which of a filter's conditions leave the fewest rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NARROWEST_H
#define VP_NARROWEST_H

#include "key/filter.h"
#include "page/postings.h"

/*
 * The condition that leaves the fewest rows, and the next one; NULL: there is
 * none.
 */
typedef struct VpNarrowest
{
	const VpKeyCondition *condition[2];
	uint64		rows[2];		/* at most */
} VpNarrowest;

extern void vp_find_narrowest(VpPostings *postings, const VpFilter *filter, VpNarrowest *narrowest);

/*
 * Rows of the posting lists of a condition, at most; begins to scan these
 * lists.
 */
extern uint64 vp_count_condition(VpPostings *postings, const VpKeyCondition *condition);
extern void vp_scan_condition(VpPostings *postings, const VpKeyCondition *condition);

/*
 * Begins to scan the posting lists of the condition that leaves the fewest
 * rows; returns how many, at most.  The filter has a condition.
 */
extern uint64 vp_scan_narrowest(VpPostings *postings, const VpFilter *filter);

#endif							/* VP_NARROWEST_H */
