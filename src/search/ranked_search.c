/*-------------------------------------------------------------------------
 *
 * ranked_search.c
 *	  A search of an index: the rows nearest to a vector, nearest first.
 *
 * Ties together the opened index, the search of its graph, and the ranking of
 * what that finds (ranking.c): here are the exact distances, and the rows of
 * nodes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "base/effort.h"
#include "base/settings.h"
#include "graph/filter_rule.h"
#include "page/bypass.h"
#include "page/node.h"
#include "search/bare_rows.h"
#include "search/few_rows.h"
#include "search/listed_nodes.h"
#include "search/node_matches.h"
#include "search/node_source.h"
#include "search/ranked_search.h"
#include "search/row_reader.h"
#include "search/search_memory.h"
#include "search/table_end.h"

/* A search for fewer stops as one for so many: estimates of the first ones say little. */
#define LEAST_ROWS	10

/*
 * Codes keep the lengths of vectors, and what they have in common, well within
 * these: longer ones are shortened to 1e18, and shorter ones may become zero
 * (kernel/README.md, rule 6).
 */
#define LEAST_CODED	1e-10
#define MOST_CODED	1e17

struct VpRankedSearch
{
	VpRanking	ranking;
	MemoryContext context;
	MemoryContext rows;			/* emptied by each begin */
	VpIndex    *index;
	VpNodeSource source;
	VpQuery		query;
	const void *vector;			/* the query's elements, as given; in `rows` */
	bool		coded;			/* an estimate is of the distance measured
								 * last */
	void	   *rotated;
	void	   *scratch;		/* an exact vector that is on two pages */
	VpBareRows *bare;			/* in `rows`; NULL: not yet */
	const VpFilter *filter;		/* NULL: none */
	const VpTidSet *tids;		/* rows to search among; NULL: all */
	VpFewRows  *few;			/* these, measured in the table; NULL: the
								 * graph is searched */
	VpNodeMatches matches;		/* of a filter with conditions on keys, or
								 * TIDs */
	bool		started;		/* the graph has been searched since begin */

	VpTableEnd	table;
	Snapshot	snapshot;
	VpRowReader *reader;		/* where the exact vectors are in the table;
								 * NULL: not yet */
};

/*----------
 * Rows of nodes
 *----------
 */

/*
 * Goes on in the chain, to a node that has been fetched not yet.  A damaged
 * chain may come back to where it was: then it meets a node that was remembered
 * twice as many steps ago each time (Brent, BIT 1980).
 */
static void
step_on(const VpStore *store, VpRow *row, VpId next)
{
	if (next == row->mark)
		vp_chain_damage(store, row->id);
	if ((row->steps & (row->steps + 1)) == 0)
		row->mark = next;
	row->steps++;
	row->before = row->id;
	row->id = next;
}

static inline bool
has_key_conditions(const VpRankedSearch *search)
{
	return search->filter != NULL && search->filter->nconditions > 0;
}

/*
 * Is the search for the rows that satisfy conditions on keys, or are in a set,
 * and so one for matches?
 */
static inline bool
has_matches(const VpRankedSearch *search)
{
	return search->tids != NULL || has_key_conditions(search);
}

/* By the keys of a node: does its row satisfy the filter? */
static VpTruth
test_row(const VpRankedSearch *search, VpId id)
{
	char		keys[VP_MAX_KEY_BYTES];

	if (!has_key_conditions(search))
		return VP_YES;
	vp_node_keys(&search->index->store, id, keys);
	return vp_filter_test(search->filter, keys);
}

/*
 * Also raises an error for a chain, or a row, that cannot be.  A posting list
 * leads to each node of a chain by itself: of one that begins behind the first
 * it is the row of this node alone.
 */
