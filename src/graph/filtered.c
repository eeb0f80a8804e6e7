/*-------------------------------------------------------------------------
 *
 * filtered.c
 *	  Search of level 0 for the nearest nodes that match a filter.
 *
 * Three ways, between which a rule (filter_rule.h) chooses at the beginning and
 * while it runs:
 *
 *	visit		best first through all nodes.  What bounds it is not how many nodes
 *				are kept, but how many matches: the pool has as many places as the goal.
 *	measure		all nodes that may match are measured by their codes.  It cannot fall short.
 *				Where they come from the nearest cells first, it ends when no more come near.
 *	hop			best first through matches alone, over others between them, from some
 *				matches drawn at random: for those that lie elsewhere than the query.
 *
 * A node of the graph is tested when its turn to be expanded has come: its page is at hand
 * then, and most that are met are too far away ever to be asked.  Those that were not expanded
 * stay in the frontier for a search that goes on.  Of all that may match, those nearer than the
 * worst of the pool are tested, and the others are kept in `far`.
 *
 *-------------------------------------------------------------------------
 */
#include <assert.h>
#include <limits.h>
#include <string.h>

#include "graph/around.h"
#include "graph/filter_rule.h"
#include "graph/frontier.h"
#include "graph/search.h"

/* Of one expansion, hopping: lists of others that are read, and matches that are enough. */
#define HOP_LISTS		32
#define HOP_MATCHES		64

/* So many times as many are kept: links lead less surely to matches that lie elsewhere. */
#define HOP_EFFORT		2

/* Places for those of a list that do not match: nearly always that is enough. */
#define LISTED_SLACK	16

/* A goal that has risen by no more than this part is not worth going on for. */
#define GOAL_SLACK		8

/*----------
 * What was measured
 *----------
 */

/* A match: into the pool, or to those that did not get in. */
static inline void
keep_match(VpSearch *search, float dist, VpId id)
{
	VpCandidate left = {dist, id};

	if (!(dist < search->pool.bound) || vp_pool_insert(&search->pool, dist, id, &left))
		vp_overflow_add(&search->overflow, &search->alloc, left.dist, left.id);
}

/* Takes in nodes of the graph that were measured. */
static void
take_visited(VpSearch *search, const VpId *ids, const float *dist, int n)
{
	VpOverflow *frontier = &search->filtered.frontier;

	for (int i = 0; i < n; i++)
		if (!isnan(dist[i]))
			vp_frontier_push(frontier, &search->alloc, dist[i], ids[i]);
}

/*
 * Takes in nodes that were measured since they may match, at the beginning of ids and dist;
 * `alone`: each by itself, without its chain.
 */
static void
take_near(VpSearch *search, VpId *ids, float *dist, int n, bool alone)
{
	bool	   *match = search->filtered.match;

	n = vp_part_near(search, ids, dist, n);
	if (n == 0)
		return;
	search->source->matches(search->source, ids, n, alone, match);
	search->counts.tests += (uint64_t) n;
	for (int i = 0; i < n; i++)
		if (match[i])
			keep_match(search, dist[i], ids[i]);
}

/* Takes in nodes that were measured since they match. */
static void
take_matches(VpSearch *search, const VpId *ids, const float *dist, int n)
{
	for (int i = 0; i < n; i++)
		if (!isnan(dist[i]))
			keep_match(search, dist[i], ids[i]);
}

/* Asks for nodes of the graph at once, as nothing else is to be done meanwhile. */
static void
ask_now(VpSearch *search, const VpId *ids, int n)
{
	VpSource   *source = search->source;

	if (n == 0)
		return;
	if (source->expect_matches != NULL)
		source->expect_matches(source, ids, n);
	source->matches(source, ids, n, false, search->filtered.match);
}

/* Those among n nodes that match, in their order, in place; returns how many. */
static int
pick_matches(VpSearch *search, VpId *ids, int n, bool alone)
{
	int			npicked = 0;

	if (!alone)
		ask_now(search, ids, n);
	else if (n > 0)
		search->source->matches(search->source, ids, n, true, search->filtered.match);
	search->counts.tests += (uint64_t) n;
	for (int i = 0; i < n; i++)
	{
		ids[npicked] = ids[i];
		npicked += search->filtered.match[i];
	}
	return npicked;
}

