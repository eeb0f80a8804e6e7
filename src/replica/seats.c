/*-------------------------------------------------------------------------
 *
 * seats.c
 *	  How many searches a provisioned index runs at a time; see README.md.
 *
 * One word of each slot says how many seats there are, how many are in use, and
 * whether somebody waits.  It is all that a search touches while there are
 * seats free: a compare-and-swap to take one, one to give it back.  Who has
 * to wait stands in a list under a lock, and is given the seat of who leaves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/settings.h"
#include "replica/dispatch.h"
#include "replica/registry.h"
#include "replica/seats.h"

/* The word: seats in use, limit, is there a queue? */
#define USED_MASK		UINT64CONST(0xFFFFFFFF)
#define LIMIT_SHIFT		32
#define NO_LIMIT		UINT64CONST(0x7FFFFFFF)
#define QUEUE			(UINT64CONST(1) << 63)

#define VpUsed(word)	((word) & USED_MASK)
#define VpLimit(word)	((word) >> LIMIT_SHIFT & NO_LIMIT)
#define VpIsFree(word)	(VpUsed(word) < VpLimit(word))

/* "Of late" are the last one to two of these times: microseconds. */
#define SAMPLE_TIME		(150 * USECS_PER_SEC)

typedef struct Sample
{
	TimestampTz at;
	uint64		busy;
} Sample;

/* Padded so that searches of two replicas, or two slots, do not fight for a cache line. */
#define LINE			64

typedef union Replica
{
	struct
	{
		pg_atomic_uint32 used;
		pg_atomic_uint64 searches;
		pg_atomic_uint64 busy;
		Sample		samples[2]; /* the older one first; the registry's lock */
	}			r;
	char		pad[LINE];
} Replica;

typedef union Seats
{
	struct
	{
		pg_atomic_uint64 word;
		int			replicas;	/* the rest: the queue's lock; this one is also read without */
		int			units;
		int			waiting;
		dlist_head	queue;
	}			s;
	char		pad[LINE];
} Seats;

StaticAssertDecl(sizeof(Replica) == LINE && sizeof(Seats) == LINE, "a cache line each");

typedef struct Waiter
{
	dlist_node	node;
	pg_atomic_uint32 given;
} Waiter;

/* In shared memory: of each slot, of each slot and replica, of each process. */
static Seats *seats;
static Replica *replicas;
static Waiter *waiters;
static LWLockPadded *locks;

/* Of this process. */
static int	held = -1;			/* slot of the seat that it has */
static Replica *held_replica;
static instr_time held_since;
static int	waiting_for = -1;	/* slot of the seat that it waits for */
static int	home = -1;			/* replica that it belongs to */

static Size
seats_size(void)
{
	return mul_size(vp_max_provisioned, sizeof(Seats) + VP_MAX_REPLICAS * sizeof(Replica));
}

void
vp_seats_request(void)
{
	RequestAddinShmemSpace(seats_size() + LINE + MaxBackends * sizeof(Waiter));
	RequestNamedLWLockTranche("vecprov seats", Max(vp_max_provisioned, 1));
}

void
vp_seats_startup(void)
{
	bool		found;
	char	   *memory = ShmemInitStruct("vecprov seats", seats_size() + LINE +
										 MaxBackends * sizeof(Waiter), &found);

	seats = (Seats *) TYPEALIGN(LINE, memory);
	replicas = (Replica *) (seats + vp_max_provisioned);
	waiters = (Waiter *) (replicas + vp_max_provisioned * VP_MAX_REPLICAS);
	locks = GetNamedLWLockTranche("vecprov seats");
	if (found)
		return;
	memset(seats, 0, seats_size());
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		pg_atomic_init_u64(&seats[i].s.word, NO_LIMIT << LIMIT_SHIFT);
		dlist_init(&seats[i].s.queue);
	}
	for (int i = 0; i < vp_max_provisioned * VP_MAX_REPLICAS; i++)
	{
		pg_atomic_init_u32(&replicas[i].r.used, 0);
		pg_atomic_init_u64(&replicas[i].r.searches, 0);
		pg_atomic_init_u64(&replicas[i].r.busy, 0);
	}
	for (int i = 0; i < MaxBackends; i++)
		pg_atomic_init_u32(&waiters[i].given, 0);
}

