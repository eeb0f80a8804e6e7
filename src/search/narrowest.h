/*-------------------------------------------------------------------------
 *
 * narrowest.h
 *	  Which of a filter's conditions leaves the fewest rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NARROWEST_H
#define VP_NARROWEST_H

#include "key/filter.h"
#include "page/postings.h"

/* The ranges of a condition, palloc'd. */
extern VpKeySpan *vp_condition_spans(const VpKeyCondition *condition);

/*
 * Begins to scan the posting lists of the condition that leaves the fewest rows; returns how many, at most.
 * The filter has a condition.
 */
extern uint64 vp_scan_narrowest(VpPostings *postings, const VpFilter *filter);

#endif							/* VP_NARROWEST_H */
