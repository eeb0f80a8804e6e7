/*-------------------------------------------------------------------------
 *
 * graph_test.c
 *	  Search, select, link and repair, over a source that can lose nodes and
 *	  refuse changes.
 *
 *-------------------------------------------------------------------------
 */
#include "graph/growth.h"
#include "graph/link.h"
#include "graph/select.h"
#include "graph/writer.h"

#include "sample.h"

/* The graph in memory, linked a node at a time; any node may be dead. */
typedef struct TestSource
{
	VpSource	source;			/* first */
	VpMemGraph *graph;
	bool	   *dead;
	int			refuse;			/* every so many changes one fails; 0: none */
	int			changes;
	bool		always_refuse;
	VpId		ahead[VP_MAX_LINKS];	/* of the last call */
	int			nahead;
	int			entry_points_level; /* 0: there are none */
	int			measured;		/* distances */
	VpId		held[VP_MAX_LINKS + 1];
} TestSource;

static VpSource *
inner(VpSource *source)
{
	return vp_mem_source(((TestSource *) source)->graph);
}

static int
test_links(VpSource *source, VpId id, int level, VpId *links)
{
	return vp_mem_links(((TestSource *) source)->graph, id, level, links);
}

static void
test_distances(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	VP_CHECK(n > 0 && n <= VP_MAX_LINKS + 1, "%d distances at once", n);
	((TestSource *) source)->measured += n;
	inner(source)->distances(inner(source), query, ids, n, dist);
}

static void
test_distances_ahead(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist,
					 const VpId *ahead, int nahead)
{
	TestSource *test = (TestSource *) source;

	VP_CHECK(n >= 0 && nahead >= 0 && n + nahead > 0 && nahead <= VP_MAX_LINKS,
			 "%d distances at once, %d ahead", n, nahead);
	VP_CHECK(n == 0 || (n == test->nahead && memcmp(ids, test->ahead, sizeof(VpId) * (size_t) n) == 0),
			 "%d distances of what was ahead", n);
	memcpy(test->ahead, ahead, sizeof(VpId) * (size_t) nahead);
	test->nahead = nahead;
	inner(source)->distances_ahead(inner(source), query, ids, n, dist, ahead, nahead);
}

static bool
test_query_of(VpSource *source, VpId id, VpQuery *query)
{
	return inner(source)->query_of(inner(source), id, query);
}

/* Codes of 32 bits are not held, so that both ways are tried. */
static void
test_hold(VpSource *source, const VpId *ids, int n)
{
	VP_CHECK(n >= 0 && n <= VP_MAX_LINKS + 1, "%d held", n);
	memcpy(((TestSource *) source)->held, ids, sizeof(VpId) * (size_t) n);
}

static void
test_held_query(VpSource *source, int place, VpQuery *query)
{
	VP_CHECK(test_query_of(source, ((TestSource *) source)->held[place], query), "a held query");
}

static void
test_held_distances(VpSource *source, const VpQuery *query, const int *places, int n, float *dist)
{
	for (int i = 0; i < n; i++)
		test_distances(source, query, &((TestSource *) source)->held[places[i]], 1, &dist[i]);
}

static bool
test_linkable(VpSource *source, VpId id)
{
	return !((TestSource *) source)->dead[id];
}

static bool
test_replace(VpSource *source, VpId id, int level,
			 const VpId *from, int nfrom, const VpId *to, int nto)
{
	TestSource *test = (TestSource *) source;

	test->changes++;
	if (test->always_refuse || (test->refuse > 0 && test->changes % test->refuse == 0))
		return false;
	return inner(source)->replace_links(inner(source), id, level, from, nfrom, to, nto);
}

static bool
test_same(VpSource *source, VpId a, VpId b)
{
	return inner(source)->same_vector(inner(source), a, b);
}

static bool
test_chain(VpSource *source, VpId first, VpId id)
{
	return !((TestSource *) source)->dead[first] && inner(source)->chain(inner(source), first, id);
}

/* The nearest of all nodes of a level. */
static int
test_entry_points(VpSource *source, const VpQuery *query, VpId entry, VpCandidate *found, int *level)
{
	TestSource *test = (TestSource *) source;
	int			n = 0;

	VP_CHECK(entry == test->graph->entries[0].id, "entrances for %u", entry);
	for (VpId id = 0; test->entry_points_level > 0 && id < vp_mem_count(test->graph); id++)
	{
		float		dist;
		int			at;

		if (vp_level(&test->graph->levels, id) < test->entry_points_level)
			continue;
		test_distances(source, query, &id, 1, &dist);
		if (n == VP_MAX_ENTRY_POINTS && found[n - 1].dist <= dist)
			continue;
		n += n < VP_MAX_ENTRY_POINTS;
		for (at = n - 1; at > 0 && found[at - 1].dist > dist; at--)
			found[at] = found[at - 1];
		found[at].dist = dist;
		found[at].id = id;
	}
	*level = test->entry_points_level;
	return n;
}