/* The pool has grown: what was not near enough may be now. */
static void
take_far(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;
	VpOverflow *far = &filtered->far;
	VpId		ids[VP_LISTED];
	float		dist[VP_LISTED];
	int			n;

	vp_overflow_order(far);
	do
	{
		for (n = 0; n < VP_LISTED && far->n > 0 && far->entries[0].dist < search->pool.bound; n++)
		{
			VpCandidate candidate = vp_overflow_pop(far);

			ids[n] = candidate.id;
			dist[n] = candidate.dist;
		}
		take_near(search, ids, dist, n, filtered->complete);
		vp_overflow_order(far);
	} while (n == VP_LISTED);
}

/* The share of all nodes that may match. */
static inline double
bound_share(const VpFiltered *filtered)
{
	return fmin((double) filtered->matches->bound / fmax(filtered->nids, 1), 1);
}

static inline int
matches_found(const VpSearch *search)
{
	return search->pool.main.n + search->pool.fresh.n;
}

/* Makes the pool one of so many places, with the nearest matches that were not taken. */
static void
refill_pool(VpSearch *search, int places)
{
	VpPool	   *pool = &search->pool;

	vp_pool_merge(pool);
	vp_search_leave_pool(search);
	vp_overflow_order(&search->overflow);
	vp_search_reset_pool(search, places);
	while (pool->main.n < places && search->overflow.n > 0)
	{
		VpCandidate nearest = vp_overflow_pop(&search->overflow);

		nearest.id &= ~VP_EXPANDED;
		pool->main.entries[pool->main.n++] = nearest;
	}
	if (pool->main.n == places)
		pool->bound = vp_run_worst(&pool->main);
}

/* Takes places from the pool, and leaves what was in them to the overflow. */
static void
narrow_pool(VpSearch *search, int places)
{
	VpPool	   *pool = &search->pool;

	vp_pool_merge(pool);
	if (places >= pool->capacity)
		return;
	while (pool->main.n > places)
	{
		VpCandidate left = vp_run_drop_worst(&pool->main);

		vp_overflow_add(&search->overflow, &search->alloc, left.dist, left.id);
	}
	pool->capacity = places;
	if (pool->main.n == places)
		pool->bound = vp_run_worst(&pool->main);
}

/* The graph is left: what was met and not expanded may match. */
static void
leave_frontier(VpSearch *search)
{
	VpOverflow *frontier = &search->filtered.frontier;

	while (frontier->n > 0)
	{
		VpId		ids[VP_LISTED];
		float		dist[VP_LISTED];
		int			n = 0;

		while (n < VP_LISTED && frontier->n > 0)
		{
			VpCandidate left = frontier->entries[--frontier->n];

			ids[n] = left.id;
			dist[n++] = left.dist;
		}
		take_near(search, ids, dist, n, false);
	}
}

/* Gives the pool more places, or fewer, and looks again at what was not near enough for it. */
static void
resize_pool(VpSearch *search, int places)
{
	refill_pool(search, places);
	take_far(search);
}

/*
 * Tests what vp_take_listed() has left in the pool, until `places` of them match; the others are far.
 * Where fewer do, others are taken in.
 */
static void
settle_pool(VpSearch *search, int places)
{
	VpRun	   *run = &search->pool.main;
	VpId		ids[VP_LISTED];
	int			kept = 0;
	int			from = 0;

	vp_pool_merge(&search->pool);
	while (from < run->n && kept < places)
	{
		int			n = run->n - from < places - kept ? run->n - from : places - kept;

		n = n < VP_LISTED ? n : VP_LISTED;
		for (int i = 0; i < n; i++)
			ids[i] = run->entries[from + i].id & ~VP_EXPANDED;
		search->source->matches(search->source, ids, n, true, search->filtered.match);
		search->counts.tests += (uint64_t) n;
		for (int i = 0; i < n; i++)
		{
			run->entries[kept] = run->entries[from + i];
			kept += search->filtered.match[i];
		}
		from += n;
	}
	for (; from < run->n; from++)
		vp_overflow_add(&search->filtered.far, &search->alloc, run->entries[from].dist,
						run->entries[from].id & ~VP_EXPANDED);
	run->n = kept;
	if (kept < places)
		resize_pool(search, places);
	else
		narrow_pool(search, places);
}

/*----------
 * All that may match
 *----------
 */

