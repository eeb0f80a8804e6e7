/*-------------------------------------------------------------------------
 *
 * graph_bench.c
 *	  Benchmark of the graph alone: no server, no pages, no client.
 *
 * Builds the graph in memory as CREATE INDEX does, from codes of 8 bits, then
 * searches it by codes of the pages' width and measures the nearest candidates
 * again by their exact vectors.  What an index adds to that (pages, locks, the
 * executor, a client) is not in these figures, so they can be compared with
 * those of a library.
 *
 * Times are processor time where nothing else is said: they hardly depend on
 * what else the machine does.  Built by one thread the graph is the same each
 * time, and so are recall, expansions and distances; another seed shows how far
 * they are chance.
 *
 *-------------------------------------------------------------------------
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "graph/growth.h"
#include "graph/memgraph.h"
#include "kernel/rotation.h"
#include "vecfile.h"

#define K 10					/* neighbours asked for */
#define BUILD_BITS 8
#define BATCH 4096				/* vectors that are rotated at a time */
#define MEAN_SAMPLE 2000		/* vectors whose mean is subtracted from all */
#define PASSES 3				/* over all queries, for each ef; the fastest
								 * counts */
#define LEARN 256				/* searches that teach how distances grow */
#define NO_ANSWER (-1)
#define PLACES 64				/* filters: regions of the base */

typedef struct Options
{
	const char *base;
	const char *queries;
	const char *truth;			/* exact neighbours, .ivecs; written when
								 * missing */
	Metric		metric;
	int			m;
	int			ef_construction;
	int			threads;		/* of the build */
	int			order;			/* give ids in an order of locality? */
	int			bits;			/* of the codes that are searched */
	int			rerank;			/* candidates measured again */
	int			seed;			/* of the levels, the order and the rotation */
	int			stop;			/* by distance? */
	long		rows;			/* rows of the base to look at; 0: all */
	int			filters;		/* the effort of searches with filters, if not
								 * 0 */
} Options;

typedef struct Bench
{
	Options		options;
	VecFile		base;
	VecFile		queries;
	VecFile		truth;
	VpMetric	metric;
	VpLevels	levels;
	VpCodec		codec;			/* of the codes that are searched */
	VpMemGraph *built;
	VpMemGraph *graph;			/* the same graph with the codes that are
								 * searched */
	long	   *rows;			/* of its nodes */
	VpSearch   *search;
	float		exponent;		/* by which searches stop */
	VpQuery		query;
	float	   *rotated;
} Bench;

/* One point of the curve; costs are those of one query. */
typedef struct Point
{
	double		ef;
	double		recall;
	double		seconds;
	double		expansions;
	double		distances;
} Point;

static const VpAlloc memory = {bench_alloc, free};

static double
seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void *
aligned_bytes(size_t size)
{
	void	   *bytes = aligned_alloc(64, (size + 63) / 64 * 64);

	if (bytes == NULL)
		die("out of memory (%zu bytes)", size);
	return bytes;
}

/* A codec of so many bits, with the mean of some of the vectors. */
static VpCodec
make_codec(const Bench *bench, int bits)
{
	int			dims = bench->base.dims;
	size_t		words = vp_codec_sign_words(bench->metric, dims, bits);
	long		step = bench->base.count / MEAN_SAMPLE + 1;
	uint32_t   *signs = bench_alloc(words * sizeof(uint32_t));
	float	   *mean;
	float	   *rotated;
	VpCodec		codec;

	vp_codec_make_signs((uint64_t) bench->options.seed, signs, words);
	vp_codec_init(&codec, bench->metric, dims, bits, signs, NULL);
	if (words == 0)
		return codec;			/* nothing is rotated, and no mean subtracted */

	mean = bench_alloc(codec.padded * sizeof(float));
	rotated = bench_alloc(codec.padded * sizeof(float));
	memset(mean, 0, codec.padded * sizeof(float));
	for (long row = 0; row < bench->base.count; row += step)
	{
		vp_codec_rotate_raw(&codec, vecfile_floats(&bench->base, row), rotated);
		for (int i = 0; i < codec.padded; i++)
			mean[i] += rotated[i];
	}
	for (int i = 0; i < codec.padded; i++)
		mean[i] /= (float) ((bench->base.count + step - 1) / step);
	free(rotated);
	vp_codec_init(&codec, bench->metric, dims, bits, signs, mean);
	return codec;
}

