/*-------------------------------------------------------------------------
 *
 * row_heap.c
 *	  The rows that a scan has measured and not returned yet; see row_heap.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "search/row_heap.h"

static int
compare_rows(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	double		x = ((const VpRow *) a)->dist;
	double		y = ((const VpRow *) b)->dist;

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y) > 0 ? -1 : isnan(x) - isnan(y) < 0 ? 1 : 0;
	return x < y ? 1 : x > y ? -1 : 0;
}

void
vp_row_heap_init(VpRowHeap *heap, MemoryContext context)
{
	memset(heap, 0, sizeof(*heap));
	heap->heap = pairingheap_allocate(compare_rows, NULL);
	heap->context = context;
}

void
vp_row_heap_reset(VpRowHeap *heap)
{
	pairingheap_reset(heap->heap);
	heap->n = 0;
	heap->unused = NULL;
}

VpRow *
vp_row_new(VpRowHeap *heap, double dist, VpId id)
{
	VpRow	   *row = heap->unused;

	if (row != NULL)
		heap->unused = (VpRow *) row->node.first_child;
	else
		row = MemoryContextAlloc(heap->context, sizeof(VpRow));
	row->dist = dist;
	vp_row_start(row, id);
	return row;
}

void
vp_row_push(VpRowHeap *heap, VpRow *row)
{
	pairingheap_add(heap->heap, &row->node);
	heap->n++;
}

void
vp_row_free(VpRowHeap *heap, VpRow *row)
{
	row->node.first_child = (pairingheap_node *) heap->unused;
	heap->unused = row;
}

VpRow *
vp_row_first(VpRowHeap *heap)
{
	return (VpRow *) pairingheap_first(heap->heap);
}

VpRow *
vp_row_pop(VpRowHeap *heap)
{
	heap->n--;
	return (VpRow *) pairingheap_remove_first(heap->heap);
}