static bool
find_row(void *nodes, VpRow *row, VpHit *hit)
{
	VpRankedSearch *search = nodes;
	const VpStore *store = &search->index->store;

	while (row->id != VP_NO_ID)
	{
		VpId		at = row->id;
		VpNodeTail	tail;
		VpId		next;
		VpTruth		truth;
		bool		begins = row->before == VP_NO_ID;

		CHECK_FOR_INTERRUPTS();
		if (begins)
			vp_node_fetch(store, at, &tail);
		else
			vp_chain_fetch(store, row->before, at, &tail);
		next = vp_chain_next(tail.flags, tail.next);
		if (next != VP_NO_ID && !(begins && has_matches(search) && (tail.flags & VP_NODE_CHAINED)))
			step_on(store, row, next);
		else
			row->id = VP_NO_ID;
		if (tail.flags == 0 || (tail.flags & VP_NODE_BARE) || vp_is_gone(tail.flags))
			continue;
		truth = test_row(search, at);
		if (truth == VP_NO || (search->tids != NULL && !vp_tid_set_has(search->tids, &tail.tid)))
			continue;
		hit->tid = tail.tid;
		hit->recheck = truth == VP_UNSURE;
		if (!vp_table_has(&search->table, &hit->tid))
			vp_report_damage(store->rel, vp_node_place(&store->geo, at).block,
							 "A record is of a row behind the end of the table.");
		return true;
	}
	return false;
}

/*----------
 * Exact distances
 *----------
 */

/*
 * The reader of the search's table.  It lives in search->context, until
 * end_reading.
 */
static VpRowReader *
get_reader(VpRankedSearch *search)
{
	if (search->reader == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(search->context);

		search->reader = vp_row_reader_begin(search->table.table, search->index->store.rel,
											 search->snapshot);
		MemoryContextSwitchTo(old);
	}
	return search->reader;
}

/* Does the square of a vector's length leave the range of floats?  By cosine. */
static inline bool
overflows(const VpIndex *index, const void *vector)
{
	return isnan(index->form->distance(&index->meta, vector, vector));
}

/*
 * The exact distance of a vector.  By cosine a vector whose square overflows is
 * at distance 1 of all others, while its code is that of its direction: so this
 * says nothing about other codes.
 */
static double
distance_to(VpRankedSearch *search, const void *vector)
{
	const VpIndex *index = search->index;
	double		dist = index->form->distance(&index->meta, search->vector, vector);

	search->coded = index->meta.metric != VP_METRIC_COSINE || dist != 1 ||
		!(overflows(index, vector) || overflows(index, search->vector));
	return dist;
}

/*
 * The exact distance of a node by the vector of its row, or of the first behind
 * it that the snapshot sees; false when there is none.
 */
static bool
row_distance(VpRankedSearch *search, VpId id, double *dist)
{
	VpRow		at;
	VpHit		hit;
	const VpValue *value = NULL;

	vp_row_start(&at, id);
	while (value == NULL && find_row(search, &at, &hit))
		value = vp_row_reader_get(get_reader(search), &hit.tid);
	if (value == NULL)
		return false;
	*dist = distance_to(search, search->index->form->elements(value));
	return true;
}

static double
exact_distance(const void *vector, void *arg)
{
	VpRankedSearch *search = arg;

	return distance_to(search, vector);
}

static double
vector_distance(VpRankedSearch *search, VpId id)
{
	return vp_vector_measure(&search->index->store, id, search->scratch, exact_distance, search);
}

/* A candidate, whose row is likely to be returned then. */
static bool
measure(void *nodes, VpId id, double *dist, bool *coded)
{
	VpRankedSearch *search = nodes;
	VpRanking  *ranking = &search->ranking;
	ItemPointerData tid;

	if (search->index->form->in_table)
	{
		bool		found = row_distance(search, id, dist);

		*coded = search->coded;
		return found;
	}
	*dist = vector_distance(search, id);
	*coded = search->coded;
	/* of those outside a radius one row is popped at most */
	if (ranking->effort.bounded && *dist > ranking->effort.radius)
		return true;
	vp_node_tid(&search->index->store, id, &tid);
	ranking->hooks->expect(ranking->hooks_arg, &tid,
						   ranking->cold && ranking->measured < VP_MIN_MEASURED);
	return true;
}

/*
 * May a row of the node, or of its chain, be returned?  A node that is in a
 * list can be used again while it is measured.  Of those that a posting list
 * leads to the row is, whatever leads there (page/postings.h).
 */
