/*-------------------------------------------------------------------------
 *
 * background.c
 *	  What all background workers of the library have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "base/background.h"

/* Seconds after which a mover that failed tries again. */
#define MOVER_RESTART	10

void
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

bool
vp_job_start(const char *name, const char *function, Datum arg, int restart,
			 BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker;

	vp_worker_fill(&worker, name, function, restart);
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_main_arg = arg;
	memcpy(worker.bgw_extra, &MyDatabaseId, sizeof(MyDatabaseId));
	worker.bgw_notify_pid = handle != NULL ? MyProcPid : 0;
	return RegisterDynamicBackgroundWorker(&worker, handle);
}

void
vp_mover_start(Oid index)
{
	if (!vp_job_start("vecprov mover", "vecprov_mover_main", ObjectIdGetDatum(index),
					  MOVER_RESTART, NULL))
		ereport(LOG,
				(errmsg("could not start a background worker to move records between shards"),
				 errdetail("The next VACUUM of the table tries again."),
				 errhint("You might need to increase max_worker_processes."),
				 errhidestmt(true)));
}

void
vp_job_connect(void)
{
	Oid			database;

	BackgroundWorkerUnblockSignals();
	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(database));
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
}
