/*-------------------------------------------------------------------------
 *
 * near_cells.c
 *	  Ids in the order of their cells; see near_cells.h.
 *
 * How near the nearest of a cell's vectors are is expected from the distance d
 * of the query to their mean and from their spread s around it: the square of
 * their distances is d^2 + s^2 in the mean, and varies by what of s lies in the
 * query's direction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "graph/overflow_heap.h"
#include "page/cells.h"
#include "search/near_cells.h"

/* Of s, twice: README.md, *Cells*, has what was tried. */
#define NEARER		1.3f

struct VpNearCells
{
	const VpIndex *index;
	const VpQuery *query;
	float		scale;			/* from a distance to the square of L2 */
	VpCellShape shape;
	uint32		cell_words;		/* of the bits, for a cell */
	uint32		words;			/* of all bits */
	const uint64 *bits;
	uint64	   *others;			/* of these, strangers and those in no cell;
								 * once these have come, all that have */
	VpOverflow	cells;			/* that have others than these: a heap, with
								 * room for all */

	/* What is being given. */
	uint32		word;			/* the next word of its bits */
	uint32		end;			/* the one behind its last */
	uint32		base;			/* the first id of `rest` */
	uint64		rest;			/* of a word, what was not given yet */
	bool		in_cells;
};

/*
 * What makes of a distance the square of that by L2, as of vectors of length 1
 * by inner product.
 */
static float
scale_of(const VpIndex *index, const VpQuery *query)
{
	float		norm2;

	switch (index->codec.metric)
	{
		case VP_METRIC_COSINE:
			return 2;			/* codec.h */
		case VP_METRIC_IP:
			norm2 = vp_query_norm2(query);
			return norm2 > 0 ? 2 / sqrtf(norm2) : 0;
		default:
			return 1;
	}
}

/* The square of the expected distance of a cell's nearest vector, up to a factor. */
static float
expect_nearest(const VpNearCells *near, const char *cell, float dist)
{
	float		square = near->scale * dist;
	float		spread;

	memcpy(&spread, cell + near->shape.spread, sizeof(spread));
	/* the mean of vectors of length 1 is shorter by what they are spread */
	if (near->index->codec.metric == VP_METRIC_IP)
		square += 2 - spread * spread;
	square = Max(square, 0);
	return square + spread * (spread - NEARER * sqrtf(square));
}

/* The bits of a cell: moves strangers to the others, and tells whether more is left. */
static bool
part_strangers(VpNearCells *near, const char *cell, uint32 number)
{
	uint32		first = number * near->cell_words;
	uint32		end = Min(first + near->cell_words, near->words);
	uint64		left = 0;

	for (uint32 i = first; i < end; i++)
	{
		uint64		strangers;

		memcpy(&strangers, cell + near->shape.strangers + (i - first) * sizeof(uint64), sizeof(strangers));
		near->others[i] |= near->bits[i] & strangers;
		left |= near->bits[i] & ~near->others[i];
	}
	return left != 0;
}

/* Measures up to VP_DOTS cells, and takes them in. */
static void
take_cells(VpNearCells *near, const char *const *cells, const uint32 *numbers, int n)
{
	float		dist[VP_DOTS];

	vp_query_distances(near->query, (const uint8_t *const *) cells, near->shape.factors, n, dist);
	for (int i = 0; i < n; i++)
	{
		VpCandidate cell = {expect_nearest(near, cells[i], dist[i]), numbers[i]};

		near->cells.entries[near->cells.n++] = cell;
	}
}

static void
take_page(const char *cells, uint32 first, uint32 count, void *arg)
{
	VpNearCells *near = arg;
	const char *wanted[VP_DOTS];
	uint32		numbers[VP_DOTS];
	int			n = 0;

	for (uint32 i = 0; i < count; i++)
	{
		const char *cell = cells + i * near->shape.size;

		if (!part_strangers(near, cell, first + i))
			continue;
		wanted[n] = cell;
		numbers[n++] = first + i;
		if (n == VP_DOTS)
		{
			take_cells(near, wanted, numbers, n);
			n = 0;
		}
	}
	if (n > 0)
		take_cells(near, wanted, numbers, n);
}

VpNearCells *
vp_near_cells_begin(const VpIndex *index, const VpQuery *query, const uint64 *bits, uint32 nids)
{
	VpNearCells *near = palloc0(sizeof(VpNearCells));
	uint32		celled = index->meta.celled_ids;

	near->index = index;
	near->query = query;
	near->scale = scale_of(index, query);
	near->bits = bits;
	near->words = nids / 64 + 1;
	near->cell_words = index->meta.cell_ids / 64;
	near->others = MemoryContextAllocExtended(CurrentMemoryContext, near->words * sizeof(uint64),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = celled / 64; i < near->words; i++)
		near->others[i] = bits[i] & (i == celled / 64 ? PG_UINT64_MAX << celled % 64 : PG_UINT64_MAX);
	vp_cell_shape(&index->store.geo, index->meta.cell_ids, &near->shape);
	near->cells.entries = palloc(vp_cell_count(&index->meta) * sizeof(VpCandidate));
	vp_cells_read(&index->store, &index->meta, take_page, near);
	vp_overflow_order(&near->cells);
	near->end = near->words;
	return near;
}

/* Goes on to the next word that has something to give; false: there is none. */
static bool
next_word(VpNearCells *near)
{
	while (near->rest == 0)
	{
		if (near->word == near->end)
		{
			if (near->cells.n == 0)
				return false;
			near->in_cells = true;
			near->word = vp_overflow_pop(&near->cells).id * near->cell_words;
			near->end = Min(near->word + near->cell_words, near->words);
		}
		near->base = near->word * 64;
		near->rest = near->others[near->word];
		if (near->in_cells)
		{
			near->rest = near->bits[near->word] & ~near->rest;
			near->others[near->word] |= near->rest;
		}
		near->word++;
	}
	return true;
}

int
vp_near_cells_next(VpNearCells *near, VpId *ids, int max, bool *in_order)
{
	int			n = 0;

	while (n < max && next_word(near))
	{
		uint64		rest = near->rest;

		for (; rest != 0 && n < max; rest &= rest - 1)
			ids[n++] = near->base + pg_rightmost_one_pos64(rest);
		near->rest = rest;
	}
	*in_order = near->in_cells;
	return n;
}

int
vp_near_cells_pick(VpNearCells *near, VpId *ids, int n, int *nset)
{
	int			npicked = 0;
	int			nfound = 0;

	Assert(near->in_cells);
	for (int i = 0; i < n; i++)
	{
		VpId		id = ids[i];
		uint32		word = id / 64;
		uint64		bit;

		if (unlikely(word >= near->words))
			continue;
		bit = near->bits[word] & UINT64CONST(1) << id % 64;
		ids[npicked] = id;
		npicked += (bit & ~near->others[word]) != 0;
		nfound += bit != 0;
		near->others[word] |= bit;
	}
	*nset = nfound;
	return npicked;
}

void
vp_near_cells_end(VpNearCells *near)
{
	pfree(near->others);
	pfree(near->cells.entries);
	pfree(near);
}
