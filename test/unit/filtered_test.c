/*-------------------------------------------------------------------------
 *
 * filtered_test.c
 *	  Searches for nodes that match a filter: against what is exact, whatever
 *	  share matches and wherever the matches are.
 *
 *-------------------------------------------------------------------------
 */
#include "sample.h"

#define N			20000
#define DIMS		16
#define CLUSTERS	40
#define EF			40
#define CELL_IDS	125
#define CELLS		(N / CELL_IDS)

/* The ids that may match: all, a list, or a list of which the nearest cells come first. */
typedef enum Kind
{
	ALL, LISTED, NEAREST
} Kind;

typedef struct World World;

/* The graph in memory, with a set of nodes that match. */
typedef struct TestSource
{
	VpSource	source;			/* first; as the graph's own */
	World	   *world;
} TestSource;

/* The ids that may match: of a list, or all. */
typedef struct TestMatches
{
	VpMatches	matches;		/* first */
	World	   *world;
	uint64_t	at;
	uint64_t	given;
	uint64_t	picked;
} TestMatches;

struct World
{
	Sample		sample;
	VpMemGraph *graph;
	VpEntry		entries[4];
	int			nentries;
	bool		match[N];
	bool		other[N];		/* those that do not */
	bool		taken[N];		/* those that do not, and are taken for such */
	VpId		list[2 * N];
	uint64_t	nlist;
	uint64_t	nfirst;			/* in no cell */
	bool		celled[N];		/* those in the list behind them */
	bool		picked[N];		/* of these, before their turn */
	int			nmatches;
	uint64_t	random;
	uint64_t	asked;
	TestSource	source;
	TestMatches matches;
	VpSearch   *search;
	SampleQuery query;
};

static void
source_matches(VpSource *source, const VpId *ids, int n, bool alone, bool *match)
{
	World	   *world = ((TestSource *) source)->world;

	VP_CHECK(n > 0 && n <= VP_MAX_LINKS, "%d tested at once", n);
	world->asked += (uint64_t) n;
	for (int i = 0; i < n; i++)
		match[i] = ids[i] < N && (world->match[ids[i]] || world->taken[ids[i]]);
}

/* What the graph's own source is asked for needs the graph where that expects it. */
static int
source_links(VpSource *source, VpId id, int level, VpId *links)
{
	return vp_mem_links(((TestSource *) source)->world->graph, id, level, links);
}

static void
source_distances(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	VpSource   *inner = vp_mem_source(((TestSource *) source)->world->graph);

	inner->distances(inner, query, ids, n, dist);
}

static void
source_distances_ahead(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist,
					   const VpId *ahead, int nahead)
{
	VpSource   *inner = vp_mem_source(((TestSource *) source)->world->graph);

	inner->distances_ahead(inner, query, ids, n, dist, ahead, nahead);
}

static int
matches_next(VpMatches *matches, VpId *ids, int max)
{
	TestMatches *test = (TestMatches *) matches;
	int			n = 0;

	while (n < max && test->at < matches->bound)
	{
		ids[n] = matches->listed ? test->world->list[test->at] : (VpId) test->at;
		n += !(matches->cells > 0 && test->world->picked[ids[n]]);
		test->at++;
	}
	for (int i = 0; i < n && matches->cells > 0; i++)
		test->world->picked[ids[i]] = true;
	test->given += (uint64_t) n;
	matches->in_order = matches->cells > 0 && test->at > test->world->nfirst;
	return n;
}

static void
matches_again(VpMatches *matches)
{
	((TestMatches *) matches)->at = 0;
	memset(((TestMatches *) matches)->world->picked, 0, N);
	matches->in_order = false;
}

static int
matches_pick(VpMatches *matches, VpId *ids, int n, int *nmatches)
{
	TestMatches *test = (TestMatches *) matches;
	World	   *world = test->world;
	int			npicked = 0;

	VP_CHECK(matches->in_order, "picked before those in no cell have come");
	*nmatches = 0;
	for (int i = 0; i < n; i++)
	{
		VpId		id = ids[i];

		*nmatches += world->match[id];
		if (!world->celled[id] || world->picked[id])
			continue;
		world->picked[id] = true;
		ids[npicked++] = id;
	}
	test->picked += (uint64_t) npicked;
	return npicked;
}

