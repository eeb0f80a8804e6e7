/*-------------------------------------------------------------------------
 *
 * ranking_test.c
 *	  Rows in exact order, over a graph in memory: no index, no pages, no scan.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "base/settings.h"
#include "sample.h"
#include "search/ranking.h"

#define N			2000
#define DIMS		64
#define ROWS_A_PAGE	50

typedef struct World
{
	Sample		sample;
	VpMemGraph *graph;
	const float *vector;		/* searched for */
	VpQuery		query;
	float	   *rotated;
	VpRanking	ranking;

	bool		pairs;			/* nodes 2 i and 2 i + 1 are the same row */
	int			hidden;			/* each so many-th node has no row that is
								 * seen; 0: none */
	int			nan;			/* each so many-th node has no distance */
	bool		cold;

	int			works;			/* in this call */
	int			rounds;
	int			ends;
	int			reads;
	VpSearchEnd end;
} World;

static bool
measure_any(void *nodes, VpId id, double *dist)
{
	World	   *world = nodes;

	if (world->hidden > 0 && id % world->hidden == 0)
		return false;
	*dist = world->nan > 0 && id % world->nan == 0 ? NAN :
		vp_exact_distance(VP_METRIC_L2, world->vector, world->sample.x + (size_t) id * DIMS, DIMS);
	return true;
}

static bool
measure(void *nodes, VpId id, double *dist, bool *coded)
{
	*coded = true;
	return measure_any(nodes, id, dist);
}

static bool
find_row(void *nodes, VpRow *row, VpHit *hit)
{
	World	   *world = nodes;
	VpId		number = world->pairs ? row->id / 2 : row->id;

	ItemPointerSet(&hit->tid, number / ROWS_A_PAGE, number % ROWS_A_PAGE + 1);
	hit->recheck = false;
	row->id = VP_NO_ID;
	return true;
}

static void
prefetch(void *nodes, VpId id)
{
	VP_CHECK(id < N, "a node that there is");
}

static bool
read_ahead(void *nodes, VpId id)
{
	World	   *world = nodes;

	world->reads++;
	return world->cold;
}

static void
expect(void *nodes, VpId next, VpId later)
{
}

static bool
next_bare(void *nodes, VpHit *hit)
{
	return false;
}

static uint32
count(void *nodes)
{
	return N;
}

static const VpRankable rankable = {measure, measure_any, find_row, prefetch, read_ahead, expect, next_bare, count};

static void
works(void *arg)
{
	World	   *world = arg;

	VP_CHECK(world->works++ == 0, "works once a call");
}

static void
round_begins(void *arg)
{
	((World *) arg)->rounds++;
}

static void
ends(void *arg, const VpSearchEnd *end)
{
	World	   *world = arg;

	VP_CHECK(world->ends++ == 0, "ends once");
	world->end = *end;
}

static const VpSearchHooks hooks = {.works = works,.round = round_begins,.ends = ends};

static VpEffort
effort(int ef_search, int iterative_scan, int max_rows)
{
	VpEffort	effort = {0};

	effort.ef_search = ef_search;
	effort.iterative_scan = iterative_scan;
	effort.max_rows = max_rows;
	return effort;
}

/* Searches for query `number`. */
static void
begin(World *world, int number, VpEffort how)
{
	VpRanking  *ranking = &world->ranking;
	VpEntry		entry = vp_mem_entry(world->graph, 0);

	world->vector = world->sample.x + (size_t) (N + number) * DIMS;
	vp_codec_rotate(&world->sample.codec, world->vector, world->rotated);
	vp_query_prepare(&world->sample.codec, world->rotated, &world->query);
	world->rounds = world->ends = world->reads = 0;
	vp_ranking_begin(ranking, &how);
	vp_search_start_all(ranking->search, vp_mem_source(world->graph), &world->query, &entry, 1,
						how.ef_search, N);
	vp_ranking_searched(ranking);
}

static bool
next(World *world, VpHit *hit)
{
	world->works = 0;
	world->ranking.working = false;
	return vp_ranking_next(&world->ranking, hit);
}

