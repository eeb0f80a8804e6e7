/*-------------------------------------------------------------------------
 *
 * frontier.h
 *	  The nodes that a filtered search may still expand: a heap, nearest first.
 *
 * Four children to an entry: half as many levels as with two, and which child
 * is the nearest is told without a jump.  Nothing has to leave it when the
 * search's bound shrinks; what lies beyond is there for a search that goes on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FRONTIER_H
#define VP_FRONTIER_H

#include "graph/overflow_heap.h"

/* Puts an entry in. */
static inline void
vp_frontier_push(VpOverflow *frontier, const VpAlloc *alloc, float dist, VpId id)
{
	VpCandidate *entries;
	size_t		at;

	vp_overflow_add(frontier, alloc, dist, id);
	entries = frontier->entries;
	for (at = frontier->n - 1; at > 0 && dist < entries[(at - 1) / 4].dist; at = (at - 1) / 4)
		entries[at] = entries[(at - 1) / 4];
	entries[at].dist = dist;
	entries[at].id = id;
}

/* The nearest of the children of an entry, of which all four are there. */
static inline size_t
vp_frontier_child(const VpCandidate *entries, size_t first)
{
	size_t		a = first + (entries[first + 1].dist < entries[first].dist);
	size_t		b = first + 2 + (entries[first + 3].dist < entries[first + 2].dist);

	return entries[b].dist < entries[a].dist ? b : a;
}

/* Takes the nearest; there must be one. */
static inline VpCandidate
vp_frontier_pop(VpOverflow *frontier)
{
	VpCandidate *entries = frontier->entries;
	VpCandidate nearest = entries[0];
	size_t		n = --frontier->n;
	VpCandidate last = entries[n];
	size_t		at = 0;
	size_t		child;

	for (;;)
	{
		size_t		first = 4 * at + 1;

		if (first + 3 < n)
			child = vp_frontier_child(entries, first);
		else if (first < n)
		{
			child = first;
			for (size_t i = first + 1; i < n; i++)
				if (entries[i].dist < entries[child].dist)
					child = i;
		}
		else
			break;
		if (last.dist <= entries[child].dist)
			break;
		entries[at] = entries[child];
		at = child;
	}
	entries[at] = last;
	return nearest;
}

#endif							/* VP_FRONTIER_H */
