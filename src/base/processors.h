/*-------------------------------------------------------------------------
 *
 * processors.h
 *	  How many processors the server may use.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PROCESSORS_H
#define VP_PROCESSORS_H

/*
 * Processors that the server was started on (its mask of affinity, not that
 * of a worker which is bound to a zone), or the part of them that the quota
 * of its control group leaves, if that is less.  At least a hundredth.  Asked
 * of the system each time.  Never raises an error.
 */
extern double vp_processors(void);

#endif							/* VP_PROCESSORS_H */