/* The next that were not met; of all nodes those that match. */
static int
next_unmet(VpSearch *search, VpId *fresh)
{
	VpMatches  *matches = search->filtered.matches;
	int			n = 0;
	int			nids;

	if (search->filtered.unmet)
		n = matches->next(matches, fresh, VP_LISTED);
	while (n == 0 && !search->filtered.unmet && (nids = matches->next(matches, search->links, VP_LISTED)) > 0)
	{
		n = vp_visited_filter(&search->visited, search->links, nids, fresh);
		if (!matches->listed)
			n = pick_matches(search, fresh, n, true);
	}
	search->counts.distances += (uint64_t) n;
	return n;
}

/* Begins with the first of all that may match. */
static void
begin_measuring(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;
	VpMatches  *matches = filtered->matches;

	filtered->begun = true;
	filtered->unmet = matches->once && matches->listed && search->counts.distances == 0;
	leave_frontier(search);
	matches->again(matches);
}

/*
 * How many of the nearest are kept.  Of those in the nearest cells no more than a search of the
 * graph keeps, which is to find as many of them.
 */
static int
kept_places(const VpFiltered *filtered)
{
	int			places;

	if (filtered->matches->cells == 0)
		return filtered->ef;
	places = vp_nearest_kept(filtered->ef, bound_share(filtered));
	return places < filtered->least ? filtered->least : places;
}

/* Measures on, until `patience` in a row were not near.  Nothing does that is in no order. */
static void
measure_on(VpSearch *search, double patience)
{
	VpSource   *source = search->source;
	VpFiltered *filtered = &search->filtered;
	VpMatches  *matches = filtered->matches;
	VpId	   *ids = search->fresh[0];
	VpId	   *ahead = search->fresh[1];
	int			since = 0;		/* one was near */
	int			n = 0;
	int			nahead;

	for (;;)
	{
		VpId	   *done = ids;
		bool		near = false;

		nahead = filtered->complete || since >= patience ? 0 : next_unmet(search, ahead);
		filtered->complete = filtered->complete || (nahead == 0 && since < patience);
		if (n + nahead == 0)
			break;
		source->distances_listed(source, search->query, ids, n, search->dist, ahead, nahead);
		if (matches->listed)
			near = vp_take_listed(search, ids, search->dist, n);
		else
			take_matches(search, ids, search->dist, n);
		since = near || !matches->in_order ? 0 : since + n;
		ids = ahead;
		n = nahead;
		ahead = done;
	}
}

/*
 * Measures those in the nearest cells, and what is around the nearest of them; more cells, where
 * few are to be found around.
 */
static void
measure_nearest(VpSearch *search, int kept)
{
	VpFiltered *filtered = &search->filtered;
	double		patience = vp_nearest_patience(filtered->ef);

	measure_on(search, patience);
	if (!filtered->complete && !vp_look_around(search, VP_AROUND_PLACES * kept))
		measure_on(search, patience * VP_NEAREST_ALONE);
}

/* Measures those that may match, on from where it ended the last time. */
static void
measure_all(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;
	VpMatches  *matches = filtered->matches;
	int			kept = kept_places(filtered);
	int			places = kept;

	if (matches->cells > 0)
		places *= VP_AROUND_PLACES;
	else if (matches->listed)
		places += LISTED_SLACK;
	search->counts.way = matches->cells > 0 ? VP_WAY_NEAREST : VP_WAY_MEASURE;
	if (search->pool.capacity < places || matches_found(search) == 0)
		resize_pool(search, places);
	if (!filtered->begun)
		begin_measuring(search);
	if (matches->cells > 0)
		measure_nearest(search, kept);
	else
		measure_on(search, 1);
	if (matches->listed)
		settle_pool(search, kept);
}

/*----------
 * The rule
 *----------
 */

/*
 * Share of what is taken for matches among the nodes that the search came to.
 */
static double
local_share(const VpFiltered *filtered)
{
	return ((double) filtered->matched + 0.5) / ((double) filtered->asked + 1);
}

/* As many matches as are worth looking for, by what has been met so far. */
static int
present_goal(const VpFiltered *filtered)
{
	int			goal = vp_matches_goal(filtered->matches, filtered->ef, local_share(filtered));

	return goal > filtered->floor ? goal : filtered->floor;
}

