/*-------------------------------------------------------------------------
 *
 * search.c
 *	  Search in the graph: greedy on the upper levels, then best first.
 *
 * Algorithms 2 and 5 of Malkov and Yashunin (see graph.h), with one sorted
 * array for both of the paper's heaps, and distances computed a list at a time.
 *
 *-------------------------------------------------------------------------
 */
#include <assert.h>
#include <string.h>

#include "graph/search.h"

/* The same where entry points show the way, for each level above. */
#define VP_FEW_SEEDS 4
#define VP_WIDE_SEEDS 16

_Static_assert(VP_STOP_POOL <= VP_POOL_DIRECT, "the k-th nearest stands in one array");
_Static_assert(VP_MAX_LANDMARKS <= VP_MAX_LINKS, "landmarks are measured at a time");

VpSearch *
vp_search_create(const VpAlloc *alloc, int m)
{
	VpSearch   *search = alloc->alloc(sizeof(VpSearch));

	memset(search, 0, sizeof(*search));
	search->alloc = *alloc;
	vp_visited_init(&search->visited, &search->alloc);
	vp_visited_init(&search->filtered.listed, &search->alloc);
	return search;
}

void
vp_search_destroy(VpSearch *search)
{
	void		(*free_memory) (void *p) = search->alloc.free;

	if (search->pool.main.entries != NULL)
		free_memory(search->pool.main.entries);
	if (search->pool.fresh.entries != NULL)
		free_memory(search->pool.fresh.entries);
	if (search->overflow.entries != NULL)
		free_memory(search->overflow.entries);
	if (search->seeds != NULL)
		free_memory(search->seeds);
	vp_visited_free(&search->visited);
	if (search->filtered.frontier.entries != NULL)
		free_memory(search->filtered.frontier.entries);
	if (search->filtered.far.entries != NULL)
		free_memory(search->filtered.far.entries);
	if (search->filtered.parked.entries != NULL)
		free_memory(search->filtered.parked.entries);
	vp_visited_free(&search->filtered.listed);
	free_memory(search);
}

void
vp_search_reset_pool(VpSearch *search, int ef)
{
	VpPool	   *pool = &search->pool;

	if (pool->allocated < ef)
	{
		if (pool->main.entries != NULL)
			search->alloc.free(pool->main.entries);
		/* should there be no memory, the pool is one that has none */
		pool->main.entries = NULL;
		pool->allocated = 0;
		/* a merge has all of both arrays in the first, an insertion one more */
		pool->main.entries = search->alloc.alloc(sizeof(VpCandidate) * ((size_t) ef + 1));
		pool->allocated = ef;
	}
	if (ef > VP_POOL_DIRECT && pool->fresh.entries == NULL)
		pool->fresh.entries = search->alloc.alloc(sizeof(VpCandidate) * VP_POOL_FRESH);
	pool->capacity = ef;
	pool->main.n = pool->main.next = 0;
	pool->fresh.n = pool->fresh.next = 0;
	pool->bound = INFINITY;
	search->taken = 0;
}

/*
 * Expands a node: those of its neighbours that were not met, whose distances
 * count as computed.
 */
static inline int
find_fresh(VpSearch *search, VpId id, int level, VpId *fresh)
{
	int			n = search->source->links(search->source, id, level, search->links);

	n = vp_visited_filter(&search->visited, search->links, n, fresh);
	search->counts.expansions++;
	search->counts.distances += (uint64_t) n;
	return n;
}

int
vp_search_look_around(VpSearch *search, VpId id, int level)
{
	VpSource   *source = search->source;
	int			n = find_fresh(search, id, level, search->fresh[0]);

	source->next = VP_NO_ID;
	if (n > 0)
		source->distances(source, search->query, search->fresh[0], n, search->dist);
	return n;
}

/* Puts in one that may be nearer than the bound. */
static inline void
offer(VpSearch *search, float dist, VpId id)
{
	VpCandidate left = {dist, id};

	if (!(dist < search->pool.bound) || vp_pool_insert(&search->pool, dist, id, &left))
		vp_overflow_add(&search->overflow, &search->alloc, left.dist, left.id);
}

