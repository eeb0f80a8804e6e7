/*-------------------------------------------------------------------------
 *
 * rest.h
 *	  What a search met but did not keep, for the case that it goes on.
 *
 * While a search runs, entries are only appended.  When it goes on, they are
 * put in heap order, and the nearest are popped: an exhaustive scan of n nodes
 * takes n log n steps, however small its portions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_REST_H
#define VP_REST_H

#include "graph/graph.h"

typedef struct VpRest
{
	VpCandidate *entries;
	size_t		n;
	size_t		ordered;		/* the first so many are a heap, nearest first */
	size_t		allocated;
} VpRest;

extern void vp_rest_grow(VpRest *rest, const VpAlloc *alloc);

static inline void
vp_rest_add(VpRest *rest, const VpAlloc *alloc, float dist, uint32_t id)
{
	if (rest->n == rest->allocated)
		vp_rest_grow(rest, alloc);
	rest->entries[rest->n].dist = dist;
	rest->entries[rest->n++].id = id;
}

/* Room for n more behind the last, which the caller fills and counts. */
static inline VpCandidate *
vp_rest_room(VpRest *rest, const VpAlloc *alloc, size_t n)
{
	while (rest->allocated < rest->n + n)
		vp_rest_grow(rest, alloc);
	return rest->entries + rest->n;
}

/* Must come between the last addition and the first vp_rest_pop. */
extern void vp_rest_order(VpRest *rest);

/* Takes the nearest; there must be one. */
extern VpCandidate vp_rest_pop(VpRest *rest);

#endif							/* VP_REST_H */
