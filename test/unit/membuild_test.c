/*-------------------------------------------------------------------------
 *
 * membuild_test.c
 *	  The graph in memory, built with one thread and with several.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "sample.h"

/* Nodes that are in the graph: not chained, with a vector. */
static int
count_unchained(const VpMemGraph *graph)
{
	int			n = 0;

	for (VpId id = 0; id < vp_mem_count(graph); id++)
		n += !vp_mem_chained(graph, id) && !isnan(vp_mem_coded(graph, id)->factors.scale);
	return n;
}

/* Every chained node is in one chain, behind one that is not chained. */
static void
check_chains(const VpMemGraph *graph)
{
	uint32_t	count = vp_mem_count(graph);
	bool	   *seen = calloc(count, sizeof(bool));
	uint32_t	nseen = 0;

	for (VpId id = 0; id < count; id++)
	{
		if (vp_mem_chained(graph, id))
			continue;
		for (VpId next = id; next != VP_NO_ID && nseen <= count;
			 next = vp_mem_chain_next(graph, next))
		{
			VpId		links[VP_MAX_LINKS];

			VP_CHECK(!seen[next], "%u in two chains", next);
			VP_CHECK(next == id || vp_mem_chained(graph, next), "%u is in a chain", next);
			VP_CHECK(next == id || vp_mem_links(graph, next, 0, links) == 0, "%u has links", next);
			seen[next] = true;
			nseen++;
		}
	}
	VP_CHECK(nseen == count, "%u of %u in chains", nseen, count);
	free(seen);
}

static uint32_t last_done;

static bool
go_on(void *arg, uint32_t done)
{
	VP_CHECK(done >= last_done, "%u done, then %u", last_done, done);
	last_done = done;
	return true;
}

