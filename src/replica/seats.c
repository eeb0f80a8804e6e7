/*-------------------------------------------------------------------------
 *
 * seats.c
 *	  How many searches a provisioned index runs at a time; see README.md.
 *
 * One word of each slot says how many seats there are, how many are in use, and
 * whether somebody waits.  It is all that a search touches while there are
 * seats free: a compare-and-swap to take one, one to give it back.  A process
 * that has to wait stands in a list under a lock.  When it is its turn, it gets
 * the seat of a process that leaves; or, if it has put what it searches for
 * into a request, a worker gets the seat, and the request.
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

#include "base/affinity.h"
#include "base/settings.h"
#include "base/wait_event.h"
#include "base/zones.h"
#include "capacity/meter.h"
#include "replica/kept_seat.h"
#include "replica/registry.h"
#include "replica/replica_stats.h"
#include "replica/request.h"
#include "replica/seats.h"
#include "replica/worker_slot.h"

/* The word: seats in use, limit, is there a queue? */
#define USED_MASK		UINT64CONST(0xFFFFFFFF)
#define LIMIT_SHIFT		32
#define NO_LIMIT		UINT64CONST(0x7FFFFFFF)
#define QUEUE			(UINT64CONST(1) << 63)

#define VpUsed(word)	((word) & USED_MASK)
#define VpLimit(word)	((word) >> LIMIT_SHIFT & NO_LIMIT)
#define VpIsFree(word)	(VpUsed(word) < VpLimit(word))

/* Padded so that searches of two slots do not fight for a cache line. */
#define LINE			64

typedef union Seats
{
	struct
	{
		pg_atomic_uint64 word;
		int			replicas;	/* the rest: the queue's lock; this one is
								 * also read without */
		int			units;
		int			waiting;
		dlist_head	queue;
		int			at;			/* the slot with the seats of this slot's
								 * index; read without the lock, too */
	}			s;
	char		pad[LINE];
} Seats;

StaticAssertDecl(sizeof(Seats) == LINE, "a cache line");

typedef enum Place
{
	IN_LINE,
	SEATED,						/* has been given a seat */
	SERVED						/* a worker has been given a seat and the
								 * request */
} Place;

/* A process that waits.  Under the queue's lock, except looks at the place. */
typedef struct Waiter
{
	dlist_node	node;			/* while IN_LINE */
	pg_atomic_uint32 place;
	VpRequest  *request;		/* what it searches for; NULL: it searches
								 * itself */
} Waiter;

/* In shared memory: of each slot; of each process. */
static Seats *seats;
static Waiter *waiters;
static LWLockPadded *locks;

/* Of this process. */
static int	held = -1;			/* slot of the seat that it has */
static int	held_replica;		/* that it is counted for, also while it is
								 * kept */
static instr_time held_since;
static bool kept = false;		/* by a worker, for the next one in line */
static int	kept_slot = -1;		/* of the seat that it keeps after a search,
								 * unless it was taken away (kept_seat.h) */
static int	zone = -1;			/* the reserved zone that it runs in */
static bool may_stay = false;	/* may it keep a seat? */
static int	waiting_for = -1;	/* slot of the seat that it waits for */
static VpWorkerSlot *worker_slot = NULL;	/* of a worker */

static Size
seats_size(void)
{
	return mul_size(vp_max_provisioned, sizeof(Seats));
}

static Size
memory_size(void)
{
	return seats_size() + LINE + MaxBackends * sizeof(Waiter);
}

void
vp_seats_request(void)
{
	RequestAddinShmemSpace(memory_size());
	RequestNamedLWLockTranche("vecprov seats", Max(vp_max_provisioned, 1));
}

void
vp_seats_startup(void)
{
	bool		found;
	char	   *memory = ShmemInitStruct("vecprov seats", memory_size(), &found);

	seats = (Seats *) TYPEALIGN(LINE, memory);
	waiters = (Waiter *) (seats + vp_max_provisioned);
	locks = GetNamedLWLockTranche("vecprov seats");
	if (found)
		return;
	memset(seats, 0, seats_size());
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		pg_atomic_init_u64(&seats[i].s.word, NO_LIMIT << LIMIT_SHIFT);
		seats[i].s.at = i;
		dlist_init(&seats[i].s.queue);
	}
	for (int i = 0; i < MaxBackends; i++)
		pg_atomic_init_u32(&waiters[i].place, SEATED);
}

/*----------
 * Seats of a slot.  Functions that say "Lock held." are called with the
 * queue's lock of the slot held exclusively, and leave it held.
 *----------
 */

