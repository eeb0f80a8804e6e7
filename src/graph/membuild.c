/*-------------------------------------------------------------------------
 *
 * membuild.c
 *	  Builds the graph in memory, with several threads.
 *
 * Nodes are linked in the order of their levels, highest first, so that the
 * entry point is the first one and never changes; within a level in a pseudo-
 * random order, because neighbours that come one after another make a poor
 * graph.  But of nodes in an order of locality each thread takes a portion of
 * neighbours, which share most of what their searches read; the portions are
 * in random order.
 *
 * Threads (threads.h) call nothing but this room, kernel/ and libc.
 *
 *-------------------------------------------------------------------------
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "graph/membuild.h"
#include "graph/memgraph.h"
#include "graph/threads.h"
#include "graph/writer.h"
#include "graph/visited.h"

/* Nodes that a thread takes at a time to encode them. */
#define ENCODE_PORTION 64

/*
 * Nodes of level 0 that a thread links one after the other, if they are near one another: they
 * share what is in its cache.  At most so many, and a small part of all, for the last thread not
 * to be late.
 */
#define LINK_PORTION 256
#define LINK_PORTIONS 64

/* How often thread 0 polls. */
#define POLL_NANOSECONDS INT64_C(5000000)

/* While nodes are only looked at, the clock is read each so many: they may lie on a disk. */
#define POLL_NODES 64

/* After so many rounds what is still not reached is given up. */
#define RESCUE_ROUNDS 20

/*
 * Memory of a thread.  VpAlloc never returns NULL; what PostgreSQL does by an
 * error, a thread does by a jump out of its work.  And what it does by a memory
 * context, a thread does by a list: all that it took is given back at the end,
 * be it that the jump left something half made.
 */
typedef struct Piece
{
	_Alignas(max_align_t) struct Piece *next;
	struct Piece **link;		/* what points here */
} Piece;

static __thread jmp_buf *out_of_memory;
static __thread Piece *pieces;

static void *
thread_alloc(size_t size)
{
	Piece	   *piece = malloc(sizeof(Piece) + size);

	if (piece == NULL)
		longjmp(*out_of_memory, 1);
	piece->next = pieces;
	piece->link = &pieces;
	if (pieces != NULL)
		pieces->link = &piece->next;
	pieces = piece;
	return piece + 1;
}

static void
thread_free(void *p)
{
	Piece	   *piece = (Piece *) p - 1;

	*piece->link = piece->next;
	if (piece->next != NULL)
		piece->next->link = piece->link;
	free(piece);
}

static void
free_pieces(void)
{
	Piece	   *next;

	for (Piece *piece = pieces; piece != NULL; piece = next)
	{
		next = piece->next;
		free(piece);
	}
	pieces = NULL;
}

static const VpAlloc thread_memory = {thread_alloc, thread_free};

typedef struct EncodeWork
{
	VpMemGraph *graph;
	const char *rotated;
	const uint64_t *hash;
	const uint8_t *shards;
	uint32_t	n;
	uint32_t	next;			/* not yet taken by a thread */
} EncodeWork;

static void
encode_part(void *arg, bool first)
{
	EncodeWork *work = arg;
	VpMemGraph *graph = work->graph;
	uint32_t	at;

	while ((at = __atomic_fetch_add(&work->next, ENCODE_PORTION, __ATOMIC_RELAXED)) < work->n)
	{
		for (uint32_t i = at; i < work->n && i < at + ENCODE_PORTION; i++)
		{
			VpId		id = graph->count + i;
			VpMemNode  *node = vp_mem_node(graph, id);
			VpCoded    *coded = vp_mem_coded(graph, id);

			node->hash = work->hash[i];
			node->chain = VP_NO_ID;
			node->origin = id;
			node->shard = work->shards != NULL ? work->shards[i] : 0;
			vp_codec_encode(&graph->codec, work->rotated + i * graph->codec.rotated_bytes,
							coded->code, &coded->factors);
		}
	}
}

VpId
vp_mem_add(VpMemGraph *graph, const void *rotated, const uint64_t *hash,
		   const uint8_t *shards, int n, int nthreads)
{
	EncodeWork	work = {graph, rotated, hash, shards, (uint32_t) n, 0};
	VpId		first = graph->count;

	/* threads are made anew each time: not for a few vectors */
	vp_run_threads(n > 4 * ENCODE_PORTION ? nthreads : 1, encode_part, &work);
	graph->count += (uint32_t) n;
	return first;
}

