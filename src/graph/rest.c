/*-------------------------------------------------------------------------
 *
 * rest.c
 *	  What a search met but did not keep; see rest.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "graph/rest.h"

#define FIRST_ENTRIES 1024

void
vp_rest_grow(VpRest *rest, const VpAlloc *alloc)
{
	size_t		allocated = rest->allocated == 0 ? FIRST_ENTRIES : 2 * rest->allocated;
	VpCandidate *entries = alloc->alloc(allocated * sizeof(VpCandidate));

	if (rest->entries != NULL)
	{
		memcpy(entries, rest->entries, rest->n * sizeof(VpCandidate));
		alloc->free(rest->entries);
	}
	rest->entries = entries;
	rest->allocated = allocated;
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
vp_rest_order(VpRest *rest)
{
	if (rest->ordered == 0)
	{
		for (size_t i = rest->n / 2; i > 0; i--)
			sift_down(rest->entries, rest->n, i - 1);
	}
	else
	{
		for (size_t i = rest->ordered; i < rest->n; i++)
			sift_up(rest->entries, i);
	}
	rest->ordered = rest->n;
}

VpCandidate
vp_rest_pop(VpRest *rest)
{
	VpCandidate nearest = rest->entries[0];

	rest->ordered = --rest->n;
	if (rest->n > 0)
	{
		rest->entries[0] = rest->entries[rest->n];
		sift_down(rest->entries, rest->n, 0);
	}
	return nearest;
}
