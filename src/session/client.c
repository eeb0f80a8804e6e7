/*-------------------------------------------------------------------------
 *
 * client.c
 *	  A client in a hurry finds the server awake, and is woken in time.
 *
 * To wake up a processor that sleeps takes 20 to 50 microseconds in a virtual
 * machine, about as long as a search.  A client that waits for each answer
 * before it asks again has two of these in each round, and on an idle machine
 * they are half of it:
 *
 *		server	search  rows  ~~~~~~~~~~~~~~~~~~~~~~~~~~~~  wakes  search
 *		client	~~~~~~~~~~~~~~~~~  wakes  next query  ~~~~~~~~~~~~~~~~~~~
 *
 * So, as hypervisors do before they stop a processor (KVM's halt_poll_ns):
 *
 * 1. A process that has answered looks for the next command for a moment before
 *	  it sleeps, as long as nobody else wants the processor.
 * 2. If the last command was seen to come in that time, the process sends what
 *	  precedes the first row before the search is over.  So the client wakes up
 *	  while its rows are made.
 *
 *		server	search  rows  looks  search  rows
 *		client	~~~~  wakes   next query  ~~~~~
 *
 *	  The moment of the wake-up is learned.  Too late, and the rows wait for the
 *	  client to wake up; too early, and the client goes back to sleep.  Then the
 *	  answer takes about as long to send as what was sent ahead.
 *
 * Looking is in vain when the client takes its time, and harmful when other
 * processes wait for a processor.  In the first case nothing comes.  In the
 * second case a look takes long, since it yields the processor.  After either,
 * the process does not look after the next answers: after one, then three, and
 * so on up to MAX_IDLE of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <sched.h>

/*
 * The server's header brings another one, which cannot be compiled without the
 * headers of Kerberos where the server was built with it.  Of that one only two
 * names are needed, the second since 17.
 */
#define LIBPQ_BE_H
typedef struct Port Port;
typedef struct ClientSocket ClientSocket;
#include "libpq/libpq.h"
#include "miscadmin.h"
#include "utils/wait_event.h"

#include "base/debug_point.h"
#include "base/settings.h"
#include "capacity/meter.h"
#include "session/client.h"

/*
 * A look that takes longer has let somebody else have the processor; else it is
 * 1 to 2 microseconds.
 */
#define LOOK_NS		4000

/* Answers in a row after which nobody looks, at most. */
#define MAX_IDLE	63

/*
 * A client that was woken too early is woken by one expansion of the search
 * later, others a part of it earlier: one in TOO_EARLY is woken for nothing.
 */
#define TOO_EARLY	8

/*
 * How much earlier than the search's end, at most; and how late is not at all,
 * to be tried again by and by.
 */
#define MAX_LEAD	(64 * TOO_EARLY)
#define MIN_LEAD	(-2 * TOO_EARLY)

typedef enum Coming
{
	COMES_AT_ONCE,				/* was there before the first look, or this
								 * process has other things to do */
	COMES_SOON,
	COMES_LATE					/* or others need the processor */
} Coming;

const VpClientHost *vp_client_host = NULL;

static const PQcommMethods *server = NULL;	/* what sends messages; NULL: ours
											 * is not in front of it yet */
static PQcommMethods ours;

static char last_message;		/* the type of what was sent last */
static bool searched = false;	/* by the command that is being executed */
static Coming last_coming = COMES_LATE;
static int	idle = 0;			/* answers not to be waited after, from now on */
static int	next_idle = 1;
static int	lead = 0;			/* parts of an expansion; negative: the client
								 * is not woken */
static uint64 waking_ns = 0;	/* what it took to wake the client; 0: nothing
								 * was sent ahead */

static bool
is_called(void)
{
	WaitEvent	event;

	return InterruptPending ||
		WaitEventSetWait(FeBeWaitSet, 0, &event, 1, WAIT_EVENT_CLIENT_READ) > 0;
}

/* How long this process may wait awake beyond vecprov.busy_poll: nanoseconds. */
static uint64
patience(void)
{
	return vp_client_host != NULL ? vp_client_host->patience() : 0;
}

/* Does somebody else want the processor?  Asked of how long a look took. */
static bool
is_in_the_way(uint64 ns)
{
	return ns > LOOK_NS && !VP_POINT_IS("client-patient");
}

/*
 * Waits for a command, without sleep.  Whatever comes is left to the server's
 * own loop.  With the patience of a host, the process gives way to others by
 * yielding, and goes on looking.
 */
static Coming
look_for_command(void)
{
	uint64		begun = vp_now();
	uint64		last = begun;
	bool		guest = patience() > 0;

	if (pq_buffer_remaining_data())
		return COMES_AT_ONCE;
	ModifyWaitEvent(FeBeWaitSet, FeBeWaitSetSocketPos, WL_SOCKET_READABLE, NULL);
	while (!is_called())
	{
		uint64		now;

		(void) sched_yield();
		now = vp_now();
		if (guest ? now - begun > patience() :
			now - begun > (uint64) vp_busy_poll * 1000 || is_in_the_way(now - last))
			return COMES_LATE;
		last = now;
	}
	return last == begun ? COMES_AT_ONCE : COMES_SOON;
}

/* A command that searched has been answered.  Has the next one come? */
static bool
answered(void)
{
	if (idle > 0)
	{
		idle--;
		return false;
	}
	last_coming = look_for_command();
	if (last_coming == COMES_LATE)
	{
		idle = next_idle;
		next_idle = Min(2 * next_idle + 1, MAX_IDLE);
	}
	else if (last_coming == COMES_SOON)
		next_idle = 1;
	return last_coming != COMES_LATE;
}

/* The client has got its answer, which took so long. */
static void
learn_lead(uint64 ns)
{
	if (last_coming != COMES_SOON)
		return;
	if (waking_ns > 0 && ns > waking_ns / 2)
		lead = Max(lead - TOO_EARLY, MIN_LEAD);
	else
		lead = Min(lead + 1, MAX_LEAD);
}

static int
put_message(char type, const char *body, size_t length)
{
	last_message = type;
	return server->putmessage(type, body, length);
}

static int
flush(void)
{
	uint64		begun = waking_ns > 0 ? vp_now() : 0;
	int			result = server->flush();

	/* ReadyForQuery */
	if (searched && last_message == 'Z' && result == 0)
	{
		learn_lead(waking_ns > 0 ? vp_now() - begun : 0);
		searched = false;
		waking_ns = 0;
		if (!answered() && vp_client_host != NULL)
			vp_client_host->leave();
	}
	return result;
}

void
vp_client_search_begins(void)
{
	if (!vp_server_internals || vp_busy_poll == 0 || MyProcPort == NULL)
		return;
	if (server == NULL)
	{
		server = PqCommMethods;
		ours = *server;
		ours.flush = flush;
		ours.putmessage = put_message;
		PqCommMethods = &ours;
	}
	searched = true;
}

bool
vp_client_sees_answer(void)
{
	return searched;
}

int
vp_client_lead(void)
{
	return lead / TOO_EARLY;
}

void
vp_client_rows_come(void)
{
	uint64		begun;

	if (!searched || last_coming != COMES_SOON || lead < 0 || waking_ns > 0)
		return;
	begun = vp_now();

	/*
	 * does not wait, as a seat may be held here; whoever sends next meets an
	 * error again
	 */
	(void) pq_flush_if_writable();
	waking_ns = vp_now() - begun;
}
