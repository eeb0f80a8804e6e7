/*-------------------------------------------------------------------------
 *
 * stop.c
 *	  When a search for a few rows has looked far enough; see stop.h.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "graph/stop.h"

/* So many searches tell where to begin. */
#define FIRST_SEARCHES	16

/* After so many it is known. */
#define MOST_SEARCHES	256

/*
 * So many later ones are looked at together, and how far they may be off, three
 * deviations of such a mean.
 */
#define WINDOW			128
#define TOLERANCE		0.1f

/* A search of ef expands so many more than ef, which leave the pool after that. */
#define PUSHED_OUT	3

/* A smaller pool has too few places behind the k-th. */
#define LEAST_SPREAD	3

VpStop
vp_stop_at_ef(int ef)
{
	return (VpStop)
	{
		.ef = ef,.places = ef
	};
}

VpStop
vp_stop_for(const VpGrowth *growth, int k, int ef)
{
	VpStop		stop = vp_stop_at_ef(ef);

	if (k <= 0 || ef < LEAST_SPREAD * k || ef >= VP_STOP_POOL)
		return stop;
	stop.k = k;
	if (growth->searches < FIRST_SEARCHES)
		return stop;
	stop.ratio = powf((float) ef / (float) k, growth->exponent);
	stop.places = (int) fminf(VP_STOP_MOST * ef, VP_STOP_POOL);
	stop.least = (int) (VP_STOP_LEAST * ef);
	return stop;
}

void
vp_growth_observe(VpGrowth *growth, const VpStop *stop, float kth, float efth)
{
	float		spread = logf((float) stop->ef / (float) stop->k);

	if (kth > 0 && efth >= kth)
		growth->exponent += (logf(efth / kth) / spread - growth->exponent) / (float) ++growth->searches;
}

/*
 * The first searches correct it one by one.  Later ones do so by a window, and
 * only if they show that queries are others now: the same query finds the same.
 */
void
vp_growth_correct(VpGrowth *growth, const VpStop *stop, int expanded)
{
	float		spread = logf((float) stop->ef / (float) stop->k);
	float		excess = ((float) expanded / (float) (stop->ef + PUSHED_OUT) - 1) / spread;

	if (growth->searches < MOST_SEARCHES)
	{
		growth->exponent *= 1 - excess / (float) ++growth->searches;
		return;
	}
	growth->excess += excess / WINDOW;
	if (++growth->window < WINDOW)
		return;
	if (fabsf(growth->excess) > TOLERANCE)
		growth->exponent *= 1 - growth->excess;
	growth->excess = 0;
	growth->window = 0;
}