bool
vp_seat_is_free(int slot)
{
	uint64		word = pg_atomic_read_u64(&seats[slot].s.word);

	if (kept_slot == slot && vp_kept_seat_is_there())
		return true;			/* ours */
	return !(word & QUEUE) && VpIsFree(word);
}

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

/* Takes the first process out of the line.  Lock held. */
static Waiter *
call_first(Seats *s)
{
	s->s.waiting--;
	return dlist_container(Waiter, node, dlist_pop_head_node(&s->s.queue));
}

/* This worker has a seat, and will run the waiter's request.  Lock held. */
static void
begin_for(Waiter *waiter, PGPROC *worker)
{
	vp_request_begin(waiter->request, worker);
	pg_atomic_write_u32(&waiter->place, SERVED);
}

/*
 * Gives a seat for the process that was first in line: to a sleeping worker, if there is one and
 * the process has a request, else to the process.  Lock held.
 */
static void
seat(Waiter *waiter, int slot)
{
	VpRequest  *request = waiter->request;
	VpWorkerSlot *idle = request != NULL ? vp_worker_slot_claim(slot, request->seated) : NULL;
	PGPROC	   *proc;

	if (idle != NULL)
	{
		/*
		 * it cannot leave before it has looked at its worker slot, with the
		 * lock that we hold
		 */
		proc = idle->proc;
		begin_for(waiter, proc);
		idle->request = request;
	}
	else
	{
		pg_atomic_write_u32(&waiter->place, SEATED);
		proc = &ProcGlobal->allProcs[waiter - waiters];
	}
	SetLatch(&proc->procLatch);
}

/* Gives free seats to processes that wait, in their order.  Lock held. */
static void
serve(int slot)
{
	Seats	   *s = &seats[slot];
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
		seat(call_first(s), slot);
		word = next;
	}
}

/* One seat is not in use any more: serves those who wait.  Lock held. */
static void
take_away(int slot)
{
	(void) pg_atomic_fetch_sub_u64(&seats[slot].s.word, 1);
	serve(slot);
}

/*
 * Gives back a seat: to the first process in line, or for anybody to take.
 * Takes the queue's lock, and releases it, only if somebody waits.
 */
static void
give(int slot)
{
	Seats	   *s = &seats[slot];
	uint64		word = pg_atomic_read_u64(&s->s.word);

	while (!(word & QUEUE))
		if (pg_atomic_compare_exchange_u64(&s->s.word, &word, word - 1))
			return;
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	take_away(slot);
	LWLockRelease(&locks[slot].lock);
}

/*
 * Stands in line, at its front if `front`, or takes a seat that has become free.  True: it has
 * a seat.  Lock held.
 */
static bool
enter_line(Seats *s, Waiter *me, bool front)
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
	pg_atomic_write_u32(&me->place, IN_LINE);
	if (front)
		dlist_push_head(&s->s.queue, &me->node);
	else
		dlist_push_tail(&s->s.queue, &me->node);
	s->s.waiting++;
	return false;
}

/* Takes away a seat that some process keeps, for those who wait.  Lock held. */
static void
recall(int slot)
{
	int			replica;

	if (!vp_zones_reserve() || !vp_kept_seat_take(&slot, &replica, 0))
		return;
	vp_replica_stats_leave(slot, replica);
	take_away(slot);
}

/*
 * Leaves the line, or passes on what it has been given already.  Takes and
 * releases the queue's lock.
 */
static void
leave_line(void)
{
	int			slot = waiting_for;
	Waiter	   *me = &waiters[VpMyProcNumber];

	waiting_for = -1;
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	switch ((Place) pg_atomic_read_u32(&me->place))
	{
		case IN_LINE:
			dlist_delete(&me->node);
			seats[slot].s.waiting--;
			serve(slot);
			break;
		case SEATED:
			take_away(slot);
			break;
		case SERVED:
			break;
	}
	if (me->request != NULL)
		vp_request_leave(me->request);
	LWLockRelease(&locks[slot].lock);
}

/* Is the wait over? */
static bool
is_over(Waiter *me)
{
	Place		place = pg_atomic_read_u32(&me->place);
	VpRequestState state;

	if (place != SERVED)
		return place == SEATED;
	state = vp_request_state(me->request);
	return state == VP_REQUEST_DONE || state == VP_REQUEST_FAILED;
}

/* How long this process has waited in lines. */
static uint64 waited_ns;

/*
 * Sleeps until the wait is over.  This process is in line; no lock is held.
 * An error, as of a cancel, takes it out of the line.
 */