/* So far away nodes are expanded, as the k-th nearest is where it is now. */
static inline float
stop_radius(const VpSearch *search)
{
	return search->pool.main.entries[search->stop.k - 1].dist * search->stop.ratio;
}

/*
 * Nodes behind the ef nearest get into the pool only if they would be expanded.
 * The ef nearest do in any case: they are the results.
 */
static inline void
narrow_bound(VpSearch *search)
{
	VpPool	   *pool = &search->pool;

	if (pool->main.n >= search->stop.ef)
		pool->bound = fminf(pool->bound, fmaxf(pool->main.entries[search->stop.ef - 1].dist,
											   stop_radius(search)));
}

/*
 * Those that are near go to the pool, the others to rest.  Which is which
 * cannot be foretold, so that they are told apart without a jump first.
 */
static void
offer_all(VpSearch *search, const VpId *ids, int n)
{
	const float bound = search->pool.bound;
	VpCandidate *overflow = vp_overflow_room(&search->overflow, &search->alloc, (size_t) n);
	VpCandidate near[VP_MAX_LINKS];
	int			nnear = 0;
	int			noverflow = 0;

	for (int i = 0; i < n; i++)
	{
		VpCandidate candidate = {search->dist[i], ids[i]};

		near[nnear] = candidate;
		overflow[noverflow] = candidate;
		nnear += candidate.dist < bound;
		noverflow += candidate.dist >= bound;	/* NaN is neither */
	}
	assert(nnear <= n);
	search->overflow.n += (size_t) noverflow;
	for (int i = 0; i < nnear; i++)
		offer(search, near[i].dist, near[i].id);
	if (search->stopping && nnear > 0)
		narrow_bound(search);
}

int
vp_search_look_at_landmarks(VpSearch *search)
{
	VpSource   *source = search->source;
	int			n;

	if (source->landmarks == NULL)
		return 0;
	n = source->landmarks(source, search->query, search->links);
	n = vp_visited_filter(&search->visited, search->links, n, search->fresh[0]);
	if (n > 0)
		source->distances(source, search->query, search->fresh[0], n, search->dist);
	search->counts.distances += (uint64_t) n;
	return n;
}

/* Does the rule say that the search has looked far enough? */
static inline bool
shall_stop(VpSearch *search)
{
	const VpRun *main = &search->pool.main;

	if (!search->stopping || search->expanded < search->stop.least ||
		main->n < search->stop.k || main->next == main->n)
		return false;
	search->stopped = main->entries[main->next].dist > stop_radius(search);
	return search->stopped;
}

/*
 * The neighbours that were not met of the nearest candidate that has such; 0:
 * all are expanded, or the rule says that it is enough.
 */
static int
find_next_fresh(VpSearch *search, VpId *fresh)
{
	VpId		id;
	int			n = 0;

	while (n == 0 && !shall_stop(search) && (id = vp_pool_expand(&search->pool)) != VP_NO_ID)
	{
		n = find_fresh(search, id, search->level, fresh);
		search->expanded++;
	}
	return n;
}

/*
 * Expands until all in the pool are, or the rule says that it is enough.
 *
 * The next candidate is expanded before the last one's neighbours are in the
 * pool, so that what is needed of its neighbours comes from memory while
 * distances are computed: the one takes as long as the other.  Some candidates
 * are expanded that would have been pushed out; they make up for it by what
 * they find.
 */
static void
run(VpSearch *search)
{
	VpSource   *source = search->source;
	VpId	   *ids = search->fresh[0];
	VpId	   *ahead = search->fresh[1];
	int			n = 0;
	int			nahead;

	while ((nahead = find_next_fresh(search, ahead)) + n > 0)
	{
		VpId	   *done = ids;

		source->next = vp_pool_likely_next(&search->pool);
		source->distances_ahead(source, search->query, ids, n, search->dist, ahead, nahead);
		offer_all(search, ids, n);
		ids = ahead;
		n = nahead;
		ahead = done;
	}
	vp_pool_merge(&search->pool);
}

