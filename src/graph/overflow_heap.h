/*-------------------------------------------------------------------------
 *
 * overflow_heap.h
 *	  What a search met but did not keep, for the case that it goes on.
 *
 * While a search runs, entries are only appended.  When it goes on, they are
 * put in heap order, and the nearest are popped: an exhaustive scan of n nodes
 * takes n log n steps, however small its portions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_OVERFLOW_HEAP_H
#define VP_OVERFLOW_HEAP_H

#include "graph/graph.h"

typedef struct VpOverflow
{
	VpCandidate *entries;
	size_t		n;
	size_t		ordered;		/* the first so many are a heap, nearest first */
	size_t		allocated;
} VpOverflow;

extern void vp_overflow_grow(VpOverflow *overflow, const VpAlloc *alloc);

static inline void
vp_overflow_add(VpOverflow *overflow, const VpAlloc *alloc, float dist, uint32_t id)
{
	if (overflow->n == overflow->allocated)
		vp_overflow_grow(overflow, alloc);
	overflow->entries[overflow->n].dist = dist;
	overflow->entries[overflow->n++].id = id;
}

/* Room for n more behind the last, which the caller fills and counts. */
static inline VpCandidate *
vp_overflow_room(VpOverflow *overflow, const VpAlloc *alloc, size_t n)
{
	while (overflow->allocated < overflow->n + n)
		vp_overflow_grow(overflow, alloc);
	return overflow->entries + overflow->n;
}

/* Must come between the last addition and the first vp_overflow_pop. */
extern void vp_overflow_order(VpOverflow *overflow);

/* Takes the nearest; there must be one. */
extern VpCandidate vp_overflow_pop(VpOverflow *overflow);

#endif							/* VP_OVERFLOW_HEAP_H */
