/*-------------------------------------------------------------------------
 *
 * worker_pool.h
 *	  A worker for each unit of each replica.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WORKER_POOL_H
#define VP_WORKER_POOL_H

/*
 * Starts and ends workers as slots and settings want them.  By the launcher,
 * often.
 */
extern void vp_worker_pool_tend(void);

/* Is there a worker, or a worker slot that is kept for one? */
extern bool vp_worker_pool_exists(void);

#endif							/* VP_WORKER_POOL_H */
