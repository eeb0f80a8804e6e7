/*-------------------------------------------------------------------------
 *
 * load.c
 *	  How busy replicas were of late.
 *
 * The time that searches took is added up for each replica (replica_stats.c).
 * The keeper remembers these sums every twenty seconds, all at the same
 * moment, so that the moments are kept once.  The share of a window is the
 * difference to the sum at its begin.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/options.h"
#include "base/settings.h"
#include "replica/load.h"
#include "replica/registry.h"
#include "replica/replica_stats.h"

#define SAMPLE_TIME		(20 * USECS_PER_SEC)
#define NSAMPLES		17		/* more than the window's */

/* All of it under the registry's lock. */
typedef struct History
{
	TimestampTz at[NSAMPLES];	/* 0: none yet */
	int			next;			/* the place of the next one */
	bool		pretended;		/* by a test, which may be ahead of the clock */
} History;

static History *history;
static TimestampTz *cleared;	/* of each slot: since when its counters count */

/* [slot][replica][sample]: milliseconds, of which 32 bits are enough for differences. */
static uint32 *busy;

static int
busy_count(void)
{
	return vp_max_provisioned * VP_MAX_REPLICAS * NSAMPLES;
}

static uint32 *
busy_of(int slot, int replica)
{
	return &busy[(slot * VP_MAX_REPLICAS + replica) * NSAMPLES];
}

static Size
load_size(void)
{
	Size		size = MAXALIGN(sizeof(History));

	size = add_size(size, mul_size(vp_max_provisioned, sizeof(TimestampTz)));
	return add_size(size, mul_size(busy_count(), sizeof(uint32)));
}

void
vp_load_request(void)
{
	RequestAddinShmemSpace(load_size());
}

void
vp_load_startup(void)
{
	bool		found;
	char	   *memory = ShmemInitStruct("vecprov load", load_size(), &found);

	history = (History *) memory;
	cleared = (TimestampTz *) (memory + MAXALIGN(sizeof(History)));
	busy = (uint32 *) (cleared + vp_max_provisioned);
	if (!found)
		memset(memory, 0, load_size());
}

void
vp_load_clear(int slot)
{
	cleared[slot] = vp_clock();
}

static uint32
busy_now(int slot, int replica)
{
	return (uint32) (vp_replica_busy(slot, replica) / 1000);
}

void
vp_load_sample(void)
{
	TimestampTz now = vp_clock();
	TimestampTz last = history->at[(history->next + NSAMPLES - 1) % NSAMPLES];

	/* only this process writes; a clock that was set back begins anew */
	if (last != 0 && now >= last && now - last < SAMPLE_TIME)
		return;
	if (now < last && history->pretended)
		return;
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	history->pretended = false;
	if (now < last)
		memset(history->at, 0, sizeof(history->at));
	for (int i = 0; i < vp_max_provisioned; i++)
		for (int replica = 0; vp_registry->slots[i].used && replica < VP_MAX_REPLICAS; replica++)
			busy_of(i, replica)[history->next] = busy_now(i, replica);
	history->at[history->next] = now;
	history->next = (history->next + 1) % NSAMPLES;
	LWLockRelease(vp_registry->lock);
}

/*
 * The sum at the begin of a window, and when that was: of the youngest sample
 * that is old enough, else of the oldest since the slot was cleared, or of
 * that moment, when it was 0.  Under the lock.
 */
static uint32
busy_at(int slot, int replica, TimestampTz begin, TimestampTz *at)
{
	uint32		sum = 0;

	*at = cleared[slot];
	for (int i = 0; i < NSAMPLES; i++)
	{
		int			place = (history->next + i) % NSAMPLES; /* from the oldest */

		if (history->at[place] <= cleared[slot])
			continue;

		/*
		 * the oldest one may be too young: it is better than a window that is
		 * much too long
		 */
		if (history->at[place] > begin && (*at != cleared[slot] || cleared[slot] >= begin))
			break;
		*at = history->at[place];
		sum = busy_of(slot, replica)[place];
	}
	return sum;
}

double
vp_load_share(int slot, int replica, int units, int64 window, bool *complete)
{
	TimestampTz now = vp_clock();
	TimestampTz at;
	uint32		before;
	double		share;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	before = busy_at(slot, replica, now - window, &at);
	LWLockRelease(vp_registry->lock);
	*complete = at <= now - window;
	if (at >= now)
		return 0;
	share = (uint32) (busy_now(slot, replica) - before) * 1000.0 / (now - at) / Max(units, 1);
	return share;
}

double
vp_load_busiest(int slot, int replicas, int units, int64 window, bool *complete)
{
	double		most = 0;

	*complete = replicas > 0;
	for (int i = 0; i < replicas; i++)
	{
		bool		of_window;
		double		share = vp_load_share(slot, i, units, window, &of_window);

		most = Max(most, share);
		*complete &= of_window;
	}
	return most;
}

void
vp_load_pretend(int slot, int replica, int units, double share)
{
	TimestampTz now = vp_clock();
	TimestampTz begin = now - NSAMPLES * SAMPLE_TIME;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	cleared[slot] = begin;
	for (int i = 0; i < NSAMPLES; i++)
	{
		history->at[i] = begin + (i + 1) * SAMPLE_TIME;
		busy_of(slot, replica)[i] = busy_now(slot, replica) -
			(uint32) ((now - history->at[i]) / 1000 * share * units);
	}
	history->next = 0;
	history->pretended = true;
	LWLockRelease(vp_registry->lock);
}
