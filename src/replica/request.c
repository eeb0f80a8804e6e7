/*-------------------------------------------------------------------------
 *
 * request.c
 *	  Searches that workers run for others; the protocol is in README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/shmem.h"

#include "replica/desk.h"
#include "replica/request.h"

/* For each worker that there can be, within limits. */
#define REQUESTS_A_WORKER	4
#define MAX_REQUESTS		128

static VpRequest *requests;
static int	mine = 0;			/* how many this process has as a client */

static int
request_count(void)
{
	return Min(vp_desk_count() * REQUESTS_A_WORKER, MAX_REQUESTS);
}

static Size
requests_size(void)
{
	return mul_size(request_count(), sizeof(VpRequest));
}

void
vp_requests_request(void)
{
	RequestAddinShmemSpace(requests_size());
}

void
vp_requests_startup(void)
{
	bool		found;

	requests = ShmemInitStruct("vecprov requests", requests_size(), &found);
	if (!found)
		for (int i = 0; i < request_count(); i++)
			pg_atomic_init_u32(&requests[i].state, VP_REQUEST_FREE);
}

static bool
change(VpRequest *request, VpRequestState from, VpRequestState to)
{
	uint32		state = from;

	return pg_atomic_read_u32(&request->state) == from &&
		pg_atomic_compare_exchange_u32(&request->state, &state, to);
}

/*----------
 * Clients
 *----------
 */

VpRequestState
vp_request_state(const VpRequest *request)
{
	VpRequestState state = pg_atomic_read_u32(unconstify(pg_atomic_uint32 *, &request->state));

	pg_read_barrier();
	return state;
}

static Size
query_bytes(const VpAsk *ask)
{
	return MAXALIGN(VARSIZE(DatumGetPointer(ask->query)));
}

bool
vp_request_fits(const VpAsk *ask)
{
	return query_bytes(ask) + (uint64) (ask->rows + ask->more) * sizeof(VpHit) <= VP_REQUEST_BYTES;
}

static void
leave_at_exit(int code, Datum arg)
{
	vp_requests_leave();
}

static VpRequest *
find_free(void)
{
	for (int i = 0; i < request_count(); i++)
		if (change(&requests[i], VP_REQUEST_FREE, VP_REQUEST_FILLING))
			return &requests[i];
	return NULL;
}

VpRequest *
vp_request_post(int slot, Oid index, const VpAsk *ask)
{
	static bool prepared = false;
	VpRequest  *request;

	if (!prepared)
		before_shmem_exit(leave_at_exit, (Datum) 0);
	prepared = true;
	request = find_free();
	if (request == NULL)
		return NULL;
	mine++;
	request->client = MyProc;
	request->slot = slot;
	request->index = index;
	request->ask = *ask;
	memcpy(request->data, DatumGetPointer(ask->query), VARSIZE(DatumGetPointer(ask->query)));
	request->ask.query = PointerGetDatum(request->data);
	request->hits = (VpHit *) (request->data + query_bytes(ask));
	(void) change(request, VP_REQUEST_FILLING, VP_REQUEST_PENDING);
	return request;
}

/* Whoever it belongs to frees it.  Then nobody takes it for his. */
static void
set_free(VpRequest *request)
{
	request->client = NULL;
	request->worker = NULL;
	pg_write_barrier();
	pg_atomic_write_u32(&request->state, VP_REQUEST_FREE);
}

bool
vp_request_take_back(VpRequest *request)
{
	if (!change(request, VP_REQUEST_PENDING, VP_REQUEST_FILLING))
		return false;
	vp_request_free(request);
	return true;
}

void
vp_request_free(VpRequest *request)
{
	mine--;
	set_free(request);
}

/*
 * Leaves a request, whatever its state is: until one change succeeds, since a worker may
 * take it, be done with it, or put it back (vp_request_take) at any moment.
 */
static void
give_up(VpRequest *request)
{
	while (request->client == MyProc)
	{
		switch (vp_request_state(request))
		{
			case VP_REQUEST_PENDING:
				if (vp_request_take_back(request))
					return;
				break;
			case VP_REQUEST_RUNNING:
				if (change(request, VP_REQUEST_RUNNING, VP_REQUEST_CANCEL))
					return;
				break;
			case VP_REQUEST_CANCEL:
				return;
			default:
				set_free(request);
				return;
		}
	}
}

void
vp_requests_leave(void)
{
	if (mine == 0)
		return;
	for (int i = 0; i < request_count(); i++)
		give_up(&requests[i]);
	mine = 0;
}

/*----------
 * Workers
 *----------
 */

/* RUNNING, or left by its client. */
static void
end_run(VpRequest *request, VpRequestState state)
{
	PGPROC	   *client = request->client;

	request->worker = NULL;
	if (change(request, VP_REQUEST_RUNNING, state))
		SetLatch(&client->procLatch);
	else
		set_free(request);
}

VpRequest *
vp_request_take(int slot, Oid index)
{
	for (int i = 0; i < request_count(); i++)
	{
		VpRequest  *request = &requests[i];

		if (vp_request_state(request) != VP_REQUEST_PENDING || request->slot != slot ||
			request->index != index || !change(request, VP_REQUEST_PENDING, VP_REQUEST_RUNNING))
			continue;
		request->worker = MyProc;
		/* between the look and the take it may have become one for another index */
		if (request->slot == slot && request->index == index)
			return request;
		end_run(request, VP_REQUEST_PENDING);
	}
	return NULL;
}

void
vp_request_done(VpRequest *request)
{
	end_run(request, VP_REQUEST_DONE);
}

void
vp_requests_fail(void)
{
	for (int i = 0; i < request_count(); i++)
	{
		VpRequestState state = vp_request_state(&requests[i]);

		if ((state == VP_REQUEST_RUNNING || state == VP_REQUEST_CANCEL) &&
			requests[i].worker == MyProc)
			end_run(&requests[i], VP_REQUEST_FAILED);
	}
}