static void
test_source_make(TestSource *test, const Sample *sample, int ef_construction)
{
	memset(test, 0, sizeof(*test));
	test->source.links = test_links;
	test->source.distances = test_distances;
	test->source.distances_ahead = test_distances_ahead;
	test->source.query_of = test_query_of;
	if (sample->codec.bits < 32)
	{
		test->source.hold = test_hold;
		test->source.held_query = test_held_query;
		test->source.held_distances = test_held_distances;
	}
	test->source.linkable = test_linkable;
	test->source.replace_links = test_replace;
	test->source.same_vector = test_same;
	test->source.chain = test_chain;
	test->source.entry_points = test_entry_points;
	test->graph = sample_graph(sample, ef_construction, 1);
	vp_mem_settle(test->graph);
	test->dead = calloc((size_t) sample->n, sizeof(bool));
}

static void
test_source_free(TestSource *test)
{
	vp_mem_destroy(test->graph);
	free(test->dead);
}

/* Links nodes 0 ... n - 1 as inserts do: in that order, the entry point rising. */
static void
link_all(TestSource *test, const Sample *sample, VpWriter *writer)
{
	SampleQuery query;

	sample_query_make(&query, &sample->codec);
	for (VpId id = 0; id < (VpId) sample->n; id++)
	{
		VpMemGraph *graph = test->graph;
		int			level = vp_level(&sample->levels, id);

		if (graph->entries[0].id != VP_NO_ID && test_query_of(&test->source, id, &query.query) &&
			vp_link(writer, &test->source, id, &query.query, graph->entries[0].id,
					graph->entries[0].level,
					id + 1) == VP_CHAINED)
		{
			VP_CHECK(vp_mem_chained(graph, id), "%u is in a chain", id);
			continue;
		}
		if (graph->entries[0].id == VP_NO_ID || level > graph->entries[0].level)
		{
			graph->entries[0].id = id;
			graph->entries[0].level = level;
		}
	}
	sample_query_free(&query);
}

static VpWriter *
make_writer(const Sample *sample, int ef_construction)
{
	return vp_writer_create(&sample_memory, &sample->codec, &sample->levels,
							(int) sample->levels.m, ef_construction);
}

/* Takes everything that a search can give, in portions; each node once. */
static int
exhaust(TestSource *test, const Sample *sample, VpSearch *search, int ef, uint32_t nids)
{
	VpMemGraph *graph = test->graph;
	bool	   *seen = calloc((size_t) sample->n, sizeof(bool));
	SampleQuery query;
	VpCandidate result;
	VpCandidate peeked;
	int			total = 0;

	sample_query_make(&query, &sample->codec);
	sample_query_set(&query, sample, 0);
	vp_search_start(search, &test->source, &query.query, graph->entries[0].id,
					graph->entries[0].level, 0,
					ef, nids);
	do
	{
		float		last = -INFINITY;
		int			portion = 0;

		/* now and then something is left for the next portion */
		while ((total % 7 != 6 || portion == 0) && vp_search_peek(search, 0, &peeked) &&
			   vp_search_next(search, &result))
		{
			VP_CHECK(memcmp(&peeked, &result, sizeof(result)) == 0, "peek is next");
			VP_CHECK(result.dist >= last, "order");
			VP_CHECK(result.id < (VpId) sample->n && !seen[result.id], "%u twice", result.id);
			seen[result.id] = true;
			VP_CHECK(vp_search_met(search, result.id), "%u was met", result.id);
			last = result.dist;
			total++;
			portion++;
		}
	} while (vp_search_more(search, ef));
	VP_CHECK(!vp_search_next(search, &result), "nothing after the end");
	VP_CHECK(!vp_search_met(search, VP_MAX_ID), "what is out of range was not met");
	VP_CHECK(vp_search_counts(search).distances >= (uint64_t) total, "counts");
	for (VpId id = 0; id < (VpId) sample->n; id++)
		VP_CHECK(seen[id] == vp_search_met(search, id), "%u met but not returned", id);
	sample_query_free(&query);
	free(seen);
	return total;
}

/* More searches than there are epochs, all with the same result. */
static void
check_again(TestSource *test, const Sample *sample, VpSearch *search)
{
	VpMemGraph *graph = test->graph;
	VpCandidate first[50];
	SampleQuery query;

	sample_query_make(&query, &sample->codec);
	sample_query_set(&query, sample, 1);
	for (int i = 0; i < 600; i++)
	{
		const VpCandidate *found;
		int			n;

		vp_search_start(search, &test->source, &query.query, graph->entries[0].id,
						graph->entries[0].level, 0,
						50, (uint32_t) sample->n);
		found = vp_search_found(search, &n);
		if (i == 0)
			memcpy(first, found, sizeof(first));
		VP_CHECK(n == 50 && memcmp(first, found, sizeof(first)) == 0, "search %d", i);
	}
	sample_query_free(&query);
}

