/*-------------------------------------------------------------------------
 *
 * elsewhere.c
 *	  One search by an idle worker, for a process that would be slow at it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <sched.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "replica/desk.h"
#include "replica/registry.h"
#include "replica/request.h"

/* Milliseconds after which a request that nobody has begun is taken back. */
#define PATIENCE	10

/*
 * Until a worker has begun it must have a processor: ours, if there is no other.
 * Once it has, there is one for `meanwhile`.
 *
 * True: a worker has done with it, well or not.  False: nobody has begun, and the request
 * is free again.
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
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1, PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
		}
		CHECK_FOR_INTERRUPTS();
	}
}

int
vp_search_elsewhere(Relation rel, const VpAsk *ask, VpHit *hits,
					bool (*meanwhile) (void *arg), void *arg)
{
	Oid			index = RelationGetRelid(rel);
	int			slot = vp_slot_find(MyDatabaseId, index);
	VpRequest  *request;
	volatile int nhits = -1;

	if (slot < 0 || vp_is_worker() || !vp_request_fits(ask) || !vp_desk_is_idle(slot, index))
		return -1;
	request = vp_request_post(slot, index, ask);
	if (request == NULL)
		return -1;
	PG_TRY();
	{
		(void) vp_desk_wake(slot, index);
		if (await(request, meanwhile, arg))
		{
			if (vp_request_state(request) == VP_REQUEST_DONE)
			{
				nhits = request->nhits;
				memcpy(hits, request->hits, nhits * sizeof(VpHit));
			}
			vp_request_free(request);
		}
	}
	PG_CATCH();
	{
		vp_requests_leave();
		PG_RE_THROW();
	}
	PG_END_TRY();
	return nhits;
}
