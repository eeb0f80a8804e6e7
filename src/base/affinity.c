/*-------------------------------------------------------------------------
 *
 * affinity.c
 *	  On which processors the server's processes run; see affinity.h.
 *
 * The inherited mask lies in the postmaster's memory, and so in that of all its
 * children: it outlives a crash of the server, which empties shared memory.
 * Shared memory has the ordinary mask as the launcher has last spread it.  A
 * process that goes back to it looks again afterwards, so it has the new one
 * whether it goes back before the launcher comes to it or later.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <errno.h>
#include <sched.h>

#include "base/affinity.h"

#ifdef __linux__

#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/shmem.h"
#include "storage/spin.h"

typedef struct Ordinary
{
	uint64		setting;		/* by which it is so */
	cpu_set_t	mask;
} Ordinary;

typedef struct Shared
{
	slock_t		lock;
	Ordinary	ordinary;
} Shared;

static Shared *shared;

/* By the postmaster; the same in all processes. */
static cpu_set_t inherited;
static bool inherited_known = false;

/* As this process has read the setting. */
static cpu_set_t reserved;
static int	nreserved = 0;
static uint64 setting;

static bool inside = false;		/* since vp_affinity_enter() ... */
static uint64 entered_by;		/* ... by this setting */

/*----------
 * Masks
 *----------
 */

static void
to_mask(const VpCpus *cpus, cpu_set_t *mask)
{
	CPU_ZERO(mask);
	for (int cpu = 0; cpu < Min(VP_MAX_CPUS, CPU_SETSIZE); cpu++)
		if (cpus->words[cpu / 64] >> cpu % 64 & 1)
			CPU_SET(cpu, mask);
}

/* What is left of a mask. */
static cpu_set_t
without(const cpu_set_t *mask, const cpu_set_t *others)
{
	cpu_set_t	both;
	cpu_set_t	rest;

	CPU_AND(&both, mask, others);
	CPU_XOR(&rest, mask, &both);
	return rest;
}

static bool
get_mask(pid_t pid, cpu_set_t *mask)
{
	return sched_getaffinity(pid, sizeof(*mask), mask) == 0;
}

static bool
set_mask(pid_t pid, const cpu_set_t *mask)
{
	return sched_setaffinity(pid, sizeof(*mask), mask) == 0;
}

/*----------
 * The setting
 *----------
 */

void
vp_affinity_init(void)
{
	if (IsPostmasterEnvironment && !IsUnderPostmaster)
		inherited_known = get_mask(0, &inherited);
}

const char *
vp_affinity_refusal(const VpCpus *cpus)
{
	cpu_set_t	mask;
	cpu_set_t	rest;

	to_mask(cpus, &mask);
	if (!inherited_known)
		return IsPostmasterEnvironment ? "The processors of the server cannot be told." : NULL;
	rest = without(&inherited, &mask);
	if (CPU_COUNT(&rest) == 0)
		return "All processors that the server may use would be reserved.";
	return NULL;
}

void
vp_affinity_assign(const VpCpus *cpus, uint64 new_setting)
{
	static cpu_set_t in_force;	/* none, at first */
	cpu_set_t	mask;

	to_mask(cpus, &reserved);
	setting = new_setting;
	if (!inherited_known || IsBinaryUpgrade)
		CPU_ZERO(&reserved);
	CPU_AND(&reserved, &reserved, &inherited);
	nreserved = CPU_COUNT(&reserved);
	if (IsUnderPostmaster || CPU_EQUAL(&reserved, &in_force))
		return;
	in_force = reserved;
	mask = without(&inherited, &reserved);
	/* what fails here the launcher tries again, and tells */
	(void) set_mask(0, &mask);
}

int
vp_affinity_reserved(void)
{
	return nreserved;
}

/*----------
 * Shared memory
 *----------
 */

void
vp_affinity_request(void)
{
	RequestAddinShmemSpace(sizeof(Shared));
}

/* All processes that there will be inherit what the postmaster has. */
void
vp_affinity_startup(void)
{
	bool		found;

	shared = ShmemInitStruct("vecprov affinity", sizeof(Shared), &found);
	if (found)
		return;
	memset(shared, 0, sizeof(Shared));
	SpinLockInit(&shared->lock);
	shared->ordinary.setting = setting;
	(void) get_mask(0, &shared->ordinary.mask);
}

/* The ordinary mask, copied under the spinlock. */
static Ordinary
get_ordinary(void)
{
	Ordinary	copy;

	SpinLockAcquire(&shared->lock);
	copy = shared->ordinary;
	SpinLockRelease(&shared->lock);
	return copy;
}

/* Makes this the ordinary mask, under the spinlock. */
static void
publish(const cpu_set_t *mask)
{
	SpinLockAcquire(&shared->lock);
	shared->ordinary.setting = setting;
	shared->ordinary.mask = *mask;
	SpinLockRelease(&shared->lock);
}

/*----------
 * Coming and going
 *----------
 */

/*
 * Gives a process (0: this one) the ordinary mask, also if that changes
 * meanwhile.
 */
static bool
go_back(pid_t pid)
{
	Ordinary	now = get_ordinary();
	Ordinary	before;
	bool		done;

	do
	{
		before = now;
		done = set_mask(pid, &now.mask);
		now = get_ordinary();
	} while (!CPU_EQUAL(&now.mask, &before.mask));
	return done;
}

bool
vp_affinity_bind(const VpCpus *cpus)
{
	static bool bound = false;
	cpu_set_t	mask;

	if (cpus == NULL)
		return !bound || go_back(0);
	bound = true;
	to_mask(cpus, &mask);
	return set_mask(0, &mask);
}