static void
wait_in_line(Waiter *me)
{
	PG_TRY();
	{
		while (!is_over(me))
		{
			(void) vp_wait(VP_WAIT_SEAT, -1);
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

/*
 * While it is changed a search may take a seat at either place: it is given
 * back where it was taken.
 */
void
vp_seats_refer(int slot, int at)
{
	seats[slot].s.at = at;
}

int
vp_seats_find(Oid index, Oid *seated)
{
	int			slot = vp_slot_find(MyDatabaseId, index);

	if (slot < 0)
		return -1;
	slot = seats[slot].s.at;
	*seated = vp_slot_index(slot);
	return OidIsValid(*seated) ? slot : -1;
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
		serve(slot);
	LWLockRelease(&locks[slot].lock);
}

int
vp_seats_waiting(int slot)
{
	return seats[slot].s.waiting;
}

/*----------
 * This process's seat
 *----------
 */

static Oid
index_of(int slot)
{
	return (Oid) pg_atomic_read_u64(&vp_registry->keys[slot]);
}

/*
 * Leaves the zone for the ordinary processors.  A worker there stays awake for
 * the next one.
 */
static void
leave_zone(int slot)
{
	if (zone < 0)
		return;
	vp_worker_slot_rouse(slot, index_of(slot), held_replica);
	vp_affinity_leave();
	zone = -1;
}

/* Runs in the zone of its seat's replica, if that is reserved. */
static void
enter_zone(int slot)
{
	int			wanted = vp_zone_of(index_of(slot), held_replica);

	if (worker_slot == NULL && vp_zone_enter(wanted))
		zone = wanted;
}

/* It has one, and the search begins. */
static void
sit_down(int slot)
{
	held = slot;
	held_replica = vp_replica_stats_begin(slot, seats[slot].s.replicas, seats[slot].s.units,
										  worker_slot != NULL ? worker_slot->replica : VpMyProcNumber);
	enter_zone(slot);
	INSTR_TIME_SET_CURRENT(held_since);
}

/*
 * The same with the seat that it has kept; false: that was taken away, is
 * another index's or one too many, or another setting of zones is in force.
 */
static bool
sit_down_again(int slot)
{
	uint64		word = pg_atomic_read_u64(&seats[slot].s.word);

	if (kept_slot != slot || VpUsed(word) > VpLimit (word) || !vp_affinity_is_current() ||
		!vp_kept_seat_take_back())
	{
		vp_seat_let_go();
		return false;
	}
	kept_slot = -1;
	held = slot;
	INSTR_TIME_SET_CURRENT(held_since);
	return true;
}

/* The search is over; the seat is to be given to somebody, or kept. */
static void
stand_up(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, held_since);
	vp_replica_stats_end(held, held_replica, INSTR_TIME_GET_MICROSEC(now));
	held = -1;
	kept = false;
}

/*
 * Keeps the seat for the present.  Who has come to stand in line has set
 * "queue" before it looked for kept seats, so one of the two sees the other.
 */
static void
keep(int slot)
{
	vp_kept_seat_put(slot, held_replica);
	kept_slot = slot;
	pg_memory_barrier();
	if (pg_atomic_read_u64(&seats[slot].s.word) & QUEUE)
		vp_seat_let_go();
}

/*
 * At exit, also by an error: gives back what this process holds, keeps or
 * waits for, and what was put on its worker slot.  Takes and releases queues'
 * locks.
 */
static void
leave_all(int code, Datum arg)
{
	if (waiting_for >= 0)
		leave_line();
	kept = may_stay = false;
	vp_seat_give();
	vp_seat_let_go();
	if (worker_slot == NULL)
		return;

	/*
	 * nobody puts anything on a worker slot that is not idle; who waits for
	 * what is there will be told
	 */
	pg_atomic_write_u32(&worker_slot->idle, 0);
	LWLockAcquire(&locks[worker_slot->slot].lock, LW_EXCLUSIVE);
	if (worker_slot->request != NULL)
		take_away(worker_slot->slot);
	worker_slot->request = NULL;
	LWLockRelease(&locks[worker_slot->slot].lock);
}

/* Has leave_all called at exit.  To be called before a seat is taken. */
static void
prepare(void)
{
	static bool prepared = false;

	if (!prepared)
		before_shmem_exit(leave_all, (Datum) 0);
	prepared = true;
}

void
vp_seats_attend(VpWorkerSlot *mine)
{
	prepare();
	worker_slot = mine;
}

int
vp_seats_waiting_each(void)
{
	const Seats *s = &seats[worker_slot->slot];

	return s->s.waiting / Max(s->s.replicas * s->s.units, 1);
}

/*
 * Counts how long a search has waited: until its worker began, if that has
 * run it (ns: for so long).
 */
static void
count_wait(Oid index, uint64 since, uint64 ns)
{
	uint64		waited = vp_now() - since;

	vp_meter_wait(index, waited - Min(waited, ns));
}

bool
vp_seat_wait(int slot, Oid index, VpRequest *request, bool front)
{
	Waiter	   *me = &waiters[VpMyProcNumber];
	uint64		since = vp_now();
	bool		taken;

	vp_seat_let_go();
	prepare();
	me->request = request;
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	taken = enter_line(&seats[slot], me, front);
	if (!taken)
	{
		waiting_for = slot;
		recall(slot);
	}
	LWLockRelease(&locks[slot].lock);
	if (!taken)
	{
		wait_in_line(me);
		waited_ns += vp_now() - since;
	}
	if (!taken && pg_atomic_read_u32(&me->place) == SERVED)
	{
		count_wait(index, since, request->ns);
		return false;
	}
	if (!taken)
		count_wait(index, since, 0);
	if (request != NULL)
		vp_request_leave(request);
	sit_down(slot);
	return true;
}

uint64
vp_seat_waited(void)
{
	return waited_ns;
}

VpRequest *
vp_seat_next(void)
{
	int			slot = worker_slot->slot;
	Seats	   *s = &seats[slot];
	bool		has_seat = held >= 0;
	VpRequest  *request;

	if (has_seat)
	{
		stand_up();
		vp_replica_stats_leave(slot, held_replica);
	}
	LWLockAcquire(&locks[slot].lock, LW_EXCLUSIVE);
	request = worker_slot->request;
	worker_slot->request = NULL;
	if (has_seat)
	{
		uint64		word = pg_atomic_read_u64(&s->s.word);

		Assert(request == NULL);
		if (!dlist_is_empty(&s->s.queue))
			request = dlist_head_element(Waiter, node, &s->s.queue)->request;
		if (request != NULL && request->seated == worker_slot->index && VpUsed(word) <= VpLimit (word))
			begin_for(call_first(s), MyProc);
		else
		{
			request = NULL;
			take_away(slot);
		}
	}
	LWLockRelease(&locks[slot].lock);
	if (request == NULL)
		return NULL;
	sit_down(slot);
	kept = true;
	return request;
}

bool
vp_has_seats(Relation rel)
{
	VpOptions  *options = (VpOptions *) rel->rd_options;

	return options != NULL && options->tier != 0 && vp_max_provisioned > 0;
}

bool
vp_seats_are_taken(Relation rel)
{
	Oid			seated;
	int			slot = vp_has_seats(rel) ? vp_seats_find(RelationGetRelid(rel), &seated) : -1;

	return slot >= 0 && !vp_seat_is_free(slot);
}

int
vp_seat_take(Relation rel)
{
	Oid			seated;
	int			slot;

	if (held >= 0 || !vp_has_seats(rel))
		return -1;
	slot = vp_seats_find(RelationGetRelid(rel), &seated);
	if (slot < 0)
		return -1;
	prepare();
	if (kept_slot < 0 || !sit_down_again(slot))
	{
		if (try_take(&seats[slot]))
			sit_down(slot);
		else
			(void) vp_seat_wait(slot, RelationGetRelid(rel), NULL, false);
	}
	/* after it was counted: who makes an index idle looks at that afterwards */
	return seats[slot].s.replicas == 0 ? slot : -1;
}

void
vp_seat_give(void)
{
	int			slot = held;

	if (slot < 0 || kept)
		return;
	stand_up();
	if (zone >= 0 && may_stay)
	{
		keep(slot);
		return;
	}
	leave_zone(slot);
	vp_replica_stats_leave(slot, held_replica);
	give(slot);
}

void
vp_seat_may_stay(bool stay)
{
	may_stay = stay;
}

/*
 * The zone is left first, which can take a while: until then the seat is there
 * to be taken.
 */
void
vp_seat_let_go(void)
{
	int			slot = kept_slot;

	if (slot < 0)
		return;
	kept_slot = -1;
	leave_zone(slot);
	if (!vp_kept_seat_take_back())
		return;
	vp_replica_stats_leave(slot, held_replica);
	give(slot);
}

uint64
vp_seat_patience(void)
{
	return kept_slot >= 0 && vp_kept_seat_is_there() ? VP_AWAKE : 0;
}

void
vp_seats_recall(uint64 ns)
{
	for (;;)
	{
		int			slot = -1;
		int			replica;

		if (!vp_kept_seat_take(&slot, &replica, ns))
			return;
		vp_replica_stats_leave(slot, replica);
		give(slot);
	}
}