static void
check_build(VpMetric metric, int bits, int n, int m, int nthreads, double least)
{
	Sample		sample;
	VpMemGraph *graph;
	VpEntry		entry;
	int			reached;
	double		recall;

	sample_make(&sample, n, 24, 30, metric, bits, m);
	graph = sample_graph(&sample, 64, nthreads);
	VP_CHECK(vp_mem_entry(graph, 0).id == VP_NO_ID, "no entry point before");
	last_done = 0;
	VP_CHECK(vp_mem_link(graph, nthreads, go_on, NULL), "linked");
	entry = vp_mem_entry(graph, 0);
	VP_CHECK(entry.id < (VpId) n && entry.level == vp_level(&sample.levels, entry.id),
			 "entry %u", entry.id);
	for (VpId id = 0; id < (VpId) n; id++)
		VP_CHECK(vp_level(&sample.levels, id) <= entry.level, "%u is higher than the entry", id);
	reached = sample_reached(&sample, graph, entry.id);
	VP_CHECK(reached == count_unchained(graph), "%d of %d reached", reached,
			 count_unchained(graph));
	check_chains(graph);
	recall = sample_recall(&sample, vp_mem_source(graph), &entry, 1, 100, (uint32_t) n, NULL);
	VP_CHECK(recall >= least, "recall %.3f, metric %d, %d bits, m %d, %d threads", recall,
			 metric, bits, m, nthreads);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

/*
 * Several shards: graphs that no link ties together, of equal vectors too, and a search
 * of all finds as much as one in a single graph.
 */
static void
check_shards(int shards, int n, int ef, int nthreads)
{
	Sample		sample;
	VpMemGraph *one,
			   *graph;
	VpEntry		entries[8];
	int			nentries = 0;
	int			reached = 0;
	double		recall[2];

	sample_make(&sample, n, 24, 100, VP_METRIC_L2, 8, 16);
	for (int i = 0; i + 10 < n; i += 100)
		memcpy(sample.x + (size_t) (i + 10) * 24, sample.x + (size_t) i * 24, 24 * sizeof(float));
	one = sample_graph(&sample, 64, nthreads);
	graph = sample_sharded(&sample, 64, shards, nthreads);
	VP_CHECK(vp_mem_link(one, nthreads, NULL, NULL) && vp_mem_link(graph, nthreads, NULL, NULL),
			 "linked");
	for (int i = 0; i < shards; i++)
	{
		VpEntry		entry = vp_mem_entry(graph, i);

		VP_CHECK(entry.id == VP_NO_ID || vp_mem_node(graph, entry.id)->shard == i, "entry %u of %d",
				 entry.id, i);
		if (entry.id == VP_NO_ID)
			continue;
		entries[nentries++] = entry;
		reached += sample_reached(&sample, graph, entry.id);
	}
	VP_CHECK(nentries == (n < shards ? n : shards), "%d entries", nentries);
	VP_CHECK(reached == count_unchained(graph), "%d of %d reached", reached, count_unchained(graph));
	check_chains(graph);
	for (VpId id = 0; id < (VpId) n; id++)
	{
		VpId		links[VP_MAX_LINKS];
		int			nlinks = vp_mem_links(graph, id, 0, links);

		for (int i = 0; i < nlinks; i++)
			VP_CHECK(vp_mem_node(graph, links[i])->shard == vp_mem_node(graph, id)->shard,
					 "%u links to %u of another shard", id, links[i]);
	}
	entries[7] = vp_mem_entry(one, 0);
	recall[0] = sample_recall(&sample, vp_mem_source(one), &entries[7], 1, ef, (uint32_t) n, NULL);
	recall[1] = sample_recall(&sample, vp_mem_source(graph), entries, nentries, ef, (uint32_t) n, NULL);
	VP_CHECK(recall[1] >= recall[0] - 0.01, "recall %.3f with %d shards, %.3f with one, ef %d",
			 recall[1], shards, recall[0], ef);
	vp_mem_destroy(one);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

/* Tens of thousands of one vector, with many threads: few nodes, long chains. */
static void
check_equal(int nthreads)
{
	Sample		sample;
	VpMemGraph *graph;

	sample_make(&sample, 30000, 16, 10, VP_METRIC_COSINE, 8, 16);
	for (int i = 0; i < sample.n; i++)
	{
		if (i % 100 != 0)
			memcpy(sample.x + (size_t) i * 16, sample.x, 16 * sizeof(float));
	}
	graph = sample_graph(&sample, 64, nthreads);
	VP_CHECK(vp_mem_link(graph, nthreads, NULL, NULL), "linked");
	check_chains(graph);
	VP_CHECK(count_unchained(graph) <= 300 + 16 * nthreads, "%d in the graph",
			 count_unchained(graph));
	VP_CHECK(sample_reached(&sample, graph, vp_mem_entry(graph, 0).id) == count_unchained(graph),
			 "all reached");
	vp_mem_destroy(graph);
	sample_free(&sample);
}

static bool
stop_at_once(void *arg, uint32_t done)
{
	*(int *) arg += 1;
	return false;
}

static void
check_stop(int nthreads)
{
	Sample		sample;
	VpMemGraph *graph;
	int			polls = 0;

	sample_make(&sample, 20000, 24, 30, VP_METRIC_L2, 8, 16);
	graph = sample_graph(&sample, 100, nthreads);
	VP_CHECK(!vp_mem_link(graph, nthreads, stop_at_once, &polls), "stopped");
	VP_CHECK(polls == 1, "asked %d times", polls);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

/* Gives the graph room for so many nodes in a file of `length` bytes, which grows. */
static void
grow_in_file(VpMemGraph *graph, FILE *file, size_t *length, int capacity)
{
	size_t		bytes = vp_mem_bytes(graph, (uint32_t) capacity);

	if (*length == 0)
		fwrite(vp_mem_data(graph), 1, vp_mem_bytes(graph, vp_mem_count(graph)), file);
	VP_CHECK(fflush(file) == 0 && bytes >= *length && ftruncate(fileno(file), (off_t) bytes) == 0,
			 "%zu bytes after %zu", bytes, *length);
	*length = bytes;
	VP_CHECK(vp_mem_map(graph, fileno(file), (uint32_t) capacity) == 0, "mapped");
}

/* A graph that moved into a file half-way is the same as one that was always in memory. */
static void
check_file(int bits, int first)
{
	Sample		sample;
	VpMemGraph *memory,
			   *moved;
	FILE	   *file = tmpfile();
	size_t		length = 0;

	sample_make(&sample, 5000, 24, 30, VP_METRIC_L2, bits, 8);
	memcpy(sample.x + 4000 * 24, sample.x, 100 * 24 * sizeof(float));
	memory = sample_graph(&sample, 64, 1);
	moved = vp_mem_create(&sample.codec, &sample.levels, 8, 64, 1, (uint32_t) first);
	if (first > 0)
		sample_add(&sample, moved, first, 1);
	for (int n = first; n < sample.n;)
	{
		int			more = n + 700 < sample.n ? 700 : sample.n - n;

		grow_in_file(moved, file, &length, n + more);
		sample_add(&sample, moved, more, 2);
		n += more;
	}
	VP_CHECK(vp_mem_map(moved, -1, (uint32_t) sample.n) != 0, "no file, no move");
	fclose(file);
	VP_CHECK(vp_mem_link(memory, 1, NULL, NULL) && vp_mem_link(moved, 1, NULL, NULL), "linked");
	VP_CHECK(vp_mem_entry(memory, 0).id == vp_mem_entry(moved, 0).id, "entry");
	for (VpId id = 0; id < (VpId) sample.n; id++)
	{
		for (int l = 0; l <= vp_level(&sample.levels, id); l++)
		{
			VpId		links[2][VP_MAX_LINKS];
			int			n = vp_mem_links(memory, id, l, links[0]);

			VP_CHECK(vp_mem_links(moved, id, l, links[1]) == n &&
					 memcmp(links[0], links[1], sizeof(VpId) * (size_t) n) == 0,
					 "links of %u at level %d", id, l);
		}
		VP_CHECK(vp_mem_chained(memory, id) == vp_mem_chained(moved, id) &&
				 vp_mem_chain_next(memory, id) == vp_mem_chain_next(moved, id), "chain of %u", id);
	}
	vp_mem_destroy(memory);
	vp_mem_destroy(moved);
	sample_free(&sample);
}

/* No nodes, one, two; none with a vector. */
static void
check_small(void)
{
	for (int n = 0; n < 3; n++)
	{
		Sample		sample;
		VpMemGraph *graph;
		VpId		entry;

		sample_make(&sample, n + 1, 24, 1, VP_METRIC_L2, 8, 2);
		sample.n = n;
		graph = sample_graph(&sample, 10, 2);
		VP_CHECK(vp_mem_link(graph, 2, NULL, NULL), "linked");
		entry = vp_mem_entry(graph, 0).id;
		VP_CHECK((entry == VP_NO_ID) == (n == 0), "entry of %d nodes", n);
		if (n > 0)
			VP_CHECK(sample_reached(&sample, graph, entry) == n, "%d nodes", n);
		vp_mem_destroy(graph);

		graph = sample_graph(&sample, 10, 2);
		for (VpId id = 0; id < (VpId) n; id++)
			vp_mem_coded(graph, id)->factors.scale = NAN;
		VP_CHECK(vp_mem_link(graph, 2, NULL, NULL), "linked");
		VP_CHECK(vp_mem_entry(graph, 0).id == VP_NO_ID, "no entry without vectors");
		vp_mem_destroy(graph);
		sample_free(&sample);
	}
}

/* Some without a vector: they stay out of the graph, and nothing else does. */
static void
check_vectorless(void)
{
	Sample		sample;
	VpMemGraph *graph;
	VpId		links[VP_MAX_LINKS];

	sample_make(&sample, 2000, 24, 10, VP_METRIC_L2, 8, 8);
	graph = sample_graph(&sample, 50, 2);
	for (VpId id = 0; id < 2000; id += 2)
		vp_mem_coded(graph, id)->factors.scale = NAN;
	VP_CHECK(vp_mem_link(graph, 2, NULL, NULL), "linked");
	VP_CHECK(sample_reached(&sample, graph, vp_mem_entry(graph, 0).id) == 1000,
			 "those with a vector are reached");
	for (VpId id = 0; id < 2000; id += 2)
		VP_CHECK(vp_mem_links(graph, id, 0, links) == 0, "%u has links", id);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

/* What a node is said to take is what it takes. */
static void
check_bytes(void)
{
	static const int ms[] = {2, 3, 16, 100};

	for (int i = 0; i < 4; i++)
	{
		VpCodec		codec;
		VpLevels	levels = {(uint32_t) ms[i], 500, (uint32_t) (500 * ms[i]), 1};
		VpMemGraph *graph;
		size_t		said;

		vp_codec_init(&codec, VP_METRIC_L2, 100, 8, NULL, NULL);
		said = vp_mem_node_bytes(&codec, ms[i]) * 1000000;
		graph = vp_mem_create(&codec, &levels, ms[i], 64, 1, 1000000);
		VP_CHECK(graph->bytes <= said + said / 50 && graph->bytes >= said - said / 50,
				 "m %d: %zu said, %zu taken", ms[i], said, graph->bytes);
		vp_mem_destroy(graph);
	}
}

/* Threads are gone afterwards, and the caller's signals are as they were. */
static void
check_traces(void)
{
	sigset_t	before,
				after;
	DIR		   *tasks = opendir("/proc/self/task");
	int			ntasks = 0;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	check_build(VP_METRIC_L2, 8, 1000, 8, 3, 0.95);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	VP_CHECK(sigismember(&after, SIGUSR2) == 1 && sigismember(&after, SIGINT) == 0 &&
			 sigismember(&after, SIGTERM) == 0, "signal mask");
	if (tasks == NULL)
		return;
	for (struct dirent *task; (task = readdir(tasks)) != NULL;)
		ntasks += task->d_name[0] != '.';
	VP_CHECK(ntasks == 1, "%d threads are left", ntasks);
	closedir(tasks);
}

int
main(void)
{
	vp_kernel_choose(NULL);
	check_traces();
	check_small();
	check_vectorless();
	check_bytes();
	check_build(VP_METRIC_L2, 8, 5000, 16, 1, 0.95);
	check_build(VP_METRIC_L2, 4, 5000, 16, 2, 0.95);
	check_build(VP_METRIC_COSINE, 32, 5000, 16, 4, 0.95);
	check_build(VP_METRIC_L1, 8, 3000, 16, 3, 0.95);
	check_build(VP_METRIC_IP, 8, 3000, 16, 4, 0.90);
	check_build(VP_METRIC_L2, 8, 3000, 2, 4, 0.50);
	check_build(VP_METRIC_L2, 8, 3000, 100, 4, 0.95);
	check_shards(2, 6000, 20, 2);
	check_shards(4, 6000, 20, 1);
	check_shards(7, 6000, 12, 4);
	check_shards(7, 6000, 100, 4);
	check_shards(5, 3, 10, 2);
	check_equal(1);
	check_equal(8);
	check_stop(1);
	check_stop(4);
	check_file(8, 2000);
	check_file(32, 0);
	return vp_unit_report();
}
