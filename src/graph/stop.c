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

/*
 * The least exponent.  It is corrected by factors: from nothing, or from below,
 * it would never come back, and searches would end after their least
 * expansions.
 */
#define LEAST_EXPONENT	0.01f

/* A window of queries that are unlike all others makes it no smaller than this part. */
#define LEAST_FACTOR	0.5f

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

static void
set_exponent(VpGrowth *growth, float exponent)
{
	growth->exponent = fmaxf(exponent, LEAST_EXPONENT);
}

void
vp_growth_observe(VpGrowth *growth, const VpStop *stop, float kth, float efth)
{
	float		spread = logf((float) stop->ef / (float) stop->k);

	if (kth > 0 && efth >= kth)
	{
		growth->searches++;
		set_exponent(growth, growth->exponent +
					 (logf(efth / kth) / spread - growth->exponent) / (float) growth->searches);
	}
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
		growth->searches++;
		set_exponent(growth, growth->exponent * (1 - excess / (float) growth->searches));
		return;
	}
	growth->excess += excess / WINDOW;
	if (++growth->window < WINDOW)
		return;
	if (fabsf(growth->excess) > TOLERANCE)
		set_exponent(growth, growth->exponent * fmaxf(1 - growth->excess, LEAST_FACTOR));
	growth->excess = 0;
	growth->window = 0;
}
