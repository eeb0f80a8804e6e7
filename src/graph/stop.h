/*-------------------------------------------------------------------------
 *
 * stop.h
 *	  When a search for a few rows has looked far enough.
 *
 * A search that expands its ef nearest does as much for a query that has few
 * nodes around it as for one that has many.  One for the k nearest may instead
 * expand what is at most so many times as far as the k-th (adaptive beam
 * search, Al-Jazzazi et al. 2025): the same work finds more.  How many times
 * follows from an exponent, which is learned so that a search expands ef nodes
 * in the mean.
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

/* Of a search for the k nearest with an effort of ef. */
typedef struct VpStop
{
	int			k;
	int			ef;
	float		ratio;			/* 0: expand the ef nearest */
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
 * The rule for the k nearest, where the n-th nearest is about (n / k)^exponent
 * times as far as the k-th (growth.h); 0: that is not known.  Distances must be
 * positive, and be as many times as far whatever their unit is.
 */
extern VpStop vp_stop_for(float exponent, int k, int ef);

#endif							/* VP_STOP_H */
