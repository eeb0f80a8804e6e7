/*-------------------------------------------------------------------------
 *
 * worker_slot.c
 *	  The worker slots of workers, in shared memory.
 *
 * The launcher gives a worker slot to a unit of a replica, and starts a process
 * for it, which enters.  When it leaves, in whatever way, the worker slot is
 * the unit's still, and the launcher starts another.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/shmem.h"

#include "base/settings.h"
#include "replica/registry.h"
#include "replica/worker_slot.h"

VpWorkerSlot *vp_worker_slots;

static bool entered = false;	/* has this process a worker slot? */

int
vp_worker_slot_count(void)
{
	return Max(max_worker_processes - VP_OTHER_WORKERS, 0);
}

int
vp_worker_slot_limit(void)
{
	return Min(vp_max_workers, vp_worker_slot_count());
}

static Size
worker_slots_size(void)
{
	return mul_size(vp_worker_slot_count(), sizeof(VpWorkerSlot));
}

void
vp_worker_slot_request(void)
{
	RequestAddinShmemSpace(worker_slots_size());
}

void
vp_worker_slot_startup(void)
{
	bool		found;

	vp_worker_slots = ShmemInitStruct("vecprov desks", worker_slots_size(), &found);
	if (found)
		return;
	memset(vp_worker_slots, 0, worker_slots_size());
	for (int i = 0; i < vp_worker_slot_count(); i++)
		pg_atomic_init_u32(&vp_worker_slots[i].idle, 0);
}

/*
 * At exit: the worker slot has no process any more.  Takes and releases the
 * registry's lock, exclusively.
 */
static void
leave(int code, Datum worker_slot)
{
	VpWorkerSlot *p = &vp_worker_slots[DatumGetInt32(worker_slot)];

	pg_atomic_write_u32(&p->idle, 0);
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	p->proc = NULL;
	p->serves = false;
	LWLockRelease(vp_registry->lock);
	vp_registry_wake(&vp_registry->keeper);
	vp_registry_wake(&vp_registry->launcher);
}

bool
vp_worker_slot_enter(int worker_slot)
{
	VpWorkerSlot *p = &vp_worker_slots[worker_slot];
	bool		wanted;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	wanted = p->taken && p->proc == NULL && vp_registry->slots[p->slot].hold != 0 &&
		vp_registry->slots[p->slot].definition.index == p->index;
	if (wanted)
	{
		p->proc = MyProc;
		entered = true;
		on_shmem_exit(leave, Int32GetDatum(worker_slot));
	}
	LWLockRelease(vp_registry->lock);
	return wanted;
}

void
vp_worker_slot_serve(int worker_slot)
{
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	vp_worker_slots[worker_slot].serves = true;
	LWLockRelease(vp_registry->lock);
	vp_registry_wake(&vp_registry->launcher);
}

void
vp_worker_slot_end(VpWorkerSlot *worker_slot)
{
	if (worker_slot->proc != NULL)
		(void) kill(worker_slot->proc->pid, SIGTERM);
}

VpWorkerSlot *
vp_worker_slot_find(int slot, Oid index, int replica, int unit)
{
	for (int i = 0; i < vp_worker_slot_count(); i++)
	{
		VpWorkerSlot *p = &vp_worker_slots[i];

		if (p->taken && p->slot == slot && p->index == index && p->replica == replica &&
			p->unit == unit)
			return p;
	}
	return NULL;
}

bool
vp_worker_slot_clear(Oid database)
{
	bool		clear = true;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_worker_slot_count(); i++)
		if (vp_worker_slots[i].proc != NULL && vp_worker_slots[i].database == database)
		{
			vp_worker_slot_end(&vp_worker_slots[i]);
			clear = false;
		}
	LWLockRelease(vp_registry->lock);
	return clear;
}

bool
vp_is_worker(void)
{
	return entered;
}

bool
vp_is_worker_pid(int pid)
{
	for (int i = 0; i < vp_worker_slot_count(); i++)
		if (vp_worker_slots[i].proc != NULL && vp_worker_slots[i].proc->pid == pid)
			return true;
	return false;
}

/*
 * Is called without the lock: if another worker has the slot meanwhile, it
 * looks for no request, and nothing comes of it.
 */
static bool
is_idle(VpWorkerSlot *worker_slot, int slot, Oid index)
{
	return worker_slot->slot == slot && worker_slot->index == index && pg_atomic_read_u32(&worker_slot->idle) != 0;
}

bool
vp_worker_slot_is_idle(int slot, Oid index)
{
	for (int i = 0; i < vp_worker_slot_count(); i++)
		if (is_idle(&vp_worker_slots[i], slot, index))
			return true;
	return false;
}

VpWorkerSlot *
vp_worker_slot_claim(int slot, Oid index)
{
	for (int i = 0; i < vp_worker_slot_count(); i++)
	{
		VpWorkerSlot *worker_slot = &vp_worker_slots[i];
		uint32		idle = 1;

		if (is_idle(worker_slot, slot, index) &&
			pg_atomic_compare_exchange_u32(&worker_slot->idle, &idle, 0))
			return worker_slot;
	}
	return NULL;
}

bool
vp_worker_slot_wake(int slot, Oid index)
{
	VpWorkerSlot *worker_slot = vp_worker_slot_claim(slot, index);
	PGPROC	   *proc = worker_slot != NULL ? worker_slot->proc : NULL;

	if (proc != NULL)
		SetLatch(&proc->procLatch);
	return proc != NULL;
}

void
vp_worker_slot_rouse(int slot, Oid index, int replica)
{
	for (int i = 0; i < vp_worker_slot_count(); i++)
	{
		VpWorkerSlot *worker_slot = &vp_worker_slots[i];
		PGPROC	   *proc = worker_slot->proc;

		if (!is_idle(worker_slot, slot, index) || worker_slot->replica != replica || proc == NULL)
			continue;
		SetLatch(&proc->procLatch);
		return;
	}
}
