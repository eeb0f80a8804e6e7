/*-------------------------------------------------------------------------
 *
 * kept_seat.c
 *	  Seats that backends keep for as long as nobody needs them; see kept_seat.h.
 *
 * A word for each process: the slot of the seat and the replica that it is
 * counted for.  Whoever sets it to 0, by compare-and-swap, has the seat.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "base/affinity.h"
#include "capacity/meter.h"
#include "replica/kept_seat.h"

#define NOTHING		UINT64CONST(0)
#define REPLICA_SHIFT	32

#define VpKept(slot, replica)	((uint64) (replica) << REPLICA_SHIFT | ((uint64) (slot) + 1))
#define VpSlotOf(word)		((int) ((word) & 0xFFFFFFFF) - 1)
#define VpReplicaOf(word)	((int) ((word) >> REPLICA_SHIFT))

typedef struct Kept
{
	pg_atomic_uint64 word;
	pg_atomic_uint64 since;		/* vp_now() */
} Kept;

static Kept *kept;				/* in shared memory: of each process */

static Size
kept_size(void)
{
	return mul_size(MaxBackends, sizeof(Kept));
}

void
vp_kept_seats_request(void)
{
	RequestAddinShmemSpace(kept_size());
}

void
vp_kept_seats_startup(void)
{
	bool		found;

	kept = ShmemInitStruct("vecprov kept seats", kept_size(), &found);
	for (int i = 0; !found && i < MaxBackends; i++)
	{
		pg_atomic_init_u64(&kept[i].word, NOTHING);
		pg_atomic_init_u64(&kept[i].since, 0);
	}
}

void
vp_kept_seat_put(int slot, int replica)
{
	Kept	   *mine = &kept[VpMyProcNumber];

	pg_atomic_write_u64(&mine->since, vp_now());
	pg_write_barrier();
	pg_atomic_write_u64(&mine->word, VpKept(slot, replica));
}

bool
vp_kept_seat_is_there(void)
{
	return pg_atomic_read_u64(&kept[VpMyProcNumber].word) != NOTHING;
}

/* The seat that a process keeps, if the word is still this one. */
static bool
take(Kept *from, uint64 word)
{
	return word != NOTHING && pg_atomic_compare_exchange_u64(&from->word, &word, NOTHING);
}

bool
vp_kept_seat_take_back(void)
{
	Kept	   *mine = &kept[VpMyProcNumber];

	return take(mine, pg_atomic_read_u64(&mine->word));
}

/*
 * The process cannot have ended when its seat is taken, as it would have given
 * that back.  Should it end right after, its number is another process's at
 * the worst, which gets the mask that it has.
 */
static void
evict(int process)
{
	int			pid = ProcGlobal->allProcs[process].pid;

	if (pid > 0)
		vp_affinity_evict(pid);
}

bool
vp_kept_seat_take(int *slot, int *replica, uint64 ns)
{
	uint64		now = ns > 0 ? vp_now() : 0;

	for (int i = 0; i < MaxBackends; i++)
	{
		uint64		word = pg_atomic_read_u64(&kept[i].word);

		if (word == NOTHING || (*slot >= 0 && VpSlotOf(word) != *slot) ||
			(ns > 0 && now < pg_atomic_read_u64(&kept[i].since) + ns) ||
			!take(&kept[i], word))
			continue;
		evict(i);
		*slot = VpSlotOf(word);
		*replica = VpReplicaOf(word);
		return true;
	}
	return false;
}
