/*-------------------------------------------------------------------------
 *
 * order.c
 *	  Gives the nodes of a graph in memory ids in an order of locality.
 *
 * Recursive balanced bisection: all nodes are divided into two halves of near
 * ones, each half again, and so on; the order is that of the last parts, the
 * cells.  Each division is by a direction, at the median of the projections on
 * it.  The direction is the difference of two centres: those of the halves
 * themselves (2-means, balanced), of a sample of the nodes.
 *
 * It works on codes as they are, with the kernel that measures distances, and
 * with the memory that linking will use: the permutation is in `order`, the
 * projections are where upper lists will be.  Every part of nodes depends on
 * nothing but the nodes in it, so the result is the same with any number of
 * threads, and when it was left and taken up again.
 *
 *-------------------------------------------------------------------------
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "graph/membuild.h"
#include "graph/order.h"
#include "graph/threads.h"

/* Of how many nodes the centres are: a part of those that are divided, between these. */
#define SAMPLE_PART	4
#define LEAST_SAMPLE 64
#define MOST_SAMPLE	1500

/* How often centres and halves are made of one another. */
#define ROUNDS		4

/* Nodes between two looks at whether to stop, while they are measured. */
#define PORTION		1024

/* So many nodes ahead are prefetched. */
#define AHEAD		(4 * VP_DOTS)

#define CACHE_LINE	64

/* How long a thread waits for others' parts, in nanoseconds. */
#define PAUSE		20000

/* Parts that a thread has put aside: at most one for each time that n is halved. */
#define MOST_OPEN	(32 * VP_MAX_THREADS)

/* Places [start, start + n) of the permutation. */
typedef struct Part
{
	uint32_t	start;
	uint32_t	n;
} Part;

/* What is done at each place, the first before parts are divided, the others after it. */
typedef enum Stage
{
	STAGE_NUMBER,				/* each node comes here that is here */
	STAGE_INVERT,				/* where each node is to go */
	STAGE_MOVE,
	STAGE_CLEAR,
	STAGE_TELL					/* where each node has gone */
} Stage;

struct VpMemOrder
{
	VpMemWork	work;			/* `done`: nodes that are in their cell */
	VpCodec		codec;			/* by which projections are measured */
	Stage		stage;
	uint32_t	at;				/* nodes that are through the stage */
	VpId	   *ids;			/* the permutation: which node comes here */
	float	   *scores;			/* by place */
	uint32_t   *places;			/* by node; there the scores were */

	uint8_t		lock;			/* of what follows */
	int			nopen;
	int			nbusy;			/* parts that threads have in hand */
	Part		open[MOST_OPEN];
};

/* A thread's memory. */
typedef struct Scratch
{
	VpQuery		query;			/* the direction */
	void	   *planes;			/* query.planes as it was allocated */
	float	   *centre[2];		/* sums at first */
	float	   *direction;		/* aligned to 64 */
	VpId		sample[MOST_SAMPLE];
	float		score[MOST_SAMPLE];
	int64_t		polled;
} Scratch;

/*
 * The codes with a distance that is a projection: that of L2 is, but for what is left out
 * here; of floats the inner product; of bits, how many are others than a string has.
 */
static VpCodec
projecting_codec(const VpMemGraph *graph)
{
	VpCodec		codec = graph->codec;

	codec.metric = codec.bits == 1 ? VP_METRIC_HAMMING :
		codec.bits == 32 ? VP_METRIC_IP : VP_METRIC_L2;
	codec.mean = NULL;
	codec.mean_norm2 = 0;
	return codec;
}

static void
free_scratch(Scratch *scratch)
{
	free(scratch->planes);
	free(scratch->direction);
	free(scratch->centre[0]);
	free(scratch->centre[1]);
	free(scratch);
}

static Scratch *
make_scratch(const VpCodec *codec)
{
	Scratch    *scratch = calloc(1, sizeof(Scratch));
	size_t		floats = sizeof(float) * (size_t) codec->padded;

	if (scratch == NULL)
		return NULL;
	scratch->polled = vp_mem_now();
	scratch->planes = calloc(1, vp_query_bytes(codec) + CACHE_LINE - 1);
	scratch->direction = malloc(floats);
	scratch->centre[0] = malloc(floats);
	scratch->centre[1] = malloc(floats);
	if (scratch->planes == NULL || scratch->direction == NULL ||
		scratch->centre[0] == NULL || scratch->centre[1] == NULL)
	{
		free_scratch(scratch);
		return NULL;
	}
	scratch->query.planes = (void *) (((uintptr_t) scratch->planes + CACHE_LINE - 1) &
									  ~(uintptr_t) (CACHE_LINE - 1));
	return scratch;
}