static bool
can_have_row(VpRankedSearch *search, VpId id)
{
	uint8		flags;

	if (!has_key_conditions(search))
		return (vp_node_flags(&search->index->store, id) & (VP_NODE_LINKED | VP_NODE_LISTED)) == VP_NODE_LINKED;
	if (!vp_id_exists(&search->source, id))
		return false;
	flags = vp_node_flags(&search->index->store, id);
	return flags != 0 && !(flags & VP_NODE_BARE) && !vp_is_gone(flags) && test_row(search, id) != VP_NO;
}

static bool
measure_any(void *nodes, VpId id, double *dist)
{
	VpRankedSearch *search = nodes;

	if (!can_have_row(search, id))
		return false;
	if (search->index->form->in_table)
		return row_distance(search, id, dist);
	*dist = vector_distance(search, id);
	return true;
}

static void
prefetch(void *nodes, VpId id)
{
	VpRankedSearch *search = nodes;

	vp_vector_prefetch(&search->index->store, id);
}

static bool
read_ahead(void *nodes, VpId id)
{
	VpRankedSearch *search = nodes;

	return vp_vector_read_ahead(&search->index->store, id);
}

static void
expect(void *nodes, VpId next, VpId later)
{
	VpRankedSearch *search = nodes;
	const VpStore *store = &search->index->store;
	ItemPointerData tid;

	if (later != VP_NO_ID)
		vp_node_prefetch(store, later);
	if (next == VP_NO_ID)
		return;
	vp_node_tid(store, next, &tid);
	search->ranking.hooks->expect(search->ranking.hooks_arg, &tid, false);
}

/*
 * Whether rows of a kind satisfy the filter their kind tells, as far as it is
 * known.
 */
static bool
next_bare(void *nodes, VpHit *hit)
{
	VpRankedSearch *search = nodes;
	const VpStore *store = &search->index->store;
	const VpFilter *filter = search->filter;

	if (filter != NULL && filter->nan_rows == VP_NO && filter->null_rows == VP_NO)
		return false;
	if (search->bare == NULL)
		search->bare = vp_bare_rows(store);
	while (vp_bare_rows_next(search->bare, &hit->tid))
	{
		VpTruth		truth = VP_YES;

		CHECK_FOR_INTERRUPTS();
		if (filter != NULL)
			truth = search->bare->walk.kind == VP_BARE_NULL ? filter->null_rows : filter->nan_rows;
		if (truth == VP_NO)
			continue;
		hit->recheck = truth == VP_UNSURE;
		if (!vp_table_has(&search->table, &hit->tid))
			vp_report_damage(store->rel, vp_node_place(&store->geo, search->bare->id).block,
							 "A record is of a row behind the end of the table.");
		return true;
	}
	return false;
}

static uint32
count(void *nodes)
{
	VpRankedSearch *search = nodes;

	return vp_graph_state(&search->index->store).next_id;
}

static const VpRankable rankable = {
	measure, measure_any, find_row, prefetch, read_ahead, expect, next_bare, count
};

/*----------
 * The search
 *----------
 */

/* Lets go of the table. */
static void
end_reading(VpRankedSearch *search)
{
	if (search->reader != NULL)
		vp_row_reader_end(search->reader);
	search->reader = NULL;
}

/* Its memory goes away: at its end, or after an error. */
static void
give_memory(void *arg)
{
	VpRankedSearch *search = arg;

	if (search->ranking.search != NULL)
		vp_search_give(search->ranking.search);
}

/* A copy of the opened index, for this search alone. */
static VpIndex *
open_index(Relation rel)
{
	VpIndex    *index = vp_index_copy(vp_index_get(rel));

	vp_bypass_enable(&index->store);
	return index;
}

VpRankedSearch *
vp_ranked_open(Relation rel, const VpSearchHooks *hooks, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov search",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	VpRankedSearch *search = palloc0(sizeof(VpRankedSearch));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	search->context = context;
	search->rows = AllocSetContextCreate(context, "vecprov rows", ALLOCSET_DEFAULT_SIZES);
	search->index = open_index(rel);
	vp_node_source_init(&search->source, search->index);
	vp_listed_nodes_init(&search->source);
	search->scratch = palloc(search->index->store.geo.exact_words * sizeof(uint32));
	search->rotated = vp_palloc_aligned(search->index->codec.rotated_bytes);
	search->query.planes = vp_palloc0_aligned(vp_query_bytes(&search->index->codec));

	vp_ranking_init(&search->ranking, search->rows);
	search->ranking.rankable = &rankable;
	search->ranking.nodes = search;
	search->ranking.hooks = hooks;
	search->ranking.hooks_arg = arg;
	search->ranking.search = vp_search_take();
	search->source.hooks = hooks;
	search->source.hooks_arg = arg;
	callback->func = give_memory;
	callback->arg = search;
	MemoryContextRegisterResetCallback(context, callback);

	MemoryContextSwitchTo(old);
	return search;
}