/* Draws a sample of all that may match; returns how many, and how many of them do. */
static int
draw_matches(VpSearch *search, VpId *ids, int n, int *nmatches)
{
	VpMatches  *matches = search->filtered.matches;
	int			ndrawn = matches->sample(matches, ids, n);

	*nmatches = pick_matches(search, ids, ndrawn, true);
	return ndrawn;
}

/* The share of matches among all nodes, as far as it is known. */
static double
whole_share(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;

	if (filtered->sampled < 0)
	{
		int			ndrawn = 0;
		int			nmatches = 0;

		for (int left = VP_RULE_SAMPLE; left > 0; left -= VP_MAX_LINKS)
		{
			int			nmatch;

			ndrawn += draw_matches(search, search->links, left < VP_MAX_LINKS ? left : VP_MAX_LINKS, &nmatch);
			nmatches += nmatch;
		}
		filtered->sampled = (float) ((nmatches + 0.5) / (ndrawn + 1));
	}
	return bound_share(filtered) * filtered->sampled;
}

static double
spent(const VpSearch *search)
{
	const VpSearchCounts *counts = &search->counts;

	double		cost = (double) counts->distances * VP_COST_DISTANCE;

	if (counts->way == VP_WAY_HOP)
		cost += (double) counts->expansions * VP_COST_LIST + (double) counts->tests * VP_COST_TEST;
	return cost;
}

/* The way to begin with. */
static VpWay
first_way(const VpSearch *search)
{
	const VpFiltered *filtered = &search->filtered;
	const VpMatches *matches = filtered->matches;
	double		nids = fmax(filtered->nids, 1);
	double		share = matches->listed ? bound_share(filtered) : 1;
	double		all = vp_measure_cost(matches, share, filtered->ef, nids);

	return all * VP_SURE_PART <= vp_visit_cost(filtered->ef, share, nids) ? VP_WAY_MEASURE : VP_WAY_VISIT;
}

/*
 * The way to go on, by what has been met so far.  The matches near the query may
 * be more or fewer than elsewhere: how long the search goes on depends on those near it.
 * A limit to what is spent (VP_SPEND_PART) is for matches that no way leads to.
 */
static VpWay
next_way(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;
	double		nids = fmax(filtered->nids, 1);
	double		local = local_share(filtered);
	double		cost = spent(search);
	double		real = vp_real_share(filtered->matches, local);
	double		left = fmax(vp_visit_cost(filtered->ef, real, nids) - cost, 0);
	double		all = vp_measure_cost(filtered->matches, 0, filtered->ef, nids);	/* at least */
	double		whole;

	if (filtered->asked >= VP_GOAL_TESTED)
		narrow_pool(search, present_goal(filtered));
	if (filtered->asked < VP_RULE_TESTED)
		left = 0;
	/* a list has far fewer that only seem to match */
	else if (filtered->matches->listed && real < local * VP_REAL_PART)
		return VP_WAY_MEASURE;
	if (cost <= all * VP_SPEND_PART && left <= all)
		return VP_WAY_VISIT;
	whole = whole_share(search);
	all = vp_measure_cost(filtered->matches, whole, filtered->ef, nids);
	if (cost > all * VP_SPEND_PART)
		return VP_WAY_MEASURE;
	if (left <= all)
		return VP_WAY_VISIT;
	if (whole < VP_HOP_SHARE || all <= VP_HOP_SEARCHES * vp_search_cost(fmax(filtered->ef, VP_HOP_EF), nids))
		return VP_WAY_MEASURE;
	return real < whole / 2 && search->ngraphs == 1 ? VP_WAY_HOP : VP_WAY_VISIT;
}

/*----------
 * Through all nodes
 *----------
 */

/* A node is expanded: is it a match? */
static void
test_expanded(VpSearch *search, VpCandidate at)
{
	VpFiltered *filtered = &search->filtered;

	search->source->matches(search->source, &at.id, 1, false, filtered->match);
	search->counts.tests++;
	filtered->asked++;
	if (filtered->match[0])
	{
		filtered->matched++;
		keep_match(search, at.dist, at.id);
	}
}

/* The neighbours that were not met of the nearest node that has such; 0: the frontier is beyond the bound. */
static int
next_fresh(VpSearch *search, VpId *fresh)
{
	VpOverflow *frontier = &search->filtered.frontier;
	VpSource   *source = search->source;
	int			n = 0;

	while (n == 0 && frontier->n > 0 && frontier->entries[0].dist < search->pool.bound)
	{
		VpCandidate at = vp_frontier_pop(frontier);

		n = source->links(source, at.id, 0, search->links);
		n = vp_visited_filter(&search->visited, search->links, n, fresh);
		search->counts.expansions++;
		test_expanded(search, at);
	}
	search->counts.distances += (uint64_t) n;
	return n;
}

