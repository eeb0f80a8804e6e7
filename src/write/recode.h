/*-------------------------------------------------------------------------
 *
 * recode.h
 *	  The mean that codes are relative to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RECODE_H
#define VP_RECODE_H

#include "search/index.h"

/*
 * Makes a mean of the sum of n vectors: zero if that is not finite, and then
 * false.
 */
extern bool vp_mean_finish(const double *sum, double n, int padded, float *mean);

/* Has an index grown so much that its mean is to be taken again? */
extern bool vp_mean_is_due(const VpIndex *index);

/* Takes it, if it still is due.  The caller does not hold the insert lock. */
extern void vp_mean_take(Relation rel);

#endif							/* VP_RECODE_H */
