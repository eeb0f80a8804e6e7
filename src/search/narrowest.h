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

/* A condition, and how many rows its posting lists have, at most. */
typedef struct VpCounted
{
	const VpKeyCondition *condition;
	uint64		rows;
} VpCounted;

/*
 * All conditions of a filter that has some, those that leave fewer rows first;
 * in the current memory context.
 */
extern VpCounted *vp_count_conditions(VpPostings *postings, const VpFilter *filter);

/*
 * Rows of the posting lists of a condition, at most; begins to scan these
 * lists.
 */
extern uint64 vp_count_condition(VpPostings *postings, const VpKeyCondition *condition);
extern void vp_scan_condition(VpPostings *postings, const VpKeyCondition *condition);

#endif							/* VP_NARROWEST_H */
