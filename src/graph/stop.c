/*-------------------------------------------------------------------------
 *
 * stop.c
 *	  When a search for a few rows has looked far enough; see stop.h.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "graph/stop.h"

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
vp_stop_for(float exponent, int k, int ef)
{
	VpStop		stop = vp_stop_at_ef(ef);

	/* not: exponent <= 0, as it may be NaN on a page that is damaged */
	if (!(exponent > 0) || k <= 0 || ef < LEAST_SPREAD * k || ef >= VP_STOP_POOL)
		return stop;
	stop.k = k;
	stop.ratio = powf((float) ef / (float) k, exponent);
	stop.places = (int) fminf(VP_STOP_MOST * ef, VP_STOP_POOL);
	stop.least = (int) (VP_STOP_LEAST * ef);
	return stop;
}