/* Tells equal vectors (FNV-1a). */
static uint64_t
hash_vector(const float *vector, int dims)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (int i = 0; i < dims; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &vector[i], sizeof(bits));
		hash = (hash ^ bits) * UINT64_C(1099511628211);
	}
	return hash;
}

/* The vector of a node. */
static const float *
vector_of(const Bench *bench, VpId id)
{
	return vecfile_floats(&bench->base, bench->rows[id]);
}

/* A graph without links that holds the codes of all rows, each as the node that has it. */
static VpMemGraph *
encode_rows(const Bench *bench, const VpCodec *codec)
{
	const Options *options = &bench->options;
	VpMemGraph *graph = vp_mem_create(codec, &bench->levels, options->m,
									  options->ef_construction, 1, (uint32_t) bench->base.count);
	float	   *rotated = bench_alloc((size_t) BATCH * codec->padded * sizeof(float));
	uint64_t   *hash = bench_alloc(BATCH * sizeof(uint64_t));

	if (graph == NULL)
		die("out of memory for a graph of %ld nodes", bench->base.count);
	for (long row = 0; row < bench->base.count;)
	{
		int			n = 0;

		for (; n < BATCH && row < bench->base.count; n++, row++)
		{
			const float *vector = vector_of(bench, (VpId) row);

			vp_codec_rotate(codec, vector, rotated + (size_t) n * codec->padded);
			hash[n] = hash_vector(vector, codec->dims);
		}
		vp_mem_add(graph, rotated, hash, NULL, n, options->threads);
	}
	free(hash);
	free(rotated);
	return graph;
}

static void
build(Bench *bench)
{
	const Options *options = &bench->options;
	VpCodec		codec = make_codec(bench, BUILD_BITS);
	double		began = seconds_of(CLOCK_MONOTONIC);
	double		cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	double		coded;
	double		coded_cpu;
	double		ordered;
	double		ordered_cpu;
	double		links = 0;
	VpId		list[VP_MAX_LINKS];

	bench->rows = bench_alloc(sizeof(long) * (size_t) bench->base.count);
	for (long row = 0; row < bench->base.count; row++)
		bench->rows[row] = row;
	bench->built = encode_rows(bench, &codec);
	coded = seconds_of(CLOCK_MONOTONIC);
	coded_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	if (options->order && !vp_mem_order(bench->built, options->threads, NULL, NULL))
		die("out of memory");
	for (VpId id = 0; id < vp_mem_count(bench->built); id++)
		bench->rows[id] = vp_mem_origin(bench->built, id);
	ordered = seconds_of(CLOCK_MONOTONIC);
	ordered_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	if (!vp_mem_link(bench->built, options->threads, NULL, NULL))
		die("out of memory");
	printf("build, %d bits, threads %d: encode %.2f s (processor %.2f), order %.2f s (processor %.2f), "
		   "link %.2f s (processor %.2f)\n", BUILD_BITS, options->threads, coded - began, coded_cpu - cpu,
		   ordered - coded, ordered_cpu - coded_cpu, seconds_of(CLOCK_MONOTONIC) - ordered,
		   seconds_of(CLOCK_PROCESS_CPUTIME_ID) - ordered_cpu);
	for (VpId id = 0; id < vp_mem_count(bench->built); id++)
		links += vp_mem_links(bench->built, id, 0, list);
	printf("%zu bytes a node, %.1f links at level 0\n",
		   vp_mem_node_bytes(&codec, options->m), links / vp_mem_count(bench->built));
}

/* Makes the graph to be searched: the built one's links, the pages' codes. */
static void
copy_graph(Bench *bench)
{
	VpSource   *source;
	VpId		links[VP_MAX_LINKS];

	bench->codec = make_codec(bench, bench->options.bits);
	bench->graph = encode_rows(bench, &bench->codec);
	vp_mem_settle(bench->graph);
	source = vp_mem_source(bench->graph);
	for (VpId id = 0; id < vp_mem_count(bench->graph); id++)
		for (int level = vp_level(&bench->levels, id); level >= 0; level--)
		{
			int			n = vp_mem_links(bench->built, id, level, links);

			source->replace_links(source, id, level, NULL, 0, links, n);
		}
	bench->rotated = bench_alloc(bench->codec.padded * sizeof(float));
	bench->query.planes = aligned_bytes(vp_query_bytes(&bench->codec));
	bench->search = vp_search_create(&memory, bench->options.m);
}

