/*-------------------------------------------------------------------------
 *
 * desk.c
 *	  The desks of workers, in shared memory.
 *
 * The launcher gives a desk to a unit of a replica, and starts a process for it,
 * which enters.  When it leaves, in whatever way, the desk is the unit's still,
 * and the launcher starts another.
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
#include "replica/desk.h"
#include "replica/registry.h"

VpDesk    *vp_desks;

static bool entered = false;	/* has this process a desk? */

int
vp_desk_count(void)
{
	return Max(max_worker_processes - VP_OTHER_WORKERS, 0);
}

int
vp_desk_limit(void)
{
	return Min(vp_max_workers, vp_desk_count());
}

static Size
desks_size(void)
{
	return mul_size(vp_desk_count(), sizeof(VpDesk));
}

void
vp_desks_request(void)
{
	RequestAddinShmemSpace(desks_size());
}

void
vp_desks_startup(void)
{
	bool		found;

	vp_desks = ShmemInitStruct("vecprov desks", desks_size(), &found);
	if (found)
		return;
	memset(vp_desks, 0, desks_size());
	for (int i = 0; i < vp_desk_count(); i++)
		pg_atomic_init_u32(&vp_desks[i].idle, 0);
}

static void
leave(int code, Datum desk)
{
	VpDesk    *p = &vp_desks[DatumGetInt32(desk)];

	pg_atomic_write_u32(&p->idle, 0);
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	p->proc = NULL;
	LWLockRelease(vp_registry->lock);
	vp_registry_wake(&vp_registry->keeper);
	vp_registry_wake(&vp_registry->launcher);
}

bool
vp_desk_enter(int desk)
{
	VpDesk    *p = &vp_desks[desk];
	bool		wanted;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	wanted = p->taken && p->proc == NULL && vp_registry->slots[p->slot].hold != 0 &&
		vp_registry->slots[p->slot].facts.index == p->index;
	if (wanted)
	{
		p->proc = MyProc;
		entered = true;
		on_shmem_exit(leave, Int32GetDatum(desk));
	}
	LWLockRelease(vp_registry->lock);
	return wanted;
}

void
vp_desk_end(VpDesk *desk)
{
	if (desk->proc != NULL)
		(void) kill(desk->proc->pid, SIGTERM);
}

VpDesk *
vp_desk_find(int slot, Oid index, int replica, int unit)
{
	for (int i = 0; i < vp_desk_count(); i++)
	{
		VpDesk    *p = &vp_desks[i];

		if (p->taken && p->slot == slot && p->index == index && p->replica == replica &&
			p->unit == unit)
			return p;
	}
	return NULL;
}

bool
vp_desks_clear(Oid database)
{
	bool		clear = true;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_desk_count(); i++)
		if (vp_desks[i].proc != NULL && vp_desks[i].database == database)
		{
			vp_desk_end(&vp_desks[i]);
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

/* Without the lock: should somebody else be there meanwhile, he looks for nothing. */
static bool
is_idle(VpDesk *desk, int slot, Oid index)
{
	return desk->slot == slot && desk->index == index && pg_atomic_read_u32(&desk->idle) != 0;
}

bool
vp_desk_is_idle(int slot, Oid index)
{
	for (int i = 0; i < vp_desk_count(); i++)
		if (is_idle(&vp_desks[i], slot, index))
			return true;
	return false;
}

VpDesk *
vp_desk_claim(int slot, Oid index)
{
	for (int i = 0; i < vp_desk_count(); i++)
	{
		VpDesk	   *desk = &vp_desks[i];
		uint32		idle = 1;

		if (is_idle(desk, slot, index) &&
			pg_atomic_compare_exchange_u32(&desk->idle, &idle, 0))
			return desk;
	}
	return NULL;
}

bool
vp_desk_wake(int slot, Oid index)
{
	VpDesk	   *desk = vp_desk_claim(slot, index);
	PGPROC	   *proc = desk != NULL ? desk->proc : NULL;

	if (proc != NULL)
		SetLatch(&proc->procLatch);
	return proc != NULL;
}
