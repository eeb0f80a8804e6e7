/*-------------------------------------------------------------------------
 *
 * job.h
 *	  Starting background workers that work in one database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_JOB_H
#define VP_JOB_H

#include "postmaster/bgworker.h"

/*
 * Registers a worker of this database that runs a function of the library; false
 * when there is none to be had.  It is started again so many seconds after it failed
 * (BGW_NEVER_RESTART: never), at once after a crash of the server.
 * handle: NULL if nobody waits for it.
 */
extern bool vp_job_start(const char *name, const char *function, Datum arg, int restart,
							BackgroundWorkerHandle **handle);

/*
 * Starts a worker that moves an index's records to where they shall be; see
 * am/mover.c.  The log tells when that is not possible.
 */
extern void vp_mover_start(Oid index);

/* In the worker: connects it to its database. */
extern void vp_job_connect(void);

#endif							/* VP_JOB_H */
