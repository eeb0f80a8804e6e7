/*-------------------------------------------------------------------------
 *
 * merger_pool.c
 *	  Starts mergers, for the launcher; see merger_pool.h.
 *
 * One at a time: a merger does more in a second than inserts of the whole
 * server ask for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "page/merge_queue.h"
#include "replica/merger_pool.h"
#include "replica/worker.h"

static BackgroundWorkerHandle *merger;	/* NULL: none */
static bool refused;			/* the last one was not to be had */

static bool
is_running(void)
{
	pid_t		pid;

	if (merger == NULL)
		return false;
	if (GetBackgroundWorkerPid(merger, &pid) != BGWH_STOPPED)
		return true;
	pfree(merger);
	merger = NULL;
	return false;
}

/* The next flush of the index asks again. */
static void
note_refusal(void)
{
	if (!refused)
		ereport(LOG,
				(errmsg("could not start a background worker to merge posting lists"),
				 errdetail("Searches with conditions take a little longer until VACUUM or a later insert merges them."),
				 errhint("You might need to increase max_worker_processes.")));
	refused = true;
}

/*
 * The postmaster tells the launcher when it has ended.  The handle is
 * allocated in TopMemoryContext.
 */
static void
start(Oid database, Oid index)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	BackgroundWorker worker;

	vp_worker_fill(&worker, "vecprov merger", "vecprov_merger_main", BGW_NEVER_RESTART);
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_main_arg = ObjectIdGetDatum(index);
	memcpy(worker.bgw_extra, &database, sizeof(database));
	worker.bgw_notify_pid = MyProcPid;
	if (RegisterDynamicBackgroundWorker(&worker, &merger))
		refused = false;
	else
	{
		merger = NULL;
		note_refusal();
	}
	MemoryContextSwitchTo(old);
}

void
vp_merger_pool_tend(void)
{
	Oid			database;
	Oid			index;

	if (!is_running() && vp_merge_queue_take(&database, &index))
		start(database, index);
}

bool
vp_merger_pool_is_needed(void)
{
	return merger != NULL || !vp_merge_queue_is_empty();
}