/* Learns from searches for some nodes, as an index does (write/exponent.c). */
static void
learn_exponent(Bench *bench)
{
	VpSource   *source = vp_mem_source(bench->graph);
	VpEntry		entry = vp_mem_entry(bench->built, 0);
	uint32_t	n = vp_mem_count(bench->graph);
	VpGrowth	growth = {0};

	for (uint64_t i = 0; i < LEARN; i++)
		if (source->query_of(source, (VpId) (i * n / LEARN), &bench->query))
			vp_growth_learn(&growth, bench->search, source, &bench->query, entry, n);
	bench->exponent = growth.exponent;
	printf("exponent %.4f\n", bench->exponent);
}

/* Puts a row among the K nearest, sorted, if it is one of them. */
static void
keep_nearest(double *distance, int32_t *row, double new_distance, int32_t new_row)
{
	int			i = K - 1;

	if (!(new_distance < distance[i]))
		return;
	for (; i > 0 && distance[i - 1] > new_distance; i--)
	{
		distance[i] = distance[i - 1];
		row[i] = row[i - 1];
	}
	distance[i] = new_distance;
	row[i] = new_row;
}

/* Finds the K nearest rows of a query, as a scan of an index does. */
static void
run_query(Bench *bench, const float *vector, int ef, int32_t *answer)
{
	int			dims = bench->base.dims;
	double		distance[K];
	const VpCandidate *found;
	VpEntry		entry = vp_mem_entry(bench->built, 0);
	VpStop		stop;
	int			n;

	vp_codec_rotate(&bench->codec, vector, bench->rotated);
	vp_query_prepare(&bench->codec, bench->rotated, &bench->query);
	stop = bench->options.stop && vp_stop_fits(bench->metric) ?
		vp_stop_for(bench->exponent, K, ef) : vp_stop_at_ef(ef);
	vp_search_stop_by(bench->search, &stop);
	vp_search_start_all(bench->search, vp_mem_source(bench->graph), &bench->query, &entry, 1, ef,
						vp_mem_count(bench->graph));
	found = vp_search_found(bench->search, &n);
	if (n > bench->options.rerank)
		n = bench->options.rerank;

	for (int i = 0; i < n; i++)
		for (int at = 0; at < dims; at += 64 / (int) sizeof(float))
			__builtin_prefetch(vector_of(bench, found[i].id) + at);
	for (int i = 0; i < K; i++)
	{
		distance[i] = INFINITY;
		answer[i] = NO_ANSWER;
	}
	for (int i = 0; i < n; i++)
		for (VpId id = found[i].id; id != VP_NO_ID; id = vp_mem_chain_next(bench->built, id))
			keep_nearest(distance, answer,
						 vp_exact_distance(bench->metric, vector,
										   vector_of(bench, id), dims),
						 (int32_t) bench->rows[id]);
}

/* The share of the answers that belong to the K nearest. */
static double
measure_recall(const Bench *bench, const int32_t *answers)
{
	long		right = 0;

	for (long q = 0; q < bench->queries.count; q++)
	{
		const float *query = vecfile_floats(&bench->queries, q);
		int32_t		last = vecfile_ints(&bench->truth, q)[K - 1];

		if (last < 0 || last >= bench->base.count)
			die("row %d is an exact neighbour of query %ld, but not in the base", last, q);
		right += count_right(bench->options.metric, &bench->base, query, answers + q * K, K,
							 metric_distance(bench->options.metric, query,
											 vecfile_floats(&bench->base, last),
											 bench->base.dims));
	}
	return (double) right / (bench->queries.count * K);
}

static Point
measure(Bench *bench, int ef, int32_t *answers)
{
	Point		point = {.ef = ef,.seconds = INFINITY};
	double		count = bench->queries.count;

	for (int pass = 0; pass < PASSES; pass++)
	{
		double		began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

		point.expansions = point.distances = 0;
		for (long q = 0; q < bench->queries.count; q++)
		{
			VpSearchCounts counts;

			run_query(bench, vecfile_floats(&bench->queries, q), ef, answers + q * K);
			counts = vp_search_counts(bench->search);
			point.expansions += counts.expansions / count;
			point.distances += counts.distances / count;
		}
		point.seconds = fmin(point.seconds,
							 (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - began) / count);
	}
	point.recall = measure_recall(bench, answers);
	return point;
}

