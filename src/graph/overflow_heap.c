/*-------------------------------------------------------------------------
 *
 * overflow_heap.c
 *	  What a search met but did not keep; see overflow_heap.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "graph/overflow_heap.h"

#define FIRST_ENTRIES 1024

void
vp_overflow_grow(VpOverflow *overflow, const VpAlloc *alloc)
{
	size_t		allocated = overflow->allocated == 0 ? FIRST_ENTRIES : 2 * overflow->allocated;
	VpCandidate *entries = alloc->alloc(allocated * sizeof(VpCandidate));

	if (overflow->entries != NULL)
	{
		memcpy(entries, overflow->entries, overflow->n * sizeof(VpCandidate));
		alloc->free(overflow->entries);
	}
	overflow->entries = entries;
	overflow->allocated = allocated;
}

/* Moves the entry at `at` down to where it belongs in a heap of n. */
static void
sift_down(VpCandidate *entries, size_t n, size_t at)
{
	VpCandidate entry = entries[at];

	for (;;)
	{
		size_t		child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && entries[child + 1].dist < entries[child].dist)
			child++;
		if (entry.dist <= entries[child].dist)
			break;
		entries[at] = entries[child];
		at = child;
	}
	entries[at] = entry;
}

static void
sift_up(VpCandidate *entries, size_t at)
{
	VpCandidate entry = entries[at];

	while (at > 0 && entry.dist < entries[(at - 1) / 2].dist)
	{
		entries[at] = entries[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	entries[at] = entry;
}

void
vp_overflow_order(VpOverflow *overflow)
{
	if (overflow->ordered == 0)
	{
		for (size_t i = overflow->n / 2; i > 0; i--)
			sift_down(overflow->entries, overflow->n, i - 1);
	}
	else
	{
		for (size_t i = overflow->ordered; i < overflow->n; i++)
			sift_up(overflow->entries, i);
	}
	overflow->ordered = overflow->n;
}

VpCandidate
vp_overflow_pop(VpOverflow *overflow)
{
	VpCandidate nearest = overflow->entries[0];

	overflow->ordered = --overflow->n;
	if (overflow->n > 0)
	{
		overflow->entries[0] = overflow->entries[overflow->n];
		sift_down(overflow->entries, overflow->n, 0);
	}
	return nearest;
}
