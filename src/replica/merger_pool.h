/*-------------------------------------------------------------------------
 *
 * merger_pool.h
 *	  Starts mergers, for the launcher.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MERGER_POOL_H
#define VP_MERGER_POOL_H

/*
 * In each of the launcher's rounds: starts a merger if one is asked for, and
 * none is there.
 */
extern void vp_merger_pool_tend(void);

/* Is one at work, or asked for? */
extern bool vp_merger_pool_is_needed(void);

#endif							/* VP_MERGER_POOL_H */
