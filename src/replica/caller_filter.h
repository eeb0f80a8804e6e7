/*-------------------------------------------------------------------------
 *
 * caller_filter.h
 *	  A condition on the rows of a table, that somebody gives to a function as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CALLER_FILTER_H
#define VP_CALLER_FILTER_H

#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/relcache.h"

typedef struct VpCallerFilter
{
	const char *source;			/* empty: none */
	Query	   *query;			/* SELECT FROM ONLY table WHERE source; the
								 * table is its range table's entry 1 */
	ParamListInfo params;		/* values of $1, $2 ... */
} VpCallerFilter;

/*
 * Makes a filter of one boolean expression over the table's columns, with a
 * value of `params`, an array of text, for each $n.  source: NULL for no
 * condition; params: NULL for no values.  heap stays locked as long as the
 * filter is used.
 *
 * The current user must be the caller, whose search_path resolves names.  The query names the columns of the filter, and no other ones, as
 * those that its user must be allowed to read: that is checked by the executor.
 * ereports unless the text is such an expression, and where a value does not
 * fit the type that the parser finds for its $n.
 */
extern VpCallerFilter *vp_caller_filter_parse(Relation heap, const char *source, ArrayType *params);

#endif							/* VP_CALLER_FILTER_H */
