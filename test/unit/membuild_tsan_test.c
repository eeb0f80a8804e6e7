/*-------------------------------------------------------------------------
 *
 * membuild_tsan_test.c
 *	  Ordering and linking with plain threads, for ThreadSanitizer, which does not know how
 *	  OpenMP's threads wait for one another; a search runs beside them.
 *
 *-------------------------------------------------------------------------
 */
#include <pthread.h>

#include "graph/membuild.h"
#include "graph/order.h"

#include "sample.h"

#define NTHREADS 4

static const Sample *the_sample;

static void *
link_part(void *work)
{
	vp_mem_link_part(work, false);
	return NULL;
}

static void *
order_part(void *order)
{
	vp_mem_order_part(order, false);
	return NULL;
}

static void
order_nodes(VpMemGraph *graph)
{
	pthread_t	threads[NTHREADS];
	VpMemOrder *order = vp_mem_order_create(graph);

	VP_CHECK(vp_mem_order_begin(order), "begun");
	for (int i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, order_part, order);
	vp_mem_order_part(order, true);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
	VP_CHECK(vp_mem_order_end(order), "ordered");
	vp_mem_order_free(order);
}

static void *
search_beside(void *work)
{
	VpMemGraph *graph = ((VpMemWork *) work)->graph;

	for (int i = 0; i < 3; i++)
		sample_recall(the_sample, vp_mem_source(graph), graph->entries, graph->shards, 50,
					  vp_mem_count(graph), NULL);
	return NULL;
}

static void
check_threads(int bits, int equal_every, int shards)
{
	pthread_t	threads[NTHREADS + 1];
	Sample		sample;
	VpMemGraph *graph;
	VpMemWork	work;
	int			reached = 0;
	int			chained = 0;

	sample_make(&sample, 2000, 16, 10, VP_METRIC_L2, bits, 8);
	for (int i = 0; equal_every > 0 && i < sample.n; i += equal_every)
		memcpy(sample.x + (size_t) i * 16, sample.x, 16 * sizeof(float));
	the_sample = &sample;
	graph = sample_sharded(&sample, 40, shards, 1);
	order_nodes(graph);
	VP_CHECK(vp_mem_link_begin(graph, &work, NULL, NULL), "there is something to do");
	for (int i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, link_part, &work);
	pthread_create(&threads[NTHREADS], NULL, search_beside, &work);
	vp_mem_link_part(&work, true);
	for (int i = 0; i <= NTHREADS; i++)
		pthread_join(threads[i], NULL);
	VP_CHECK(work.done == 2000, "%u done", work.done);
	VP_CHECK(vp_mem_link_end(&work), "reachable");
	for (VpId id = 0; id < 2000; id++)
		chained += vp_mem_chained(graph, id);
	for (int i = 0; i < shards; i++)
		reached += sample_reached(&sample, graph, vp_mem_entry(graph, i).id);
	VP_CHECK(reached == 2000 - chained, "all are reached");
	VP_CHECK((chained > 0) == (equal_every > 0), "%d chained", chained);
	vp_mem_destroy(graph);
	sample_free(&sample);
}

int
main(void)
{
	vp_kernel_choose("scalar");
	check_threads(8, 0, 1);
	check_threads(4, 3, 1);
	check_threads(8, 3, 3);
	return vp_unit_report();
}