static void
check_searches(TestSource *test, const Sample *sample)
{
	VpSearch   *search = vp_search_create(&sample_memory, (int) sample->levels.m);
	VpMemGraph *graph = test->graph;
	int			reached = sample_reached(sample, graph, graph->entries[0].id);
	double		small = sample_recall(sample, &test->source, graph->entries, 1,
									  100, (uint32_t) sample->n, NULL);
	double		hashed = sample_recall(sample, &test->source, graph->entries, 1,
									   100, UINT32_C(1) << 24, NULL);
	double		large = sample_recall(sample, &test->source, graph->entries, 1,
									  2000, (uint32_t) sample->n, NULL);

	VP_CHECK(reached >= sample->n - 2, "%d of %d reached", reached, sample->n);
	VP_CHECK(small >= 0.95, "recall %.3f", small);
	VP_CHECK(small == hashed, "recall %.3f with bytes, %.3f with a hash table", small, hashed);
	VP_CHECK(large >= 0.999, "recall %.3f with a large pool", large);

	/*
	 * the same search memory for all: small, large, bytes, hashed, more than
	 * 255
	 */
	for (int i = 0; i < 2; i++)
	{
		uint32_t	nids = i == 0 ? (uint32_t) sample->n : UINT32_C(1) << 24;

		VP_CHECK(exhaust(test, sample, search, 1, nids) == reached, "ef 1");
		VP_CHECK(exhaust(test, sample, search, 17, nids) == reached, "ef 17");
		VP_CHECK(exhaust(test, sample, search, 1500, nids) == reached, "ef 1500");
		VP_CHECK(exhaust(test, sample, search, 100000, nids) == reached, "ef 100000");
	}
	check_again(test, sample, search);

	/*
	 * ids that are younger than the search are left out, and nothing else
	 * happens
	 */
	VP_CHECK(exhaust(test, sample, search, 50, 10) <= reached, "few ids are known");
	vp_search_destroy(search);
}

/* How many of the first SAMPLE_K results are as near as the k-th nearest. */
static int
count_near(VpSearch *search, float kth)
{
	int			n;
	const VpCandidate *found = vp_search_found(search, &n);
	int			near = 0;

	for (int i = 0; i < n && i < SAMPLE_K; i++)
		near += found[i].dist <= kth;
	return near;
}

/* Learns from searches for nodes, at first around the first one: those are forgotten. */
static float
learn_exponent(TestSource *test, const Sample *sample, VpSearch *search, SampleQuery *query, int near)
{
	enum
	{
		SEARCHES = 64
	};
	VpGrowth	growth = {0};

	for (int i = 0; i < near + SEARCHES; i++)
	{
		VpId		id = i < near ? 0 : (VpId) ((int64_t) (i - near) * sample->n / SEARCHES);

		VP_CHECK(test->source.query_of(&test->source, id, &query->query), "%u has no vector", id);
		vp_growth_learn(&growth, search, &test->source, &query->query, test->graph->entries[0],
						(uint32_t) sample->n);
	}
	VP_CHECK(growth.searches > SEARCHES / 2, "%d searches teach", growth.searches);
	return growth.exponent;
}

/*
 * Searches that stop by distance expand as many nodes as those that expand the
 * ef nearest, find more, give as many results, and leave nothing out that is
 * asked for afterwards.
 */
