/*-------------------------------------------------------------------------
 *
 * seats.h
 *	  How many searches a provisioned index runs at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SEATS_H
#define VP_SEATS_H

#include "base/compat.h"

#include "utils/relcache.h"

#include "replica/worker_slot.h"
#include "replica/request.h"

/*
 * Nanoseconds for which a process in a reserved zone stays awake when there is
 * nothing to do: nobody else could use the processor, and to wake up takes as
 * long as a short search.
 */
#define VP_AWAKE		UINT64CONST(5000000)

/* For the shared memory hooks. */
extern void vp_seats_request(void);
extern void vp_seats_startup(void);

/* Has an index seats, so that vp_seat_give() is due after a search? */
extern bool vp_has_seats(Relation rel);

/*
 * Takes a seat of the index, if it has seats and this process has none: waits
 * until it gets one, in the order of arrival.  Can be cancelled.  The caller
 * holds no lock of a page and no LWLock, since the wait may be long.  Returns
 * the index's slot if that has no replicas now, as that of an idle index; else
 * -1.
 */
extern int	vp_seat_take(Relation rel);

/*
 * Gives it back, if this process has one; or keeps it, if it may and runs in a
 * reserved zone (kept_seat.h).
 */
extern void vp_seat_give(void);

/*
 * May this process keep seats?  A caller that allows it must see to it that
 * vp_seat_let_go() is called before the process waits for its client.
 */
extern void vp_seat_may_stay(bool stay);

/* Gives back what this process keeps, and leaves the zone. */
extern void vp_seat_let_go(void);

/*
 * For how many nanoseconds this process does well to wait awake for a command
 * with the seat that it keeps; 0: it keeps none.
 */
extern uint64 vp_seat_patience(void);

/* By the launcher: takes away what has been kept for so long. */
extern void vp_seats_recall(uint64 ns);

/* Is no seat free, or does somebody wait for one?  False without seats. */
extern bool vp_seats_are_taken(Relation rel);

/*
 * Sets how many seats the index of a slot has: replicas x units.  0: no limit.
 * Takes the queue's lock; the caller may hold the registry's.
 */
extern void vp_seats_set(int slot, int replicas, int units);

/* The seats of a slot's index are those of this slot.  The caller holds the registry's lock. */
extern void vp_seats_refer(int slot, int at);

/*
 * The slot with the seats of an index of this database, -1: none; the index that it belongs to.
 * Takes no lock.
 */
extern int	vp_seats_find(Oid index, Oid *seated);

/* Is a seat free, and nobody waits for one? */
extern bool vp_seat_is_free(int slot);

/* How many processes wait for a seat now. */
extern int	vp_seats_waiting(int slot);

/*
 * Stands in line, at its front if that is where this process was, to search this index.  True: it
 * has a seat, and the request, if there is one, is free again.  False: a worker has
 * had the request, which is DONE or FAILED.  Can be cancelled; then there is
 * neither.
 */
extern bool vp_seat_wait(int slot, Oid index, VpRequest *request, bool front);

/*
 * For how many nanoseconds this process has waited in line, ever; where a
 * worker searched instead, this includes its search.
 */
extern uint64 vp_seat_waited(void);

/*----------
 * Workers
 *----------
 */

/* This process is the worker of a worker slot. */
extern void vp_seats_attend(VpWorkerSlot *mine);

/* How many wait for each seat of its index. */
extern int	vp_seats_waiting_each(void);

/*
 * What the worker is to run next for a process that stands in line, and the
 * seat to do it with: what was put on its worker slot, or the first one's request if this
 * process has the seat of the last one.  NULL: nothing, and it has no seat.
 * The worker is not idle.
 */
extern VpRequest *vp_seat_next(void);

#endif							/* VP_SEATS_H */