/*----------
 * Directions
 *----------
 */

/* Adds a code's levels; `bits` is a constant in each caller. */
static inline void
add_levels(const uint8_t *code, int nbytes, int bits, float lower, float step, float *sum)
{
	for (int shift = 0; shift < 8; shift += bits, sum += nbytes)
		for (int j = 0; j < nbytes; j++)
			sum[j] += lower + step * (float) ((code[j] >> shift) & ((1 << bits) - 1));
}

/* Adds a node's vector, in its codec's space; dimensions in any order, but always the same. */
static void
add_vector(const VpMemGraph *graph, VpId id, float *sum)
{
	const VpCodec *codec = &graph->codec;
	const VpCoded *coded = vp_mem_coded(graph, id);
	int			nbytes = codec->code_bytes;
	float		step = coded->factors.scale;
	float		lower = coded->factors.norm2;

	if (isnan(step))
		return;
	if (codec->bits == 32)
		for (int i = 0; i < codec->padded; i++)
			sum[i] += ((const float *) coded->code)[i];
	else if (codec->bits == 1)
		add_levels(coded->code, nbytes, 1, 0, 1, sum);
	else
	{
		if (codec->metric != VP_METRIC_L1)
			lower = -step * (float) ((1 << codec->bits) - 1) / 2;
		if (codec->bits == 8)
			add_levels(coded->code, nbytes, 8, lower, step, sum);
		else if (codec->bits == 4)
			add_levels(coded->code, nbytes, 4, lower, step, sum);
		else
			add_levels(coded->code, nbytes, 2, lower, step, sum);
	}
}

/* Of bits, those that are set more often on the direction's upper side; as a string. */
static void
aim_bits(const VpMemOrder *order, Scratch *scratch)
{
	int			nbytes = order->codec.code_bytes;
	uint8_t    *string = (uint8_t *) scratch->centre[0];

	memset(string, 0, (size_t) nbytes);
	for (int shift = 0; shift < 8; shift++)
		for (int j = 0; j < nbytes; j++)
			if (scratch->direction[shift * nbytes + j] > 0)
				string[j] |= (uint8_t) (1 << shift);
	vp_query_prepare(&order->codec, string, &scratch->query);
}

/*
 * Makes the direction a query, whose distances to nodes are the smaller the
 * farther they lie that way.
 */
static void
aim(const VpMemOrder *order, Scratch *scratch)
{
	const VpCodec *codec = &order->codec;
	VpQuery    *query = &scratch->query;
	bool		of_l1 = order->work.graph->codec.metric == VP_METRIC_L1;

	if (codec->bits == 1)
	{
		aim_bits(order, scratch);
		return;
	}
	if (of_l1)
		for (int i = codec->dims; i < codec->padded; i++)
			scratch->direction[i] = 0;
	vp_query_prepare(codec, scratch->direction, query);
	if (codec->bits == 32)
		return;

	/*
	 * Without the lengths the distance is - scale * (alpha * dot - gamma),
	 * where gamma is that of levels around their middle.  L1 has them from
	 * their lowest on, norm2 (codec.h).
	 */
	query->a = query->b = 0;
	if (of_l1)
	{
		query->b = -query->gamma / ((float) ((1 << codec->bits) - 1) / 2);
		query->gamma = 0;
	}
}

/* Projects up to VP_DOTS nodes. */
static inline void
project(const VpMemGraph *graph, const VpQuery *query, const VpId *ids, int n, float *scores)
{
	const uint8_t *codes[VP_DOTS];

	for (int i = 0; i < n; i++)
		codes[i] = vp_mem_coded(graph, ids[i])->code;
	vp_query_distances(query, codes, VP_CODED_FACTORS, n, scores);
	/* a node without a vector, or one that is too long */
	for (int i = 0; i < n; i++)
		if (isnan(scores[i]))
			scores[i] = 0;
}

