/*-------------------------------------------------------------------------
 *
 * row_heap.h
 *	  The rows that a scan has measured and not returned yet, nearest first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ROW_HEAP_H
#define VP_ROW_HEAP_H

#include "lib/pairingheap.h"

#include "base/levels.h"

/* A node whose row is on its way to the executor. */
typedef struct VpRow
{
	pairingheap_node node;		/* first */
	double		dist;			/* NaN, as the cosine distance of a zero
								 * vector is, comes last */
	VpId		id;				/* or the first of a chain that may have one */

	/*
	 * of the chain: where it came from, how far it has come, and a node that
	 * it must not meet again
	 */
	VpId		before;
	uint32		steps;
	VpId		mark;
} VpRow;

/* A row begins at a node, which may have a chain. */
static inline void
vp_row_start(VpRow *row, VpId id)
{
	row->id = id;
	row->before = row->mark = VP_NO_ID;
	row->steps = 0;
}

typedef struct VpRowHeap
{
	pairingheap *heap;
	MemoryContext context;		/* of the rows */
	int			n;
	VpRow	   *unused;			/* chained by their first child pointer */
} VpRowHeap;

/*
 * An empty heap, in the current memory context; its rows are in the other one.
 */
extern void vp_row_heap_init(VpRowHeap *heap, MemoryContext context);

/* Forgets all rows, those in use too; their memory goes with the context. */
extern void vp_row_heap_reset(VpRowHeap *heap);

/* A row that is not in the heap; to be pushed, or to be freed. */
extern VpRow *vp_row_new(VpRowHeap *heap, double dist, VpId id);
extern void vp_row_push(VpRowHeap *heap, VpRow *row);
extern void vp_row_free(VpRowHeap *heap, VpRow *row);

/* The nearest row, left in the heap or taken out; the heap is not empty. */
extern VpRow *vp_row_first(VpRowHeap *heap);
extern VpRow *vp_row_pop(VpRowHeap *heap);

#endif							/* VP_ROW_HEAP_H */