void
vp_ranked_close(VpRankedSearch *search)
{
	end_reading(search);
	MemoryContextDelete(search->context);
}

const VpIndex *
vp_ranked_index(const VpRankedSearch *search)
{
	return search->index;
}

/* Copies the vector to search for, into `rows`. */
static const void *
copy_query(VpRankedSearch *search, const VpValue *query)
{
	const VpMeta *meta = &search->index->meta;
	const VpForm *form = search->index->form;

	if (query == NULL)
		/* of a sparse vector this is one without elements */
		return MemoryContextAllocZero(search->rows,
									  search->index->store.geo.exact_words * sizeof(uint32));
	if (form->dims(query) != (int) meta->dims)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different %s %u and %d", form->lengths, meta->dims, form->dims(query))));
	return form->elements(memcpy(MemoryContextAlloc(search->rows, VARSIZE(query)),
								 query, VARSIZE(query)));
}

/*
 * The length that vectors at the edge of a radius have: at most, or, of inner
 * products, at least.
 */
static double
edge_length(VpRankedSearch *search, double radius)
{
	const VpMeta *meta = &search->index->meta;
	const VpForm *form = search->index->form;
	double		size;

	if (meta->metric == VP_METRIC_IP)
		return fabs(radius) / sqrt(-form->distance(meta, search->vector, search->vector));
	size = Max(form->distance(meta, search->vector, copy_query(search, NULL)), radius);
	return meta->metric == VP_METRIC_L2 ? sqrt(size) : size;
}

/*
 * Do estimates tell which rows are inside a radius?  Not where codes do not
 * keep lengths, and by cosine not from 1 on: at that distance is whatever
 * overflows.
 */
static bool
is_coded(VpRankedSearch *search, double radius)
{
	VpMetric	metric = search->index->meta.metric;
	double		length;

	if (isinf(radius) || metric == VP_METRIC_HAMMING || metric == VP_METRIC_JACCARD)
		return true;
	if (metric == VP_METRIC_COSINE)
		return radius < 1;
	length = edge_length(search, radius);
	return length > LEAST_CODED && length < MOST_CODED;
}

void
vp_ranked_begin(VpRankedSearch *search, const VpValue *query, const VpEffort *effort,
				const VpFilter *filter, Relation table, Snapshot snapshot)
{
	end_reading(search);
	MemoryContextReset(search->rows);
	vp_ranking_begin(&search->ranking, effort);
	/* a filter leaves few rows, of which all may be wanted */
	if (filter != NULL)
		search->ranking.effort.max_rows = 0;
	vp_table_end_init(&search->table, table);
	search->snapshot = snapshot;
	search->filter = filter;
	search->tids = NULL;
	search->few = NULL;
	search->started = false;
	search->bare = NULL;
	search->vector = copy_query(search, query);
	if (effort->bounded)
		search->ranking.effort.uncoded = !is_coded(search, effort->radius);
}

void
vp_ranked_restrict(VpRankedSearch *search, const VpTidSet *tids)
{
	Assert(!search->started);
	search->tids = tids;
	search->ranking.effort.max_rows = 0;
}

/*
 * The index has got another mean since it was opened.  The copy lives in
 * search->context, as the one before does.
 */
static void
reopen_index(VpRankedSearch *search)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);

	search->index = open_index(search->index->store.rel);
	search->source.index = search->index;
	MemoryContextSwitchTo(old);
}

/*
 * Where to begin in all shards that are not empty; how many.  Dead or not,
 * these are LINKED.
 */