static int
matches_sample(VpMatches *matches, VpId *ids, int n)
{
	World	   *world = ((TestMatches *) matches)->world;

	for (int i = 0; i < n && matches->bound > 0; i++)
	{
		uint64_t	at = vp_unit_random(&world->random) % matches->bound;

		ids[i] = matches->listed ? world->list[at] : (VpId) at;
	}
	return matches->bound > 0 ? n : 0;
}

/* Where the matches of a share are: anywhere, near the query, or far from it. */
typedef enum Place
{
	ANYWHERE, NEAR, FAR
} Place;

static void
choose(World *world, double share, Place place, int query)
{
	int			cluster = (place == FAR ? query + CLUSTERS / 2 : query) % CLUSTERS;
	int			width = place == ANYWHERE ? N : (int) (share * N) + 1;
	int			first = place == ANYWHERE ? 0 : cluster * (N / CLUSTERS);

	world->nmatches = 0;
	world->nlist = 0;
	for (int i = 0; i < N; i++)
	{
		world->match[i] = place == ANYWHERE ? vp_unit_uniform(&world->random) < share :
			(i - first + N) % N < width;
		world->other[i] = !world->match[i];
		world->nmatches += world->match[i];
		/* of a list some come twice, and some do not match (any more) */
		if (world->match[i] || i % 1000 == 0)
			world->list[world->nlist++] = (VpId) i;
		if (world->match[i] && i % 7 == 0)
			world->list[world->nlist++] = (VpId) i;
	}
}

typedef struct Cell
{
	double		dist;
	int			number;
} Cell;

static int
compare_cells(const void *a, const void *b)
{
	double		x = ((const Cell *) a)->dist;
	double		y = ((const Cell *) b)->dist;

	return x < y ? -1 : x > y;
}

/* The mean distance of a cell's nodes. */
static Cell
measure_cell(World *world, int number)
{
	VpId		ids[CELL_IDS];
	float		dist[CELL_IDS];
	Cell		cell = {0, number};

	for (int i = 0; i < CELL_IDS; i++)
		ids[i] = (VpId) (number * CELL_IDS + i);
	for (int i = 0; i < CELL_IDS; i += VP_MAX_LINKS)
		source_distances(&world->source.source, &world->query.query, ids + i,
						 CELL_IDS - i < VP_MAX_LINKS ? CELL_IDS - i : VP_MAX_LINKS, dist + i);
	for (int i = 0; i < CELL_IDS; i++)
		cell.dist += dist[i];
	return cell;
}

/* Every 50th is in no cell; the others are listed cell by cell. */
static void
list_by_cells(World *world)
{
	Cell		cells[CELLS];

	for (int i = 0; i < CELLS; i++)
		cells[i] = measure_cell(world, i);
	qsort(cells, CELLS, sizeof(Cell), compare_cells);
	world->nlist = 0;
	for (int i = 0; i < N; i += 50)
		if (world->match[i])
			world->list[world->nlist++] = (VpId) i;
	world->nfirst = world->nlist;
	memset(world->celled, 0, N);
	for (int i = 0; i < N; i++)
	{
		VpId		id = (VpId) (cells[i / CELL_IDS].number * CELL_IDS + i % CELL_IDS);

		if (id % 50 == 0 || !(world->match[id] || id % 1000 == 1))
			continue;
		world->list[world->nlist++] = id;
		world->celled[id] = true;
	}
}

static void
begin(World *world, Kind kind, int ef, int least, int query)
{
	sample_query_set(&world->query, &world->sample, query);
	if (kind == NEAREST)
		list_by_cells(world);
	world->matches.matches.listed = kind != ALL;
	world->matches.matches.once = kind == NEAREST;
	world->matches.matches.cells = kind == NEAREST ? CELLS : 0;
	world->matches.matches.in_order = false;
	world->matches.matches.bound = kind != ALL ? world->nlist : N;
	world->matches.given = world->matches.picked = world->asked = 0;
	vp_search_start_matching(world->search, &world->source.source, &world->query.query,
							 world->entries, world->nentries, ef, least, N, &world->matches.matches);
}

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