/* By score; of equal ones, by id: no two are alike. */
static inline bool
comes_before(float score, VpId id, float other_score, VpId other)
{
	return score < other_score || (score == other_score && id < other);
}

static inline void
swap_places(VpId *ids, float *scores, uint32_t a, uint32_t b)
{
	VpId		id = ids[a];
	float		score = scores[a];

	ids[a] = ids[b];
	scores[a] = scores[b];
	ids[b] = id;
	scores[b] = score;
}

/* Brings the k nodes of the lowest scores, 0 < k < n, before the others (Hoare's selection). */
static void
divide_at(VpId *ids, float *scores, uint32_t n, uint32_t k)
{
	uint32_t	from = 0;
	uint32_t	to = n;			/* the k-th is in [from, to) */
	uint64_t	random = n;

	while (to - from > 1)
	{
		uint32_t	at;
		uint32_t	low = from;
		VpId		id;
		float		score;

		/* the multiplier is Knuth's (MMIX) */
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		at = from + (uint32_t) (((random >> 32) * (to - from)) >> 32);
		swap_places(ids, scores, at, to - 1);
		id = ids[to - 1];
		score = scores[to - 1];
		for (uint32_t i = from; i < to - 1; i++)
			if (comes_before(scores[i], ids[i], score, id))
				swap_places(ids, scores, i, low++);
		swap_places(ids, scores, low, to - 1);
		if (low == k || low + 1 == k)
			return;
		if (low < k)
			from = low + 1;
		else
			to = low;
	}
}

/* Nodes at equal distances in the part, which is in no order that matters. */
static int
take_sample(const VpMemOrder *order, const Part *part, Scratch *scratch)
{
	uint32_t	n = part->n / SAMPLE_PART;

	if (n < LEAST_SAMPLE)
		n = LEAST_SAMPLE;
	if (n > MOST_SAMPLE)
		n = MOST_SAMPLE;
	if (n > part->n)
		n = part->n;
	for (uint32_t i = 0; i < n; i++)
		scratch->sample[i] = order->ids[part->start + (uint64_t) i * part->n / n];
	return (int) n;
}

/* Sets the direction: to the centre of the sample's first k nodes, from that of the others. */
static void
connect_centres(const VpMemGraph *graph, Scratch *scratch, int k, int n)
{
	int			dims = graph->codec.padded;

	for (int side = 0; side < 2; side++)
	{
		float	   *centre = scratch->centre[side];
		int			from = side == 0 ? 0 : k;
		int			to = side == 0 ? k : n;

		memset(centre, 0, sizeof(float) * (size_t) dims);
		for (int i = from; i < to; i++)
			add_vector(graph, scratch->sample[i], centre);
		for (int j = 0; j < dims; j++)
			centre[j] /= (float) (to - from);
	}
	for (int j = 0; j < dims; j++)
		scratch->direction[j] = scratch->centre[0][j] - scratch->centre[1][j];
}

/*
 * Finds the direction in which to divide a part.  It begins as that from a node to
 * another.  Nodes that lie far that way have low scores, and are the first half.
 */
static void
find_direction(const VpMemOrder *order, const Part *part, Scratch *scratch)
{
	const VpMemGraph *graph = order->work.graph;
	int			n = take_sample(order, part, scratch);
	VpId		middle = scratch->sample[n / 2];

	scratch->sample[n / 2] = scratch->sample[1];
	scratch->sample[1] = middle;
	connect_centres(graph, scratch, 1, 2);
	for (int round = 0; round < ROUNDS; round++)
	{
		aim(order, scratch);
		for (int i = 0; i < n; i += VP_DOTS)
			project(graph, &scratch->query, scratch->sample + i,
					n - i < VP_DOTS ? n - i : VP_DOTS, scratch->score + i);
		divide_at(scratch->sample, scratch->score, (uint32_t) n, (uint32_t) n / 2);
		connect_centres(graph, scratch, n / 2, n);
	}
	aim(order, scratch);
}

/*----------
 * Parts
 *----------
 */

static inline bool
is_stopped(const VpMemOrder *order)
{
	return __atomic_load_n(&order->work.stop, __ATOMIC_RELAXED);
}

