/*-------------------------------------------------------------------------
 *
 * searcher.c
 *	  A worker: the process of a replica's unit, which runs searches for others.
 *
 * It is connected to the database of its index and bound to the processors of
 * its zone.  It sleeps until it is woken, and has neither locks nor a snapshot
 * then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <sched.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/debug_point.h"
#include "base/zones.h"
#include "capacity/meter.h"
#include "replica/replica_stats.h"
#include "replica/request.h"
#include "replica/seats.h"
#include "replica/serve.h"
#include "replica/worker.h"
#include "replica/worker_slot.h"

/* Milliseconds after which locks are let go, though there is more to do. */
#define TURN	10

/*
 * Milliseconds after which statistics that could not be reported are tried
 * again.
 */
#define REPORT_EVERY	1000

/*
 * Clients are told of their answers in groups, since who is told runs at once,
 * where there are no more processors than workers, and takes the caches along:
 * after so many nanoseconds of searches, and when it is such a part of those
 * that wait for the worker's seat, which is what it adds to their time.
 */
#define TELL_AFTER	500000
#define TELL_PART	8

static void
bind_to_zone(const VpWorkerSlot *worker_slot)
{
	int			zone = vp_zone_of(worker_slot->index, worker_slot->replica);

	if (!vp_zone_bind(zone))
		ereport(LOG,
				(errmsg("could not run on the processors of zone \"%s\": %m",
						vp_zone_name(zone)),
				 errhint("Check vecprov.zones.")));
}

/*
 * What is to be done next: for who stands in line, then what was posted.  NULL:
 * nothing.
 */
static VpRequest *
next_request(const VpWorkerSlot *worker_slot)
{
	VpRequest  *request = vp_seat_next();

	if (request != NULL)
		return request;
	vp_requests_tell();			/* what was posted may have to wait for a seat */
	return vp_request_take(worker_slot->slot, worker_slot->index);
}

static void
search(VpServed *served, VpRequest *request)
{
	static uint64 untold_ns;
	uint64		start = vp_now();
	uint64		ns;
	int			untold;

	if (vp_request_state(request) == VP_REQUEST_RUNNING)	/* not left by its
															 * client */
		vp_serve_search(served, request);
	ns = request->ns = vp_now() - start;
	untold = vp_request_done(request);
	untold_ns = untold > 1 ? untold_ns + ns : ns;
	if (untold_ns > TELL_AFTER && untold * TELL_PART > vp_seats_waiting_each())
		vp_requests_tell();
}

/*
 * All that there is to do, or what a turn allows.  True: there was something.
 * It may have kept a seat for the next turn.
 */
static bool
serve(VpWorkerSlot *worker_slot)
{
	VpRequest  *request = next_request(worker_slot);
	TimestampTz begun = GetCurrentTimestamp();
	VpServed   *served = NULL;

	if (request == NULL)
		return false;
	pgstat_report_activity(STATE_RUNNING, NULL);
	while (request != NULL)
	{
		if (!vp_serve_turn_to(&served, request->index))
			break;
		search(served, request);
		CHECK_FOR_INTERRUPTS();
		request = NULL;
		if (!TimestampDifferenceExceeds(begun, GetCurrentTimestamp(), TURN))
			request = next_request(worker_slot);
	}
	vp_requests_tell();
	if (served != NULL)
		vp_serve_close(served);
	else
		vp_requests_fail();
	pgstat_report_activity(STATE_IDLE, NULL);
	return true;
}

/*
 * Is there still nothing to do, and no search of this replica by a backend,
 * which would share the processor?
 */
static bool
is_quiet(const VpWorkerSlot *worker_slot)
{
	VpReplicaCounts counts;

	vp_replica_counts(worker_slot->slot, worker_slot->replica, &counts);
	return counts.in_use == 0 && !MyLatch->is_set && !InterruptPending && !ConfigReloadPending &&
		!vp_request_is_pending(worker_slot->slot, worker_slot->index);
}

/* On a reserved processor: stays awake for a while. */
static void
stay_awake(const VpWorkerSlot *worker_slot)
{
	uint64		since = vp_now();

	if (!vp_zone_is_reserved(vp_zone_of(worker_slot->index, worker_slot->replica)))
		return;
	while (is_quiet(worker_slot) && vp_now() - since < VP_AWAKE)
		(void) sched_yield();
}

/* Sleeps until it is woken. */
static void
rest(const VpWorkerSlot *worker_slot)
{
	static bool unreported = false;

	stay_awake(worker_slot);
	(void) vp_wait(VP_WAIT_WORKER, unreported ? REPORT_EVERY : -1);
	unreported = pgstat_report_stat(false) > 0;
}

static void
mind_signals(const VpWorkerSlot *worker_slot)
{
	/*
	 * who is asked to end while it has nothing to do does so without a
	 * message
	 */
	if (ProcDiePending)
		proc_exit(0);
	CHECK_FOR_INTERRUPTS();
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	bind_to_zone(worker_slot);
}

static void
fail_requests(int code, Datum arg)
{
	vp_requests_fail();
}

void
vecprov_worker_main(Datum arg)
{
	int			number = DatumGetInt32(arg);
	VpWorkerSlot *worker_slot = &vp_worker_slots[number];
	VpWarmed	warmed = {0};
	bool		warming;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	if (!vp_worker_slot_enter(number))
		proc_exit(0);
	/* before the worker slot is left */
	on_shmem_exit(fail_requests, (Datum) 0);
	vp_worker_connect(worker_slot->database);
	SetConfigOption("default_transaction_isolation", "read committed", PGC_USERSET,
					PGC_S_OVERRIDE);
	bind_to_zone(worker_slot);
	vp_seats_attend(worker_slot);
	VP_POINT("worker-begun");
	vp_worker_slot_serve(number);

	/*
	 * After a start the rows that are found are to be had as quickly as the
	 * index.  Once: should a page be damaged, that ends this worker, and the
	 * next one has searches to run.
	 */
	warming = worker_slot->replica == 0 && worker_slot->unit == 0 && !worker_slot->warmed;
	worker_slot->warmed = true;
	for (;;)
	{
		mind_signals(worker_slot);
		if (serve(worker_slot))
			continue;
		if (warming)
		{
			warming = vp_serve_warm_tables(worker_slot->index, &warmed);
			continue;
		}
		/* who posts a request after this, or gives it a seat, finds it idle */
		pg_atomic_write_u32(&worker_slot->idle, 1);
		pg_memory_barrier();
		if (!vp_request_is_pending(worker_slot->slot, worker_slot->index))
			rest(worker_slot);
		pg_atomic_write_u32(&worker_slot->idle, 0);
		pg_memory_barrier();
	}
}
