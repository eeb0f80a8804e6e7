/*-------------------------------------------------------------------------
 *
 * registry.c
 *	  The provisioned indexes of the server, in shared memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/shmem.h"

#include "base/settings.h"
#include "replica/registry.h"

VpRegistry *vp_registry;

const char *
vp_state_name(VpState state)
{
	static const char *const names[] = {
		[VP_LOADING] = "Loading",
		[VP_READY] = "Ready",
		[VP_SCALING] = "Scaling",
		[VP_SUSPENDED] = "Suspended",
		[VP_IDLE] = "Idle",
		[VP_ERROR] = "Error"
	};

	return names[state];
}

static Size
registry_size(void)
{
	return MAXALIGN(offsetof(VpRegistry, slots) + vp_max_provisioned * sizeof(VpSlot));
}

void
vp_registry_request(void)
{
	RequestAddinShmemSpace(registry_size() + vp_max_provisioned * sizeof(pg_atomic_uint64));
	RequestNamedLWLockTranche("vecprov registry", 1);
}

void
vp_registry_startup(void)
{
	Size		size = registry_size();
	bool		found;

	vp_registry = ShmemInitStruct("vecprov registry",
								  size + vp_max_provisioned * sizeof(pg_atomic_uint64), &found);
	if (found)
		return;
	memset(vp_registry, 0, size);
	vp_registry->lock = &GetNamedLWLockTranche("vecprov registry")->lock;
	pg_atomic_init_u64(&vp_registry->rounds, 0);
	pg_atomic_init_u64(&vp_registry->idle_looks, 0);
	vp_registry->keys = (pg_atomic_uint64 *) ((char *) vp_registry + size);
	for (int i = 0; i < vp_max_provisioned; i++)
		pg_atomic_init_u64(&vp_registry->keys[i], 0);
}

uint64
vp_slot_key(Oid database, Oid index)
{
	return (uint64) database << 32 | index;
}

Oid
vp_slot_index(int slot)
{
	uint64		key = pg_atomic_read_u64(&vp_registry->keys[slot]);

	return (Oid) (key >> 32) == MyDatabaseId ? (Oid) key : InvalidOid;
}

bool
vp_slot_seats(int slot)
{
	return vp_registry->slots[slot].seated == slot;
}

int
vp_slot_find(Oid database, Oid index)
{
	uint64		key = vp_slot_key(database, index);

	for (int i = 0; i < vp_max_provisioned; i++)
		if (pg_atomic_read_u64(&vp_registry->keys[i]) == key)
			return i;
	return -1;
}

bool
vp_slot_copy(int slot, VpSlot *copy)
{
	bool		used;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	*copy = vp_registry->slots[slot];
	used = copy->used && !copy->gone;
	LWLockRelease(vp_registry->lock);
	return used;
}

bool
vp_slot_look(Oid database, Oid index, VpSlot *slot)
{
	int			i = vp_slot_find(database, index);

	return i >= 0 && vp_slot_copy(i, slot) && slot->definition.index == index &&
		slot->definition.database == database;
}

bool
vp_slot_free(int slot)
{
	bool		gone;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	gone = vp_registry->slots[slot].gone;
	if (gone)
	{
		pg_atomic_write_u64(&vp_registry->keys[slot], 0);
		vp_registry->slots[slot].used = false;
	}
	LWLockRelease(vp_registry->lock);
	return gone;
}

void
vp_slot_notice(Oid index)
{
	int			i = vp_slot_find(MyDatabaseId, index);

	if (i < 0)
		return;
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	/* if it has changed hands, nothing is found to tell */
	vp_registry->slots[i].state_changes++;
	LWLockRelease(vp_registry->lock);
}

void
vp_registry_wake(PGPROC **process)
{
	PGPROC	   *proc;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	proc = *process;
	LWLockRelease(vp_registry->lock);
	/* should it have ended just now, its successor there is woken for nothing */
	if (proc != NULL)
		SetLatch(&proc->procLatch);
}
