/*-------------------------------------------------------------------------
 *
 * worker_search.c
 *	  One search by a worker: for a process that would be slow at it, or has to wait for
 *	  a seat.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <sched.h>

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/wait_event.h"
#include "replica/registry.h"
#include "replica/request.h"
#include "replica/seats.h"
#include "replica/worker_search.h"
#include "replica/worker_slot.h"

/* Milliseconds after which a request that nobody has begun is taken back. */
#define PATIENCE	10

/*
 * Until a worker has begun it must have a processor: ours, if there is no
 * other.  Once it has, there is one for `meanwhile`.
 *
 * True: a worker has done with it, well or not.  False: nobody has begun, and
 * the request is free again.
 */
static bool
await(VpRequest *request, bool (*meanwhile) (void *arg), void *arg)
{
	TimestampTz since = GetCurrentTimestamp();

	for (;;)
	{
		VpRequestState state = vp_request_state(request);

		if (state == VP_REQUEST_DONE || state == VP_REQUEST_FAILED)
			return true;
		if (state == VP_REQUEST_PENDING)
		{
			if (TimestampDifferenceExceeds(since, GetCurrentTimestamp(), PATIENCE) &&
				vp_request_take_back(request))
				return false;
			(void) sched_yield();
		}
		else if (!meanwhile(arg))
		{
			/* should its worker end, it tells */
			(void) vp_wait(VP_WAIT_ANSWER, -1);
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * The answer of a request that a worker has had, which is free then.  -1: it
 * has failed.
 */
static int
take_answer(VpRequest *request, VpHit *hits, VpHandedCounts *cost)
{
	int			nhits = -1;

	if (vp_request_state(request) == VP_REQUEST_DONE)
	{
		nhits = request->nhits;
		memcpy(hits, request->hits, nhits * sizeof(VpHit));
		cost->counts = request->counts;
		cost->waited_ns = request->waited_ns;
	}
	vp_request_free(request);
	return nhits;
}

/* By an idle worker. */
static int
ask_worker(int slot, Oid seated, Oid index, const VpAsk *ask, VpHit *hits,
		   bool (*meanwhile) (void *arg), void *arg, VpHandedCounts *cost)
{
	VpRequest  *request;
	volatile int nhits = -1;

	if (!vp_request_fits(ask) || !vp_worker_slot_is_idle(slot, seated))
		return -1;
	request = vp_request_post(slot, seated, index, ask);
	if (request == NULL)
		return -1;
	PG_TRY();
	{
		(void) vp_worker_slot_wake(slot, seated);
		if (await(request, meanwhile, arg))
			nhits = take_answer(request, hits, cost);
	}
	PG_CATCH();
	{
		vp_requests_leave();
		PG_RE_THROW();
	}
	PG_END_TRY();
	return nhits;
}

/* By a worker or by this process, when it is its turn: then it has a seat. */
static int
stand_in_line(int slot, Oid seated, Oid index, const VpAsk *ask, VpHit *hits, VpHandedCounts *cost)
{
	VpRequest  *request = vp_request_own(slot, seated, index, ask);
	uint64		before = vp_seat_waited();
	uint64		search_ns;
	int			nhits;

	if (request == NULL || vp_seat_wait(slot, index, request, false))
	{
		cost->waited_ns = vp_seat_waited() - before;
		return -1;
	}
	search_ns = request->ns;
	nhits = take_answer(request, hits, cost);
	cost->waited_ns = vp_seat_waited() - before;
	cost->waited_ns -= Min(search_ns, cost->waited_ns);
	if (nhits < 0)
		(void) vp_seat_wait(slot, index, NULL, true);
	return nhits;
}

int
vp_search_by_worker(Relation rel, const VpAsk *ask, VpHit *hits,
					bool (*meanwhile) (void *arg), void *arg, VpHandedCounts *cost)
{
	Oid			index = RelationGetRelid(rel);
	Oid			seated = InvalidOid;
	int			slot = vp_seats_find(index, &seated);

	MemSet(cost, 0, sizeof(VpHandedCounts));
	if (slot < 0 || vp_is_worker())
		return -1;
	if (!vp_seat_is_free(slot))
		return stand_in_line(slot, seated, index, ask, hits, cost);
	return meanwhile != NULL ? ask_worker(slot, seated, index, ask, hits, meanwhile, arg, cost) : -1;
}
