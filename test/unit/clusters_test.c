/*-------------------------------------------------------------------------
 *
 * clusters_test.c
 *	  Graphs of clusters far from one another: that all of them are reached, and
 *	  found.
 *
 *-------------------------------------------------------------------------
 */
#include "graph/link.h"
#include "graph/writer.h"

#include "sample.h"

#define M				8
#define EF_CONSTRUCTION	32

/* Links all nodes as inserts do: in the order of their ids, the entry point rising. */
static VpMemGraph *
link_all(const Sample *sample)
{
	VpMemGraph *graph = sample_graph(sample, EF_CONSTRUCTION, 1);
	VpSource   *source;
	VpWriter   *writer = vp_writer_create(&sample_memory, &sample->codec, &sample->levels, M, EF_CONSTRUCTION);
	VpEntry    *entry = &graph->entries[0];
	SampleQuery query;

	vp_mem_settle(graph);
	source = vp_mem_source(graph);
	sample_query_make(&query, &sample->codec);
	for (VpId id = 0; id < (VpId) sample->n; id++)
	{
		int			level = vp_level(&sample->levels, id);

		if (entry->id != VP_NO_ID && source->query_of(source, id, &query.query) &&
			vp_link(writer, source, id, &query.query, entry->id, entry->level, id + 1) == VP_CHAINED)
			continue;
		if (entry->id == VP_NO_ID || level > entry->level)
			*entry = vp_entry(id, level);
	}
	sample_query_free(&query);
	vp_writer_destroy(writer);
	return graph;
}

/* Vectors of 20 dimensions around some centres, in mixed order, by inner product. */
static void
make_clusters(Sample *sample, int n, int clusters, double deviation, uint64_t seed)
{
	uint64_t	random = seed;

	sample_make(sample, n, 20, 1, VP_METRIC_IP, 8, M);
	for (int i = 0; i < n; i++)
	{
		uint64_t	centre = 100 * seed + vp_unit_random(&random) % (uint64_t) clusters;

		for (int j = 0; j < 20; j++)
			sample->x[i * 20 + j] = (float) (vp_unit_gauss(&centre) + deviation * vp_unit_gauss(&random));
	}
}

/* What is counted in a graph of such vectors. */
static int
count_in(int n, int clusters, double deviation, uint64_t seed,
		 int (*count) (const Sample *sample, VpMemGraph *graph))
{
	Sample		sample;
	VpMemGraph *graph;
	int			counted;

	make_clusters(&sample, n, clusters, deviation, seed);
	graph = link_all(&sample);
	counted = count(&sample, graph);
	vp_mem_destroy(graph);
	sample_free(&sample);
	return counted;
}

static int
count_reached(const Sample *sample, VpMemGraph *graph)
{
	return sample_reached(sample, graph, graph->entries[0].id);
}

/*
 * Many small clusters, in mixed order and one after another: the links between
 * them are few and must not get lost.
 */
static void
check_reached(bool mixed)
{
	Sample		sample;
	VpMemGraph *graph;
	uint64_t	random = 9;
	int			reached;

	sample_make(&sample, 6000, 16, 1, VP_METRIC_L2, 32, M);
	for (int i = 0; i < sample.n; i++)
	{
		uint64_t	centre = (uint64_t) (mixed ? i % 100 : i / 60);

		for (int j = 0; j < 16; j++)
			sample.x[i * 16 + j] = (float) (1000 * vp_unit_gauss(&centre) + vp_unit_gauss(&random));
	}
	graph = link_all(&sample);
	reached = count_reached(&sample, graph);
	VP_CHECK(reached >= sample.n - 10, "%d of %d reached", reached, sample.n);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

/*
 * Clusters by inner product, in short lists: the longest vectors have all the
 * links, and of the others few lead to each other.  All are reached, where a
 * link back from anybody was taken for enough 211 of 20,000 were not.
 */
static void
check_few_lead(void)
{
	int			reached = 0;

	for (uint64_t seed = 0; seed < 40; seed++)
		reached += count_in(500, 12, 0.2, seed, count_reached);
	VP_CHECK(reached == 20000, "%d of 20,000 reached", reached);
}

/*
 * How many nodes a search by their own vector finds neither themselves nor
 * something nearer for.
 */
static int
count_lost(const Sample *sample, VpMemGraph *graph)
{
	VpSearch   *search = vp_search_create(&sample_memory, M);
	VpSource   *source = vp_mem_source(graph);
	const VpEntry entry = graph->entries[0];
	SampleQuery query;
	int			lost = 0;

	sample_query_make(&query, &sample->codec);
	for (VpId id = 0; id < (VpId) sample->n; id++)
	{
		float		own;
		int			n;

		VP_CHECK(source->query_of(source, id, &query.query), "%u has a vector", id);
		source->distances(source, &query.query, &id, 1, &own);
		vp_search_start(search, source, &query.query, entry.id, entry.level, 0, 100, (uint32_t) sample->n);
		lost += !(vp_search_found(search, &n)->dist <= own);
	}
	sample_query_free(&query);
	vp_search_destroy(search);
	return lost;
}

/*
 * Narrow clusters, by inner product: on the levels above they lead to each
 * other by few links.  A search that comes down greedily loses 55 of the nodes.
 */
static void
check_found(void)
{
	int			lost = 0;

	for (uint64_t seed = 0; seed < 10; seed++)
		lost += count_in(3000, 30, 0.02, seed, count_lost);
	VP_CHECK(lost <= 15, "%d of 30,000 are lost", lost);
}

int
main(void)
{
	vp_kernel_choose(NULL);
	check_reached(false);
	check_reached(true);
	check_few_lead();
	check_found();
	return vp_unit_report();
}
