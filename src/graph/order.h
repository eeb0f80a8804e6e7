/*-------------------------------------------------------------------------
 *
 * order.h
 *	  Ids in an order of locality; for the files of this room and for tests.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ORDER_H
#define VP_ORDER_H

#include "graph/memgraph.h"

/* Nodes that are not told apart any more: they keep the order in which they were added. */
#define VP_CELL 32

/*
 * The ordering in pieces, as that of membuild.h: create (NULL: out of
 * memory), begin, any number of parts at the same time, one of them the
 * `first`, and end, which gives the ids.  When `work.stop` is set all are
 * left; begin and end return false then, and go on when they are called
 * again.
 */
extern VpMemOrder *vp_mem_order_create(VpMemGraph *graph);
extern bool vp_mem_order_begin(VpMemOrder *order);
extern void vp_mem_order_part(void *order, bool first);
extern bool vp_mem_order_end(VpMemOrder *order);
extern void vp_mem_order_free(VpMemOrder *order);

#endif							/* VP_ORDER_H */