/* What share of the nodes that are met first matches says how far the search has to go. */
static void
sample_share(VpSearch *search, const VpId *ids, int n)
{
	VpFiltered *filtered = &search->filtered;

	if (filtered->asked >= VP_RULE_TESTED)
		return;
	if (filtered->asked >= VP_GOAL_TESTED &&
		vp_real_share(filtered->matches, local_share(filtered)) >= VP_CLEAR_SHARE)
		return;
	ask_now(search, ids, n);
	search->counts.tests += (uint64_t) n;
	filtered->asked += (uint64_t) n;
	for (int i = 0; i < n; i++)
		filtered->matched += filtered->match[i];
}

/* One step ahead, as in search.c.  Returns the way to go on. */
static VpWay
visit(VpSearch *search)
{
	VpSource   *source = search->source;
	VpFiltered *filtered = &search->filtered;
	VpId	   *ids = search->fresh[0];
	VpId	   *ahead = search->fresh[1];
	VpWay		way = VP_WAY_VISIT;
	uint64_t	ask = search->counts.expansions + VP_RULE_FIRST;
	int			n = 0;
	int			nahead;

	while ((nahead = way == VP_WAY_VISIT ? next_fresh(search, ahead) : 0) + n > 0)
	{
		VpId	   *done = ids;

		source->next = filtered->frontier.n > 0 ? filtered->frontier.entries[0].id : VP_NO_ID;
		source->distances_ahead(source, search->query, ids, n, search->dist, ahead, nahead);
		take_visited(search, ids, search->dist, n);
		sample_share(search, ids, n);
		ids = ahead;
		n = nahead;
		ahead = done;
		if (search->counts.expansions >= ask)
		{
			way = next_way(search);
			ask += VP_RULE_LISTS;
		}
	}
	return way;
}

/*----------
 * Over others
 *----------
 */

/* Measures nodes that match, and takes them in. */
static void
take_hopped(VpSearch *search, VpId *ids, int n)
{
	VpFiltered *filtered = &search->filtered;

	search->source->next = VP_NO_ID;
	if (n > 0)
		search->source->distances(search->source, search->query, ids, n, search->dist);
	search->counts.distances += (uint64_t) n;
	for (int i = 0; i < n; i++)
	{
		if (isnan(search->dist[i]))
			continue;
		vp_frontier_push(&filtered->frontier, &search->alloc, search->dist[i], ids[i]);
		keep_match(search, search->dist[i], ids[i]);
	}
}

/* The links of a node whose links were not read yet. */
static int
read_once(VpSearch *search, VpId id, VpId *links)
{
	VpId		unread;

	if (vp_visited_filter(&search->filtered.listed, &id, 1, &unread) == 0)
		return 0;
	search->counts.expansions++;
	return search->source->links(search->source, id, 0, links);
}

/* Takes in the matches among the neighbours of a match, and among those of neighbours that are none. */
static void
hop_from(VpSearch *search, VpId from)
{
	VpFiltered *filtered = &search->filtered;
	VpId	   *fresh = search->fresh[0];
	VpId		others[VP_MAX_LINKS];
	int			n = read_once(search, from, search->links);
	int			nothers = 0;
	int			nmatches;

	ask_now(search, search->links, n);
	search->counts.tests += (uint64_t) n;
	for (int i = 0; i < n; i++)
	{
		others[nothers] = search->links[i];
		nothers += !filtered->match[i];
		search->links[i - nothers + !filtered->match[i]] = search->links[i];
	}
	nmatches = vp_visited_filter(&search->visited, search->links, n - nothers, fresh);
	take_hopped(search, fresh, nmatches);
	for (int i = 0; i < nothers && i < HOP_LISTS && nmatches < HOP_MATCHES; i++)
	{
		n = read_once(search, others[i], search->links);
		n = vp_visited_filter(&search->visited, search->links, n, fresh);
		n = pick_matches(search, fresh, n, false);
		take_hopped(search, fresh, n);
		nmatches += n;
	}
}

