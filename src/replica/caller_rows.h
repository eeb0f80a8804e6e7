/*-------------------------------------------------------------------------
 *
 * caller_rows.h
 *	  The rows of an index's table that satisfy a filter, read as the caller.
 *
 *	rows = vp_caller_rows_open(heap, rel, filter, k);
 *	for each query:
 *		vp_caller_rows_begin(rows, query);
 *		while ((value = vp_caller_rows_next(rows, &tid)) != NULL)
 *			...
 *	vp_caller_rows_close(rows);
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CALLER_ROWS_H
#define VP_CALLER_ROWS_H

#include "replica/caller_filter.h"
#include "search/form.h"

typedef struct VpCallerRows VpCallerRows;

/*
 * heap and rel: the table and its index, locked.  k = 0: all rows, read from
 * the table without any index.  k > 0: those that the index finds first,
 * nearest first, as in SELECT ... WHERE filter ORDER BY distance LIMIT k; with
 * what other indexes of the table know of the filter, if the planner finds that
 * cheaper.
 *
 * The current user must be the caller: row security is the caller's, and the
 * filter is evaluated with the caller's rights.  ereports when the caller may
 * not read a column that the filter names.  (Whether it may read those that the
 * index is made of has been asked before, capacity/rights.h.)  The index's expressions
 * and its predicate are evaluated as the table's owner (base/as_owner.h).
 * ereports when the planner may not use the index.
 *
 * With k > 0, settings that change until the end are set back then.
 */
extern VpCallerRows *vp_caller_rows_open(Relation heap, Relation rel, const VpCallerFilter *filter, int k);
extern void vp_caller_rows_close(VpCallerRows *rows);

/*
 * Begins (again).  query: a value of the indexed type, which stays until the
 * end; NULL where k = 0.
 */
extern void vp_caller_rows_begin(VpCallerRows *rows, const VpValue *query);

/*
 * The next row's vector, as the index has it; NULL: no more.  Rows without one
 * are passed over.  It stays until the next call.  *tid: of the version that
 * the present snapshot sees.
 */
extern const VpValue *vp_caller_rows_next(VpCallerRows *rows, ItemPointer tid);

#endif							/* VP_CALLER_ROWS_H */
