/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  What launcher, keeper and catalogue reader have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "utils/guc.h"

#include "base/wish_inval.h"
#include "base/settings.h"
#include "page/merge_queue.h"
#include "replica/kept_seat.h"
#include "replica/load.h"
#include "replica/worker_slot.h"
#include "replica/registry.h"
#include "replica/replica.h"
#include "replica/request.h"
#include "replica/seats.h"
#include "replica/replica_stats.h"
#include "replica/worker.h"

/* Seconds after which launcher and keeper come back when they have ended. */
#define RESTART		1

/* At exit, also by an error while the registry was locked. */
static void
leave_place(int code, Datum place)
{
	LWLockReleaseAll();
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	*(PGPROC **) DatumGetPointer(place) = NULL;
	LWLockRelease(vp_registry->lock);
}

void
vp_worker_start(PGPROC **place)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	vp_worker_connect(InvalidOid);

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	*place = MyProc;
	LWLockRelease(vp_registry->lock);
	before_shmem_exit(leave_place, PointerGetDatum(place));
}

bool
vp_worker_wait(VpWaitEvent event, long timeout)
{
	bool		woken = vp_wait(event, timeout);

	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	return woken;
}

static void
wake_launcher(void)
{
	vp_registry_wake(&vp_registry->launcher);
}

void
vp_replica_define(void)
{
	BackgroundWorker worker;

	if (vp_max_provisioned == 0 || IsBinaryUpgrade)
		return;
	vp_worker_fill(&worker, "vecprov launcher", "vecprov_launcher_main", RESTART);
	RegisterBackgroundWorker(&worker);
	vp_worker_fill(&worker, "vecprov keeper", "vecprov_keeper_main", RESTART);
	RegisterBackgroundWorker(&worker);
	vp_wish_inval_define(wake_launcher);
	vp_merge_queue_define(wake_launcher);
}

void
vp_replica_request(void)
{
	vp_registry_request();
	vp_seats_request();
	vp_kept_seats_request();
	vp_tallies_request();
	vp_load_request();
	vp_worker_slot_request();
	vp_requests_request();
}

void
vp_replica_startup(void)
{
	vp_registry_startup();
	vp_seats_startup();
	vp_kept_seats_startup();
	vp_tallies_startup();
	vp_load_startup();
	vp_worker_slot_startup();
	vp_requests_startup();
}