int64_t
vp_mem_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

void
vp_mem_poll(VpMemWork *work, int64_t *polled)
{
	int64_t		t = vp_mem_now();

	if (t - *polled < POLL_NANOSECONDS || __atomic_load_n(&work->stop, __ATOMIC_RELAXED))
		return;
	*polled = t;
	if (work->poll != NULL && !work->poll(work->arg, __atomic_load_n(&work->done, __ATOMIC_RELAXED)))
		__atomic_store_n(&work->stop, true, __ATOMIC_RELAXED);
}

bool
vp_mem_stopped(VpMemWork *work, uint32_t i, int64_t *polled)
{
	if (i % POLL_NODES == 0)
		vp_mem_poll(work, polled);
	return work->stop;
}

static bool
has_vector(const VpMemGraph *graph, VpId id)
{
	return !isnan(vp_mem_coded(graph, id)->factors.scale);
}

/* The entry point of a node's shard. */
static VpEntry
entry_of(const VpMemGraph *graph, VpId id)
{
	return graph->entries[vp_mem_node(graph, id)->shard];
}

/* Takes places in `order`: the next portion, or a node of an upper level.  False: none is left. */
static bool
take_places(VpMemWork *work, VpMemPlaces *places)
{
	const VpMemGraph *graph = work->graph;

	places->at = __atomic_load_n(&work->next, __ATOMIC_RELAXED);
	do
	{
		uint32_t	left = graph->count - places->at;
		uint32_t	n = places->at < work->level0 ? 1 : work->portion;

		if (left == 0)
			return false;
		places->end = places->at + (n < left ? n : left);
	} while (!__atomic_compare_exchange_n(&work->next, &places->at, places->end, false,
										  __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

static void
link_node(VpMemWork *work, VpId id, VpWriter *writer, VpMemSource *mem, VpQuery *query)
{
	VpSource   *source = &mem->source;
	VpMemGraph *graph = work->graph;
	VpEntry		entry = entry_of(graph, id);

	/* what was found last is of another graph */
	if (mem->shard != vp_mem_node(graph, id)->shard)
		writer->nnear = 0;
	mem->shard = vp_mem_node(graph, id)->shard;
	/* an entry point is in the graph as it is */
	if (source->query_of(source, id, query) &&
		(id == entry.id || vp_link(writer, source, id, query, entry.id, entry.level,
								   graph->count) == VP_LINKED) &&
		graph->nlandmarks > 0)
		vp_mem_add_landmarks(graph, id, query);
	__atomic_fetch_add(&work->done, 1, __ATOMIC_RELAXED);
}

/*
 * Links nodes until none is left, or somebody says stop: then each thread still
 * finishes its node, and what is left of its portion is for later.
 */
static void
link_nodes(VpMemWork *work, bool first, VpWriter *writer, VpMemSource *mem, VpQuery *query)
{
	int64_t		polled = vp_mem_now();
	VpMemPlaces places;

	while (!__atomic_load_n(&work->stop, __ATOMIC_RELAXED) && take_places(work, &places))
	{
		writer->nnear = 0;
		for (; places.at < places.end && !__atomic_load_n(&work->stop, __ATOMIC_RELAXED); places.at++)
		{
			if (first)
				vp_mem_poll(work, &polled);
			link_node(work, work->graph->order[places.at], writer, mem, query);
		}
		if (places.at < places.end)
			work->left[__atomic_fetch_add(&work->nleft, 1, __ATOMIC_RELAXED)] = places;
	}
}

static int
compare_places(const void *a, const void *b)
{
	uint32_t	x = ((const VpMemPlaces *) a)->at;
	uint32_t	y = ((const VpMemPlaces *) b)->at;

	return (x < y) - (x > y);
}

/*
 * Before threads go on: what they left comes next.  It was taken, so it is
 * moved there, the last first.
 */
static void
take_up(VpMemWork *work)
{
	VpId	   *order = work->graph->order;

	qsort(work->left, work->nleft, sizeof(VpMemPlaces), compare_places);
	for (uint32_t i = 0; i < work->nleft; i++)
	{
		uint32_t	n = work->left[i].end - work->left[i].at;

		work->next -= n;
		memmove(order + work->next, order + work->left[i].at, n * sizeof(VpId));
	}
	work->nleft = 0;
}

static bool
is_reached(void *arg, VpId id)
{
	return vp_mem_node((VpMemGraph *) arg, id)->reached;
}

/*
 * Marks what the entry points reach at level 0; how many nodes it does not.
 * Stops half-way when that is asked for.
 */
static uint32_t
sweep(VpMemWork *work, int64_t *polled)
{
	VpMemGraph *graph = work->graph;
	VpId	   *queue = graph->order;
	uint32_t	nqueue = 0;
	uint32_t	missing = 0;

	for (VpId id = 0; id < graph->count && !vp_mem_stopped(work, id, polled); id++)
		vp_mem_node(graph, id)->reached = 0;
	for (int i = 0; i < graph->shards; i++)
	{
		VpId		entry = graph->entries[i].id;

		if (entry == VP_NO_ID)
			continue;
		queue[nqueue++] = entry;
		vp_mem_node(graph, entry)->reached = 1;
	}
	for (uint32_t i = 0; i < nqueue && !vp_mem_stopped(work, i, polled); i++)
	{
		VpId		links[VP_MAX_LINKS];
		int			n = vp_mem_links(graph, queue[i], 0, links);

		for (int j = 0; j < n; j++)
		{
			VpMemNode  *node = vp_mem_node(graph, links[j]);

			if (!node->reached)
				queue[nqueue++] = links[j];
			node->reached = 1;
		}
	}
	for (VpId id = 0; id < graph->count && !vp_mem_stopped(work, id, polled); id++)
		missing += !is_reached(graph, id) && !vp_mem_chained(graph, id) && has_vector(graph, id);
	return missing;
}

/* Gives every node that is not reached a link from one that is. */
static void
rescue_nodes(VpMemWork *work, VpWriter *writer, VpSource *source)
{
	VpMemGraph *graph = work->graph;
	int64_t		polled = vp_mem_now();

	for (int round = 0; round < RESCUE_ROUNDS && sweep(work, &polled) > 0; round++)
	{
		for (VpId id = 0; id < graph->count; id++)
		{
			vp_mem_poll(work, &polled);
			if (work->stop)
				return;
			if (is_reached(graph, id) || vp_mem_chained(graph, id) || !has_vector(graph, id))
				continue;

			/*
			 * all on level 0: an upper level might lead to the very node, and
			 * that is no way to it
			 */
			if (vp_rescue(writer, source, id, entry_of(graph, id).id, 0,
						  graph->count, is_reached, graph))
				vp_mem_node(graph, id)->reached = 1;
		}
	}
}

/* A thread's part of the work, or (`sweeping`) what the first does at the end. */
static void
work_part(VpMemWork *work, bool first, bool sweeping)
{
	VpMemGraph *graph = work->graph;
	jmp_buf		jump;
	VpMemSource source;

	vp_mem_source_init(&source, graph);
	out_of_memory = &jump;
	if (setjmp(jump) == 0)
	{
		VpWriter   *writer = vp_writer_create(&thread_memory, &graph->codec, &graph->levels,
											  graph->m, graph->ef_construction);

		writer->build = true;
		if (sweeping)
		{
			/* what is to be reached is to be so by links */
			source.source.landmarks = NULL;
			rescue_nodes(work, writer, &source.source);
		}
		else
		{
			VpQuery		query = {.codec = &graph->codec};
			void	   *planes = thread_alloc(vp_query_bytes(&graph->codec) + 63);

			memset(planes, 0, vp_query_bytes(&graph->codec) + 63);
			query.planes = (void *) (((uintptr_t) planes + 63) & ~(uintptr_t) 63);
			link_nodes(work, first, writer, &source, &query);
		}
	}
	else
	{
		__atomic_store_n(&work->failed, true, __ATOMIC_RELAXED);
		__atomic_store_n(&work->stop, true, __ATOMIC_RELAXED);
	}
	out_of_memory = NULL;
	free_pieces();
}

void
vp_mem_link_part(void *work, bool first)
{
	work_part(work, first, false);
}

/*
 * Shuffles n ids, so many at a time (Fisher and Yates); those that are left
 * over stay at the end.
 */
static void
shuffle(VpMemWork *work, VpId *ids, uint32_t n, uint32_t portion, uint64_t *random, int64_t *polled)
{
	for (uint32_t left = n / portion; left > 1 && !vp_mem_stopped(work, left, polled); left--)
	{
		VpId	   *last = ids + (left - 1) * portion;
		VpId	   *other;

		/* the multiplier is Knuth's (MMIX) */
		*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		other = ids + (uint32_t) (((*random >> 32) * left) >> 32) * portion;
		for (uint32_t i = 0; i < portion; i++)
		{
			VpId		id = last[i];

			last[i] = other[i];
			other[i] = id;
		}
	}
}

/*
 * Sets the order of the nodes: by level, the highest first, at random within
 * each; at level 0 in portions, if nodes are in an order of locality.  It looks
 * at none of them.
 */
static void
make_order(VpMemWork *work, VpMemGraph *graph)
{
	uint32_t	start[VP_MAX_LEVEL + 2] = {0};	/* by VP_MAX_LEVEL - level */
	uint64_t	random = graph->levels.seed;
	int64_t		polled = vp_mem_now();

	work->portion = 1;
	if (graph->ordered)
		work->portion += graph->count / LINK_PORTIONS;
	if (work->portion > LINK_PORTION)
		work->portion = LINK_PORTION;
	for (VpId id = 0; id < graph->count && !vp_mem_stopped(work, id, &polled); id++)
		start[VP_MAX_LEVEL - vp_level(&graph->levels, id) + 1]++;
	for (int i = 1; i <= VP_MAX_LEVEL + 1; i++)
		start[i] += start[i - 1];
	for (VpId id = 0; id < graph->count && !vp_mem_stopped(work, id, &polled); id++)
		graph->order[start[VP_MAX_LEVEL - vp_level(&graph->levels, id)]++] = id;

	/* each start is now its successor's */
	for (int i = 0; i <= VP_MAX_LEVEL; i++)
	{
		uint32_t	first = i > 0 ? start[i - 1] : 0;
		bool		is_last = i == VP_MAX_LEVEL;

		if (is_last)
			work->level0 = first;
		shuffle(work, graph->order + first, start[i] - first, is_last ? work->portion : 1, &random, &polled);
	}
}

/* Makes the first node with a vector in each shard its entry point; false when there is none. */
static bool
choose_entries(VpMemWork *work, VpMemGraph *graph)
{
	int			found = 0;
	int64_t		polled = vp_mem_now();

	for (int i = 0; i < graph->shards; i++)
		graph->entries[i].id = VP_NO_ID;
	for (uint32_t i = 0;
		 i < graph->count && found < graph->shards && !vp_mem_stopped(work, i, &polled); i++)
	{
		VpId		id = graph->order[i];
		VpEntry    *entry = &graph->entries[vp_mem_node(graph, id)->shard];

		if (entry->id != VP_NO_ID || !has_vector(graph, id))
			continue;
		entry->id = id;
		entry->level = vp_level(&graph->levels, id);
		found++;
	}
	return found > 0 && !work->stop;
}

bool
vp_mem_link_begin(VpMemGraph *graph, VpMemWork *work,
				  bool (*poll) (void *arg, uint32_t done), void *arg)
{
	memset(work, 0, sizeof(*work));
	work->poll = poll;
	work->arg = arg;
	vp_mem_settle(graph);
	make_order(work, graph);
	if (choose_entries(work, graph))
		work->graph = graph;
	return work->graph != NULL;
}

bool
vp_mem_link_end(VpMemWork *work)
{
	if (!work->stop)
		work_part(work, true, true);
	return !work->stop;
}

bool
vp_mem_link(VpMemGraph *graph, int nthreads, bool (*poll) (void *arg, uint32_t done), void *arg)
{
	VpMemWork  *work = &graph->work;

	if (work->graph == NULL && !vp_mem_link_begin(graph, work, poll, arg))
		return !work->stop;
	work->stop = work->failed;
	take_up(work);
	vp_run_threads(nthreads, vp_mem_link_part, work);
	return vp_mem_link_end(work);
}

bool
vp_mem_link_failed(const VpMemGraph *graph)
{
	return graph->work.failed;
}

size_t
vp_mem_thread_bytes(const VpMemGraph *graph)
{
	return vp_visited_size(graph->count);
}
