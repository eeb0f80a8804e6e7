/*-------------------------------------------------------------------------
 *
 * load.h
 *	  How busy replicas were of late.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_H
#define VP_LOAD_H

#include "base/compat.h"

#include "datatype/timestamp.h"

/* "Of late", where nobody says otherwise: microseconds. */
#define VP_LOAD_WINDOW	(5 * USECS_PER_MINUTE)

/* For the shared memory hooks. */
extern void vp_load_request(void);
extern void vp_load_startup(void);

/* The slot is a new index's, and its replicas' counters are zero.  Under the registry's lock. */
extern void vp_load_clear(int slot);

/*
 * Share of their time that the units of a replica were busy during the last
 * `window` microseconds, or, if less is known of it, since then; *complete
 * tells which.  0 ... 1, a bit more where searches were counted that had
 * begun before.
 */
extern double vp_load_share(int slot, int replica, int units, int64 window, bool *complete);

/* Of the replica of `replicas` that was busiest. */
extern double vp_load_busiest(int slot, int replicas, int units, int64 window, bool *complete);

/* Remembers what was counted until now, every twenty seconds.  By the keeper. */
extern void vp_load_sample(void);

/* For tests: as if a replica had been so busy for as long as is remembered. */
extern void vp_load_pretend(int slot, int replica, int units, double share);

#endif							/* VP_LOAD_H */