/*----------
 * Seats of a slot.  What is called with the queue's lock held says so.
 *----------
 */

/* Takes a free seat if nobody waits. */
static bool
try_take(Seats *s)
{
	uint64		word = pg_atomic_read_u64(&s->s.word);

	while (!(word & QUEUE) && VpIsFree(word))
		if (pg_atomic_compare_exchange_u64(&s->s.word, &word, word + 1))
			return true;
	return false;
}

/* Gives free seats to who waits, the first first.  Lock. */
static void
serve(Seats *s)
{
	uint64		word = pg_atomic_read_u64(&s->s.word);

	for (;;)
	{
		bool		empty = dlist_is_empty(&s->s.queue);
		uint64		next = empty ? word & ~QUEUE : word + 1;

		if (!empty && !VpIsFree(word))
			return;
		if (!pg_atomic_compare_exchange_u64(&s->s.word, &word, next))
			continue;
		if (empty)
			return;
		else
		{
			Waiter	   *first = dlist_container(Waiter, node, dlist_pop_head_node(&s->s.queue));

			s->s.waiting--;
			pg_atomic_write_u32(&first->given, 1);
			SetLatch(&ProcGlobal->allProcs[first - waiters].procLatch);
			word = next;
		}
	}
}

static void
give(int slot)
{
	Seats	   *s = &seats[slot];
	uint64		word = pg_atomic_read_u64(&s->s.word);

	while (!(word & QUEUE))
		if (pg_atomic_compare_exchange_u64(&s->s.word, &word, word - 1))
			return;
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	(void) pg_atomic_fetch_sub_u64(&s->s.word, 1);
	serve(s);
	LWLockRelease(&locks[slot].lock);
}

/* Stands in line, or takes a seat that has become free.  True: it has one.  Lock. */
static bool
enter_line(Seats *s, Waiter *me)
{
	uint64		word = pg_atomic_read_u64(&s->s.word);

	for (;;)
	{
		if (!(word & QUEUE) && VpIsFree(word))
		{
			if (pg_atomic_compare_exchange_u64(&s->s.word, &word, word + 1))
				return true;
		}
		else if (pg_atomic_compare_exchange_u64(&s->s.word, &word, word | QUEUE))
			break;
	}
	pg_atomic_write_u32(&me->given, 0);
	dlist_push_tail(&s->s.queue, &me->node);
	s->s.waiting++;
	return false;
}

/* Leaves the line, or passes on the seat that it has been given already. */
static void
leave_line(void)
{
	int			slot = waiting_for;
	Seats	   *s = &seats[slot];
	Waiter	   *me = &waiters[VpMyProcNumber];

	waiting_for = -1;
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	if (pg_atomic_read_u32(&me->given))
		(void) pg_atomic_fetch_sub_u64(&s->s.word, 1);
	else
	{
		dlist_delete(&me->node);
		s->s.waiting--;
	}
	serve(s);
	LWLockRelease(&locks[slot].lock);
}

static void
wait_in_line(int slot)
{
	Waiter	   *me = &waiters[VpMyProcNumber];
	bool		taken;

	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	taken = enter_line(&seats[slot], me);
	if (!taken)
		waiting_for = slot;
	LWLockRelease(&locks[slot].lock);
	if (taken)
		return;

	PG_TRY();
	{
		while (!pg_atomic_read_u32(&me->given))
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1, PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
	}
	PG_CATCH();
	{
		leave_line();
		PG_RE_THROW();
	}
	PG_END_TRY();
	waiting_for = -1;
}

void
vp_seats_set(int slot, int nreplicas, int units)
{
	Seats	   *s = &seats[slot];
	uint64		limit = Min((uint64) nreplicas * units, NO_LIMIT);
	uint64		word = pg_atomic_read_u64(&s->s.word);

	if (limit == 0)
		limit = NO_LIMIT;
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	s->s.replicas = nreplicas;
	s->s.units = units;
	while (!pg_atomic_compare_exchange_u64(&s->s.word, &word,
										   (word & (QUEUE | USED_MASK)) | limit << LIMIT_SHIFT))
		;
	if (word & QUEUE)
		serve(s);
	LWLockRelease(&locks[slot].lock);
}