static void
check_stop(TestSource *test, const Sample *sample)
{
	enum
	{
		EF = 60,
		FEW = 8
	};
	VpSearch   *search = vp_search_create(&sample_memory, (int) sample->levels.m);
	VpEntry		entry = test->graph->entries[0];
	float		exponent;
	uint32_t	nids = (uint32_t) sample->n;
	int			reached = sample_reached(sample, test->graph, entry.id);
	uint64_t	expanded[2] = {0};
	int			right[2] = {0};
	SampleQuery query;

	sample_query_make(&query, &sample->codec);
	exponent = learn_exponent(test, sample, search, &query, 0);
	VP_CHECK(fabsf(learn_exponent(test, sample, search, &query, FEW) / exponent - 1) < 0.1,
			 "few searches teach much");
	for (int q = 0; q < sample->nqueries; q++)
	{
		float		kth;

		sample_query_set(&query, sample, q);
		kth = sample_kth(&test->source, &query.query, sample->n, NULL);
		for (int by = 0; by < 2; by++)
		{
			VpStop		stop = by == 1 ? vp_stop_for(exponent, SAMPLE_K, EF) : vp_stop_at_ef(EF);
			int			n;

			vp_search_stop_by(search, &stop);
			vp_search_start_all(search, &test->source, &query.query, &entry, 1, EF, nids);
			(void) vp_search_found(search, &n);
			VP_CHECK(n == EF, "%d results", n);
			expanded[by] += vp_search_counts(search).expansions;
			right[by] += count_near(search, kth);
		}
	}
	VP_CHECK(expanded[1] < expanded[0] * 1.1 && expanded[1] > expanded[0] * 0.9,
			 "%.0f instead of %.0f expanded", (double) expanded[1], (double) expanded[0]);
	VP_CHECK(right[1] >= right[0], "%d instead of %d found", right[1], right[0]);

	for (int ef = EF; ef < 1000; ef *= 3)
	{
		VpStop		stop = vp_stop_for(exponent, SAMPLE_K, ef);
		bool	   *seen = calloc((size_t) sample->n, sizeof(bool));
		VpCandidate result;
		int			total = 0;

		VP_CHECK(stop.ratio > 1, "ef %d stops at %f", ef, stop.ratio);
		vp_search_stop_by(search, &stop);
		vp_search_start_all(search, &test->source, &query.query, &entry, 1, ef, nids);
		do
		{
			while (vp_search_next(search, &result))
			{
				VP_CHECK(!seen[result.id], "%u twice", result.id);
				seen[result.id] = true;
				total++;
			}
		} while (vp_search_more(search, ef));
		VP_CHECK(total == reached, "%d of %d reached from ef %d", total, reached, ef);
		free(seen);
	}

	/* few rows, few candidates, many: the ef nearest */
	VP_CHECK(vp_stop_for(exponent, SAMPLE_K, SAMPLE_K * 2).ratio == 0, "twice k");
	VP_CHECK(vp_stop_for(exponent, 0, EF).ratio == 0, "k is not known");
	VP_CHECK(vp_stop_for(exponent, SAMPLE_K, VP_STOP_POOL).ratio == 0, "a large pool");
	VP_CHECK(vp_stop_for(0, SAMPLE_K, EF).ratio == 0, "an exponent that is not known");
	VP_CHECK(vp_stop_for(NAN, SAMPLE_K, EF).ratio == 0, "no exponent");
	sample_query_free(&query);
	vp_search_destroy(search);
}

/* Where the entry point leads nowhere, entry points do; and they leave nothing out. */
static void
check_entry_points(TestSource *test, const Sample *sample)
{
	VpSearch   *search = vp_search_create(&sample_memory, (int) sample->levels.m);
	VpEntry		entry = test->graph->entries[0];
	VpId		links[VP_MAX_LEVEL + 1][VP_MAX_LINKS];
	int			nlinks[VP_MAX_LEVEL + 1];
	int			reached = sample_reached(sample, test->graph, entry.id);

	for (int level = 1; level <= entry.level; level++)
	{
		test->entry_points_level = level;
		VP_CHECK(exhaust(test, sample, search, 20, (uint32_t) sample->n) == reached, "from level %d", level);
	}
	for (int level = 0; level <= entry.level; level++)
	{
		nlinks[level] = test_links(&test->source, entry.id, level, links[level]);
		VP_CHECK(test_replace(&test->source, entry.id, level, links[level], nlinks[level], links[level], 0),
				 "level %d", level);
	}
	/* above the second level there is hardly another one */
	for (int level = 0; level <= 2; level++)
	{
		double		recall;

		test->entry_points_level = level;
		recall = sample_recall(sample, &test->source, &entry, 1, 100, (uint32_t) sample->n, NULL);
		VP_CHECK(level == 0 ? recall < 0.1 : recall >= 0.95, "recall %.3f from level %d", recall, level);
	}
	test->entry_points_level = 0;
	for (int level = 0; level <= entry.level; level++)
		VP_CHECK(test_replace(&test->source, entry.id, level, links[level], 0, links[level], nlinks[level]),
				 "level %d again", level);
	vp_search_destroy(search);
}

/* The same choice, one pair at a time; in the first pass without the slack. */
static int
select_plainly(VpSource *source, VpQuery *query, const VpCandidate *candidates, int n,
			   int max, int passes, VpId *chosen)
{
	int			nchosen = 0;

	for (int pass = 0; pass < passes; pass++)
	{
		float		slack = pass == 0 ? 0 : 0.2f;
		int			room = pass == 0 ? max : max - max / 4;

		for (int i = 0; i < n && nchosen < room; i++)
		{
			bool		good = true;

			for (int j = 0; j < nchosen && good; j++)
			{
				float		dist;

				source->query_of(source, chosen[j], query);
				source->distances(source, query, &candidates[i].id, 1, &dist);
				good = chosen[j] != candidates[i].id &&
					!(dist + slack * fabsf(dist) < candidates[i].dist);
			}
			if (good)
				chosen[nchosen++] = candidates[i].id;
		}
	}
	return nchosen;
}

