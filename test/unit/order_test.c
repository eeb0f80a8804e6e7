/*-------------------------------------------------------------------------
 *
 * order_test.c
 *	  Ids in an order of locality: a permutation, the same however it was made,
 *	  in which near vectors have near ids.
 *
 *-------------------------------------------------------------------------
 */
#include <unistd.h>

#include "graph/order.h"

#include "sample.h"

#define DIMS 24

/* Rows come in turn from all clusters, not from one after another. */
static void
mix_rows(Sample *sample, int clusters)
{
	size_t		bytes = sizeof(float) * (size_t) sample->dims;
	float	   *mixed = sample_alloc(bytes * (size_t) sample->n);
	int			each = sample->n / clusters;
	int			at = 0;

	for (int i = 0; i < each; i++)
		for (int c = 0; c < clusters; c++)
			memcpy(mixed + (size_t) at++ * (size_t) sample->dims,
				   sample->x + (size_t) (c * each + i) * (size_t) sample->dims, bytes);
	memcpy(sample->x, mixed, bytes * (size_t) at);
	free(mixed);
}

/* What was added as a node of this id is where the order says, whole. */
static void
check_moved(const VpMemGraph *graph, const VpMemGraph *before)
{
	size_t		bytes = sizeof(VpFactors) + (size_t) graph->codec.code_bytes;

	for (VpId id = 0; id < vp_mem_count(graph); id++)
	{
		VpId		origin = vp_mem_origin(graph, id);
		const VpMemNode *node = vp_mem_node(graph, id);
		const VpMemNode *was;

		VP_CHECK(origin < vp_mem_count(graph) && vp_mem_place(graph, origin) == id,
				 "%u was %u, which is now %u", id, origin, vp_mem_place(graph, origin));
		was = vp_mem_node(before, origin);
		VP_CHECK(node->hash == was->hash && node->shard == was->shard &&
				 memcmp(vp_mem_coded(graph, id), vp_mem_coded(before, origin), bytes) == 0,
				 "%u is %u", id, origin);
	}
	for (uint32_t i = 0; i < vp_mem_count(graph); i++)
		VP_CHECK(graph->upper[i] == 0, "upper lists are empty again: %u", i);
}

static bool
same_order(const VpMemGraph *a, const VpMemGraph *b)
{
	for (VpId id = 0; id < vp_mem_count(a); id++)
		if (vp_mem_origin(a, id) != vp_mem_origin(b, id))
			return false;
	return true;
}

/* Of some nodes, how many of the ten that are nearest have ids that differ by at most `within`. */
static double
locality(const Sample *sample, VpMemGraph *graph, int within)
{
	SampleQuery query;
	VpSource   *source = vp_mem_source(graph);
	int			looked = 0;
	int			near = 0;

	sample_query_make(&query, &sample->codec);
	for (VpId id = 0; id < (VpId) sample->n; id += (VpId) sample->n / 50)
	{
		float		kth;

		source->query_of(source, id, &query.query);
		kth = sample_kth(source, &query.query, sample->n, NULL);
		for (VpId other = 0; other < (VpId) sample->n; other++)
		{
			float		dist;

			source->distances(source, &query.query, &other, 1, &dist);
			if (other == id || dist > kth)
				continue;
			looked++;
			near += other + (VpId) within >= id && other <= id + (VpId) within;
		}
	}
	sample_query_free(&query);
	return (double) near / looked;
}

