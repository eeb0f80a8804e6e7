/*-------------------------------------------------------------------------
 *
 * role_refusals.c
 *	  Refused operations of each role, in all databases; see role_refusals.h.
 *
 * Who is refused waits anyway, so a lock does.  Roles beyond the number of places are counted
 * together, and so are those of the places that have the least.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "capacity/kept_counters.h"
#include "capacity/role_refusals.h"

#define PLACES	256

typedef struct Shared
{
	LWLock	   *lock;
	int			nroles;
	VpRoleRefusals roles[PLACES];
	VpRoleRefusals others;
} Shared;

static Shared *shared;

void
vp_role_refusals_request(void)
{
	RequestAddinShmemSpace(sizeof(Shared));
	RequestNamedLWLockTranche("vecprov role refusals", 1);
}

static void
keep_roles(VpKeeping *file)
{
	vp_keep(file, &shared->nroles, sizeof(int));
	vp_keep(file, shared->roles, sizeof(shared->roles));
	vp_keep(file, &shared->others, sizeof(VpRoleRefusals));
}

static void
take_roles(VpKeeping *file)
{
	Shared		was = {0};

	if (!vp_kept(file, &was.nroles, sizeof(int)) || !vp_kept(file, was.roles, sizeof(was.roles)) ||
		!vp_kept(file, &was.others, sizeof(VpRoleRefusals)) || was.nroles < 0 || was.nroles > PLACES)
		return;
	was.lock = shared->lock;
	*shared = was;
}

void
vp_role_refusals_startup(void)
{
	bool		found;

	shared = ShmemInitStruct("vecprov role refusals", sizeof(Shared), &found);
	if (found)
		return;
	memset(shared, 0, sizeof(Shared));
	shared->lock = &GetNamedLWLockTranche("vecprov role refusals")->lock;
	vp_kept_counters_startup("role_refusals", keep_roles, take_roles);
}

/* Under the lock. */
static VpRoleRefusals *
place_of(Oid role)
{
	for (int i = 0; i < shared->nroles; i++)
		if (shared->roles[i].role == role)
			return &shared->roles[i];
	if (shared->nroles == PLACES)
		return &shared->others;
	shared->roles[shared->nroles].role = role;
	return &shared->roles[shared->nroles++];
}

void
vp_role_refusal(VpRefusal refusal)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	place_of(GetUserId())->refused[refusal]++;
	LWLockRelease(shared->lock);
}

static uint64
total_of(const VpRoleRefusals *role)
{
	uint64		total = 0;

	for (int i = 0; i < VP_NREFUSALS; i++)
		total += role->refused[i];
	return total;
}

/* The most first; at equal numbers by OID, so that who is shown does not change at each look. */
static int
compare(const void *a, const void *b)
{
	const VpRoleRefusals *left = a;
	const VpRoleRefusals *right = b;
	uint64		l = total_of(left);
	uint64		r = total_of(right);

	if (l != r)
		return l > r ? -1 : 1;
	return left->role < right->role ? -1 : left->role > right->role;
}

int
vp_role_refusals_read(VpRoleRefusals *roles)
{
	Shared	   *copy = palloc(sizeof(Shared));
	int			n;

	LWLockAcquire(shared->lock, LW_SHARED);
	memcpy(copy, shared, sizeof(Shared));
	LWLockRelease(shared->lock);
	qsort(copy->roles, copy->nroles, sizeof(VpRoleRefusals), compare);
	n = Min(copy->nroles, VP_SHOWN_ROLES);
	memcpy(roles, copy->roles, n * sizeof(VpRoleRefusals));
	for (int i = n; i < copy->nroles; i++)
		for (int j = 0; j < VP_NREFUSALS; j++)
			copy->others.refused[j] += copy->roles[i].refused[j];
	roles[n] = copy->others;
	pfree(copy);
	return n + 1;
}
