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
 * Describes a worker that runs an exported function of the library and can
 * connect to a database.  restart: seconds, or BGW_NEVER_RESTART.
 */
extern void vp_worker_fill(BackgroundWorker *worker, const char *name, const char *function,
						   int restart);

/*
 * Registers a worker that does a job in this database; false when there is none
 * to be had.  It is started again so many seconds after it failed
 * (BGW_NEVER_RESTART: never), at once after a crash of the server.  handle:
 * NULL if nobody waits for it.
 */
extern bool vp_job_start(const char *name, const char *function, Datum arg, int restart,
						 BackgroundWorkerHandle **handle);

/* In such a worker: connects it to its database. */
extern void vp_job_connect(void);

/*
 * In any worker: lets signals in and connects it to a database.  Ends the
 * process, without a message, when the database is gone or takes no
 * connections.
 *
 * From here on SIGTERM ends it as a client's process is ended: at the next
 * CHECK_FOR_INTERRUPTS, also while it waits.  The transaction is aborted then;
 * what belongs to none (session locks, seats, places in shared memory) must be
 * let go by a callback of before_shmem_exit, registered as soon as it may be
 * taken.
 */
extern void vp_worker_connect(Oid database);

/*
 * In a worker that works for long without waiting: has it end, as by SIGTERM,
 * soon after the postmaster was killed.  Until then no new server can start in
 * the data directory.  Whoever waits (vp_wait, a lock) ends then anyhow.
 */
extern void vp_worker_watch_postmaster(void);

/*
 * Starts a worker that moves records of an index of this database to where they
 * shall be; see replica/mover.c.  False when there is none to be had.
 */
extern bool vp_mover_start(Oid index);

#endif							/* VP_BACKGROUND_H */