static void
check_select(TestSource *test, const Sample *sample, VpWriter *writer)
{
	VpSearch   *search = vp_search_create(&sample_memory, (int) sample->levels.m);
	VpMemGraph *graph = test->graph;
	SampleQuery query;

	sample_query_make(&query, &sample->codec);
	for (int i = 0; i < 20; i++)
	{
		VpId		chosen[VP_MAX_LINKS];
		VpId		plain[VP_MAX_LINKS];
		int			max = 1 + i;
		VpCandidate candidates[200];
		const VpCandidate *found;
		int			n;

		sample_query_set(&query, sample, i);
		vp_search_start(search, &test->source, &query.query, graph->entries[0].id,
						graph->entries[0].level, 0,
						10 * i + 1, (uint32_t) sample->n);
		found = vp_search_found(search, &n);
		memcpy(candidates, found, sizeof(VpCandidate) * (size_t) n);
		n = vp_select(writer, &test->source, candidates, n, max, chosen);
		VP_CHECK(n > 0 && n <= max, "%d chosen of %d", n, max);
		found = vp_search_found(search, &max);
		VP_CHECK(memcmp(candidates, found, sizeof(VpCandidate) * (size_t) max) == 0,
				 "candidates of choice %d", i);
		VP_CHECK(select_plainly(&test->source, &query.query, found, max, 1 + i, 2, plain) == n &&
				 memcmp(chosen, plain, sizeof(VpId) * (size_t) n) == 0, "choice %d", i);
	}
	sample_query_free(&query);
	vp_search_destroy(search);
}

/*
 * The choice among a list and one more node is that among all of them, be
 * they in a list's order or in none; what was compared is not compared again.
 */
static void
check_select_again(TestSource *test, const Sample *sample, VpWriter *writer)
{
	VpSource   *source = &test->source;
	SampleQuery query;

	sample_query_make(&query, &sample->codec);
	for (VpId base = 0; base < 20; base++)
	{
		VpCandidate candidates[VP_MAX_LINKS + 1];
		VpId		ids[VP_MAX_LINKS + 1];
		VpId		chosen[VP_MAX_LINKS];
		VpId		plain[VP_MAX_LINKS];
		int			n = 0;
		int			nchosen;
		int			nplain;

		/* the farthest first: nothing seems to be compared */
		for (VpId id = 100; n < 21; id += 37)
			ids[n++] = id;
		vp_writer_measure(writer, source, base, ids, n);
		memcpy(candidates, writer->candidates, sizeof(VpCandidate) * (size_t) n);
		for (int i = 0; i < n; i++)
			ids[n - 1 - i] = candidates[i].id;
		nplain = select_plainly(source, &query.query, candidates, n, 20, 2, plain);
		nchosen = vp_select_again(writer, source, base, ids, n, 20, chosen);
		VP_CHECK(nchosen > 0, "%d chosen anew", nchosen);
		VP_CHECK(sample->codec.bits != 32 ||
				 (nchosen == nplain && memcmp(chosen, plain, sizeof(VpId) * (size_t) nplain) == 0),
				 "choice anew of %u: %d, %d", base, nchosen, nplain);

		/* what is nearer to the base than to one another, and one more */
		nchosen = select_plainly(source, &query.query, candidates, n, 4, 1, chosen);
		chosen[nchosen++] = base + 2000;
		vp_writer_measure(writer, source, base, chosen, nchosen);
		memcpy(candidates, writer->candidates, sizeof(VpCandidate) * (size_t) nchosen);
		nplain = select_plainly(source, &query.query, candidates, nchosen, 4, 2, plain);
		test->measured = 0;
		n = vp_select_again(writer, source, base, chosen, nchosen, 4, ids);
		VP_CHECK(sample->codec.bits != 32 ||
				 (n == nplain && memcmp(ids, plain, sizeof(VpId) * (size_t) n) == 0),
				 "choice beside a list of %u: %d, %d", base, n, nplain);
	}
	sample_query_free(&query);
}

