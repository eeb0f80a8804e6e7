/*-------------------------------------------------------------------------
 *
 * worker_slot.h
 *	  The slots of workers, which run searches for others, in shared memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WORKER_SLOT_H
#define VP_WORKER_SLOT_H

#include "base/compat.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/proc.h"

/*
 * So many of max_worker_processes are left to others: keeper, launcher,
 * catalogue reader, a mover or merger, the process that writes a refusal to the
 * ledger, and PostgreSQL's logical replication launcher.
 */
#define VP_OTHER_WORKERS	6

struct VpRequest;

/* Everything but `idle` and `request`: the registry's lock. */
typedef struct VpWorkerSlot
{
	bool		taken;			/* the launcher has given it to a replica's
								 * unit */
	int			slot;
	Oid			database;
	Oid			index;
	int			replica;		/* from 0 */
	int			unit;
	TimestampTz not_before;		/* a worker is not started before */
	bool		failed;			/* none was to be had, the last time */
	bool		warmed;			/* a worker has begun to read the table; by
								 * itself, without the lock */
	PGPROC	   *proc;			/* the worker; NULL: none */
	bool		serves;			/* the worker looks for searches */
	pg_atomic_uint32 idle;		/* sleeps, or is about to look once more */
	struct VpRequest *request;	/* to be run, with a seat that comes with it;
								 * the queue's lock */
} VpWorkerSlot;

extern VpWorkerSlot *vp_worker_slots;

/* How many worker slots there are memory for, and how many may be used now. */
extern int	vp_worker_slot_count(void);
extern int	vp_worker_slot_limit(void);

/* For the shared memory hooks. */
extern void vp_worker_slot_request(void);
extern void vp_worker_slot_startup(void);

/*
 * Has this process be the worker of a worker slot until it ends; false: nobody
 * is wanted there.  Call it before the process is connected to a database: the
 * worker slot is left when others do not count the process as a user of the
 * database any more.
 */
extern bool vp_worker_slot_enter(int worker_slot);

/* This process, which has entered, looks for searches from now on. */
extern void vp_worker_slot_serve(int worker_slot);

/* Ends the worker there is, if there is one.  The lock is held. */
extern void vp_worker_slot_end(VpWorkerSlot *worker_slot);

/*
 * The worker slot of a unit of the index of a slot; NULL: it has none.  The
 * lock is held.
 */
extern VpWorkerSlot *vp_worker_slot_find(int slot, Oid index, int replica, int unit);

/*
 * Ends all workers of a database.  True: there are none.  The slots of its
 * indexes are not held, so nobody enters.
 */
extern bool vp_worker_slot_clear(Oid database);

/* Does this process run searches for others? */
extern bool vp_is_worker(void);

/* Does another one?  The lock is held. */
extern bool vp_is_worker_pid(int pid);

/* Is there a sleeping worker of the index of a slot? */
extern bool vp_worker_slot_is_idle(int slot, Oid index);

/*
 * It is not idle any more, but has not been woken.  NULL: all have work, or
 * there are none.
 */
extern VpWorkerSlot *vp_worker_slot_claim(int slot, Oid index);

/* Wakes it; false: there is none. */
extern bool vp_worker_slot_wake(int slot, Oid index);

/*
 * Wakes a sleeping worker of a replica, if there is one: a backend leaves the
 * reserved zone that the two share.
 */
extern void vp_worker_slot_rouse(int slot, Oid index, int replica);

#endif							/* VP_WORKER_SLOT_H */
