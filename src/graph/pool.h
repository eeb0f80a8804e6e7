/*-------------------------------------------------------------------------
 *
 * pool.h
 *	  The nearest candidates of a search, sorted.
 *
 * A sorted array with a cursor at the nearest candidate that is not yet
 * expanded.  Insertion is a binary search and a memmove, which is faster than
 * heaps as long as the array is small.  A large pool (VP_POOL_DIRECT) collects
 * what is new in a second, short sorted array, which is merged into the first
 * when it is full: no insertion moves more than a few kilobytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POOL_H
#define VP_POOL_H

#include <math.h>
#include <string.h>

#include "graph/graph.h"

/* Pools that hold more have the second array, of so many entries. */
#define VP_POOL_DIRECT 1024
#define VP_POOL_FRESH 512

/*
 * Up to so many a search for the place in a run costs more than to go through
 * it.
 */
#define VP_RUN_SHORT 48

/* A sorted array; all before `next` are expanded. */
typedef struct VpRun
{
	VpCandidate *entries;
	int			n;
	int			next;
} VpRun;

typedef struct VpPool
{
	int			capacity;
	int			allocated;
	VpRun		main;
	VpRun		fresh;			/* entries: NULL until a pool is large */
	float		bound;			/* nearer ones get in: INFINITY while there is
								 * room */
} VpPool;

static inline void
vp_run_skip_expanded(VpRun *run)
{
	while (run->next < run->n && (run->entries[run->next].id & VP_EXPANDED))
		run->next++;
}

/* Makes room for one more first where that is needed. */
static inline void
vp_run_insert(VpRun *run, float dist, VpId id)
{
	VpCandidate *at = run->entries;
	int			n = run->n;
	int			pos;

	if (n <= VP_RUN_SHORT)
	{
		for (at += n; at > run->entries && at[-1].dist > dist; at--)
			*at = at[-1];
		pos = (int) (at - run->entries);
	}
	else
	{
		/* behind all that are as near; no branch depends on a distance */
		while (n > 1)
		{
			int			half = n / 2;

			at += half & -(int) (at[half - 1].dist <= dist);
			n -= half;
		}
		at += at->dist <= dist;
		pos = (int) (at - run->entries);
		memmove(at + 1, at, sizeof(VpCandidate) * (size_t) (run->n - pos));
	}
	at->dist = dist;
	at->id = id;
	run->n++;
	if (pos < run->next)
		run->next = pos;
}

static inline float
vp_run_worst(const VpRun *run)
{
	return run->n > 0 ? run->entries[run->n - 1].dist : -INFINITY;
}

static inline VpCandidate
vp_run_drop_worst(VpRun *run)
{
	run->n--;
	if (run->next > run->n)
		run->next = run->n;
	return run->entries[run->n];
}

/* Merges the new ones into the others, from the far end. */
static inline void
vp_pool_merge(VpPool *pool)
{
	VpRun	   *main = &pool->main;
	VpRun	   *fresh = &pool->fresh;
	int			end = main->n;

	for (int i = fresh->n - 1; i >= 0; i--)
	{
		int			from = 0,
					n = end;

		while (n > 0)
		{
			int			half = n / 2;

			if (main->entries[from + half].dist <= fresh->entries[i].dist)
			{
				from += half + 1;
				n -= half + 1;
			}
			else
				n = half;
		}
		memmove(&main->entries[from + i + 1], &main->entries[from],
				sizeof(VpCandidate) * (size_t) (end - from));
		main->entries[from + i] = fresh->entries[i];
		end = from;
	}
	/* the nearest of the new ones stands at `end` now, before what was moved */
	main->n += fresh->n;
	if (fresh->n > 0 && end < main->next)
		main->next = end;
	vp_run_skip_expanded(main);
	fresh->n = fresh->next = 0;
}

/*
 * Puts in a candidate that is nearer than the bound.  True when another one
 * had to leave for it.
 */
static inline bool
vp_pool_insert(VpPool *pool, float dist, VpId id, VpCandidate *left)
{
	VpRun	   *main = &pool->main;
	VpRun	   *fresh = &pool->fresh;
	bool		full = main->n + fresh->n == pool->capacity;

	if (pool->capacity <= VP_POOL_DIRECT)
	{
		if (full)
			*left = vp_run_drop_worst(main);
		vp_run_insert(main, dist, id);
		if (main->n == pool->capacity)
			pool->bound = main->entries[main->n - 1].dist;
		return full;
	}
	if (full)
		*left = vp_run_drop_worst(vp_run_worst(main) >= vp_run_worst(fresh) ? main : fresh);
	vp_run_insert(fresh, dist, id);
	if (main->n + fresh->n == pool->capacity)
		pool->bound = fmaxf(vp_run_worst(main), vp_run_worst(fresh));
	if (fresh->n == VP_POOL_FRESH)
		vp_pool_merge(pool);
	return full;
}

/*
 * The one that would be expanded next, if nothing nearer comes; VP_NO_ID when
 * unknown.
 */
static inline VpId
vp_pool_likely_next(const VpPool *pool)
{
	const VpRun *main = &pool->main;

	return main->next < main->n ? main->entries[main->next].id : VP_NO_ID;
}

/*
 * Marks the nearest candidate that is not expanded as such; VP_NO_ID when all
 * are.
 */
static inline VpId
vp_pool_expand(VpPool *pool)
{
	VpRun	   *run = &pool->main;
	VpRun	   *fresh = &pool->fresh;
	VpId		id;

	if (fresh->next < fresh->n &&
		(run->next == run->n || fresh->entries[fresh->next].dist < run->entries[run->next].dist))
		run = fresh;
	if (run->next == run->n)
		return VP_NO_ID;
	id = run->entries[run->next].id;
	run->entries[run->next++].id |= VP_EXPANDED;
	vp_run_skip_expanded(run);
	return id;
}

#endif							/* VP_POOL_H */
