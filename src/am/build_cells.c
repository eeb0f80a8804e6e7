/*-------------------------------------------------------------------------
 *
 * build_cells.c
 *	  The cells of an index that is built; see build_cells.h.
 *
 * The build has put nodes in an order of locality, so a cell is the next so
 * many ids.  Its mean is that of what the nodes' codes stand for: their errors
 * cancel each other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "am/build_cells.h"
#include "page/cells.h"

/* Of fewer nodes, all that may match a filter are measured in no time. */
#define LEAST_NODES		4096

/*
 * A cell has as many ids as there are matches to be measured in it at a time,
 * and so many that there are not too many cells to look at.
 */
#define LEAST_CELL_IDS	128
#define MOST_CELLS		8192

/*
 * A search ends when many ids in a row were not near.  Where some cells are
 * tight and others wide, that may be before it comes to the wide ones, which
 * hold the neighbours of what lies apart: so of all but the twentieth of the
 * cells at either end no spread may be more than so many times another one.
 */
#define MOST_UNLIKE		2.5f

/*
 * By inner product the nearest are those in the query's direction only where all
 * vectors are as long: the squares of their lengths, as their codes have them,
 * may be off 1 by so much.
 */
#define MOST_OFF_LENGTH	0.1

struct VpCellBuild
{
	const VpIndex *index;
	uint32		nids;
	uint32		cell_ids;
	VpCellShape shape;
	char	   *cells;
	uint32		added;

	/* of the cell that is being added to */
	uint32		n;
	float	   *decoded;
	double	   *sum;
	double		sum_norm2;

	bool		unequal;		/* one by inner product is not of length 1 */
};

/*
 * Lists of rows that match are there for key columns alone.  Near in the space of codes must
 * be near by the index's distance, and the build's order.
 */
static bool
is_of_use(const VpIndex *index, uint32 nids)
{
	const VpCodec *codec = &index->codec;

	return nids >= LEAST_NODES && index->store.geo.nkeys > 0 && index->store.geo.apart &&
		codec->slots == 0 && codec->bits > 1 &&
		codec->metric != VP_METRIC_L1;
}

VpCellBuild *
vp_cell_build_begin(const VpIndex *index, uint32 nids)
{
	VpCellBuild *build;
	uint32		cell_ids = LEAST_CELL_IDS;
	VpCellShape shape;

	while (nids / cell_ids >= MOST_CELLS)
		cell_ids *= 2;
	vp_cell_shape(&index->store.geo, cell_ids, &shape);
	if (!is_of_use(index, nids) || shape.per_page == 0)
		return NULL;
	build = palloc0(sizeof(VpCellBuild));
	build->index = index;
	build->nids = nids;
	build->cell_ids = cell_ids;
	build->shape = shape;
	build->cells = palloc0((Size) ((nids - 1) / cell_ids + 1) * shape.size);
	build->decoded = palloc(index->codec.rotated_bytes);
	build->sum = palloc0(index->codec.padded * sizeof(double));
	return build;
}

/* The square of the length of build->decoded, with a mean or NULL added to it. */
static double
decoded_norm2(const VpCellBuild *build, const float *mean)
{
	double		norm2 = 0;

	for (int i = 0; i < build->index->codec.padded; i++)
	{
		double		x = build->decoded[i] + (mean != NULL ? mean[i] : 0);

		norm2 += x * x;
	}
	return norm2;
}

/* The same without a mean; factors tell it but by inner product. */
static double
norm2_of(const VpCellBuild *build, const VpFactors *factors)
{
	return build->index->codec.metric == VP_METRIC_IP ? decoded_norm2(build, NULL) : factors->norm2;
}

/* All of a cell have been added. */
static void
end_cell(VpCellBuild *build)
{
	const VpCodec *codec = &build->index->codec;
	char	   *cell = build->cells + (Size) ((build->added - 1) / build->cell_ids) * build->shape.size;
	VpFactors	factors;
	float		spread;

	for (int i = 0; i < codec->padded; i++)
		build->decoded[i] = build->sum[i] / build->n;
	vp_codec_encode(codec, build->decoded, (uint8 *) cell, &factors);
	spread = sqrt(Max(build->sum_norm2 / build->n - norm2_of(build, &factors), 0));
	memcpy(cell + build->shape.factors, &factors, sizeof(factors));
	memcpy(cell + build->shape.spread, &spread, sizeof(spread));
	memset(build->sum, 0, codec->padded * sizeof(double));
	build->sum_norm2 = 0;
	build->n = 0;
}

void
vp_cell_build_add(VpCellBuild *build, const float factors[2], const void *code)
{
	const VpCodec *codec = &build->index->codec;
	VpFactors	own = {factors[0], factors[1]};

	vp_codec_decode(codec, code, &own, build->decoded);
	for (int i = 0; i < codec->padded; i++)
		build->sum[i] += build->decoded[i];
	build->sum_norm2 += norm2_of(build, &own);
	if (codec->metric == VP_METRIC_IP)
		build->unequal |= !(fabs(decoded_norm2(build, codec->mean) - 1) <= MOST_OFF_LENGTH);
	build->n++;
	build->added++;
	if (build->n == build->cell_ids || build->added == build->nids)
		end_cell(build);
}

static int
compare_floats(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return x < y ? -1 : x > y;
}

/* Are the cells about as wide as one another? */
static bool
are_alike(const VpCellBuild *build)
{
	uint32		ncells = (build->nids - 1) / build->cell_ids + 1;
	float	   *spreads = palloc(ncells * sizeof(float));
	float		narrow;
	float		wide;

	for (uint32 i = 0; i < ncells; i++)
		memcpy(&spreads[i], build->cells + (Size) i * build->shape.size + build->shape.spread, sizeof(float));
	qsort(spreads, ncells, sizeof(float), compare_floats);
	narrow = spreads[ncells / 20];
	wide = spreads[ncells - 1 - ncells / 20];
	pfree(spreads);
	elog(DEBUG1, "vecprov cells: %u, spread %g to %g", ncells, narrow, wide);
	return wide <= MOST_UNLIKE * narrow;
}

void
vp_cell_build_write(VpCellBuild *build, Relation heap)
{
	Assert(build->added == build->nids);
	if (build->unequal || !are_alike(build))
		return;
	vp_cells_write(&build->index->store, heap, build->cells, build->cell_ids, build->nids);
}