/* Where the line between two points is at this recall. */
static Point
between(const Point *a, const Point *b, double recall)
{
	double		share = (recall - a->recall) / (b->recall - a->recall);

	return (Point)
	{
		.ef = a->ef + share * (b->ef - a->ef),
			.recall = recall,
			.seconds = a->seconds + share * (b->seconds - a->seconds),
			.expansions = a->expansions + share * (b->expansions - a->expansions),
			.distances = a->distances + share * (b->distances - a->distances)
	};
}

static void
print_point(const Point *point)
{
	printf("%9.4f %6.0f %10.0f %11.0f %10.0f\n", point->recall, point->ef, 1 / point->seconds,
		   point->expansions, point->distances);
}

/* Prints the curve until the last target is reached, then what holds at each target. */
static void
sweep(Bench *bench)
{
	static const int efs[] = {10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 160, 200, 300, 400, 600,
	800, 1200};
	static const double targets[] = {0.90, 0.95, 0.99};
	enum
	{
		EFS = sizeof(efs) / sizeof(efs[0]),
		TARGETS = sizeof(targets) / sizeof(targets[0])
	};
	int32_t    *answers = bench_alloc(bench->queries.count * K * sizeof(int32_t));
	Point		point[EFS];
	int			n = 0;

	printf("search, %d bits, %d measured again\n", bench->options.bits, bench->options.rerank);
	puts("recall@10     ef  queries/s  expansions  distances");
	do
	{
		point[n] = measure(bench, efs[n], answers);
		print_point(&point[n]);
	} while (point[n++].recall < targets[TARGETS - 1] && n < EFS);
	free(answers);

	puts("interpolated");
	for (int i = 0; i < TARGETS; i++)
	{
		int			at = 0;

		while (at < n && point[at].recall < targets[i])
			at++;
		if (at == n)
			printf("%9.4f not reached\n", targets[i]);
		else if (at == 0)
			print_point(&point[0]);
		else
		{
			Point		target = between(&point[at - 1], &point[at], targets[i]);

			print_point(&target);
		}
	}
}

/*----------
 * Searches with filters
 *----------
 */

/* Rows that match: so many of a thousand, anywhere, or those of a region, near the query or far from it. */
typedef struct Filter
{
	const char *name;
	int			thousandths;	/* 0: a region */
	int			region;			/* the how many-th from the query */
	int			regions;		/* and so many behind it */
} Filter;

/* The graph's nodes with a filter, and the ids that may match. */
typedef struct Filtered
{
	VpSource	source;			/* first; as the graph's own */
	VpMatches	matches;
	VpMemGraph *graph;
	uint32_t   *chance;			/* of each row, below a million */
	uint8_t    *place;			/* the region of each row */
	long		centre[PLACES];
	int			limit;			/* of chance */
	bool		in[PLACES];		/* regions that match */
	VpId	   *list;
	uint64_t	at;
} Filtered;

static Filtered *
filtered_of(VpMatches *matches)
{
	return (Filtered *) ((char *) matches - offsetof(Filtered, matches));
}

static inline bool
row_matches(const Filtered *filtered, VpId id)
{
	return filtered->chance[id] < (uint32_t) filtered->limit && filtered->in[filtered->place[id]];
}

static void
filtered_matches(VpSource *source, const VpId *ids, int n, bool alone, bool *match)
{
	for (int i = 0; i < n; i++)
		match[i] = row_matches((Filtered *) source, ids[i]);
}

static int
filtered_links(VpSource *source, VpId id, int level, VpId *links)
{
	VpSource   *inner = vp_mem_source(((Filtered *) source)->graph);

	return inner->links(inner, id, level, links);
}

static void
filtered_distances(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	VpSource   *inner = vp_mem_source(((Filtered *) source)->graph);

	inner->next = source->next;
	inner->distances(inner, query, ids, n, dist);
}

static void
filtered_ahead(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist,
			   const VpId *ahead, int nahead)
{
	VpSource   *inner = vp_mem_source(((Filtered *) source)->graph);

	inner->next = source->next;
	inner->distances_ahead(inner, query, ids, n, dist, ahead, nahead);
}

static int
matches_next(VpMatches *matches, VpId *ids, int max)
{
	Filtered   *filtered = filtered_of(matches);
	int			n = 0;

	for (; n < max && filtered->at < matches->bound; n++, filtered->at++)
		ids[n] = matches->listed ? filtered->list[filtered->at] : (VpId) filtered->at;
	return n;
}

