/*-------------------------------------------------------------------------
 *
 * request.h
 *	  Searches that workers run for others; the protocol is in README.md.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_REQUEST_H
#define VP_REQUEST_H

#include "base/compat.h"

#include "port/atomics.h"
#include "storage/proc.h"

#include "search/ranked_search.h"

/* A search, with the effort of the process that asks for it. */
typedef struct VpAsk
{
	VpEffort	effort;
	int			rows;			/* as many as there are, up to this */
	int			more;			/* and up to so many of what is found beside
								 * them */
	Datum		query;			/* not NULL; not toasted */
} VpAsk;

typedef enum VpRequestState
{
	VP_REQUEST_FREE,
	VP_REQUEST_FILLING,			/* by a client */
	VP_REQUEST_PENDING,
	VP_REQUEST_RUNNING,			/* a worker has it */
	VP_REQUEST_DONE,			/* the client has it again, with the answer */
	VP_REQUEST_FAILED,			/* the same, without: the worker has ended */
	VP_REQUEST_CANCEL			/* the client has left, the worker frees it */
} VpRequestState;

/*
 * Most have room for a query of the most dimensions, and for 10,000 rows, but
 * not both.  What a process takes along when it stands in line is its own:
 * 3,000 dimensions and 256 rows.
 */
#define VP_REQUEST_BYTES	(192 * 1024)
#define VP_OWN_BYTES		(16 * 1024)

typedef struct VpRequest
{
	pg_atomic_uint32 state;		/* says which process the rest belongs to */
	PGPROC	   *client;
	PGPROC	   *worker;			/* since RUNNING */
	int			slot;			/* with the seats, and the workers */
	Oid			seated;			/* whose slot that is */
	Oid			index;			/* to be searched */
	VpAsk		ask;			/* its query lies at the beginning of data */
	uint64		ns;				/* that the search took */
	uint64		waited_ns;		/* of these, for a seat */
	VpRankedCounts counts;		/* what it cost */
	int			nhits;
	VpHit	   *hits;			/* behind the query */
	Size		room;			/* of data; these two never change */
	char	   *data;
} VpRequest;

/* For the shared memory hooks. */
extern void vp_requests_request(void);
extern void vp_requests_startup(void);

/*----------
 * Clients
 *----------
 */

/* Does an answer find room, other than in a request of a process's own? */
extern bool vp_request_fits(const VpAsk *ask);

/*
 * Asks for a search; nobody is woken.  NULL: all requests are in use.  It fits.
 * slot, seated: of vp_seats_find().
 */
extern VpRequest *vp_request_post(int slot, Oid seated, Oid index, const VpAsk *ask);

/*
 * This process's own request, for standing in line (seats.h); workers do not
 * look for it.  NULL: it does not fit, or a worker is still busy with the last
 * one, which was left.
 */
extern VpRequest *vp_request_own(int slot, Oid seated, Oid index, const VpAsk *ask);

extern VpRequestState vp_request_state(const VpRequest *request);

/* Takes a request back if nobody runs it yet; then it is free. */
extern bool vp_request_take_back(VpRequest *request);

/* Of one that is DONE or FAILED. */
extern void vp_request_free(VpRequest *request);

/*
 * Gives up a request, whatever its state is; or all posted by this process, as
 * at its exit.
 */
extern void vp_request_leave(VpRequest *request);
extern void vp_requests_leave(void);

/*----------
 * Workers
 *----------
 */

/* Is there a pending request that was posted for the workers of a slot, and its index? */
extern bool vp_request_is_pending(int slot, Oid seated);

/* One becomes RUNNING; NULL: there is none. */
extern VpRequest *vp_request_take(int slot, Oid seated);

/* One becomes RUNNING by this worker; its client can do nothing meanwhile. */
extern void vp_request_begin(VpRequest *request, PGPROC *worker);

/*
 * The answer is there; its client is told at the latest by the next
 * vp_requests_tell().  Returns how many are to be told then.
 */
extern int	vp_request_done(VpRequest *request);
extern void vp_requests_tell(void);

/* What this process runs has failed: it ends. */
extern void vp_requests_fail(void);

#endif							/* VP_REQUEST_H */