/*
 * Searches a level from what is in the pool, or from a node that holds no
 * vector.  All that was met of the graph was met at this level.
 */
static void
search_level(VpSearch *search, int level, VpId start)
{
	VpRun	   *seeds = &search->pool.main;

	search->level = level;
	search->expanded = 0;
	search->pool.bound = seeds->n < search->pool.capacity ? INFINITY : vp_run_worst(seeds);
	seeds->next = 0;
	for (int i = 0; i < seeds->n; i++)
	{
		seeds->entries[i].id &= ~VP_EXPANDED;
		vp_visited_filter(&search->visited, &seeds->entries[i].id, 1, search->fresh[0]);
	}
	if (seeds->n == 0)
	{
		vp_visited_filter(&search->visited, &start, 1, search->fresh[0]);
		offer_all(search, search->fresh[0], vp_search_look_around(search, start, level));
	}
	if (level == 0 && search->ngraphs == 1)
	{
		offer_all(search, search->fresh[0], vp_search_look_at_landmarks(search));
	}
	run(search);
}

/* Gives the pool so many places, no more than a search of ef candidates has. */
static void
narrow_pool(VpSearch *search, int ef, int places)
{
	search->pool.capacity = ef < places ? ef : places;
}

/* What is in the pool is where a search of the next level begins. */
static void
widen_pool(VpSearch *search, int ef)
{
	search->overflow.n = search->overflow.ordered = 0;
	search->pool.capacity = ef;
}

/*
 * Comes down from what is in the pool, which is of level `from`, to the level
 * below which it is to go on: by few candidates, at the last level by `last`.
 */
static void
come_down(VpSearch *search, VpId start, int from, int level, int ef, int last, uint32_t nids)
{
	for (; from > level; from--)
	{
		narrow_pool(search, ef, from > level + 1 ? VP_FEW_SEEDS : last);
		vp_visited_begin(&search->visited, nids);
		search_level(search, from, start);
	}
	widen_pool(search, ef);
}

/*
 * Comes down to a level from the source's entry points, that there are in the
 * graph of `entry`.  False: there are none for it.
 */
static bool
enter(VpSearch *search, VpId entry, int level, int ef, uint32_t nids)
{
	VpSource   *source = search->source;
	VpCandidate found[VP_MAX_ENTRY_POINTS];
	int			from = level;
	int			n;

	if (source->entry_points == NULL)
		return false;
	n = source->entry_points(source, search->query, entry, found, &from);
	if (n == 0 || from < level)
		return false;
	search->counts.distances += (uint64_t) n;
	narrow_pool(search, ef, from > level + 1 ? VP_FEW_SEEDS : VP_SEEDS);
	for (int i = 0; i < n; i++)
		offer(search, found[i].dist, found[i].id);
	come_down(search, found->id, from - 1, level, ef, VP_FEW_SEEDS, nids);
	return true;
}

/*
 * Without entry points there is one node to begin at, which may be far from all
 * that is near: it takes more candidates to come to a cluster to which few
 * links lead.
 */
VpId
vp_search_find_seeds(VpSearch *search, VpEntry entry, int level, int ef, uint32_t nids)
{
	float		dist;

	search->overflow.n = search->overflow.ordered = 0;
	vp_search_reset_pool(search, ef);
	if (entry.level > level && enter(search, entry.id, level, ef, nids))
		return entry.id;
	search->source->distances(search->source, search->query, &entry.id, 1, &dist);
	search->counts.distances++;
	if (!isnan(dist))
		offer(search, dist, entry.id);
	come_down(search, entry.id, entry.level, level, ef, VP_WIDE_SEEDS, nids);
	if (search->pool.main.n > VP_SEEDS)
		search->pool.main.n = VP_SEEDS;
	return entry.id;
}

void
vp_search_begin(VpSearch *search, VpSource *source, const VpQuery *query)
{
	search->filtered.matches = NULL;
	search->source = source;
	search->query = query;
	search->ngraphs = 1;
	search->stopping = search->stopped = false;
	memset(&search->counts, 0, sizeof(search->counts));
}