bool
vp_affinity_enter(const VpCpus *cpus)
{
	Ordinary	ordinary = get_ordinary();
	cpu_set_t	mask;

	if (ordinary.setting != setting || !get_mask(0, &mask) || !CPU_EQUAL(&mask, &ordinary.mask))
		return false;
	to_mask(cpus, &mask);
	if (!set_mask(0, &mask))
		return false;
	inside = true;
	entered_by = setting;
	/* the launcher may have come by between the two */
	if (vp_affinity_is_current())
		return true;
	vp_affinity_leave();
	return false;
}

bool
vp_affinity_is_current(void)
{
	return inside && entered_by == setting && get_ordinary().setting == setting;
}

void
vp_affinity_leave(void)
{
	if (inside)
		(void) go_back(0);
	inside = false;
}

void
vp_affinity_evict(int pid)
{
	(void) go_back(pid);
}

/*----------
 * Other processes
 *----------
 */

/* A thread of a process.  What somebody else has set is kept as far as it can be. */
static void
adjust_thread(pid_t thread, bool worker, const cpu_set_t *old, const cpu_set_t *new)
{
	cpu_set_t	mask;
	cpu_set_t	rest;

	if (!get_mask(thread, &mask))
		return;					/* it has ended */
	if (CPU_EQUAL(&mask, old))
		rest = *new;
	else if (worker)
		return;
	else
		rest = without(&mask, &reserved);
	if (CPU_COUNT(&rest) == 0)
		rest = *new;
	if (!CPU_EQUAL(&rest, &mask))
		(void) set_mask(thread, &rest);
}

static void
adjust_process(pid_t pid, bool worker, const cpu_set_t *old, const cpu_set_t *new)
{
	char		path[64];
	DIR		   *dir;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (atoi(entry->d_name) > 0)
			adjust_thread(atoi(entry->d_name), worker, old, new);
	if (dir != NULL)
		closedir(dir);
}

/* Is this a child of the postmaster? */
static bool
is_of_server(pid_t pid)
{
	char		path[64];
	char		line[256];
	FILE	   *file;
	const char *name_end = NULL;
	int			parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	/* pid (name) state parent; the name may have anything in it */
	if (fgets(line, sizeof(line), file) != NULL)
		name_end = strrchr(line, ')');
	fclose(file);
	return name_end != NULL && sscanf(name_end + 1, " %*c %d", &parent) == 1 && parent == PostmasterPid;
}

/*
 * Gives all processes of the server that run already the new mask.  Takes
 * `lock`, share, for each, from the question whether it is a worker until its
 * mask is set.
 */
static void
adjust_all(LWLock *lock, bool (*is_worker) (int pid), const cpu_set_t *old, const cpu_set_t *new)
{
	DIR		   *dir = AllocateDir("/proc");
	struct dirent *entry;

	while (dir != NULL && (entry = ReadDirExtended(dir, "/proc", LOG)) != NULL)
	{
		pid_t		pid = atoi(entry->d_name);

		if (pid <= 0 || !is_of_server(pid))
			continue;
		LWLockAcquire(lock, LW_SHARED);
		adjust_process(pid, is_worker(pid), old, new);
		LWLockRelease(lock);
	}
	if (dir != NULL)
		FreeDir(dir);
}

/* The postmaster's mask, for those that it starts; false: it has those that should be reserved. */
static bool
get_postmaster(cpu_set_t *mask)
{
	cpu_set_t	wanted = without(&inherited, &reserved);
	cpu_set_t	rest;

	if (!get_mask(PostmasterPid, mask))
		return false;
	rest = without(mask, &reserved);
	if (CPU_EQUAL(&rest, mask))
		return true;
	if (set_mask(PostmasterPid, &wanted) && get_mask(PostmasterPid, mask))
		return true;
	ereport(LOG,
			(errmsg("could not reserve processors: %m"),
			 errhint("Check vecprov.zones.")));
	return false;
}

void
vp_affinity_spread(LWLock *lock, bool (*is_worker) (int pid))
{
	static bool spread = false;
	static uint64 spread_setting;
	cpu_set_t	old;
	cpu_set_t	new;

	if (!inherited_known || (spread && spread_setting == setting))
		return;
	spread = true;
	spread_setting = setting;
	old = get_ordinary().mask;
	if (!get_postmaster(&new))
		return;
	publish(&new);
	if (nreserved > 0 || !CPU_EQUAL(&old, &new))
		adjust_all(lock, is_worker, &old, &new);
}

#else

void
vp_affinity_init(void)
{
}

void
vp_affinity_request(void)
{
}

void
vp_affinity_startup(void)
{
}

const char *
vp_affinity_refusal(const VpCpus *cpus)
{
	return "Processors can be reserved on Linux only.";
}

void
vp_affinity_assign(const VpCpus *cpus, uint64 setting)
{
}

int
vp_affinity_reserved(void)
{
	return 0;
}

bool
vp_affinity_bind(const VpCpus *cpus)
{
	errno = ENOSYS;
	return cpus == NULL;
}

bool
vp_affinity_enter(const VpCpus *cpus)
{
	return false;
}

bool
vp_affinity_is_current(void)
{
	return false;
}

void
vp_affinity_leave(void)
{
}

void
vp_affinity_evict(int pid)
{
}

void
vp_affinity_spread(LWLock *lock, bool (*is_worker) (int pid))
{
}

#endif
