/*-------------------------------------------------------------------------
 *
 * stop.h
 *	  When a search for a few rows has looked far enough.
 *
 * A search that expands its ef nearest does as much for a query that has few
 * nodes around it as for one that has many.  One for the k nearest may instead
 * expand what is at most so many times as far as the k-th (adaptive beam
 * search, Al-Jazzazi et al. 2025): the same work finds more.  How many times is
 * learned from searches, so that a search expands ef nodes in the mean.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STOP_H
#define VP_STOP_H

#include <stdbool.h>

#include "kernel/code.h"

/* Places of the pool and least expansions, for each of ef; no more places. */
#define VP_STOP_MOST	2.5
#define VP_STOP_LEAST	0.25
#define VP_STOP_POOL	1024

/*
 * How distances grow around queries: the n-th nearest is about (n / k)^exponent
 * times as far as the k-th.  All zeroes: not known yet.
 */
typedef struct VpGrowth
{
	float		exponent;
	int			searches;		/* learned from */
	float		excess;			/* of those of a window: what they expanded
								 * too much */
	int			window;			/* of how many */
} VpGrowth;

/* Of a search for the k nearest with an effort of ef. */
typedef struct VpStop
{
	int			k;				/* 0: expand the ef nearest, and learn nothing */
	int			ef;
	float		ratio;			/* 0: not known yet; expand the ef nearest */
	int			places;			/* of the pool */
	int			least;			/* expansions */
} VpStop;

/*
 * Can searches by this metric stop by distance?  Of numbers that can be negative
 * none is so many times as far as another, and whole numbers grow in steps.
 */
static inline bool
vp_stop_fits(VpMetric metric)
{
	return metric == VP_METRIC_L2 || metric == VP_METRIC_COSINE || metric == VP_METRIC_L1;
}

/* Expand the ef nearest, whatever the distances are. */
extern VpStop vp_stop_at_ef(int ef);

/*
 * The rule for the k nearest.  Distances must be positive, and be as many times
 * as far whatever their unit is.
 */
extern VpStop vp_stop_for(const VpGrowth *growth, int k, int ef);

/*
 * Learns from a search that expanded the ef nearest, and found the k-th and the
 * ef-th at these distances.
 */
extern void vp_growth_observe(VpGrowth *growth, const VpStop *stop, float kth, float efth);

/* Learns from a search by the ratio, which has expanded so many nodes. */
extern void vp_growth_correct(VpGrowth *growth, const VpStop *stop, int expanded);

#endif							/* VP_STOP_H */
