/*-------------------------------------------------------------------------
 *
 * few_rows.h
 *	  A few rows, known by their TIDs, measured in their table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FEW_ROWS_H
#define VP_FEW_ROWS_H

#include "search/hit.h"
#include "search/index.h"
#include "search/row_reader.h"
#include "search/tid_set.h"

typedef struct VpFewRows
{
	VpHit	   *hits;			/* nearest first */
	int64		n;
	int64		next;			/* to be returned */
} VpFewRows;

/*
 * Measures all rows of a set that the reader's snapshot sees, in the current
 * memory context.  vector: the query's elements.  Those without a distance come
 * last: first those that have a vector.  May be cancelled.
 */
extern VpFewRows *vp_few_rows_measure(VpRowReader *reader, const VpIndex *index, const void *vector,
									  const VpTidSet *tids);

/* The next; false: no more. */
extern bool vp_few_rows_next(VpFewRows *rows, VpHit *hit);

#endif							/* VP_FEW_ROWS_H */