static int
get_entries(const VpStore *store, VpGraphState *graph, VpEntry *entries)
{
	VpId		ids[VP_MAX_SHARDS];
	int			n = vp_graph_entries(store, graph, ids);

	for (int i = 0; i < n; i++)
	{
		if (!(vp_node_flags(store, ids[i]) & VP_NODE_LINKED))
			vp_report_damage(store->rel, VP_META_BLOCK, "An entry point is not in the graph.");
		entries[i].id = ids[i];
		entries[i].level = vp_level(&store->geo.levels, ids[i]);
	}
	return n;
}

static void
prepare_query(VpRankedSearch *search)
{
	const VpIndex *index = search->index;

	index->form->rotate(&index->codec, &index->meta, search->vector, search->rotated, false);
	vp_query_prepare(&index->codec, search->rotated, &search->query);
}

/* What the source does beside, for what comes after the search. */
static void
prepare_source(VpRankedSearch *search, uint32 nids, int nentries)
{
	const VpRanking *ranking = &search->ranking;
	VpNodeSource *source = &search->source;

	source->nids = nids;
	source->filter = has_key_conditions(search) ? search->filter : NULL;
	source->tids = search->tids;
	source->vectors = source->rows_come = 0;
	if (has_matches(search))
		return;
	/* most of those that are expanded early stay among the nearest */
	source->vectors = search->index->store.geo.vector_words > 0 ? 2 * VP_MIN_MEASURED : 0;
	/* of one graph about ef nodes are expanded */
	source->rows_come = nentries == 1 && ranking->hooks->rows_come != NULL ?
		Max(ranking->ef - ranking->hooks->lead(ranking->hooks_arg), 1) : 0;
}

/*
 * Searches for those that satisfy the filter.  Where the search is not to go
 * on, it finds all that it may return.  The matches live in search->rows,
 * until the next query.
 */
static void
search_matches(VpRankedSearch *search, const VpEntry *entries, int nentries, uint32 nids)
{
	VpRanking  *ranking = &search->ranking;
	MemoryContext old = MemoryContextSwitchTo(search->rows);
	int			least = ranking->effort.iterative_scan == VP_ITERATIVE_OFF ? ranking->ef : 0;

	vp_node_matches_begin(&search->matches, search->index, &search->query, search->filter,
						  search->tids != NULL, ranking->ef, nids);
	ranking->matches = &search->matches.matches;
	vp_search_start_matching(ranking->search, &search->source.source, &search->query,
							 entries, nentries, ranking->ef, least, nids, ranking->matches);
	MemoryContextSwitchTo(old);
}

/*
 * Searches for the nearest.  Within a radius all rows are wanted, up to LIMIT:
 * such a search expands the ef nearest.
 */
static void
search_nearest(VpRankedSearch *search, const VpEntry *entries, int nentries, const VpGraphState *graph)
{
	VpRanking  *ranking = &search->ranking;
	const VpEffort *effort = &ranking->effort;
	VpStop		stop = vp_stop_at_ef(ranking->ef);

	if (effort->rows > 0 && !effort->bounded && vp_stop_fits(search->index->meta.metric))
		stop = vp_stop_for(graph->exponent, Max(effort->rows, LEAST_ROWS), ranking->ef);
	vp_search_stop_by(ranking->search, &stop);
	vp_search_start_all(ranking->search, &search->source.source, &search->query,
						entries, nentries, ranking->ef, graph->next_id);
}

/* The first round. */
static void
search_graph(VpRankedSearch *search)
{
	VpRanking  *ranking = &search->ranking;
	VpGraphState graph;
	VpEntry		entries[VP_MAX_SHARDS];
	int			nentries;

	search->started = true;
	pgstat_count_index_scan(search->index->store.rel);
	nentries = get_entries(&search->index->store, &graph, entries);
	if (graph.mean_due != search->index->meta.mean_due)
		reopen_index(search);
	if (nentries == 0 || (search->filter != NULL && search->filter->never))
	{
		vp_ranking_is_empty(ranking);
		return;
	}
	prepare_query(search);
	prepare_source(search, graph.next_id, nentries);
	ranking->hooks->round(ranking->hooks_arg);
	VP_POINT("search-seated");
	if (has_matches(search))
		search_matches(search, entries, nentries, graph.next_id);
	else
		search_nearest(search, entries, nentries, &graph);
	if (ranking->hooks->rows_come != NULL)
		ranking->hooks->rows_come(ranking->hooks_arg);
	VP_POINT("search-found");
	vp_ranking_searched(ranking);
}

