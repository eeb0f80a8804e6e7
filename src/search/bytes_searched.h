/*-------------------------------------------------------------------------
 *
 * bytes_searched.h
 *	  How many bytes of records a search is about.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BYTES_SEARCHED_H
#define VP_BYTES_SEARCHED_H

#include "key/filter.h"
#include "search/index.h"

/*
 * All of the index, or, if it has namespaces and the filter (NULL: none) has a
 * condition on them, about as many as those hold that satisfy it: the number of
 * their rows, at most, times the mean size of a record.  A snapshot must be
 * registered or active.
 */
extern uint64 vp_bytes_searched(const VpIndex *index, const VpFilter *filter);

#endif							/* VP_BYTES_SEARCHED_H */
