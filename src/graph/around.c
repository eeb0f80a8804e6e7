/*-------------------------------------------------------------------------
 *
 * around.c
 *	  Matches out of a list, and those around the nearest; see around.h.
 *
 *-------------------------------------------------------------------------
 */
#include <assert.h>
#include <string.h>

#include "graph/around.h"
#include "graph/filter_rule.h"

/* What a search found around the nearest of its pool. */
typedef struct Around
{
	int			places;			/* of the pool, so many are looked around */
	int			lists;			/* of links were read */
	int			matches;		/* were in these */
} Around;

int
vp_part_near(VpSearch *search, VpId *ids, float *dist, int n)
{
	const float bound = search->pool.bound;
	VpCandidate *far = vp_overflow_room(&search->filtered.far, &search->alloc, (size_t) n);
	int			nnear = 0;
	int			nfar = 0;

	for (int i = 0; i < n; i++)
	{
		VpCandidate candidate = {dist[i], ids[i]};

		far[nfar] = candidate;
		ids[nnear] = candidate.id;
		dist[nnear] = candidate.dist;
		nnear += candidate.dist < bound;
		nfar += candidate.dist >= bound;	/* NaN is neither */
	}
	assert(nnear <= n);
	search->filtered.far.n += (size_t) nfar;
	return nnear;
}

bool
vp_take_listed(VpSearch *search, VpId *ids, float *dist, int n)
{
	VpPool	   *pool = &search->pool;

	n = vp_part_near(search, ids, dist, n);
	for (int i = 0; i < n; i++)
	{
		VpCandidate left = {dist[i], ids[i]};

		if (!(dist[i] < pool->bound) || vp_pool_insert(pool, dist[i], ids[i], &left))
			vp_overflow_add(&search->filtered.far, &search->alloc, left.dist, left.id & ~VP_EXPANDED);
	}
	return n > 0;
}

/* Of the nearest node of the pool that has such: the neighbours that are to come yet. */
static int
next_around(VpSearch *search, VpId *fresh, Around *around)
{
	VpFiltered *filtered = &search->filtered;
	int			n = 0;

	while (n == 0 && search->pool.main.next < around->places)
	{
		VpId		id = vp_pool_expand(&search->pool);
		int			nmatches;

		if (id == VP_NO_ID)
			break;
		n = search->source->links(search->source, id, 0, search->links);
		n = filtered->matches->pick(filtered->matches, search->links, n, &nmatches);
		if (filtered->unmet)
			memcpy(fresh, search->links, sizeof(VpId) * (size_t) n);
		else
			n = vp_visited_filter(&search->visited, search->links, n, fresh);
		search->counts.expansions++;
		around->lists++;
		around->matches += nmatches;
	}
	search->counts.distances += (uint64_t) n;
	return n;
}

bool
vp_look_around(VpSearch *search, int places)
{
	VpSource   *source = search->source;
	VpId	   *ids = search->fresh[0];
	VpId	   *ahead = search->fresh[1];
	Around		around = {.places = places};
	int			n = 0;
	int			nahead;

	vp_pool_merge(&search->pool);
	while ((nahead = next_around(search, ahead, &around)) + n > 0)
	{
		VpId	   *done = ids;

		source->next = vp_pool_likely_next(&search->pool);
		source->distances_ahead(source, search->query, ids, n, search->dist, ahead, nahead);
		(void) vp_take_listed(search, ids, search->dist, n);
		ids = ahead;
		n = nahead;
		ahead = done;
	}
	return around.matches >= VP_AROUND_MATCHES * around.lists;
}