/*
 * Are the rows of the set so few that to measure them in their table costs less
 * than a search?
 */
static bool
are_few(const VpRankedSearch *search)
{
	double		rows = (double) vp_tid_set_size(search->tids);
	double		nodes = Max(vp_graph_state(&search->index->store).next_id, 1);
	double		visit = vp_visit_cost(search->ranking.ef, Min(rows / nodes, 1), nodes);

	return rows * VP_COST_ROW <= Min(visit, nodes * VP_COST_LOOKED_UP);
}

/* Instead of a search of the graph, if that costs less. */
static void
measure_few(VpRankedSearch *search)
{
	VpRanking  *ranking = &search->ranking;

	if (search->tids == NULL || !are_few(search))
		return;
	search->started = true;
	pgstat_count_index_scan(search->index->store.rel);
	ranking->hooks->round(ranking->hooks_arg);
	search->few = vp_few_rows_measure(get_reader(search), search->index, search->vector, search->tids);
	ranking->measured = search->few->n;
}

/* The next of these that is not outside the radius. */
static bool
next_of_few(VpRankedSearch *search, VpHit *hit)
{
	const VpEffort *effort = &search->ranking.effort;

	while (vp_few_rows_next(search->few, hit))
	{
		if (effort->bounded && hit->dist > effort->radius)
			continue;
		search->ranking.nreturned++;
		return true;
	}
	return false;
}

bool
vp_ranked_next(VpRankedSearch *search, VpHit *hit)
{
	MemoryContext old;
	bool		found;

	search->ranking.working = false;
	old = MemoryContextSwitchTo(search->rows);
	if (!search->started)
	{
		vp_ranking_works(&search->ranking);
		measure_few(search);
	}
	MemoryContextSwitchTo(old);
	if (!search->started)
		search_graph(search);
	MemoryContextSwitchTo(search->rows);
	found = search->few != NULL ? next_of_few(search, hit) : vp_ranking_next(&search->ranking, hit);
	MemoryContextSwitchTo(old);
	return found;
}

VpEffort
vp_effort_of(Relation index, double rows)
{
	VpEffort	effort = {0};

	effort.ef_search = vp_ef_search_of(index, rows, &effort.by);
	effort.rows = (int) Min(rows, VP_MAX_EF_SEARCH);
	effort.iterative_scan = vp_iterative_scan;
	effort.max_rows = vp_max_scan_tuples;
	return effort;
}

bool
vp_ranked_take(VpRankedSearch *search, const VpHit *hit)
{
	return vp_ranking_take(&search->ranking, hit);
}

bool
vp_ranked_has_more(const VpRankedSearch *search)
{
	return search->few != NULL ? search->few->next < search->few->n :
		vp_ranking_has_more(&search->ranking);
}

/* How rows that satisfy the filter were found at last; NULL: there was none. */
static const char *
way_name(const VpRankedSearch *search)
{
	static const char *const names[] = {
		[VP_WAY_PLAIN] = "none",
		[VP_WAY_VISIT] = "graph",
		[VP_WAY_HOP] = "graph, from match to match",
		[VP_WAY_MEASURE] = "all matches",
		[VP_WAY_NEAREST] = "matches in the nearest cells"
	};

	if (search->few != NULL)
		return "all matches, in the table";
	if (search->ranking.matches == NULL)
		return NULL;
	return search->ranking.sweep != NULL ? "all matches, sorted" : names[vp_search_counts(search->ranking.search).way];
}

VpRankedCounts
vp_ranked_counts(const VpRankedSearch *search)
{
	const VpRanking *ranking = &search->ranking;
	VpSearchCounts graph = {0};
	VpRankedCounts counts;

	/*
	 * what the graph's search counted is of an earlier one, if there was none
	 */
	if (search->few == NULL)
		graph = vp_search_counts(ranking->search);
	counts.ef = ranking->ef;
	counts.rounds = ranking->rounds;
	counts.expansions = graph.expansions;
	counts.distances = graph.distances;
	counts.tests = graph.tests;
	counts.way = way_name(search);
	counts.measured = ranking->measured;
	counts.rows = ranking->nreturned;
	return counts;
}