/* How much is measured for one more beside a list of which all were chosen: a star's rays. */
static void
check_select_seldom(void)
{
	enum
	{
		RAYS = 60
	};
	Sample		sample;
	TestSource	test;
	VpWriter   *writer;
	VpId		ids[VP_MAX_LINKS + 1];
	VpId		chosen[VP_MAX_LINKS];
	int			n = 0;

	sample_make(&sample, 100, RAYS, 1, VP_METRIC_L2, 32, 32);
	memset(sample.x, 0, sizeof(float) * (RAYS + 1) * RAYS);
	for (int i = 0; i < RAYS; i++)
		sample.x[(i + 1) * RAYS + i] = 1 + 0.001f * (float) (i * 7 % RAYS);
	test_source_make(&test, &sample, 64);
	writer = make_writer(&sample, 64);
	for (VpId id = 1; id < RAYS; id++)
		ids[n++] = id;
	n = vp_select_again(writer, &test.source, 0, ids, n, 64, chosen);
	VP_CHECK(n == RAYS - 1, "%d chosen of %d", n, RAYS - 1);
	chosen[n++] = RAYS;
	test.measured = 0;
	VP_CHECK(vp_select_again(writer, &test.source, 0, chosen, n, 64, ids) == RAYS, "all chosen anew");
	VP_CHECK(test.measured <= 4 * RAYS, "%d measured for one more beside %d", test.measured, n - 1);
	vp_writer_destroy(writer);
	test_source_free(&test);
	sample_free(&sample);
}

/*
 * A new node far from a row of others is linked to the first, and to some of
 * those behind it.  Their lists are full: that of the first is chosen anew, the
 * others stay.
 */
static void
check_link_filled(void)
{
	enum
	{
		ROW = 60
	};
	Sample		sample;
	TestSource	test;
	VpWriter   *writer;
	SampleQuery query;
	VpId		row[ROW];
	VpId		links[VP_MAX_LINKS];
	int			n = 0;

	sample_make(&sample, 2 * ROW, 8, 1, VP_METRIC_L2, 32, 16);
	memset(sample.x, 0, sizeof(float) * 8 * 2 * ROW);
	for (VpId id = 0; n < ROW; id++)
		if (vp_level(&sample.levels, id) == 0)
			row[n++] = id;
	for (int i = 1; i < ROW; i++)
		sample.x[row[i] * 8] = 1 + 0.001f * (float) i;
	test_source_make(&test, &sample, 64);
	writer = make_writer(&sample, 64);
	for (int i = 1; i < ROW; i++)
	{
		n = 0;
		/* the farthest first: nothing seems to be compared */
		for (int j = 33; n < vp_level_links(16, 0); j--)
			if (j != i)
				links[n++] = row[j];
		vp_link_set(writer, &test.source, row[i], 0, links, n);
	}
	test.changes = 0;
	sample_query_make(&query, &sample.codec);
	test_query_of(&test.source, row[0], &query.query);
	VP_CHECK(vp_link(writer, &test.source, row[0], &query.query, row[1], 0, 2 * ROW) == VP_LINKED, "linked");
	VP_CHECK(vp_mem_links(test.graph, row[0], 0, links) == 16 && links[0] == row[1], "its own list");
	n = vp_mem_links(test.graph, row[1], 0, links);
	VP_CHECK(vp_links_contain(links, n, row[0]), "the first links to it");
	VP_CHECK(test.changes == 2, "%d lists are changed", test.changes);
	sample_query_free(&query);
	vp_writer_destroy(writer);
	test_source_free(&test);
	sample_free(&sample);
}

static bool
never_reached(void *arg, VpId id)
{
	return false;
}

static bool
is_alive(void *arg, VpId id)
{
	return !((TestSource *) arg)->dead[id];
}

/* Nobody links to the node, and it links to nobody: rescue brings it back. */
static void
check_rescue(TestSource *test, const Sample *sample, VpWriter *writer)
{
	VpMemGraph *graph = test->graph;
	VpId		lost = graph->entries[0].id == 11 ? 12 : 11;
	VpId		links[VP_MAX_LINKS];

	for (VpId id = 0; id < (VpId) sample->n; id++)
	{
		VpId		kept[VP_MAX_LINKS];
		int			n = vp_mem_links(graph, id, 0, links);
		int			nkept = 0;

		for (int i = 0; i < n; i++)
		{
			if (links[i] != lost)
				kept[nkept++] = links[i];
		}
		vp_link_set(writer, &test->source, id, 0, kept, id == lost ? 0 : nkept);
	}
	VP_CHECK(!vp_rescue(writer, &test->source, lost, graph->entries[0].id, graph->entries[0].level,
						(uint32_t) sample->n, never_reached, NULL), "nobody to rescue it");
	VP_CHECK(vp_rescue(writer, &test->source, lost, graph->entries[0].id, graph->entries[0].level,
					   (uint32_t) sample->n, is_alive, test), "rescue");
	VP_CHECK(vp_mem_links(graph, lost, 0, links) > 0, "it has links again");
	VP_CHECK(sample_reached(sample, graph, graph->entries[0].id) >= sample->n - 2, "it is reached");
}