static void
check_order(VpMetric metric, int bits, double least)
{
	Sample		sample;
	VpMemGraph *before,
			   *one,
			   *several;
	double		share[2];

	sample_make(&sample, 6000, DIMS, 60, metric, bits, 16);
	mix_rows(&sample, 60);
	before = sample_sharded(&sample, 64, 3, 1);
	one = sample_sharded(&sample, 64, 3, 1);
	several = sample_sharded(&sample, 64, 3, 1);
	VP_CHECK(vp_mem_order(one, 1, NULL, NULL) && vp_mem_order(several, 4, NULL, NULL), "ordered");
	check_moved(one, before);
	VP_CHECK(same_order(one, several), "the number of threads makes no difference");
	share[0] = locality(&sample, before, 100);
	share[1] = locality(&sample, one, 100);
	VP_CHECK(share[1] >= least && share[1] > 10 * share[0],
			 "metric %d, %d bits: %.3f have near ids, %.3f had", metric, bits, share[1], share[0]);
	vp_mem_destroy(before);
	vp_mem_destroy(one);
	vp_mem_destroy(several);
	sample_free(&sample);
}

/* Strings of bits: of one of 20 patterns, some bits of it are others. */
static void
check_bits(VpMetric metric)
{
	enum
	{
		N = 4000, BYTES = 16, PATTERNS = 20
	};
	VpLevels	levels = {16, 17, 16 * 17, 5};
	VpCodec		codec;
	VpMemGraph *graph;
	uint64_t	random = 1;
	uint8_t		pattern[PATTERNS][BYTES];
	uint8_t    *strings = sample_alloc(N * BYTES);
	uint64_t   *hash = calloc(N, sizeof(uint64_t));
	int			same = 0;

	for (int i = 0; i < PATTERNS * BYTES; i++)
		pattern[i / BYTES][i % BYTES] = (uint8_t) (vp_unit_random(&random) >> 40);
	for (int i = 0; i < N; i++)
	{
		memcpy(strings + i * BYTES, pattern[i % PATTERNS], BYTES);
		for (int j = 0; j < 10; j++)
			strings[i * BYTES + (int) ((vp_unit_random(&random) >> 40) % BYTES)] ^=
				(uint8_t) (1 << (vp_unit_random(&random) >> 40) % 8);
	}
	vp_codec_init(&codec, metric, BYTES * 8, 1, NULL, NULL);
	graph = vp_mem_create(&codec, &levels, 16, 64, 1, N);
	(void) vp_mem_add(graph, strings, hash, NULL, N, 1);
	VP_CHECK(vp_mem_order(graph, 2, NULL, NULL), "ordered");
	for (VpId id = 0; id + 1 < N; id++)
	{
		VP_CHECK(memcmp(vp_mem_coded(graph, id)->code, strings + vp_mem_origin(graph, id) * BYTES, BYTES) == 0,
				 "the string of %u", id);
		same += vp_mem_origin(graph, id) % PATTERNS == vp_mem_origin(graph, id + 1) % PATTERNS;
	}
	VP_CHECK(same > N / 2, "%d of %d are beside one of the same pattern", same, N);
	vp_mem_destroy(graph);
	free(strings);
	free(hash);
}

