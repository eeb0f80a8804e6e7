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

#include "base/settings.h"
#include "replica/worker_slot.h"
#include "replica/request.h"

/* For each worker that there can be, within limits. */
#define REQUESTS_A_WORKER	4
#define MAX_REQUESTS		128

/*
 * First those that are posted, then one of each process's own; behind all,
 * their data.
 */
static VpRequest *requests;
static int	mine = 0;			/* how many this process has posted */
static PGPROC *untold[16];		/* whose searches are done */
static int	nuntold = 0;

static int
request_count(void)
{
	return vp_max_provisioned > 0 ? Min(vp_worker_slot_count() * REQUESTS_A_WORKER, MAX_REQUESTS) : 0;
}

static int
all_count(void)
{
	return request_count() > 0 ? request_count() + MaxBackends : 0;
}

static Size
room_of(int i)
{
	return i < request_count() ? VP_REQUEST_BYTES : VP_OWN_BYTES;
}

static Size
requests_size(void)
{
	Size		size = MAXALIGN(mul_size(all_count(), sizeof(VpRequest)));

	for (int i = 0; i < all_count(); i++)
		size = add_size(size, room_of(i));
	return size;
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
	char	   *data;

	requests = ShmemInitStruct("vecprov requests", requests_size(), &found);
	if (found)
		return;
	data = (char *) requests + MAXALIGN(all_count() * sizeof(VpRequest));
	for (int i = 0; i < all_count(); i++)
	{
		pg_atomic_init_u32(&requests[i].state, VP_REQUEST_FREE);
		requests[i].client = requests[i].worker = NULL;
		requests[i].room = room_of(i);
		requests[i].data = data;
		data += room_of(i);
	}
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

static bool
fits(const VpAsk *ask, Size room)
{
	return query_bytes(ask) + (uint64) (ask->rows + ask->more) * sizeof(VpHit) <= room;
}

bool
vp_request_fits(const VpAsk *ask)
{
	return fits(ask, VP_REQUEST_BYTES);
}

static void
fill(VpRequest *request, int slot, Oid seated, Oid index, const VpAsk *ask)
{
	request->client = MyProc;
	request->slot = slot;
	request->seated = seated;
	request->index = index;
	request->ask = *ask;
	memcpy(request->data, DatumGetPointer(ask->query), VARSIZE(DatumGetPointer(ask->query)));
	request->ask.query = PointerGetDatum(request->data);
	request->hits = (VpHit *) (request->data + query_bytes(ask));
	(void) change(request, VP_REQUEST_FILLING, VP_REQUEST_PENDING);
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
vp_request_post(int slot, Oid seated, Oid index, const VpAsk *ask)
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
	fill(request, slot, seated, index, ask);
	return request;
}

VpRequest *
vp_request_own(int slot, Oid seated, Oid index, const VpAsk *ask)
{
	VpRequest  *request;

	if (all_count() == 0 || !fits(ask, VP_OWN_BYTES))
		return NULL;
	request = &requests[request_count() + VpMyProcNumber];
	if (!change(request, VP_REQUEST_FREE, VP_REQUEST_FILLING))
		return NULL;
	fill(request, slot, seated, index, ask);
	return request;
}

/* Its owner frees it; from then on it belongs to nobody. */
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

static bool
is_posted(const VpRequest *request)
{
	return request - requests < request_count();
}

void
vp_request_free(VpRequest *request)
{
	if (is_posted(request))
		mine--;
	set_free(request);
}

/*
 * Until one change succeeds, since a worker may take it, be done with it, or
 * put it back (vp_request_take) at any moment.
 */
void
vp_request_leave(VpRequest *request)
{
	while (request->client == MyProc)
	{
		switch (vp_request_state(request))
		{
			case VP_REQUEST_PENDING:
				if (!change(request, VP_REQUEST_PENDING, VP_REQUEST_FILLING))
					break;
				set_free(request);
				return;
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
		vp_request_leave(&requests[i]);
	mine = 0;
}

/*----------
 * Workers
 *----------
 */

/* RUNNING, or left by its client.  Who is to be told. */
static PGPROC *
end_run(VpRequest *request, VpRequestState state)
{
	PGPROC	   *client = request->client;

	request->worker = NULL;
	if (change(request, VP_REQUEST_RUNNING, state))
		return client;
	set_free(request);
	return NULL;
}

static bool
is_pending(const VpRequest *request, int slot, Oid seated)
{
	return vp_request_state(request) == VP_REQUEST_PENDING && request->slot == slot &&
		request->seated == seated;
}

bool
vp_request_is_pending(int slot, Oid seated)
{
	for (int i = 0; i < request_count(); i++)
		if (is_pending(&requests[i], slot, seated))
			return true;
	return false;
}

void
vp_request_begin(VpRequest *request, PGPROC *worker)
{
	bool		begun PG_USED_FOR_ASSERTS_ONLY;

	request->worker = worker;
	begun = change(request, VP_REQUEST_PENDING, VP_REQUEST_RUNNING);
	Assert(begun);
}

VpRequest *
vp_request_take(int slot, Oid seated)
{
	for (int i = 0; i < request_count(); i++)
	{
		VpRequest  *request = &requests[i];

		if (!is_pending(request, slot, seated) ||
			!change(request, VP_REQUEST_PENDING, VP_REQUEST_RUNNING))
			continue;
		request->worker = MyProc;

		/*
		 * between the look and the take it may have become one for another
		 * index
		 */
		if (request->slot == slot && request->seated == seated)
			return request;
		(void) end_run(request, VP_REQUEST_PENDING);
	}
	return NULL;
}

int
vp_request_done(VpRequest *request)
{
	PGPROC	   *client = end_run(request, VP_REQUEST_DONE);

	if (client != NULL)
		untold[nuntold++] = client;
	if (nuntold == lengthof(untold))
		vp_requests_tell();
	return nuntold;
}

void
vp_requests_tell(void)
{
	for (int i = 0; i < nuntold; i++)
		SetLatch(&untold[i]->procLatch);
	nuntold = 0;
}

void
vp_requests_fail(void)
{
	vp_requests_tell();
	for (int i = 0; i < all_count(); i++)
	{
		VpRequestState state = vp_request_state(&requests[i]);

		if ((state == VP_REQUEST_RUNNING || state == VP_REQUEST_CANCEL) &&
			requests[i].worker == MyProc)
		{
			PGPROC	   *client = end_run(&requests[i], VP_REQUEST_FAILED);

			if (client != NULL)
				SetLatch(&client->procLatch);
		}
	}
}