/* Sets the scores of a part.  False: it was stopped. */
static bool
score_part(VpMemOrder *order, const Part *part, bool first, Scratch *scratch)
{
	const VpMemGraph *graph = order->work.graph;
	const VpId *ids = order->ids + part->start;
	float	   *scores = order->scores + part->start;

	for (uint32_t i = 0; i < part->n; i += VP_DOTS)
	{
		if (i % PORTION == 0 && first)
			vp_mem_poll(&order->work, &scratch->polled);
		if (i % PORTION == 0 && is_stopped(order))
			return false;
		for (uint32_t j = i + AHEAD; j < i + AHEAD + VP_DOTS && j < part->n; j++)
		{
			const char *coded = (const char *) vp_mem_coded(graph, ids[j]);

			for (size_t at = 0; at < graph->prefetch_bytes; at += CACHE_LINE)
				__builtin_prefetch(coded + at);
		}
		project(graph, &scratch->query, ids + i, part->n - i < VP_DOTS ? (int) (part->n - i) : VP_DOTS,
				scores + i);
	}
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	VpId		x = *(const VpId *) a;
	VpId		y = *(const VpId *) b;

	return (x > y) - (x < y);
}

/* Divides a part; its halves are whole cells, but for the last one. */
static bool
divide_part(VpMemOrder *order, const Part *part, bool first, Scratch *scratch, Part halves[2])
{
	uint32_t	cells = (part->n + VP_CELL - 1) / VP_CELL;
	uint32_t	k = (cells + 1) / 2 * VP_CELL;

	find_direction(order, part, scratch);
	if (!score_part(order, part, first, scratch))
		return false;
	divide_at(order->ids + part->start, order->scores + part->start, part->n, k);
	halves[0].start = part->start;
	halves[0].n = k;
	halves[1].start = part->start + k;
	halves[1].n = part->n - k;
	return true;
}

static void
lock_parts(VpMemOrder *order)
{
	while (__atomic_exchange_n(&order->lock, 1, __ATOMIC_ACQUIRE) != 0)
		;
}

static void
unlock_parts(VpMemOrder *order)
{
	__atomic_store_n(&order->lock, 0, __ATOMIC_RELEASE);
}

/* Takes a part; false when there will be none any more, or it was stopped. */
static bool
take_part(VpMemOrder *order, bool first, Scratch *scratch, Part *part)
{
	struct timespec pause = {0, PAUSE};

	for (;;)
	{
		bool		taken;
		int			nbusy;

		if (first)
			vp_mem_poll(&order->work, &scratch->polled);
		if (is_stopped(order))
			return false;
		lock_parts(order);
		taken = order->nopen > 0;
		if (taken)
		{
			*part = order->open[--order->nopen];
			order->nbusy++;
		}
		nbusy = order->nbusy;
		unlock_parts(order);
		if (taken || nbusy == 0)
			return taken;
		nanosleep(&pause, NULL);
	}
}

/* Ends the work on a part: n others are open instead of it. */
static void
leave_part(VpMemOrder *order, const Part *parts, int n)
{
	lock_parts(order);
	assert(order->nopen + n <= MOST_OPEN);
	for (int i = 0; i < n; i++)
		order->open[order->nopen++] = parts[i];
	order->nbusy--;
	unlock_parts(order);
}

void
vp_mem_order_part(void *arg, bool first)
{
	VpMemOrder *order = arg;
	Scratch    *scratch = make_scratch(&order->codec);
	Part		part;

	if (scratch == NULL)
	{
		__atomic_store_n(&order->work.failed, true, __ATOMIC_RELAXED);
		__atomic_store_n(&order->work.stop, true, __ATOMIC_RELAXED);
		return;
	}
	while (take_part(order, first, scratch, &part))
	{
		Part		halves[2];

		if (part.n <= VP_CELL)
		{
			qsort(order->ids + part.start, part.n, sizeof(VpId), compare_ids);
			__atomic_fetch_add(&order->work.done, part.n, __ATOMIC_RELAXED);
			leave_part(order, NULL, 0);
		}
		else if (divide_part(order, &part, first, scratch, halves))
			leave_part(order, halves, 2);
		else
			leave_part(order, &part, 1);
	}
	free_scratch(scratch);
}

/*----------
 * The new ids
 *----------
 */