/* As few as there may be, around a cell, and of one vector. */
static void
check_small(void)
{
	static const int counts[] = {0, 1, 2, 3, VP_CELL - 1, VP_CELL, VP_CELL + 1, 2 * VP_CELL, 2 * VP_CELL + 1, 1000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (int equal = 0; equal < 2; equal++)
		{
			Sample		sample;
			VpMemGraph *before,
					   *graph;

			sample_make(&sample, counts[i] + 1, DIMS, 1, VP_METRIC_L2, 8, 4);
			sample.n = counts[i];
			for (int row = 1; equal && row < sample.n; row++)
				memcpy(sample.x + (size_t) row * DIMS, sample.x, DIMS * sizeof(float));
			before = sample_graph(&sample, 10, 1);
			graph = sample_graph(&sample, 10, 1);
			VP_CHECK(vp_mem_order(graph, 3, NULL, NULL), "ordered");
			check_moved(graph, before);
			VP_CHECK(vp_mem_link(graph, 2, NULL, NULL), "linked");
			if (counts[i] > 0 && !equal)
				VP_CHECK(sample_reached(&sample, graph, vp_mem_entry(graph, 0).id) == counts[i],
						 "%d are reached", counts[i]);
			vp_mem_destroy(before);
			vp_mem_destroy(graph);
			sample_free(&sample);
		}
}

/* Nodes without a vector, and vectors whose projections overflow: they are somewhere. */
static void
check_strange(void)
{
	Sample		sample;
	VpMemGraph *before,
			   *graph;

	sample_make(&sample, 2000, DIMS, 10, VP_METRIC_L2, 32, 8);
	for (int i = 0; i < 500; i++)
		sample.x[(size_t) i * 4 * DIMS] = i % 2 == 0 ? 3e38f : -3e38f;
	before = sample_graph(&sample, 50, 2);
	graph = sample_graph(&sample, 50, 2);
	for (VpId id = 0; id < 2000; id += 3)
		vp_mem_coded(graph, id)->factors.scale = vp_mem_coded(before, id)->factors.scale = NAN;
	VP_CHECK(vp_mem_order(graph, 2, NULL, NULL), "ordered");
	check_moved(graph, before);
	vp_mem_destroy(before);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

/* Says stop each time that it is asked, for so many times. */
static bool
stop_often(void *arg, uint32_t done)
{
	int		   *left = arg;

	if (*left == 0)
		return true;
	--*left;
	return false;
}

/* Left again and again, in the midst of anything, it comes to the same end. */
static void
check_stop(int nthreads)
{
	Sample		sample;
	VpMemGraph *one,
			   *left;
	int			stops = 0;
	int			times = 1000000;

	sample_make(&sample, 60000, DIMS, 100, VP_METRIC_L2, 8, 16);
	mix_rows(&sample, 100);
	one = sample_graph(&sample, 64, 1);
	left = sample_graph(&sample, 64, 1);
	VP_CHECK(vp_mem_order(one, 1, NULL, NULL), "ordered");
	while (!vp_mem_order(left, nthreads, stop_often, &times))
	{
		VP_CHECK(!vp_mem_link_failed(left), "it was not memory");
		stops++;
	}
	VP_CHECK(stops > 0, "stopped %d times", stops);
	VP_CHECK(same_order(one, left), "the same order, left %d times", stops);
	vp_mem_destroy(left);
	/* a graph can go in the midst of it */
	left = sample_graph(&sample, 64, 1);
	VP_CHECK(!vp_mem_order(left, nthreads, stop_often, &times), "left");
	vp_mem_destroy(left);
	vp_mem_destroy(one);
	sample_free(&sample);
}

/* In a file. */
static void
check_file(void)
{
	Sample		sample;
	VpMemGraph *memory,
			   *moved;
	FILE	   *file = tmpfile();

	sample_make(&sample, 3000, DIMS, 30, VP_METRIC_L2, 8, 8);
	mix_rows(&sample, 30);
	memory = sample_graph(&sample, 64, 1);
	moved = sample_graph(&sample, 64, 1);
	fwrite(vp_mem_data(moved), 1, vp_mem_bytes(moved, 3000), file);
	VP_CHECK(fflush(file) == 0 && vp_mem_map(moved, fileno(file), 3000) == 0, "mapped");
	VP_CHECK(vp_mem_order(memory, 1, NULL, NULL) && vp_mem_order(moved, 2, NULL, NULL), "ordered");
	VP_CHECK(same_order(memory, moved), "the same order in a file");
	VP_CHECK(vp_mem_link(memory, 1, NULL, NULL) && vp_mem_link(moved, 1, NULL, NULL), "linked");
	for (VpId id = 0; id < 3000; id++)
	{
		VpId		links[2][VP_MAX_LINKS];
		int			n = vp_mem_links(memory, id, 0, links[0]);

		VP_CHECK(vp_mem_links(moved, id, 0, links[1]) == n &&
				 memcmp(links[0], links[1], sizeof(VpId) * (size_t) n) == 0, "links of %u", id);
	}
	fclose(file);
	vp_mem_destroy(memory);
	vp_mem_destroy(moved);
	sample_free(&sample);
}

/*
 * A graph of ordered nodes is as good as any, and whole, with several threads
 * and when they are stopped.
 */
static void
check_linked(int nthreads)
{
	Sample		sample;
	VpMemGraph *plain,
			   *ordered;
	VpEntry		entry[2];
	double		recall[2];
	int			times = 20;

	sample_make(&sample, 6000, DIMS, 40, VP_METRIC_L2, 8, 16);
	mix_rows(&sample, 40);
	plain = sample_graph(&sample, 64, 1);
	ordered = sample_graph(&sample, 64, 1);
	VP_CHECK(vp_mem_order(ordered, nthreads, NULL, NULL) && vp_mem_link(plain, 1, NULL, NULL), "ready");
	while (!vp_mem_link(ordered, nthreads, stop_often, &times))
		VP_CHECK(!vp_mem_link_failed(ordered), "it was not memory");
	entry[0] = vp_mem_entry(plain, 0);
	entry[1] = vp_mem_entry(ordered, 0);
	VP_CHECK(sample_reached(&sample, ordered, entry[1].id) == sample.n, "all are reached");
	recall[0] = sample_recall(&sample, vp_mem_source(plain), &entry[0], 1, 20, 6000, NULL);
	recall[1] = sample_recall(&sample, vp_mem_source(ordered), &entry[1], 1, 20, 6000, NULL);
	VP_CHECK(recall[1] >= recall[0] - 0.02, "recall %.3f, without the order %.3f", recall[1], recall[0]);
	vp_mem_destroy(plain);
	vp_mem_destroy(ordered);
	sample_free(&sample);
}

/*
 * Clusters far from one another, and lists of few links, which are easily filled
 * with what is near.
 */
static void
check_few_links(int m, int ef_construction, double least)
{
	Sample		sample;
	VpMemGraph *graph;
	VpEntry		entry;
	double		recall;
	uint64_t	random = 77;

	sample_make(&sample, 4000, 2, 1, VP_METRIC_L2, 8, m);
	for (int i = 0; i < sample.n + sample.nqueries; i++)
	{
		uint64_t	centre = (uint64_t) (i % 30);

		for (int j = 0; j < 2; j++)
			sample.x[i * 2 + j] = (float) (10 * vp_unit_gauss(&centre) + 0.1 * vp_unit_gauss(&random));
	}
	graph = sample_graph(&sample, ef_construction, 1);
	VP_CHECK(vp_mem_order(graph, 1, NULL, NULL) && vp_mem_link(graph, 1, NULL, NULL), "linked");
	entry = vp_mem_entry(graph, 0);
	recall = sample_recall(&sample, vp_mem_source(graph), &entry, 1, 40, 4000, NULL);
	VP_CHECK(recall >= least, "m %d: recall %.3f", m, recall);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

int
main(void)
{
	vp_kernel_choose(NULL);
	check_order(VP_METRIC_L2, 8, 0.5);
	check_order(VP_METRIC_L2, 4, 0.5);
	check_order(VP_METRIC_L2, 2, 0.5);
	check_order(VP_METRIC_COSINE, 8, 0.5);
	check_order(VP_METRIC_COSINE, 32, 0.5);
	check_order(VP_METRIC_L1, 8, 0.5);
	check_order(VP_METRIC_L1, 32, 0.5);
	check_order(VP_METRIC_IP, 8, 0.2);
	check_bits(VP_METRIC_HAMMING);
	check_bits(VP_METRIC_JACCARD);
	check_small();
	check_strange();
	check_stop(1);
	check_stop(3);
	check_file();
	check_linked(1);
	check_linked(4);
	check_few_links(2, 4, 0.75);
	check_few_links(2, 32, 0.72);
	return vp_unit_report();
}
