/*-------------------------------------------------------------------------
 *
 * replica_stats.c
 *	  What each replica of a provisioned index does, and has done.
 *
 * A seat belongs to a replica, so each search is counted for one, with atomic
 * operations alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "replica/registry.h"
#include "replica/replica_stats.h"

/* "Of late" are the last one to two of these times: microseconds. */
#define SAMPLE_TIME		(150 * USECS_PER_SEC)

typedef struct Sample
{
	TimestampTz at;
	uint64		busy;
} Sample;

/* Padded so that searches of two replicas do not fight for a cache line. */
union VpReplicaStats
{
	struct
	{
		pg_atomic_uint32 used;
		pg_atomic_uint64 searches;
		pg_atomic_uint64 busy;
		Sample		samples[2]; /* the older one first; the registry's lock */
	}			r;
	char		pad[64];
};

StaticAssertDecl(sizeof(VpReplicaStats) == 64, "a cache line each");

static VpReplicaStats *tallies; /* in shared memory: of each slot and replica */

static int
stats_count(void)
{
	return vp_max_provisioned * VP_MAX_REPLICAS;
}

static VpReplicaStats *
stats_of(int slot, int replica)
{
	return &tallies[slot * VP_MAX_REPLICAS + replica];
}

static Size
tallies_size(void)
{
	return add_size(mul_size(stats_count(), sizeof(VpReplicaStats)), sizeof(VpReplicaStats));
}

void
vp_tallies_request(void)
{
	RequestAddinShmemSpace(tallies_size());
}

void
vp_tallies_startup(void)
{
	bool		found;
	char	   *memory = ShmemInitStruct("vecprov tallies", tallies_size(), &found);

	tallies = (VpReplicaStats *) TYPEALIGN(sizeof(VpReplicaStats), memory);
	if (found)
		return;
	memset(tallies, 0, stats_count() * sizeof(VpReplicaStats));
	for (int i = 0; i < stats_count(); i++)
	{
		pg_atomic_init_u32(&tallies[i].r.used, 0);
		pg_atomic_init_u64(&tallies[i].r.searches, 0);
		pg_atomic_init_u64(&tallies[i].r.busy, 0);
	}
}

void
vp_tallies_clear(int slot)
{
	for (int i = 0; i < VP_MAX_REPLICAS; i++)
	{
		VpReplicaStats *stats = stats_of(slot, i);

		pg_atomic_write_u64(&stats->r.searches, 0);
		pg_atomic_write_u64(&stats->r.busy, 0);
		for (int n = 0; n < lengthof(stats->r.samples); n++)
		{
			stats->r.samples[n].at = GetCurrentTimestamp();
			stats->r.samples[n].busy = 0;
		}
	}
}

/* By turns; when seats were just taken away, the last one. */
VpReplicaStats *
vp_replica_stats_begin(int slot, int replicas, int units, int home)
{
	int			count = Max(replicas, 1);
	VpReplicaStats *stats = NULL;

	for (int i = 0; i < count; i++)
	{
		stats = stats_of(slot, (home + i) % count);
		if (pg_atomic_fetch_add_u32(&stats->r.used, 1) < (uint32) Max(units, 1) || i == count - 1)
			break;
		(void) pg_atomic_fetch_sub_u32(&stats->r.used, 1);
	}
	return stats;
}

void
vp_replica_stats_end(VpReplicaStats *stats, uint64 busy)
{
	(void) pg_atomic_fetch_sub_u32(&stats->r.used, 1);
	(void) pg_atomic_fetch_add_u64(&stats->r.searches, 1);
	(void) pg_atomic_fetch_add_u64(&stats->r.busy, busy);
}

void
vp_replica_counts(int slot, int replica, int units, VpReplicaCounts *counts)
{
	VpReplicaStats *stats = stats_of(slot, replica);
	const Sample *since = &stats->r.samples[0];
	double		time;

	counts->in_use = pg_atomic_read_u32(&stats->r.used);
	counts->searches = pg_atomic_read_u64(&stats->r.searches);
	counts->busy = pg_atomic_read_u64(&stats->r.busy);
	LWLockAcquire(vp_registry->lock, LW_SHARED);
	time = (double) (GetCurrentTimestamp() - since->at) * Max(units, 1);
	counts->busy_fraction = time > 0 ? (counts->busy - since->busy) / time : 0;
	LWLockRelease(vp_registry->lock);
}

void
vp_tallies_sample(void)
{
	static TimestampTz last = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (now - last < SAMPLE_TIME)
		return;
	last = now;
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < stats_count(); i++)
	{
		VpReplicaStats *stats = &tallies[i];

		stats->r.samples[0] = stats->r.samples[1];
		stats->r.samples[1].at = now;
		stats->r.samples[1].busy = pg_atomic_read_u64(&stats->r.busy);
	}
	LWLockRelease(vp_registry->lock);
}
