/*-------------------------------------------------------------------------
 *
 * nearest.h
 *	  The k nearest of rows that come one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NEAREST_H
#define VP_NEAREST_H

#include "search/hit.h"

/*
 * A heap with the farthest on top.  NaN, the cosine distance of a zero vector,
 * is farther than all else.
 */
typedef struct VpNearest
{
	int			k;
	int			n;
	VpHit	   *hits;
} VpNearest;

/* In the current memory context. */
extern void vp_nearest_init(VpNearest *nearest, int k);
extern void vp_nearest_offer(VpNearest *nearest, const ItemPointerData *tid, double dist);

/* The nearest first; from then on nothing can be offered. */
extern void vp_nearest_sort(VpNearest *nearest);

/* Bytes that one needs. */
#define VP_NEAREST_BYTES(k)		((Size) (k) * sizeof(VpHit))

#endif							/* VP_NEAREST_H */
