/*-------------------------------------------------------------------------
 *
 * step.h
 *	  What one dimension adds to a distance, in plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STEP_H
#define VP_STEP_H

#include <math.h>

static inline float
step_l2sq(float sum, float a, float b)
{
	return sum + (a - b) * (a - b);
}

static inline float
step_dot(float sum, float a, float b)
{
	return sum + a * b;
}

static inline float
step_l1(float sum, float a, float b)
{
	return sum + fabsf(a - b);
}

#endif							/* VP_STEP_H */
