/*-------------------------------------------------------------------------
 *
 * row_number.h
 *	  WHERE rn <= k, over row_number() in a subquery: a LIMIT by another name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ROW_NUMBER_H
#define VP_ROW_NUMBER_H

#include "nodes/pathnodes.h"

/*
 * In a query that numbers the rows of one table and stops at a number, sets
 * the costs of the table's ordered paths by our indexes to those of the rows
 * that are numbered.
 */
extern void vp_limit_by_row_number(PlannerInfo *root, RelOptInfo *rel, Oid am);

#endif							/* VP_ROW_NUMBER_H */
