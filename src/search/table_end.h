/*-------------------------------------------------------------------------
 *
 * table_end.h
 *	  Can a row of an index be in its table?
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_TABLE_END_H
#define VP_TABLE_END_H

#include "storage/block.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

typedef struct VpTableEnd
{
	Relation	table;
	BlockNumber nblocks;		/* it has at least so many; no heap: any
								 * number */
} VpTableEnd;

/* table: NULL if nobody is going to fetch rows; then any row can be there. */
extern void vp_table_end_init(VpTableEnd *end, Relation table);

/*
 * False for a TID that makes no sense, or that is behind the end of the table:
 * heapam would raise an error about the table, but it is the index that is
 * damaged.
 */
extern bool vp_table_has(VpTableEnd *end, const ItemPointerData *tid);

#endif							/* VP_TABLE_END_H */
