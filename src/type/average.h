/*-------------------------------------------------------------------------
 *
 * average.h
 *	  The state of avg: an array of double precision, the number of vectors,
 *	  then the sum of each dimension.  It starts as {0}, before the dimensions
 *	  are known.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AVERAGE_H
#define VP_AVERAGE_H

#include "fmgr.h"

/*
 * A transition: the state that is argument 0, with a vector added to it.
 * `caller` is for messages: anybody can call it with any array.
 */
extern Datum vp_average_add(FunctionCallInfo fcinfo, const char *caller, const float *x, int dim);

/*
 * The average of the state that is argument 0, palloc'd, and its dimensions;
 * NULL when there was no vector.
 */
extern float *vp_average_result(FunctionCallInfo fcinfo, const char *caller, int *dim);

#endif							/* VP_AVERAGE_H */
