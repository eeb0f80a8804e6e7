/*-------------------------------------------------------------------------
 *
 * by_table.h
 *	  The k nearest rows to many queries, found by reading the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BY_TABLE_H
#define VP_BY_TABLE_H

#include "utils/relcache.h"

#include "search/hit.h"

/* Takes a row found for a query; they come in the order of queries and of ranks. */
typedef void (*VpFoundCall) (int query, int rank, VpHit *hit, void *arg);

/*
 * Finds the rows that an index should find, exactly, among those that the caller may see.  heap
 * and rel: the table and its index, locked.  queries: values as the index has them.  Uses about
 * work_mem, and reads the table more than once if that is not enough.
 *
 * The rows are read as the caller, under row security.  Expressions and predicate are evaluated
 * as the table's owner (base/as_owner.h), of rows that the caller sees only.
 */
extern void vp_search_table(Relation heap, Relation rel, int nqueries, const Datum *queries, int k,
							VpFoundCall found, void *arg);

#endif							/* VP_BY_TABLE_H */
