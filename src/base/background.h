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
static inline void
vp_worker_fill(BackgroundWorker *worker, const char *name, const char *function, int restart)
{
	memset(worker, 0, sizeof(*worker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_ConsistentState;
	worker->bgw_restart_time = restart;
	strlcpy(worker->bgw_name, name, BGW_MAXLEN);
	strlcpy(worker->bgw_type, name, BGW_MAXLEN);
	strlcpy(worker->bgw_library_name, "vecprov", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
}

#endif							/* VP_BACKGROUND_H */