static void
matches_again(VpMatches *matches)
{
	filtered_of(matches)->at = 0;
}

static int
matches_sample(VpMatches *matches, VpId *ids, int n)
{
	static uint64_t random = 1;

	for (int i = 0; i < n && matches->bound > 0; i++)
	{
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		ids[i] = (VpId) ((random >> 33) % matches->bound);
		if (matches->listed)
			ids[i] = filtered_of(matches)->list[ids[i]];
	}
	return matches->bound > 0 ? n : 0;
}

static int
nearest_place(const Bench *bench, const Filtered *filtered, const float *vector, int skip)
{
	double		last = -INFINITY;
	int			place = 0;

	for (int i = 0; i <= skip; i++)
	{
		double		best = INFINITY;

		for (int j = 0; j < PLACES; j++)
		{
			double		dist = vp_exact_distance(bench->metric, vector,
												 vecfile_floats(&bench->base, filtered->centre[j]),
												 bench->base.dims);

			if (dist > last && dist < best)
			{
				best = dist;
				place = j;
			}
		}
		last = best;
	}
	return place;
}

static Filtered *
make_filtered(Bench *bench)
{
	long		n = bench->base.count;
	Filtered   *filtered = bench_alloc(sizeof(Filtered));
	uint64_t	random = 12345;

	filtered->source = *vp_mem_source(bench->graph);
	filtered->source.matches = filtered_matches;
	filtered->source.links = filtered_links;
	filtered->source.distances = filtered_distances;
	filtered->source.distances_ahead = filtered_ahead;
	filtered->source.landmarks = NULL;
	memset(&filtered->matches, 0, sizeof(filtered->matches));
	filtered->matches.next = matches_next;
	filtered->matches.again = matches_again;
	filtered->matches.sample = matches_sample;
	filtered->graph = bench->graph;
	filtered->chance = bench_alloc((size_t) n * sizeof(uint32_t));
	filtered->place = bench_alloc((size_t) n);
	filtered->list = bench_alloc((size_t) n * sizeof(VpId));
	for (int i = 0; i < PLACES; i++)
		filtered->centre[i] = n / PLACES * i;
	for (long i = 0; i < n; i++)
	{
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		filtered->chance[i] = (uint32_t) ((random >> 33) % 1000000);
		filtered->place[i] = (uint8_t) nearest_place(bench, filtered, vector_of(bench, (VpId) i), 0);
	}
	return filtered;
}

/* Sets the filter for a query. */
static void
set_filter(const Bench *bench, Filtered *filtered, const Filter *filter, bool listed, const float *vector)
{
	filtered->limit = filter->thousandths > 0 ? filter->thousandths * 1000 : 1000000;
	memset(filtered->in, filter->thousandths > 0, sizeof(filtered->in));
	for (int i = 0; filter->thousandths == 0 && i < filter->regions; i++)
		filtered->in[nearest_place(bench, filtered, vector, filter->region + i)] = true;
	filtered->matches.listed = listed;
	filtered->matches.falsely = 0;
	filtered->matches.bound = 0;
	for (long i = 0; i < bench->base.count; i++)
		if (row_matches(filtered, (VpId) i))
			filtered->list[filtered->matches.bound++] = (VpId) i;
	if (!listed)
		filtered->matches.bound = (uint64_t) bench->base.count;
}