static void
swap_nodes(VpMemGraph *graph, VpId a, VpId b)
{
	char	   *x = (char *) vp_mem_node(graph, a);
	char	   *y = (char *) vp_mem_node(graph, b);
	char		room[256];

	for (size_t at = 0; at < graph->node_bytes; at += sizeof(room))
	{
		size_t		left = graph->node_bytes - at;
		size_t		n = left < sizeof(room) ? left : sizeof(room);

		memcpy(room, x + at, n);
		memcpy(x + at, y + at, n);
		memcpy(y + at, room, n);
	}
}

/* Brings the node that is to be in a place there, and another nearer to its own: each swap one. */
static void
fill_place(VpMemOrder *order, VpId id)
{
	while (order->places[id] != id)
	{
		VpId		to = order->places[id];

		swap_nodes(order->work.graph, id, to);
		order->places[id] = order->places[to];
		order->places[to] = to;
	}
}

/* What a stage does at a place, one after the other. */
static inline void
do_place(VpMemOrder *order, uint32_t i)
{
	switch (order->stage)
	{
		case STAGE_NUMBER:
			order->ids[i] = i;
			break;
		case STAGE_INVERT:
			order->places[order->ids[i]] = i;
			break;
		case STAGE_MOVE:
			fill_place(order, i);
			break;
		case STAGE_CLEAR:
			order->places[i] = 0;
			break;
		case STAGE_TELL:
			order->ids[vp_mem_node(order->work.graph, i)->origin] = i;
			break;
	}
}

/* Goes through a stage, from where it was left. */
static bool
run_stage(VpMemOrder *order, Stage stage)
{
	int64_t		polled = vp_mem_now();

	if (order->stage != stage)
		return order->stage > stage;
	for (; order->at < order->work.graph->count; order->at++)
	{
		if (vp_mem_stopped(&order->work, order->at, &polled))
			return false;
		do_place(order, order->at);
	}
	order->stage++;
	order->at = 0;
	return true;
}

VpMemOrder *
vp_mem_order_create(VpMemGraph *graph)
{
	VpMemOrder *order = calloc(1, sizeof(VpMemOrder));

	if (order == NULL)
		return NULL;
	vp_mem_settle(graph);
	order->work.graph = graph;
	order->codec = projecting_codec(graph);
	order->ids = graph->order;
	order->scores = (float *) graph->upper;
	order->places = graph->upper;
	order->open[0].n = graph->count;
	/* codes of sparse vectors have no projections: all is one cell */
	order->nopen = graph->codec.slots == 0 && graph->count > VP_CELL;
	if (order->nopen == 0)
		order->work.done = graph->count;
	return order;
}

bool
vp_mem_order_begin(VpMemOrder *order)
{
	return run_stage(order, STAGE_NUMBER);
}

bool
vp_mem_order_end(VpMemOrder *order)
{
	if (order->work.stop)
		return false;
	for (Stage stage = STAGE_INVERT; stage <= STAGE_TELL; stage++)
		if (!run_stage(order, stage))
			return false;
	order->work.graph->ordered = order->work.graph->codec.slots == 0;
	return true;
}

void
vp_mem_order_free(VpMemOrder *order)
{
	free(order);
}

bool
vp_mem_order(VpMemGraph *graph, int nthreads, bool (*poll) (void *arg, uint32_t done), void *arg)
{
	VpMemOrder *order = graph->ordering;

	if (graph->work.failed)
		return false;
	if (order == NULL)
		order = graph->ordering = vp_mem_order_create(graph);
	if (order == NULL)
	{
		graph->work.failed = true;
		return false;
	}
	order->work.poll = poll;
	order->work.arg = arg;
	order->work.stop = order->work.failed;
	if (!vp_mem_order_begin(order))
		return false;
	if (order->nopen > 0)
		vp_run_threads(graph->count > PORTION ? nthreads : 1, vp_mem_order_part, order);
	graph->work.failed = order->work.failed;
	if (!vp_mem_order_end(order))
		return false;
	vp_mem_order_free(order);
	graph->ordering = NULL;
	return true;
}

VpId
vp_mem_place(const VpMemGraph *graph, VpId origin)
{
	return graph->order[origin];
}

VpId
vp_mem_origin(const VpMemGraph *graph, VpId id)
{
	return vp_mem_node(graph, id)->origin;
}
