/*-------------------------------------------------------------------------
 *
 * by_select.h
 *	  The k nearest rows to many queries, found by what the caller may SELECT.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BY_SELECT_H
#define VP_BY_SELECT_H

#include "replica/caller_filter.h"
#include "search/hit.h"

/*
 * Takes a row found for a query; they come in the order of queries and of
 * ranks.
 */
typedef void (*VpFoundCall) (int query, int rank, VpHit *hit, void *arg);

/* What is searched.  The caller has heap and rel, the table and its index, locked. */
typedef struct VpSelectBatch
{
	Relation	heap;
	Relation	rel;
	const VpCallerFilter *filter;
	int			nqueries;
	const Datum *queries;		/* values as the index has them */
	int			k;
	VpFoundCall found;
	void	   *arg;
} VpSelectBatch;

/*
 * Finds the rows that an index should find, exactly, among those that the
 * caller may see and that satisfy the filter.  Reads the table; uses about
 * work_mem, and reads more than once if that is not enough.  Rights are those
 * of caller_rows.h.
 */
extern void vp_select_by_table(const VpSelectBatch *batch);

/*
 * The same by the index, a query at a time: those that it finds under the
 * settings of now, but never fewer than k while there are more: as if
 * vecprov.iterative_scan were not off and there were no
 * vecprov.max_scan_tuples.
 */
extern void vp_select_by_index(const VpSelectBatch *batch);

#endif							/* VP_BY_SELECT_H */