/* Begins at matches that are known, and at some drawn at random. */
static void
begin_hops(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;

	leave_frontier(search);
	resize_pool(search, HOP_EFFORT * filtered->ef);
	for (int i = search->taken; i < search->pool.main.n; i++)
		vp_frontier_push(&filtered->frontier, &search->alloc, search->pool.main.entries[i].dist,
						 search->pool.main.entries[i].id & ~VP_EXPANDED);
	vp_visited_begin(&filtered->listed, filtered->nids);
	for (int left = VP_RULE_SAMPLE; left > 0; left -= VP_MAX_LINKS)
	{
		int			n;

		(void) draw_matches(search, search->links, left < VP_MAX_LINKS ? left : VP_MAX_LINKS, &n);
		n = vp_visited_filter(&search->visited, search->links, n, search->fresh[0]);
		take_hopped(search, search->fresh[0], n);
	}
}

/* Returns the way to go on: to measure all if this has become too dear. */
static VpWay
hop(VpSearch *search)
{
	VpFiltered *filtered = &search->filtered;
	double		limit = vp_measure_cost(filtered->matches, whole_share(search), filtered->ef, filtered->nids) * VP_SPEND_PART;

	if (search->counts.way != VP_WAY_HOP)
		begin_hops(search);
	search->counts.way = VP_WAY_HOP;
	while (filtered->frontier.n > 0 && filtered->frontier.entries[0].dist < search->pool.bound)
	{
		if (spent(search) > limit)
			return VP_WAY_MEASURE;
		hop_from(search, vp_frontier_pop(&filtered->frontier).id);
	}
	return VP_WAY_HOP;
}

/*----------
 * The search
 *----------
 */

/* The goal has risen since the pool was narrowed: is there more to look for? */
static bool
raise_goal(VpSearch *search)
{
	int			goal = present_goal(&search->filtered);
	int			places = search->pool.capacity;

	if (goal <= places + places / GOAL_SLACK)
		return false;
	resize_pool(search, goal);
	return true;
}

/* Visits until the goal is reached.  Returns the way to go on. */
static VpWay
visit_to_goal(VpSearch *search)
{
	VpWay		way;

	search->counts.way = VP_WAY_VISIT;
	do
		way = visit(search);
	while (way == VP_WAY_VISIT && raise_goal(search));
	return way;
}

/*
 * Searches until the goal is reached, and no fewer than `least` matches were found if
 * there are so many.
 */
static void
run_ways(VpSearch *search, VpWay way)
{
	VpFiltered *filtered = &search->filtered;
	int			enough;

	if (way == VP_WAY_VISIT)
	{
		way = visit_to_goal(search);
		if (way == VP_WAY_VISIT && search->pool.capacity < filtered->least)
		{
			filtered->floor = filtered->least;
			resize_pool(search, filtered->least);
			if (matches_found(search) < filtered->least)
				way = visit_to_goal(search);
		}
	}
	if (way == VP_WAY_HOP)
		way = hop(search);
	/* where no way leads to more, or it costs more */
	enough = way == VP_WAY_VISIT ? search->pool.capacity : vp_filter_goal(filtered->ef, 0);
	if (way == VP_WAY_MEASURE || matches_found(search) < enough || matches_found(search) < filtered->least)
	{
		do
			measure_all(search);
		while (!filtered->complete && matches_found(search) < filtered->least);
	}
	narrow_pool(search, filtered->ef);
}

/* Takes in where the search of a graph begins. */
static void
take_seeds(VpSearch *search, VpSeeds *seeds)
{
	int			n = 0;

	for (int i = 0; i < seeds->n; i++)
	{
		VpId		id = seeds->entries[i].id & ~VP_EXPANDED;

		search->dist[n] = seeds->entries[i].dist;
		n += vp_visited_filter(&search->visited, &id, 1, search->fresh[0] + n);
	}
	take_visited(search, search->fresh[0], search->dist, n);
	if (seeds->n == 0)
	{
		(void) vp_visited_filter(&search->visited, &seeds->start, 1, search->fresh[0]);
		n = vp_search_look_around(search, seeds->start, 0);
		take_visited(search, search->fresh[0], search->dist, n);
	}
}

static void
take_landmarks(VpSearch *search)
{
	int			n = vp_search_look_at_landmarks(search);

	take_visited(search, search->fresh[0], search->dist, n);
}

/*
 * Each graph by itself first, each with a pool for its share, as vp_search_start_all
 * does; then on from the nearest of all.  Returns the way to go on.
 */