/* The results of a search are sound; how many of the K nearest are among them. */
static int
count_right(World *world)
{
	float		kth = -INFINITY;
	float		last = -INFINITY;
	bool	   *seen = calloc(N, sizeof(bool));
	VpCandidate found;
	int			right = 0;

	if (world->nmatches > 0)
		kth = sample_kth(&world->source.source, &world->query.query, N, world->other);
	for (int i = 0; vp_search_next(world->search, &found); i++)
	{
		VP_CHECK(found.id < N && world->match[found.id], "%u matches", found.id);
		VP_CHECK(!seen[found.id], "%u twice", found.id);
		seen[found.id] = true;
		VP_CHECK(found.dist >= last, "order");
		last = found.dist;
		right += i < SAMPLE_K && found.dist <= kth;
	}
	free(seen);
	return right;
}

/* Recall of a search without a filter. */
static double
plain_recall(World *world, int ef)
{
	return sample_recall(&world->sample, vp_mem_source(world->graph), world->entries, world->nentries, ef, N, NULL);
}

/* Recall of searches with one, and what they cost at most. */
static void
check_share(World *world, double share, Place place, Kind kind, double at_least)
{
	int			right = 0;
	int			possible = 0;
	int			ways[VP_WAY_NEAREST + 1] = {0};
	int			queries = 50;
	uint64_t	distances = 0;
	uint64_t	picked = 0;
	uint64_t	all = 0;

	for (int query = 0; query < queries; query++)
	{
		const VpCandidate *found;
		VpSearchCounts counts;
		int			nfound;

		choose(world, share, place, query);
		begin(world, kind, EF, 0, query);
		counts = vp_search_counts(world->search);
		ways[counts.way]++;
		distances += counts.distances;
		picked += world->matches.picked;
		all += world->nlist;
		found = vp_search_found(world->search, &nfound);
		VP_CHECK(nfound >= smaller(20, world->nmatches) && found != NULL, "%d of %d matches found",
				 nfound, world->nmatches);
		VP_CHECK(vp_search_reach(world->search) >= nfound, "%d of %d", nfound, vp_search_reach(world->search));
		VP_CHECK(counts.distances < N + N / 2, "%d distances", (int) counts.distances);
		right += count_right(world);
		possible += smaller(SAMPLE_K, world->nmatches);

		/* so many as there must be */
		begin(world, kind, EF, EF, query);
		(void) vp_search_found(world->search, &nfound);
		VP_CHECK(nfound == smaller(EF, world->nmatches), "%d of %d found", nfound, world->nmatches);
	}
	if (possible > 0)
		VP_CHECK((double) right / possible >= at_least - 0.02, "share %g, %d, %s: recall %.3f, %.3f wanted", share, place,
				 kind == ALL ? "all" : kind == LISTED ? "listed" : "nearest first", (double) right / possible, at_least);
	if (kind == NEAREST && share == 0.1 && place == ANYWHERE)
		VP_CHECK(ways[VP_WAY_NEAREST] == queries && picked > 0 && distances < all / 2,
				 "%d of %d measured, %d by links", (int) distances, (int) all, (int) picked);
#ifdef VERBOSE
	printf("share %g place %d kind %d: recall %.3f, ways %d %d %d %d\n", share, place, kind,
		   possible > 0 ? (double) right / possible : 1, ways[1], ways[2], ways[3], ways[4]);
#endif
}

/*
 * Recall of nodes that match, where a test takes a share of the others for
 * such, and says how many.
 */
static double
recall_falsely(World *world, double share, double falsely)
{
	int			right = 0;
	int			queries = world->sample.nqueries;

	world->matches.matches.falsely = falsely;
	for (int query = 0; query < queries; query++)
	{
		VpCandidate found;
		float		kth;

		choose(world, share, ANYWHERE, query);
		for (int i = 0; i < N; i++)
			world->taken[i] = world->other[i] && vp_unit_uniform(&world->random) < falsely;
		begin(world, ALL, EF, 0, query);
		kth = sample_kth(&world->source.source, &world->query.query, N, world->other);
		for (int n = 0; n < SAMPLE_K && vp_search_next(world->search, &found); n += world->match[found.id])
			right += world->match[found.id] && found.dist <= kth;
	}
	memset(world->taken, 0, sizeof(world->taken));
	world->matches.matches.falsely = 0;
	return (double) right / (queries * SAMPLE_K);
}