static int
row_number(const VpHit *hit)
{
	return (int) (ItemPointerGetBlockNumber(&hit->tid) * ROWS_A_PAGE +
				  ItemPointerGetOffsetNumber(&hit->tid) - 1);
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* The distances of all nodes, sorted. */
static double *
all_distances(World *world)
{
	double	   *dist = sample_alloc(N * sizeof(double));

	for (VpId id = 0; id < N; id++)
		(void) measure_any(world, id, &dist[id]);
	qsort(dist, N, sizeof(double), compare);
	return dist;
}

/* The nearest rows come first, in exact order, though the codes tell it only roughly. */
static void
test_order(World *world)
{
	int			found = 0;
	int64		measured = 0;

	for (int query = 0; query < 20; query++)
	{
		double	   *dist;
		double		last = -INFINITY;
		VpHit		hit;

		begin(world, query, effort(100, VP_ITERATIVE_STRICT, 0));
		dist = all_distances(world);
		for (int i = 0; i < SAMPLE_K; i++)
		{
			double		exact;

			VP_CHECK(next(world, &hit), "a row");
			(void) measure_any(world, (VpId) row_number(&hit), &exact);
			VP_CHECK(hit.dist == exact, "its exact distance");
			VP_CHECK(hit.dist >= last, "order");
			last = hit.dist;
			found += hit.dist <= dist[SAMPLE_K - 1];
		}
		measured += world->ranking.measured;
		VP_CHECK(world->rounds == 0 && world->ends == 0, "one round");
		free(dist);
	}
	VP_CHECK(measured < 20 * 90, "not all were measured: %d of 2,000", (int) measured);
	VP_CHECK(found > 190, "%d of 200 are the nearest", found);
}

/* To the end: each row once, those that were late behind all others, in order among themselves. */
static int
count_all(World *world, int iterative_scan, int *nlate)
{
	bool	   *seen = calloc(N, sizeof(bool));
	double		last = -INFINITY;
	double		last_late = -INFINITY;
	VpHit		hit;
	int			n = 0;

	*nlate = 0;
	begin(world, 1, effort(20, iterative_scan, 0));
	while (next(world, &hit))
	{
		int			row = row_number(&hit);

		VP_CHECK(!seen[row], "row %d comes once", row);
		seen[row] = true;
		n++;
		if (iterative_scan != VP_ITERATIVE_STRICT)
			continue;
		if (world->ends > 0)
		{
			VP_CHECK(!(hit.dist < last_late), "order of the late");
			last_late = hit.dist;
			(*nlate)++;
		}
		else
		{
			VP_CHECK(!(hit.dist < last), "order");
			last = hit.dist;
		}
	}
	VP_CHECK(!next(world, &hit), "the end stays");
	VP_CHECK(world->ends == 1 && !world->end.cut_off, "told once");
	free(seen);
	return n;
}

static void
test_end(World *world)
{
	int			nlate;

	VP_CHECK(count_all(world, VP_ITERATIVE_STRICT, &nlate) == N, "every row");
	VP_CHECK(world->end.nlate == nlate && world->end.nreturned == N - nlate, "the late are told");
	VP_CHECK(world->rounds > 1 && world->ranking.sweep != NULL, "rounds, and the sweep");
	VP_CHECK(count_all(world, VP_ITERATIVE_RELAXED, &nlate) == N, "every row");
	VP_CHECK(world->end.nlate == 0, "nothing is late where order is relaxed");
	world->pairs = true;
	VP_CHECK(count_all(world, VP_ITERATIVE_STRICT, &nlate) == N / 2, "a row at two nodes is one");
	world->pairs = false;
	world->hidden = 3;
	VP_CHECK(count_all(world, VP_ITERATIVE_STRICT, &nlate) == N - (N + 2) / 3, "rows that are seen");
	world->hidden = 0;
	world->nan = 10;
	VP_CHECK(count_all(world, VP_ITERATIVE_STRICT, &nlate) == N, "those without a distance, too");
	world->nan = 0;
	work_mem = 1;
	VP_CHECK(count_all(world, VP_ITERATIVE_STRICT, &nlate) == N, "in portions");
	work_mem = 4096;
}

static void
test_bounds(World *world)
{
	VpHit		hit;
	int			n = 0;

	begin(world, 2, effort(30, VP_ITERATIVE_OFF, 0));
	while (next(world, &hit))
		n++;
	VP_CHECK(n == 30 && world->rounds == 0 && !world->end.cut_off, "off: one round, %d rows", n);

	begin(world, 2, effort(30, VP_ITERATIVE_STRICT, 100));
	for (n = 0; next(world, &hit);)
		n++;
	VP_CHECK(n >= 100 && n < N && world->end.cut_off, "cut off: %d rows", n);
}

/* Rows that somebody else has found come once. */
static void
test_take(World *world)
{
	VpHit		hits[5];
	VpHit		hit;
	double		last;

	begin(world, 3, effort(40, VP_ITERATIVE_STRICT, 0));
	for (int i = 0; i < 5; i++)
		VP_CHECK(next(world, &hits[i]), "a row");

	/* the first is missing, and so found too late */
	begin(world, 3, effort(40, VP_ITERATIVE_STRICT, 0));
	for (int i = 1; i < 5; i++)
		VP_CHECK(vp_ranking_take(&world->ranking, &hits[i]), "taken");
	VP_CHECK(!vp_ranking_take(&world->ranking, &hits[2]), "once");
	last = hits[4].dist;
	for (int i = 0; i < 20; i++)
	{
		VP_CHECK(next(world, &hit), "a row");
		VP_CHECK(hit.dist >= last, "behind those that were taken");
		last = hit.dist;
	}
	VP_CHECK(world->ranking.returned.nlate == 1, "the first is late");
	while (next(world, &hit))
		;
	VP_CHECK(world->end.nlate >= 1 && world->ranking.nreturned == N, "and comes");
}

/* Where vectors have to be read, each is asked for before it is its turn. */
static void
test_cold(World *world)
{
	VpHit		hit;

	world->cold = false;
	begin(world, 4, effort(40, VP_ITERATIVE_STRICT, 0));
	VP_CHECK(world->reads == VP_MIN_MEASURED, "the first %d", world->reads);
	VP_CHECK(next(world, &hit) && world->reads == VP_MIN_MEASURED, "no more");
	world->cold = true;
	begin(world, 4, effort(40, VP_ITERATIVE_STRICT, 0));
	VP_CHECK(next(world, &hit) && world->reads > VP_MIN_MEASURED, "one more with each");
	world->cold = false;
}

static void
test_empty(World *world)
{
	VpEffort	how = effort(40, VP_ITERATIVE_STRICT, 0);
	VpHit		hit;

	vp_ranking_begin(&world->ranking, &how);
	vp_ranking_is_empty(&world->ranking);
	VP_CHECK(!next(world, &hit) && !vp_ranking_has_more(&world->ranking), "no rows");
}

int
main(void)
{
	World		world = {.pairs = false};

	vp_kernel_choose(NULL);

	sample_make(&world.sample, N, DIMS, 20, VP_METRIC_L2, 4, 8);
	world.graph = sample_sharded(&world.sample, 60, 1, 1);
	VP_CHECK(vp_mem_link(world.graph, 1, NULL, NULL), "linked");
	world.rotated = sample_alloc(world.sample.codec.rotated_bytes);
	world.query.planes = aligned_alloc(64, (vp_query_bytes(&world.sample.codec) + 63) / 64 * 64);
	vp_ranking_init(&world.ranking, NULL);
	world.ranking.rankable = &rankable;
	world.ranking.nodes = &world;
	world.ranking.hooks = &hooks;
	world.ranking.hooks_arg = &world;
	world.ranking.search = vp_search_create(&sample_memory, VP_MAX_M);

	test_order(&world);
	test_end(&world);
	test_bounds(&world);
	test_take(&world);
	test_cold(&world);
	test_empty(&world);

	vp_search_destroy(world.ranking.search);
	free(world.query.planes);
	free(world.rotated);
	vp_mem_destroy(world.graph);
	sample_free(&world.sample);
	server_end();
	return vp_unit_report();
}