static VpWay
visit_graphs(VpSearch *search, int ngraphs)
{
	VpFiltered *filtered = &search->filtered;
	int			share = filtered->ef / ngraphs + vp_graph_margin(filtered->ef);
	int			ef = filtered->ef;
	VpWay		way = VP_WAY_VISIT;

	filtered->ef = share < ef ? share : ef;
	for (int i = 0; i < ngraphs && way == VP_WAY_VISIT; i++)
	{
		vp_search_reset_pool(search, i == 0 ? filtered->ef : present_goal(filtered));
		take_seeds(search, &search->seeds[i]);
		way = visit(search);
		vp_pool_merge(&search->pool);
		vp_search_leave_pool(search);
		while (filtered->frontier.n > 0)
		{
			VpCandidate left = filtered->frontier.entries[--filtered->frontier.n];

			vp_overflow_add(&filtered->parked, &search->alloc, left.dist, left.id);
		}
	}
	filtered->ef = ef;
	return way;
}

/* All frontiers become one again, and the nearest matches of all the pool. */
static void
join_graphs(VpSearch *search, int places)
{
	VpFiltered *filtered = &search->filtered;

	for (size_t i = 0; i < filtered->parked.n; i++)
		vp_frontier_push(&filtered->frontier, &search->alloc, filtered->parked.entries[i].dist,
						 filtered->parked.entries[i].id);
	filtered->parked.n = 0;
	resize_pool(search, places);
}

/* Goes on: the search->filtered.more of such a search. */
static bool
search_on(VpSearch *search, int ef)
{
	VpFiltered *filtered = &search->filtered;

	/*
	 * whoever wants more wants many: no longer the fewer that are as good for
	 * the first
	 */
	filtered->ef = filtered->floor = filtered->least = ef;
	join_graphs(search, ef);
	/* those of the first round may all have been false, and more may be */
	if (!filtered->complete)
		run_ways(search, filtered->begun || (filtered->matches->listed && filtered->matches->falsely > 0) ?
				 VP_WAY_MEASURE : search->counts.way);
	else
		vp_pool_merge(&search->pool);
	return search->pool.main.n > 0;
}

static void
begin_filtered(VpSearch *search, VpMatches *matches, int ef, int least, uint32_t nids)
{
	VpFiltered *filtered = &search->filtered;

	filtered->matches = matches;
	filtered->more = search_on;
	filtered->ef = ef;
	filtered->least = least < ef ? least : ef;
	filtered->floor = 0;
	filtered->nids = nids;
	filtered->frontier.n = filtered->frontier.ordered = 0;
	filtered->far.n = filtered->far.ordered = 0;
	filtered->parked.n = filtered->parked.ordered = 0;
	filtered->asked = filtered->matched = 0;
	filtered->sampled = -1;
	filtered->complete = filtered->begun = false;
}

void
vp_search_start_matching(VpSearch *search, VpSource *source, const VpQuery *query,
						 const VpEntry *entries, int nentries, int ef, int least, uint32_t nids,
						 VpMatches *matches)
{
	VpFiltered *filtered = &search->filtered;
	VpWay		way;

	vp_search_begin(search, source, query);
	search->ngraphs = nentries;
	begin_filtered(search, matches, ef, least, nids);
	way = first_way(search);
	if (way == VP_WAY_MEASURE)
		vp_visited_begin(&search->visited, nids);
	else
		vp_search_find_all_seeds(search, entries, nentries, ef < VP_SEEDS ? VP_SEEDS : ef, nids);
	search->overflow.n = search->overflow.ordered = 0;
	vp_search_reset_pool(search, ef);
	if (way == VP_WAY_VISIT)
	{
		if (nentries == 1)
			take_seeds(search, &search->seeds[0]);
		else
		{
			way = visit_graphs(search, nentries);
			join_graphs(search, present_goal(filtered));
		}
		take_landmarks(search);
	}
	run_ways(search, way);
}

int
vp_search_reach(const VpSearch *search)
{
	const VpFiltered *filtered = &search->filtered;
	bool		all = filtered->complete && search->overflow.n == 0 && filtered->far.n == 0;

	return all ? INT_MAX : search->pool.capacity;
}

bool
vp_search_is_complete(const VpSearch *search)
{
	return search->filtered.matches != NULL && search->filtered.complete;
}