static bool
is_marked(void *arg, VpId id)
{
	return ((bool *) arg)[id];
}

/*
 * A few nodes lead to each other only, as long vectors do by inner product, all others to
 * them, and all lists are full: each of the others is given a link, and none loses its own to another.
 */
static void
check_rescue_of_many(TestSource *test, const Sample *sample, VpWriter *writer)
{
	VpMemGraph *graph = test->graph;
	VpId		entry = graph->entries[0].id;
	VpId		n = (VpId) sample->n;
	int			max = vp_level_links((int) sample->levels.m, 0);
	bool	   *reached = calloc(n, sizeof(bool));
	int			missing;

	for (VpId i = 0; i < n; i++)
	{
		VpId		id = (entry + i) % n;
		VpId		links[VP_MAX_LINKS];
		int			nlinks = 0;

		reached[id] = i <= (VpId) max;
		for (VpId j = 0; nlinks < max; j++)
			if (j != i)
				links[nlinks++] = (entry + j) % n;
		vp_link_set(writer, &test->source, id, 0, links, nlinks);
	}
	VP_CHECK(sample_reached(sample, graph, entry) == max + 1, "a few are reached");
	for (VpId id = 0; id < n; id++)
		if (!reached[id])
			reached[id] = vp_rescue(writer, &test->source, id, entry, 0, n, is_marked, reached);
	missing = sample->n - sample_reached(sample, graph, entry);
	VP_CHECK(missing == 0, "%d are not reached", missing);
	free(reached);
}

/* Three in ten die; their neighbours heal. */
static void
check_repair(TestSource *test, const Sample *sample, VpWriter *writer)
{
	VpMemGraph *graph = test->graph;
	uint64_t	random = 3;
	int			alive = 0;
	double		recall;

	VP_CHECK(!vp_repair(writer, &test->source, graph->entries[0].id, 0), "nothing to repair");
	for (VpId id = 0; id < (VpId) sample->n; id++)
	{
		test->dead[id] = id != graph->entries[0].id && vp_unit_uniform(&random) < 0.3;
		alive += !test->dead[id];
	}
	for (VpId id = 0; id < (VpId) sample->n; id++)
	{
		for (int level = vp_level(&sample->levels, id); level >= 0 && !test->dead[id]; level--)
		{
			VpId		links[VP_MAX_LINKS];
			int			n = vp_mem_links(graph, id, level, links);
			bool		sound = true;

			for (int i = 0; i < n; i++)
				sound &= !test->dead[links[i]];
			VP_CHECK(vp_repair(writer, &test->source, id, level) == !sound,
					 "node %u level %d", id, level);
			n = vp_mem_links(graph, id, level, links);
			for (int i = 0; i < n; i++)
				VP_CHECK(!test->dead[links[i]], "%u still links to %u", id, links[i]);
		}
	}
	recall = sample_recall(sample, &test->source, graph->entries, 1, 100,
						   (uint32_t) sample->n, test->dead);
	VP_CHECK(recall >= 0.93, "recall %.3f after repair", recall);
	VP_CHECK(sample_reached(sample, graph, graph->entries[0].id) >= alive - alive / 200,
			 "%d of %d reached", sample_reached(sample, graph, graph->entries[0].id), alive);

	/* all die but one: it ends without links */
	for (VpId id = 0; id < (VpId) sample->n; id++)
		test->dead[id] = id != graph->entries[0].id;
	for (int level = 0; level <= graph->entries[0].level; level++)
	{
		VpId		links[VP_MAX_LINKS];

		vp_repair(writer, &test->source, graph->entries[0].id, level);
		VP_CHECK(vp_mem_links(graph, graph->entries[0].id, level, links) == 0, "level %d", level);
	}
	memset(test->dead, 0, sizeof(bool) * (size_t) sample->n);
}

static void
check_metric(VpMetric metric, int bits, int m, int refuse)
{
	Sample		sample;
	TestSource	test;
	VpWriter   *writer;

	sample_make(&sample, 3000, 24, 20, metric, bits, m);
	test_source_make(&test, &sample, 64);
	test.refuse = refuse;
	writer = make_writer(&sample, 64);
	link_all(&test, &sample, writer);
	test.refuse = 0;
	if (refuse == 0)
	{
		check_searches(&test, &sample);
		if (vp_stop_fits(metric))
			check_stop(&test, &sample);
		check_entry_points(&test, &sample);
	}
	else
		VP_CHECK(sample_reached(&sample, test.graph, test.graph->entries[0].id) >= sample.n - 2,
				 "reached although changes were refused");
	check_select(&test, &sample, writer);
	check_select_again(&test, &sample, writer);
	check_rescue(&test, &sample, writer);
	test.refuse = refuse;
	check_repair(&test, &sample, writer);
	if (refuse == 0)
		check_rescue_of_many(&test, &sample, writer);
	vp_writer_destroy(writer);
	test_source_free(&test);
	sample_free(&sample);
}

