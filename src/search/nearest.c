/*-------------------------------------------------------------------------
 *
 * nearest.c
 *	  The k nearest of rows that come one by one; see nearest.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "search/nearest.h"

void
vp_nearest_init(VpNearest *nearest, int k)
{
	nearest->k = k;
	nearest->n = 0;
	nearest->hits = palloc(VP_NEAREST_BYTES(k));
}

static int
compare_distances(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return a < b ? -1 : a > b;
}

void
vp_nearest_offer(VpNearest *nearest, const ItemPointerData *tid, double dist)
{
	VpHit	   *heap = nearest->hits;
	int			k = nearest->k;
	int			i = 0;

	if (nearest->n < k)
	{
		for (i = nearest->n++; i > 0 && compare_distances(heap[(i - 1) / 2].dist, dist) < 0;
			 i = (i - 1) / 2)
			heap[i] = heap[(i - 1) / 2];
	}
	else
	{
		if (compare_distances(dist, heap[0].dist) >= 0)
			return;
		while (2 * i + 1 < k)
		{
			int			child = 2 * i + 1;

			if (child + 1 < k && compare_distances(heap[child + 1].dist, heap[child].dist) > 0)
				child++;
			if (compare_distances(heap[child].dist, dist) <= 0)
				break;
			heap[i] = heap[child];
			i = child;
		}
	}
	heap[i].dist = dist;
	heap[i].tid = *tid;
	heap[i].recheck = false;
}

static int
compare_hits(const void *a, const void *b)
{
	return compare_distances(((const VpHit *) a)->dist, ((const VpHit *) b)->dist);
}

void
vp_nearest_sort(VpNearest *nearest)
{
	qsort(nearest->hits, nearest->n, sizeof(VpHit), compare_hits);
}