/* How many of the K nearest that match are found; the seconds and the way it took. */
static int
run_filtered(Bench *bench, Filtered *filtered, const float *vector, int ef, double *seconds,
			 VpSearchCounts *counts, int *possible)
{
	int			dims = bench->base.dims;
	double		distance[K];
	int32_t		answer[K];
	double		truth[K];
	int32_t		rows[K];
	VpEntry		entry = vp_mem_entry(bench->built, 0);
	int			right = 0;
	double		began = 0;

	for (int pass = 0; pass < PASSES; pass++)
	{
		const VpCandidate *found;
		int			n;

		began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
		vp_codec_rotate(&bench->codec, vector, bench->rotated);
		vp_query_prepare(&bench->codec, bench->rotated, &bench->query);
		if (filtered->matches.bound == (uint64_t) -1)
			vp_search_start_all(bench->search, &filtered->source, &bench->query, &entry, 1, ef,
								(uint32_t) bench->base.count);
		else
			vp_search_start_matching(bench->search, &filtered->source, &bench->query, &entry, 1, ef, 0,
									 (uint32_t) bench->base.count, &filtered->matches);
		found = vp_search_found(bench->search, &n);
		if (n > bench->options.rerank)
			n = bench->options.rerank;
		for (int i = 0; i < K; i++)
		{
			distance[i] = truth[i] = INFINITY;
			answer[i] = NO_ANSWER;
		}
		for (int i = 0; i < n; i++)
			keep_nearest(distance, answer, vp_exact_distance(bench->metric, vector,
															 vector_of(bench, found[i].id), dims),
						 (int32_t) found[i].id);
		*seconds = fmin(*seconds, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - began);
		*counts = vp_search_counts(bench->search);
	}
	for (long i = 0; i < bench->base.count; i++)
		if (row_matches(filtered, (VpId) i))
			keep_nearest(truth, rows, vp_exact_distance(bench->metric, vector,
														vector_of(bench, (VpId) i), dims), (int32_t) i);
	*possible = 0;
	for (int i = 0; i < K; i++)
		*possible += truth[i] < INFINITY;
	for (int i = 0; i < K && *possible > 0; i++)
		right += distance[i] <= truth[*possible - 1];
	return right;
}

static void
bench_filter(Bench *bench, Filtered *filtered, const Filter *filter, bool listed, int ef)
{
	long		queries = bench->queries.count < 200 ? bench->queries.count : 200;
	double		total = 0;
	double		worst = 0;
	double		expansions = 0;
	double		distances = 0;
	double		nmatches = 0;
	int			ways[4] = {0};
	int			right = 0;
	int			possible = 0;

	for (long q = 0; q < queries; q++)
	{
		const float *vector = vecfile_floats(&bench->queries, q);
		VpSearchCounts counts;
		double		seconds = INFINITY;
		int			n;

		set_filter(bench, filtered, filter, true, vector);
		nmatches += (double) filtered->matches.bound;
		set_filter(bench, filtered, filter, listed, vector);
		if (filter->thousandths == 1000)
			filtered->matches.bound = (uint64_t) -1;
		right += run_filtered(bench, filtered, vector, ef, &seconds, &counts, &n);
		possible += n;
		total += seconds;
		worst = fmax(worst, seconds);
		expansions += (double) counts.expansions;
		distances += (double) counts.distances;
		ways[counts.way]++;
	}
	printf("%-12s %-8s %9.0f %7.1f %7.1f %6.3f %6.0f %7.0f  %3d/%3d/%3d\n", filter->name, listed ? "listed" : "",
		   nmatches / queries, 1e6 * total / queries, 1e6 * worst, (double) right / possible,
		   expansions / queries, distances / queries, ways[VP_WAY_VISIT], ways[VP_WAY_HOP], ways[VP_WAY_MEASURE]);
	fflush(stdout);
}

/* Searches with filters by one effort, beside searches without. */
static void
bench_filters(Bench *bench)
{
	static const Filter filters[] = {
		{"none", 1000, 0, 0},
		{"50 %", 500, 0, 0},
		{"20 %", 200, 0, 0},
		{"10 %", 100, 0, 0},
		{"5 %", 50, 0, 0},
		{"2 %", 20, 0, 0},
		{"1 %", 10, 0, 0},
		{"0.1 %", 1, 0, 0},
		{"own", 0, 0, 1},
		{"own 8", 0, 0, 8},
		{"far", 0, 32, 1},
		{"far 8", 0, 40, 8},
		{"far 24", 0, 40, 24}
	};
	Filtered   *filtered = make_filtered(bench);

	puts("matches      ids of        rows      us   worst recall expans    dist  visit/hop/measure");
	for (int listed = 0; listed <= 1; listed++)
		for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
			bench_filter(bench, filtered, &filters[i], listed, bench->options.filters);
}

static void
open_files(Bench *bench)
{
	const Options *options = &bench->options;

	if (options->base == NULL || options->queries == NULL || options->truth == NULL)
		die("--base, --queries and --truth are needed");
	bench->base = vecfile_open(options->base, options->rows);
	bench->queries = vecfile_open(options->queries, 0);
	if (access(options->truth, F_OK) != 0)
		write_exact_neighbours(&bench->base, &bench->queries, options->metric, K,
							   options->threads, options->truth, NULL, NULL);
	bench->truth = vecfile_open(options->truth, 0);
	if (bench->base.dims != bench->queries.dims)
		die("base has %d dimensions, queries %d", bench->base.dims, bench->queries.dims);
	if (bench->truth.dims < K || bench->truth.count < bench->queries.count)
		die("\"%s\" does not hold %d neighbours of %ld queries", options->truth, K,
			bench->queries.count);
}