/* It is that of a test that takes nobody for another. */
static void
check_falsely(World *world, double share, double falsely)
{
	double		wanted = recall_falsely(world, share, 0);
	double		recall = recall_falsely(world, share, falsely);

	VP_CHECK(recall >= wanted - 0.02, "share %g, %g falsely: recall %.3f, %.3f wanted", share, falsely, recall, wanted);
}

/* A search that goes on to its end gives every match, each once. */
static void
check_end(World *world, double share, Place place, Kind kind, int ef)
{
	bool	   *seen = calloc(N, sizeof(bool));
	VpCandidate found;
	int			n = 0;

	choose(world, share, place, 3);
	begin(world, kind, ef, 0, 3);
	do
	{
		float		last = -INFINITY;

		/* now and then something is left for the next round */
		while (n % 17 != 16 && vp_search_next(world->search, &found))
		{
			VP_CHECK(found.id < N && world->match[found.id] && !seen[found.id], "%u", found.id);
			VP_CHECK(found.dist >= last, "order");
			last = found.dist;
			seen[found.id] = true;
			n++;
		}
		if (vp_search_next(world->search, &found))
		{
			VP_CHECK(!seen[found.id], "%u", found.id);
			seen[found.id] = true;
			n++;
		}
		ef = ef < 100000 ? 2 * ef : ef;
	} while (vp_search_more(world->search, ef));
	VP_CHECK(n == world->nmatches, "%d of %d, share %g, %d, kind %d", n, world->nmatches, share, place, kind);
	VP_CHECK(vp_search_is_complete(world->search), "all were measured");
	free(seen);
}

static void
check_world(World *world, int shards)
{
	static const double shares[] = {1, 0.5, 0.1, 0.01, 0.001, 0};
	double		plain;

	world->graph = sample_sharded(&world->sample, 64, shards, 1);
	VP_CHECK(vp_mem_link(world->graph, 1, NULL, NULL), "linked");
	world->source.source = *vp_mem_source(world->graph);
	world->source.source.matches = source_matches;
	world->source.source.links = source_links;
	world->source.source.distances = source_distances;
	world->source.source.distances_ahead = source_distances_ahead;
	world->source.source.distances_listed = source_distances_ahead;
	world->nentries = shards;
	for (int i = 0; i < shards; i++)
		world->entries[i] = vp_mem_entry(world->graph, i);
	plain = plain_recall(world, EF);
	for (Kind kind = ALL; kind <= NEAREST; kind++)
	{
		for (int i = 0; i < 6; i++)
		{
			check_share(world, shares[i], ANYWHERE, kind, plain);
			check_end(world, shares[i], ANYWHERE, kind, 10);
		}
		for (int i = 2; i < 5; i++)
		{
			check_share(world, shares[i], NEAR, kind, plain);
			check_share(world, shares[i], FAR, kind, plain);
			check_end(world, shares[i], FAR, kind, 40);
		}
		check_end(world, 0.5, ANYWHERE, kind, 2000);
	}
	check_falsely(world, 0.1, 0.15);
	check_falsely(world, 0.2, 0.1);
	check_falsely(world, 0.2, 0.3);
	vp_mem_destroy(world->graph);
}

int
main(void)
{
	World	   *world = calloc(1, sizeof(World));

	vp_kernel_choose(NULL);
	sample_make(&world->sample, N, DIMS, CLUSTERS, VP_METRIC_L2, 8, 16);
	world->source.world = world->matches.world = world;
	world->matches.matches.next = matches_next;
	world->matches.matches.again = matches_again;
	world->matches.matches.pick = matches_pick;
	world->matches.matches.sample = matches_sample;
	world->search = vp_search_create(&sample_memory, 16);
	sample_query_make(&world->query, &world->sample.codec);

	check_world(world, 1);
	check_world(world, 4);

	vp_search_destroy(world->search);
	sample_query_free(&world->query);
	sample_free(&world->sample);
	free(world);
	return vp_unit_report();
}