void
vp_seats_clear(int slot)
{
	for (int i = 0; i < VP_MAX_REPLICAS; i++)
	{
		Replica    *replica = &replicas[slot * VP_MAX_REPLICAS + i];

		pg_atomic_write_u64(&replica->r.searches, 0);
		pg_atomic_write_u64(&replica->r.busy, 0);
		for (int n = 0; n < lengthof(replica->r.samples); n++)
		{
			replica->r.samples[n].at = GetCurrentTimestamp();
			replica->r.samples[n].busy = 0;
		}
	}
}

int
vp_seats_waiting(int slot)
{
	return seats[slot].s.waiting;
}

/*----------
 * Replicas: who has taken a seat is counted for one that has a unit to spare
 *----------
 */

void
vp_seat_home(int replica)
{
	home = replica;
}

/* By turns, from where this process begins; when seats were just taken away, the last one. */
static Replica *
choose_replica(int slot)
{
	int			count = Max(seats[slot].s.replicas, 1);
	int			first = home >= 0 ? home : VpMyProcNumber;
	uint32		units = Max(seats[slot].s.units, 1);
	Replica    *replica = NULL;

	for (int i = 0; i < count; i++)
	{
		replica = &replicas[slot * VP_MAX_REPLICAS + (first + i) % count];
		if (pg_atomic_fetch_add_u32(&replica->r.used, 1) < units || i == count - 1)
			break;
		(void) pg_atomic_fetch_sub_u32(&replica->r.used, 1);
	}
	return replica;
}

void
vp_replica_counts(int slot, int replica, int units, VpReplicaCounts *counts)
{
	Replica    *r = &replicas[slot * VP_MAX_REPLICAS + replica];
	const Sample *since = &r->r.samples[0];
	double		time;

	counts->in_use = pg_atomic_read_u32(&r->r.used);
	counts->searches = pg_atomic_read_u64(&r->r.searches);
	counts->busy = pg_atomic_read_u64(&r->r.busy);
	LWLockAcquire(vp_registry->lock, LW_SHARED);
	time = (double) (GetCurrentTimestamp() - since->at) * Max(units, 1);
	counts->busy_fraction = time > 0 ? (counts->busy - since->busy) / time : 0;
	LWLockRelease(vp_registry->lock);
}

void
vp_seats_sample(void)
{
	static TimestampTz last = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (now - last < SAMPLE_TIME)
		return;
	last = now;
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < vp_max_provisioned * VP_MAX_REPLICAS; i++)
	{
		Replica    *replica = &replicas[i];

		replica->r.samples[0] = replica->r.samples[1];
		replica->r.samples[1].at = now;
		replica->r.samples[1].busy = pg_atomic_read_u64(&replica->r.busy);
	}
	LWLockRelease(vp_registry->lock);
}

/*----------
 * What a search calls
 *----------
 */

static void
leave_all(int code, Datum arg)
{
	if (waiting_for >= 0)
		leave_line();
	vp_seat_give();
}

bool
vp_has_seats(Relation rel)
{
	VpOptions  *options = (VpOptions *) rel->rd_options;

	return options != NULL && options->tier != 0 && vp_max_provisioned > 0;
}

void
vp_seat_take(Relation rel)
{
	static bool prepared = false;
	int			slot;

	if (held >= 0 || !vp_has_seats(rel))
		return;
	slot = vp_slot_find(MyDatabaseId, RelationGetRelid(rel));
	if (slot < 0)
		return;
	if (!prepared)
	{
		before_shmem_exit(leave_all, (Datum) 0);
		prepared = true;
	}
	if (!try_take(&seats[slot]))
		wait_in_line(slot);
	held = slot;
	held_replica = choose_replica(slot);
	INSTR_TIME_SET_CURRENT(held_since);
}

void
vp_seat_give(void)
{
	int			slot = held;
	instr_time	now;

	if (slot < 0)
		return;
	held = -1;
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, held_since);
	(void) pg_atomic_fetch_sub_u32(&held_replica->r.used, 1);
	(void) pg_atomic_fetch_add_u64(&held_replica->r.searches, 1);
	(void) pg_atomic_fetch_add_u64(&held_replica->r.busy, INSTR_TIME_GET_MICROSEC(now));
	give(slot);
}