/* A source that refuses everything is given up on, and stays as it was. */
static void
check_refusal(void)
{
	Sample		sample;
	TestSource	test;
	VpWriter   *writer;

	sample_make(&sample, 200, 16, 4, VP_METRIC_L2, 8, 4);
	test_source_make(&test, &sample, 32);
	writer = make_writer(&sample, 32);
	link_all(&test, &sample, writer);
	test.always_refuse = true;
	for (int i = 1; i < 100; i++)
		test.dead[i] = true;
	for (VpId id = 0; id < 10; id++)
		VP_CHECK(!vp_repair(writer, &test.source, id, 0), "refused");
	vp_writer_destroy(writer);
	test_source_free(&test);
	sample_free(&sample);
}

/* Nodes that hold no vector: in no result, but searches go through them. */
static void
check_vectorless(void)
{
	Sample		sample;
	TestSource	test;
	VpWriter   *writer;
	VpSearch   *search;
	SampleQuery query;
	VpCandidate result;
	int			found = 0;

	sample_make(&sample, 500, 16, 4, VP_METRIC_L2, 8, 8);
	test_source_make(&test, &sample, 64);
	writer = make_writer(&sample, 64);
	link_all(&test, &sample, writer);
	vp_mem_coded(test.graph, test.graph->entries[0].id)->factors.scale = NAN;
	for (VpId id = 0; id < 500; id += 50)
		vp_mem_coded(test.graph, id)->factors.scale = NAN;

	search = vp_search_create(&sample_memory, 8);
	sample_query_make(&query, &sample.codec);
	sample_query_set(&query, &sample, 0);
	vp_search_start(search, &test.source, &query.query, test.graph->entries[0].id,
					test.graph->entries[0].level, 0, 500, 500);
	while (vp_search_next(search, &result))
	{
		VP_CHECK(!isnan(result.dist) && result.dist < INFINITY, "%u has a vector", result.id);
		found++;
	}
	VP_CHECK(found >= 470 && found <= 490, "%d found", found);
	VP_CHECK(!vp_search_more(search, 500), "and that is all");
	VP_CHECK(!vp_repair(writer, &test.source, 0, 0), "not of a node without a vector");
	VP_CHECK(!vp_rescue(writer, &test.source, 0, test.graph->entries[0].id, 0, 500, is_alive, &test),
			 "nor is it rescued");
	sample_query_free(&query);
	vp_search_destroy(search);
	vp_writer_destroy(writer);
	test_source_free(&test);
	sample_free(&sample);
}

/* One vector many times, among others: one node in the graph, a chain behind it. */
static void
check_equal(VpMetric metric, int bits)
{
	Sample		sample;
	TestSource	test;
	VpWriter   *writer;
	VpId		first = VP_NO_ID;
	int			chained = 0,
				length = 0;

	sample_make(&sample, 1000, 16, 5, metric, bits, 8);
	for (int i = 0; i < sample.n; i += 3)
		memcpy(sample.x + (size_t) i * 16, sample.x, 16 * sizeof(float));
	test_source_make(&test, &sample, 64);
	writer = make_writer(&sample, 64);
	link_all(&test, &sample, writer);
	for (VpId id = 0; id < 1000; id++)
	{
		chained += vp_mem_chained(test.graph, id);
		VP_CHECK(!vp_mem_chained(test.graph, id) || id % 3 == 0, "%u differs", id);
		if (vp_mem_chain_next(test.graph, id) != VP_NO_ID && !vp_mem_chained(test.graph, id))
			first = id;
	}
	VP_CHECK(chained == 333, "%d chained", chained);
	for (VpId id = first; id != VP_NO_ID && length <= 1000; length++)
		id = vp_mem_chain_next(test.graph, id);
	VP_CHECK(length == 334, "chain of %d", length);
	vp_writer_destroy(writer);
	test_source_free(&test);
	sample_free(&sample);
}

int
main(void)
{
	vp_kernel_choose(NULL);
	check_metric(VP_METRIC_L2, 32, 16, 0);
	check_select_seldom();
	check_link_filled();
	check_metric(VP_METRIC_L2, 4, 8, 0);
	check_metric(VP_METRIC_COSINE, 8, 16, 0);
	check_metric(VP_METRIC_L1, 8, 16, 0);
	check_metric(VP_METRIC_L2, 8, 16, 3);
	check_refusal();
	check_vectorless();
	check_equal(VP_METRIC_L2, 8);
	check_equal(VP_METRIC_COSINE, 4);
	check_equal(VP_METRIC_L2, 32);
	return vp_unit_report();
}
