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

/* Padded so that searches of two replicas do not fight for a cache line. */
typedef union VpReplicaStats
{
	struct
	{
		pg_atomic_uint32 used;
		pg_atomic_uint64 searches;
		pg_atomic_uint64 busy;
	}			r;
	char		pad[64];
} VpReplicaStats;

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
	}
}

/* By turns; when seats were just taken away, the last one. */
int
vp_replica_stats_begin(int slot, int replicas, int units, int home)
{
	int			count = Max(replicas, 1);
	int			replica = 0;

	for (int i = 0; i < count; i++)
	{
		VpReplicaStats *stats;

		replica = (home + i) % count;
		stats = stats_of(slot, replica);
		if (pg_atomic_fetch_add_u32(&stats->r.used, 1) < (uint32) Max(units, 1) || i == count - 1)
			break;
		(void) pg_atomic_fetch_sub_u32(&stats->r.used, 1);
	}
	return replica;
}

void
vp_replica_stats_end(int slot, int replica, uint64 busy)
{
	VpReplicaStats *stats = stats_of(slot, replica);

	(void) pg_atomic_fetch_add_u64(&stats->r.searches, 1);
	(void) pg_atomic_fetch_add_u64(&stats->r.busy, busy);
}

/* After vp_replica_stats_end(), so that a search is in use or counted at any moment. */
void
vp_replica_stats_leave(int slot, int replica)
{
	(void) pg_atomic_fetch_sub_u32(&stats_of(slot, replica)->r.used, 1);
}

void
vp_replica_counts(int slot, int replica, VpReplicaCounts *counts)
{
	VpReplicaStats *stats = stats_of(slot, replica);

	counts->in_use = pg_atomic_read_u32(&stats->r.used);
	pg_read_barrier();
	counts->searches = pg_atomic_read_u64(&stats->r.searches);
	counts->busy = pg_atomic_read_u64(&stats->r.busy);
}

uint64
vp_replica_busy(int slot, int replica)
{
	return pg_atomic_read_u64(&stats_of(slot, replica)->r.busy);
}
