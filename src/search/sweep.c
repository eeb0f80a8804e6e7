/*-------------------------------------------------------------------------
 *
 * sweep.c
 *	  All nodes of an index, nearest first; see sweep.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <limits.h>
#include <math.h>

#include "miscadmin.h"

#include "search/sweep.h"

/* Of those that may match. */
#define IDS_AT_A_TIME	64

struct VpSweep
{
	VpSweepMeasure measure;
	void	   *arg;
	uint32		nids;
	VpMatches  *matches;		/* NULL: all ids below nids */
	VpSwept    *nodes;			/* the next ones, sorted */
	int			room;			/* of nodes */
	int			n;
	int			taken;			/* of these */
	VpSwept		last;			/* of all that were taken */
	bool		more;			/* there are others behind those in nodes */
};

/* NaN, as the cosine distance of a zero vector is, comes last. */
static inline int
compare(const VpSwept *a, const VpSwept *b)
{
	if (a->dist < b->dist)
		return -1;
	if (a->dist > b->dist)
		return 1;
	if (a->dist != b->dist && isnan(a->dist) != isnan(b->dist))
		return isnan(a->dist) ? 1 : -1;
	return a->id < b->id ? -1 : a->id > b->id;
}

#define ST_SORT sort_nodes
#define ST_ELEMENT_TYPE VpSwept
#define ST_COMPARE(a, b) compare(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

VpSweep *
vp_sweep_begin(uint32 nids, VpMatches *matches, VpSweepMeasure measure, void *arg)
{
	VpSweep    *sweep = palloc0(sizeof(VpSweep));
	uint64		nnodes = matches != NULL ? matches->bound : nids;
	Size		room = Max(Min((Size) work_mem * 1024 / sizeof(VpSwept), nnodes), 2);

	sweep->measure = measure;
	sweep->arg = arg;
	sweep->nids = nids;
	sweep->matches = matches;
	sweep->room = Min(room, INT_MAX);
	sweep->nodes = MemoryContextAllocHuge(CurrentMemoryContext, sweep->room * sizeof(VpSwept));
	sweep->last.dist = -INFINITY;
	sweep->last.id = VP_NO_ID;
	sweep->more = true;
	return sweep;
}

/* Keeps the nearer half of what is there; returns the last of it. */
static VpSwept
keep_half(VpSweep *sweep)
{
	sort_nodes(sweep->nodes, sweep->n);
	sweep->n /= 2;
	sweep->more = true;
	return sweep->nodes[sweep->n - 1];
}

/*
 * Measures a node, and keeps it if it was not taken and is nearer than the
 * bound.
 */
static inline void
consider(VpSweep *sweep, VpId id, VpSwept *bound)
{
	VpSwept		node = {.id = id};

	if (!sweep->measure(sweep->arg, id, &node.dist) ||
		(sweep->last.id != VP_NO_ID && compare(&node, &sweep->last) <= 0))
		return;
	if (sweep->n == sweep->room)
		*bound = keep_half(sweep);
	if (compare(&node, bound) < 0)
		sweep->nodes[sweep->n++] = node;
}

/* Measures all nodes, and keeps the nearest of those that were not taken. */
static void
fill(VpSweep *sweep)
{
	VpSwept		bound = {NAN, VP_NO_ID};
	VpId		ids[IDS_AT_A_TIME];
	int			n;

	sweep->n = sweep->taken = 0;
	sweep->more = false;
	if (sweep->matches == NULL)
	{
		for (VpId id = 0; id < sweep->nids; id++)
		{
			if (id % 1024 == 0)
				CHECK_FOR_INTERRUPTS();
			consider(sweep, id, &bound);
		}
	}
	else
	{
		sweep->matches->again(sweep->matches);
		while ((n = sweep->matches->next(sweep->matches, ids, IDS_AT_A_TIME)) > 0)
		{
			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < n; i++)
				consider(sweep, ids[i], &bound);
		}
	}
	sort_nodes(sweep->nodes, sweep->n);
}

bool
vp_sweep_peek(VpSweep *sweep, VpSwept *next)
{
	if (sweep->taken == sweep->n && sweep->more)
		fill(sweep);
	if (sweep->taken == sweep->n)
		return false;
	*next = sweep->nodes[sweep->taken];
	return true;
}

void
vp_sweep_take(VpSweep *sweep)
{
	sweep->last = sweep->nodes[sweep->taken++];
}

VpId
vp_sweep_ahead(const VpSweep *sweep, int places)
{
	return places < sweep->n - sweep->taken ? sweep->nodes[sweep->taken + places].id : VP_NO_ID;
}
