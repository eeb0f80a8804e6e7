/*-------------------------------------------------------------------------
 *
 * background.c
 *	  What all background workers of the library have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"
#include "tcop/tcopprot.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/background.h"
#include "base/debug_point.h"

/* Seconds after which a mover that failed tries again. */
#define MOVER_RESTART	10

/* Milliseconds between two looks of a worker that watches the postmaster. */
#define WATCH_EVERY		1000

static emit_log_hook_type previous_emit_log_hook;
static bool connecting;

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
	memcpy(worker.bgw_extra, &MyDatabaseId, sizeof(Oid));
	worker.bgw_notify_pid = handle != NULL ? MyProcPid : 0;
	return RegisterDynamicBackgroundWorker(&worker, handle);
}

bool
vp_mover_start(Oid index)
{
	VP_POINT("mover-due");
	return vp_job_start("vecprov mover", "vecprov_mover_main", ObjectIdGetDatum(index),
						MOVER_RESTART, NULL);
}

/*
 * Keeps two FATAL messages out of the log.  A database that is dropped is
 * nothing that an administrator has to look into: the worker ends with code 0,
 * after which the postmaster neither reports it nor starts it again.  Of a
 * worker that is terminated, the postmaster's own message remains.
 */
static void
end_quietly(ErrorData *edata)
{
	/*
	 * the second one: a database that is half dropped, or takes no
	 * connections
	 */
	if (edata->elevel == FATAL && connecting &&
		(edata->sqlerrcode == ERRCODE_UNDEFINED_DATABASE ||
		 edata->sqlerrcode == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE))
		proc_exit(0);
	if (edata->elevel == FATAL && edata->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
		edata->output_to_server = false;
	if (previous_emit_log_hook)
		previous_emit_log_hook(edata);
}

void
vp_worker_connect(Oid database)
{
	previous_emit_log_hook = emit_log_hook;
	emit_log_hook = end_quietly;

	/*
	 * the server's own handler would end the process wherever the signal
	 * meets it
	 */
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	connecting = true;
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	connecting = false;
}

void
vp_job_connect(void)
{
	Oid			database;

	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(database));
	vp_worker_connect(database);
}

/* A signal handler. */
static void
end_without_postmaster(void)
{
	if (!PostmasterIsAlive())
		kill(MyProcPid, SIGTERM);
}

void
vp_worker_watch_postmaster(void)
{
	TimeoutId	id = RegisterTimeout(USER_TIMEOUT, end_without_postmaster);

	enable_timeout_every(id, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WATCH_EVERY),
						 WATCH_EVERY);
}
