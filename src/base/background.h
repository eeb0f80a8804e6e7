/*-------------------------------------------------------------------------
 *
 * background.h
 *	  What all background workers of the library have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BACKGROUND_H
#define VP_BACKGROUND_H

#include "postmaster/bgworker.h"

/*
 * Describes a worker that runs an exported function of the library and can connect
 * to a database.  restart: seconds, or BGW_NEVER_RESTART.
 */
extern void vp_worker_fill(BackgroundWorker *worker, const char *name, const char *function,
						   int restart);

/*
 * Registers a worker that does a job in this database; false when there is none to be
 * had.  It is started again so many seconds after it failed (BGW_NEVER_RESTART:
 * never), at once after a crash of the server.  handle: NULL if nobody waits for it.
 */
extern bool vp_job_start(const char *name, const char *function, Datum arg, int restart,
						 BackgroundWorkerHandle **handle);

/* In such a worker: connects it to its database. */
extern void vp_job_connect(void);

/*
 * Starts a worker that moves an index's records to where they shall be; see
 * am/mover.c.  The log tells when that is not possible.
 */
extern void vp_mover_start(Oid index);

#endif							/* VP_BACKGROUND_H */