/* The whole number that an option gives; dies when it is out of range. */
static int
number(const char *name, const char *value, int low, int high)
{
	char	   *end;
	long		n = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || n < low || n > high)
		die("%s is %s, not a number from %d to %d", name, value, low, high);
	return (int) n;
}

static Options
parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"base", required_argument, NULL, 'b'},
		{"queries", required_argument, NULL, 'q'},
		{"truth", required_argument, NULL, 't'},
		{"metric", required_argument, NULL, 'd'},
		{"m", required_argument, NULL, 'm'},
		{"ef-construction", required_argument, NULL, 'e'},
		{"threads", required_argument, NULL, 'j'},
		{"bits", required_argument, NULL, 'c'},
		{"rerank", required_argument, NULL, 'k'},
		{"seed", required_argument, NULL, 's'},
		{"rows", required_argument, NULL, 'r'},
		{"filters", required_argument, NULL, 'f'},
		{"order", required_argument, NULL, 'o'},
		{"stop", required_argument, NULL, 'p'},
		{0}
	};
	Options		options = {.m = 16,.ef_construction = 64,.threads = 1,.bits = 4,.rerank = 40,
	.seed = 1,.order = 1,.stop = 1};
	int			letter;
	int			at;

	while ((letter = getopt_long(argc, argv, "", names, &at)) != -1)
	{
		if (letter == 'b')
			options.base = optarg;
		else if (letter == 'q')
			options.queries = optarg;
		else if (letter == 't')
			options.truth = optarg;
		else if (letter == 'd')
			options.metric = metric_parse(optarg);
		else if (letter == 'm')
			options.m = number(names[at].name, optarg, VP_MIN_M, VP_MAX_M);
		else if (letter == 'e')
			options.ef_construction = number(names[at].name, optarg, 4, 10000);
		else if (letter == 'j')
			options.threads = number(names[at].name, optarg, 1, 1024);
		else if (letter == 'c')
			options.bits = number(names[at].name, optarg, 2, 8);
		else if (letter == 'k')
			options.rerank = number(names[at].name, optarg, K, 10000);
		else if (letter == 's')
			options.seed = number(names[at].name, optarg, 0, INT32_MAX);
		else if (letter == 'f')
			options.filters = number(names[at].name, optarg, 1, 100000);
		else if (letter == 'o')
			options.order = number(names[at].name, optarg, 0, 1);
		else if (letter == 'p')
			options.stop = number(names[at].name, optarg, 0, 1);
		else if (letter == 'r')
			options.rows = number(names[at].name, optarg, 0, INT32_MAX);
		else
			exit(2);
	}
	if (8 % options.bits != 0)
		die("bits is %d, not 2, 4 or 8", options.bits);
	return options;
}

int
main(int argc, char **argv)
{
	static const VpMetric metrics[] = {
		[METRIC_COSINE] = VP_METRIC_COSINE,
		[METRIC_L2] = VP_METRIC_L2,
		[METRIC_IP] = VP_METRIC_IP,
		[METRIC_L1] = VP_METRIC_L1
	};
	Bench		bench = {.options = parse_options(argc, argv)};
	uint32_t	m = (uint32_t) bench.options.m;

	open_files(&bench);
	vp_kernel_choose(NULL);
	bench.metric = metrics[bench.options.metric];
	/* a stripe of 1,024 ids or less, about as many as on the pages */
	bench.levels.m = m;
	bench.levels.groups = m * m > 1024 ? 1024 / m : m;
	bench.levels.stripe = m * bench.levels.groups;
	bench.levels.seed = (uint32_t) bench.options.seed;
	printf("%ld x %d, m %d, ef_construction %d, seed %d, kernels %s\n", bench.base.count,
		   bench.base.dims, bench.options.m, bench.options.ef_construction, bench.options.seed,
		   vp_kernel.name);
	build(&bench);
	copy_graph(&bench);
	learn_exponent(&bench);
	if (bench.options.filters > 0)
		bench_filters(&bench);
	else
		sweep(&bench);
	return 0;
}