/*
 * The same for one graph, by a rule.  The ef nearest are the results; others in
 * the pool were to lead on.
 */
static void
start_stopping(VpSearch *search, VpSource *source, const VpQuery *query, VpEntry entry, uint32_t nids)
{
	const VpStop *stop = &search->stop;
	VpRun	   *found = &search->pool.main;
	VpId		start;

	vp_search_begin(search, source, query);
	start = vp_search_find_seeds(search, entry, 0, stop->places, nids);
	vp_visited_begin(&search->visited, nids);
	search->stopping = true;
	search_level(search, 0, start);
	for (; found->n > stop->ef; found->n--)
		vp_overflow_add(&search->overflow, &search->alloc, found->entries[found->n - 1].dist,
						found->entries[found->n - 1].id);
}

void
vp_search_stop_by(VpSearch *search, const VpStop *stop)
{
	search->stop = *stop;
}

void
vp_search_start(VpSearch *search, VpSource *source, const VpQuery *query,
				VpId entry, int entry_level, int level, int ef, uint32_t nids)
{
	VpId		start;

	vp_search_begin(search, source, query);
	start = vp_search_find_seeds(search, vp_entry(entry, entry_level), level, ef, nids);
	vp_visited_begin(&search->visited, nids);
	search_level(search, level, start);
}

bool
vp_search_start_near(VpSearch *search, VpSource *source, const VpQuery *query,
					 const VpId *near, int nnear, float within, int ef, uint32_t nids)
{
	vp_search_begin(search, source, query);
	search->overflow.n = search->overflow.ordered = 0;
	vp_search_reset_pool(search, ef);
	vp_visited_begin(&search->visited, nids);
	nnear = vp_visited_filter(&search->visited, near, nnear, search->fresh[0]);
	source->next = VP_NO_ID;
	source->distances(source, query, search->fresh[0], nnear, search->dist);
	search->counts.distances += (uint64_t) nnear;
	offer_all(search, search->fresh[0], nnear);
	if (search->pool.main.n == 0 || search->pool.main.entries[0].dist > within)
		return false;
	search_level(search, 0, near[0]);
	return true;
}

void
vp_search_leave_pool(VpSearch *search)
{
	VpRun	   *found = &search->pool.main;

	for (int i = search->taken; i < found->n; i++)
		vp_overflow_add(&search->overflow, &search->alloc, found->entries[i].dist,
						search->stopped ? found->entries[i].id : found->entries[i].id | VP_EXPANDED);
	found->n = search->taken = 0;
	search->stopping = search->stopped = false;
}

void
vp_search_find_all_seeds(VpSearch *search, const VpEntry *entries, int nentries,
						 int ef, uint32_t nids)
{
	if (search->nseeds < nentries)
	{
		if (search->seeds != NULL)
			search->alloc.free(search->seeds);
		search->seeds = NULL;
		search->nseeds = 0;
		search->seeds = search->alloc.alloc(sizeof(VpSeeds) * (size_t) nentries);
		search->nseeds = nentries;
	}
	for (int i = 0; i < nentries; i++)
	{
		VpSeeds    *seeds = &search->seeds[i];

		seeds->start = vp_search_find_seeds(search, entries[i], 0, ef, nids);
		seeds->n = search->pool.main.n;
		memcpy(seeds->entries, search->pool.main.entries, sizeof(VpCandidate) * (size_t) seeds->n);
	}
	vp_visited_begin(&search->visited, nids);
}

/*
 * First each graph by itself, with a pool for its share of the results: in a
 * pool of all, those that come near first would push out the others' ways.
 * Then on from the nearest of all, which finds what is nearer than these where
 * a share was too small.
 */
void
vp_search_start_all(VpSearch *search, VpSource *source, const VpQuery *query,
					const VpEntry *entries, int nentries, int ef, uint32_t nids)
{
	int			share = ef / nentries + vp_graph_margin(ef);

	if (nentries == 1 && search->stop.ratio > 0)
	{
		start_stopping(search, source, query, entries[0], nids);
		return;
	}
	if (nentries == 1)
	{
		vp_search_start(search, source, query, entries->id, entries->level, 0, ef, nids);
		return;
	}
	vp_search_begin(search, source, query);
	search->ngraphs = nentries;
	vp_search_find_all_seeds(search, entries, nentries, share, nids);
	for (int i = 0; i < nentries; i++)
	{
		VpSeeds    *seeds = &search->seeds[i];

		vp_search_reset_pool(search, share);
		memcpy(search->pool.main.entries, seeds->entries, sizeof(VpCandidate) * (size_t) seeds->n);
		search->pool.main.n = seeds->n;
		search_level(search, 0, seeds->start);
		vp_search_leave_pool(search);
	}
	/* landmarks are of any graph */
	for (int i = vp_search_look_at_landmarks(search) - 1; i >= 0; i--)
		if (!isnan(search->dist[i]))
			vp_overflow_add(&search->overflow, &search->alloc, search->dist[i], search->fresh[0][i]);
	(void) vp_search_more(search, ef);
}

/*
 * Expands those that were taken although the search had stopped before them:
 * they may be the only way to others.
 */
static void
expand_taken(VpSearch *search)
{
	for (int i = 0; i < search->taken; i++)
	{
		VpId		id = search->pool.main.entries[i].id;
		int			n;

		if (id & VP_EXPANDED)
			continue;
		n = vp_search_look_around(search, id, 0);
		for (int j = 0; j < n; j++)
			if (!isnan(search->dist[j]))
				vp_overflow_add(&search->overflow, &search->alloc, search->dist[j], search->fresh[0][j]);
	}
}

bool
vp_search_more(VpSearch *search, int ef)
{
	VpPool	   *pool = &search->pool;
	VpOverflow *overflow = &search->overflow;
	int			room = ef;

	if (search->filtered.matches != NULL)
		return search->filtered.more(search, ef);
	if (search->ngraphs > 1)
		room += search->ngraphs * vp_graph_margin(ef);
	if (search->stopped)
		expand_taken(search);
	vp_search_leave_pool(search);
	vp_overflow_order(overflow);
	vp_search_reset_pool(search, room);
	while (pool->main.n < room && overflow->n > 0)
		pool->main.entries[pool->main.n++] = vp_overflow_pop(overflow);
	if (pool->main.n == 0)
		return false;
	if (pool->main.n == room)
		pool->bound = vp_run_worst(&pool->main);
	vp_run_skip_expanded(&pool->main);
	run(search);
	/* what was kept for the margin was to lead on, and is no result */
	for (; pool->main.n > ef; pool->main.n--)
		vp_overflow_add(overflow, &search->alloc, pool->main.entries[pool->main.n - 1].dist,
						pool->main.entries[pool->main.n - 1].id | VP_EXPANDED);
	return true;
}

const VpCandidate *
vp_search_found(VpSearch *search, int *n)
{
	VpRun	   *found = &search->pool.main;

	/* after a search all are expanded; vp_search_more remembers it */
	for (int i = search->taken; i < found->n; i++)
		found->entries[i].id &= ~VP_EXPANDED;
	*n = found->n - search->taken;
	return found->entries + search->taken;
}

bool
vp_search_peek(VpSearch *search, int skip, VpCandidate *result)
{
	if (search->taken + skip >= search->pool.main.n)
		return false;
	*result = search->pool.main.entries[search->taken + skip];
	result->id &= ~VP_EXPANDED;
	return true;
}

bool
vp_search_next(VpSearch *search, VpCandidate *result)
{
	if (!vp_search_peek(search, 0, result))
		return false;
	search->taken++;
	return true;
}

bool
vp_search_met(const VpSearch *search, VpId id)
{
	return vp_visited_met(&search->visited, id);
}

VpSearchCounts
vp_search_counts(const VpSearch *search)
{
	return search->counts;
}
