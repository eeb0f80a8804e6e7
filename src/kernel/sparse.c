/*-------------------------------------------------------------------------
 *
 * sparse.c
 *	  Sparse vectors: exact distances, and codes of a fixed size.
 *
 * See README.md for the formulas.
 *
 *-------------------------------------------------------------------------
 */
#include "kernel/sparse.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/step.h"

/*
 * With this many times as many elements in one vector, the other's are looked
 * up in it.
 */
#define LOOK_UP_RATIO 16

/*----------
 * Exact distances
 *----------
 */

/*
 * The value, or zero; by masking, since a compiler makes a branch of ?: here.
 */
static inline float
value_if(bool wanted, float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	bits &= -(uint32_t) wanted;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * Adds up over the indices that one of the vectors has.  Which of them has the
 * next index is as good as random, so the loop has no branch on it.  `step` is
 * a constant in each caller and gets inlined.
 */
typedef float (*Step) (float sum, float a, float b);

static inline __attribute__((always_inline))
float
merge(const VpSparse *a, const VpSparse *b, Step step)
{
	const int32_t *ia = a->indices;
	const int32_t *ib = b->indices;
	float		sum = 0;
	int			i = 0;
	int			j = 0;

	while (i < a->nnz && j < b->nnz)
	{
		bool		in_a = ia[i] <= ib[j];
		bool		in_b = ib[j] <= ia[i];

		sum = step(sum, value_if(in_a, a->values[i]), value_if(in_b, b->values[j]));
		i += in_a;
		j += in_b;
	}
	for (; i < a->nnz; i++)
		sum = step(sum, a->values[i], 0);
	for (; j < b->nnz; j++)
		sum = step(sum, 0, b->values[j]);
	return sum;
}

/*
 * The first place from `from` on whose index is at least `index`: doubled
 * steps, then halves.
 */
static int
seek(const VpSparse *v, int from, int32_t index)
{
	int			step = 1;
	int			low = from;		/* all before it are below index */
	int			high;

	while (low + step <= v->nnz && v->indices[low + step - 1] < index)
	{
		low += step;
		step *= 2;
	}
	high = low + step - 1 < v->nnz ? low + step - 1 : v->nnz;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (v->indices[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The inner product where b has many more elements. */
static float
dot_by_look_up(const VpSparse *a, const VpSparse *b)
{
	float		sum = 0;
	int			j = 0;

	for (int i = 0; i < a->nnz; i++)
	{
		j = seek(b, j, a->indices[i]);
		if (j == b->nnz)
			break;
		if (b->indices[j] == a->indices[i])
			sum += a->values[i] * b->values[j];
	}
	return sum;
}

float
vp_sparse_l2sq(const VpSparse *a, const VpSparse *b)
{
	return merge(a, b, step_l2sq);
}

float
vp_sparse_dot(const VpSparse *a, const VpSparse *b)
{
	if (a->nnz < b->nnz / LOOK_UP_RATIO)
		return dot_by_look_up(a, b);
	if (b->nnz < a->nnz / LOOK_UP_RATIO)
		return dot_by_look_up(b, a);
	return merge(a, b, step_dot);
}

float
vp_sparse_l1(const VpSparse *a, const VpSparse *b)
{
	return merge(a, b, step_l1);
}

double
vp_sparse_distance(VpMetric metric, const VpSparse *a, const VpSparse *b)
{
	float		dots[3];

	switch (metric)
	{
		case VP_METRIC_L2:
			return vp_sparse_l2sq(a, b);
		case VP_METRIC_IP:
			return -vp_sparse_dot(a, b);
		case VP_METRIC_L1:
			return vp_sparse_l1(a, b);
		default:
			break;
	}
	dots[0] = vp_sparse_dot(a, b);
	dots[1] = vp_kernel.dot(a->values, a->values, a->nnz);
	dots[2] = vp_kernel.dot(b->values, b->values, b->nnz);
	return vp_cosine_distance(dots);
}

/*----------
 * Codes
 *----------
 */

#define NHASHES 65536
#define TOP 127					/* the highest level */

/*
 * Longer vectors count as of this length in codes, so that no product overflows
 * a float.
 */
#define MAX_LENGTH 1e18

/*
 * A vector whose elements are this small is the zero vector; no square
 * underflows.
 */
#define MIN_VALUE 1e-18

/*
 * A query's planes.  The table holds a level at the hashes of the query's
 * elements, and zeroes elsewhere; which they are is kept, so as to clear them
 * for the next query.
 */
typedef struct Planes
{
	int8_t		table[NHASHES];
	int32_t		nset;
	uint16_t	set[VP_SPARSE_MAX_NNZ + VP_SPARSE_MAX_MEAN];
} Planes;

/*
 * The two parts of a code; slots in use come first, an unused one has hash 0
 * and level 0.
 */
static inline uint16_t *
hashes_of(const uint8_t *code)
{
	return (uint16_t *) code;
}

static inline int8_t *
levels_of(const VpCodec *codec, const uint8_t *code)
{
	return (int8_t *) (hashes_of(code) + codec->slots);
}

/*
 * How many slots are to be looked at: whole portions, since a step for each
 * slot in use would end where no processor can foretell it.
 */
#define PORTION 8

static inline int
used_slots(const VpCodec *codec, const int8_t *levels)
{
	int			n = PORTION;

	while (n < codec->slots && levels[n] != 0)
		n += PORTION;
	return n < codec->slots ? n : codec->slots;
}

int
vp_sparse_code_bytes(int slots)
{
	return (slots * 3 + 7) / 8 * 8;
}

void
vp_sparse_codec_init(VpCodec *codec, VpMetric metric, int slots, const float *mean, int nmean)
{
	memset(codec, 0, sizeof(*codec));
	if (vp_sparse_has_mean(metric) && mean != NULL)
	{
		codec->mean = mean;
		codec->nmean = nmean;
	}
	codec->metric = metric;
	codec->slots = slots;
	codec->code_bytes = vp_sparse_code_bytes(slots);
	codec->rotated_bytes = sizeof(VpSparse);
}

/*----------
 * The mean
 *
 * Distances are estimated as |a|^2 + |b|^2 - 2 <a, b>, and the like for L1.
 * Where all vectors have values around 1e6 in the same dimensions, and differ
 * by hundreds there, no digit is left of it, nor is there any in 8 bits a
 * value.  Less the mean there are.
 *----------
 */

/*
 * A dimension is worth it if this part of its squares goes away with the mean
 * of all.  So it is one that nearly all vectors have: a part of 0.9 takes nine
 * tenths of them.
 */
#define MEAN_PART 0.9

/*
 * Merges the indices of a vector into those that are there, sorted; returns how
 * many there are.
 */
static int
add_indices(VpSparseSum *sums, int n, const VpSparse *v)
{
	int			nnew = 0;
	int			i = 0;
	int			to;

	for (int j = 0; j < v->nnz; j++)
	{
		while (i < n && sums[i].index < v->indices[j])
			i++;
		nnew += i == n || sums[i].index != v->indices[j];
	}
	/* from the far end, so that nothing is overwritten */
	to = n + nnew;
	i = n - 1;
	for (int j = v->nnz - 1; j >= 0; j--)
	{
		while (i >= 0 && sums[i].index > v->indices[j])
			sums[--to] = sums[i--];
		if (i >= 0 && sums[i].index == v->indices[j])
			sums[--to] = sums[i--];
		else
		{
			memset(&sums[--to], 0, sizeof(VpSparseSum));
			sums[to].index = v->indices[j];
		}
	}
	return n + nnew;
}

static void
add_values(VpSparseSum *sums, int n, const VpSparse *v)
{
	int			i = 0;

	for (int j = 0; j < v->nnz && i < n; j++)
	{
		double		x = v->values[j];

		while (i < n && sums[i].index < v->indices[j])
			i++;
		if (i == n || sums[i].index != v->indices[j])
			continue;
		sums[i].n++;
		sums[i].sum += x;
		sums[i].squares += x * x;
	}
}

/* What nearly all vectors have is in one of three at least. */
int
vp_sparse_mean(const VpSparse *vectors, int nvectors, VpSparseSum *room, float *mean)
{
	int			n = 0;
	int			nmean = 0;
	uint32_t	indices[VP_SPARSE_MAX_MEAN];

	if (nvectors == 0)
		return 0;
	n = add_indices(room, n, &vectors[0]);
	n = add_indices(room, n, &vectors[nvectors / 2]);
	n = add_indices(room, n, &vectors[nvectors - 1]);
	for (int i = 0; i < nvectors; i++)
		add_values(room, n, &vectors[i]);
	for (int i = 0; i < n && nmean < VP_SPARSE_MAX_MEAN; i++)
	{
		/*
		 * of those that have it: the others are far away whatever is
		 * subtracted
		 */
		double		value = room[i].sum / room[i].n;

		if (room[i].sum * room[i].sum < MEAN_PART * room[i].squares * nvectors)
			continue;
		mean[nmean] = (float) value;
		indices[nmean++] = (uint32_t) room[i].index;
	}
	memcpy(mean + nmean, indices, sizeof(uint32_t) * (size_t) nmean);
	return nmean;
}

/* Room for a vector less the mean. */
typedef struct Centred
{
	int32_t		indices[VP_SPARSE_MAX_NNZ + VP_SPARSE_MAX_MEAN];
	float		values[VP_SPARSE_MAX_NNZ + VP_SPARSE_MAX_MEAN];
} Centred;

static VpSparse
centre(const VpCodec *codec, const VpSparse *v, Centred *room)
{
	const int32_t *indices = (const int32_t *) (codec->mean + codec->nmean);
	VpSparse	shifted;
	int			n = 0;
	int			i = 0;
	int			j = 0;

	while (i < v->nnz || j < codec->nmean)
	{
		bool		in_v = j == codec->nmean || (i < v->nnz && v->indices[i] <= indices[j]);
		bool		in_mean = i == v->nnz || (j < codec->nmean && indices[j] <= v->indices[i]);

		float		rest = (in_v ? v->values[i] : 0) - (in_mean ? codec->mean[j] : 0);

		room->indices[n] = in_v ? v->indices[i] : indices[j];
		room->values[n] = fminf(fmaxf(rest, -FLT_MAX), FLT_MAX);
		n += room->values[n] != 0;
		i += in_v;
		j += in_mean;
	}
	assert(n <= i + j);
	shifted.nnz = n;
	shifted.indices = room->indices;
	shifted.values = room->values;
	return shifted;
}

static uint32_t
scramble(uint32_t x)
{
	x = (x ^ (x >> 16)) * 0x85EBCA6B;
	x = (x ^ (x >> 13)) * 0xC2B2AE35;
	return x ^ (x >> 16);
}

/*
 * Among the first 65,536 dimensions no two have the same hash, nor within any
 * other such block.
 */
static uint16_t
hash_of(int32_t index)
{
	return (uint16_t) ((uint32_t) index ^ scramble((uint32_t) index >> 16));
}

/*
 * The sign that a dimension's elements get, so that products of unlike
 * dimensions cancel out.
 */
static int
sign_of(int32_t index)
{
	return scramble((uint32_t) index) & 0x10000 ? -1 : 1;
}

/* What the coding needs to know of a whole vector. */
typedef struct Measures
{
	double		unit;			/* values are multiplied by this; cosine: unit
								 * length */
	double		top;			/* the largest magnitude, then */
	double		norm;			/* L1: sum of magnitudes, then; other metrics:
								 * of squares */
} Measures;

static Measures
measure(VpMetric metric, const VpSparse *v)
{
	Measures	m = {1, 0, 0};
	double		sum = 0;
	double		squares = 0;
	double		length;

	for (int i = 0; i < v->nnz; i++)
	{
		double		x = fabs((double) v->values[i]);

		m.top = x > m.top ? x : m.top;
		sum += x;
		squares += x * x;
	}
	length = sqrt(squares);
	if (metric == VP_METRIC_COSINE && length > 0)
		m.unit = 1 / length;
	else if (length > MAX_LENGTH)
		m.unit = MAX_LENGTH / length;
	m.top *= m.unit;
	m.norm = metric == VP_METRIC_L1 ? sum * m.unit : squares * m.unit * m.unit;
	return m;
}

/* A value's magnitude as an integer: these order as the magnitudes do. */
static uint32_t
magnitude(float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits & 0x7FFFFFFF;
}

/*
 * The magnitude that the `wanted` largest elements reach, found byte by byte
 * from the highest on; `above` is how many go beyond it.  There are that many
 * elements.
 */
static uint32_t
find_threshold(const VpSparse *v, int wanted, int *above)
{
	uint32_t	threshold = 0;

	*above = 0;
	for (int shift = 24; shift >= 0; shift -= 8)
	{
		int			counts[256] = {0};
		int			byte = 255;

		for (int i = 0; i < v->nnz; i++)
		{
			uint32_t	bits = magnitude(v->values[i]);

			if (((bits ^ threshold) >> shift) < 256)
				counts[(bits >> shift) & 255]++;
		}
		while (*above + counts[byte] < wanted)
			*above += counts[byte--];
		threshold |= (uint32_t) byte << shift;
	}
	return threshold;
}

/*
 * Keeps the largest elements, of equal ones the first.  norm2 is exact; scale
 * makes up for what is lost (L1: that is done with the distance).
 */
static void
encode(const VpCodec *codec, const VpSparse *vector, uint8_t *code, VpFactors *factors)
{
	Measures	m = measure(codec->metric, vector);
	uint16_t   *hashes = hashes_of(code);
	int8_t	   *levels = levels_of(codec, code);
	int			above = 0;
	uint32_t	threshold;
	int			equal;			/* how many at the threshold there is room for */
	double		product = 0;
	int			n = 0;

	threshold = vector->nnz > codec->slots ?
		find_threshold(vector, codec->slots, &above) : 0;
	equal = codec->slots - above;
	memset(code, 0, (size_t) codec->code_bytes);
	factors->scale = 0;
	factors->norm2 = (float) m.norm;
	if (m.top < MIN_VALUE)
		return;
	for (int i = 0; i < vector->nnz; i++)
	{
		uint32_t	bits = magnitude(vector->values[i]);
		double		value = vector->values[i] * m.unit * sign_of(vector->indices[i]);
		int			level = (int) lrint(value * (TOP / m.top));

		if (bits < threshold || (bits == threshold && equal-- <= 0) || level == 0)
			continue;
		hashes[n] = hash_of(vector->indices[i]);
		levels[n] = (int8_t) level;
		product += level * value;
		n++;
	}
	factors->scale = (float) (codec->metric == VP_METRIC_L1 ? m.top / TOP : m.norm / product);
}

/*
 * Not inlined: whoever has no mean needs no room for a centred vector on the
 * stack.
 */
static __attribute__((noinline))
void
encode_centred(const VpCodec *codec, const VpSparse *vector, uint8_t *code, VpFactors *factors)
{
	Centred		room;
	VpSparse	centred = centre(codec, vector, &room);

	encode(codec, &centred, code, factors);
}

void
vp_sparse_encode(const VpCodec *codec, const VpSparse *vector, uint8_t *code, VpFactors *factors)
{
	if (codec->mean != NULL)
		encode_centred(codec, vector, code, factors);
	else
		encode(codec, vector, code, factors);
}

size_t
vp_sparse_query_bytes(void)
{
	return (sizeof(Planes) + 63) / 64 * 64;
}

static void
clear_table(Planes *planes)
{
	for (int i = 0; i < planes->nset; i++)
		planes->table[planes->set[i]] = 0;
	planes->nset = 0;
}

/* Elements of the same hash add up. */
static void
add_to_table(Planes *planes, uint16_t hash, int level)
{
	int			sum = planes->table[hash] + level;

	if (level == 0)
		return;
	planes->table[hash] = (int8_t) (sum > TOP ? TOP : sum < -TOP ? -TOP : sum);
	planes->set[planes->nset++] = hash;
}

/* The formula's factors for a query that is `scale` times its table. */
static void
set_factors(VpQuery *query, float scale, float norm)
{
	VpMetric	metric = query->codec->metric;
	bool		normed = metric == VP_METRIC_L2 || metric == VP_METRIC_L1;

	query->a = metric == VP_METRIC_COSINE ? 1 : normed ? norm : 0;
	query->b = normed ? 1 : 0;
	query->alpha = metric == VP_METRIC_L2 ? 2 * scale : scale;
	query->gamma = 0;
}

static void
prepare(const VpSparse *vector, VpQuery *query)
{
	Measures	m = measure(query->codec->metric, vector);
	Planes	   *planes = query->planes;

	clear_table(planes);
	set_factors(query, (float) (m.top / TOP), (float) m.norm);
	if (m.top < MIN_VALUE)
		return;
	for (int i = 0; i < vector->nnz; i++)
		add_to_table(planes, hash_of(vector->indices[i]),
					 (int) lrint(vector->values[i] * m.unit * sign_of(vector->indices[i]) *
								 (TOP / m.top)));
}

static __attribute__((noinline))
void
prepare_centred(const VpSparse *vector, VpQuery *query)
{
	Centred		room;
	VpSparse	centred = centre(query->codec, vector, &room);

	prepare(&centred, query);
}

void
vp_sparse_query_prepare(const VpSparse *vector, VpQuery *query)
{
	if (query->codec->mean != NULL)
		prepare_centred(vector, query);
	else
		prepare(vector, query);
}

/*
 * The code's own step is what its levels were made with: norm2 / scale /
 * <level, level>, but for the rounding of levels.  Only one side of the product
 * makes up for what is lost, so that two nodes that are the same have the
 * distance 0.
 */
void
vp_sparse_query_from_code(const uint8_t *code, const VpFactors *factors, VpQuery *query)
{
	const VpCodec *codec = query->codec;
	const uint16_t *hashes = hashes_of(code);
	const int8_t *levels = levels_of(codec, code);
	Planes	   *planes = query->planes;
	int			n = used_slots(codec, levels);
	float		step = factors->scale;
	int32_t		squares = 0;

	clear_table(planes);
	for (int i = 0; i < n; i++)
	{
		add_to_table(planes, hashes[i], levels[i]);
		squares += levels[i] * levels[i];
	}
	if (codec->metric != VP_METRIC_L1 && squares > 0)
		step = factors->norm2 / (step * (float) squares);
	set_factors(query, step, factors->norm2);
	if (isnan(factors->scale))
		query->a = factors->scale;
}

/* The order of floats, in 16 bits. */
static uint16_t
order_of(float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	return (uint16_t) ((bits >> 31 ? ~bits : bits | UINT32_C(0x80000000)) >> 16);
}

/* See sparse.h; `level` is not negative. */
static uint16_t
weight_of(const VpQuery *query, int level)
{
	float		x = query->alpha * (float) level;

	/* L2: 2 x^2 - |q|^2, of alpha twice the step; L1: 2 x - sum |q| */
	if (query->codec->metric == VP_METRIC_L2)
		x = x * x / 2 - query->a;
	else if (query->codec->metric == VP_METRIC_L1)
		x = 2 * x - query->a;
	return order_of(x);
}

int
vp_sparse_query_terms(const VpQuery *query, uint32_t *terms, int max)
{
	const Planes *planes = query->planes;
	int			counts[TOP + 1] = {0};
	int			least = TOP;
	int			left = max;		/* room for those of the least level that is
								 * taken */
	int			n = 0;

	for (int i = 0; i < planes->nset; i++)
		counts[abs(planes->table[planes->set[i]])]++;
	while (least > 1 && counts[least] <= left)
		left -= counts[least--];
	for (int i = 0; i < planes->nset && n < max; i++)
	{
		int			level = abs(planes->table[planes->set[i]]);

		if (level < least || (level == least && left-- <= 0))
			continue;
		terms[n++] = (uint32_t) planes->set[i] << 16 | weight_of(query, level);
	}
	return n;
}

/*
 * L1: the sum of |a| + |b| - |a - b| over the slots, times how much larger the
 * vector's magnitudes are than the code's.
 */
static float
estimate_common(const VpQuery *query, const uint8_t *code, const VpFactors *factors)
{
	const VpCodec *codec = query->codec;
	const int8_t *table = ((const Planes *) query->planes)->table;
	const uint16_t *hashes = hashes_of(code);
	const int8_t *levels = levels_of(codec, code);
	int			n = used_slots(codec, levels);
	float		common = 0;
	int32_t		kept = 0;

	for (int i = 0; i < n; i++)
	{
		float		a = query->alpha * table[hashes[i]];
		float		b = factors->scale * levels[i];

		common += fabsf(a) + fabsf(b) - fabsf(a - b);
		kept += abs(levels[i]);
	}
	return kept > 0 ? common * factors->norm2 / (factors->scale * (float) kept) : 0;
}

float
vp_sparse_query_distance(const VpQuery *query, const uint8_t *code, const VpFactors *factors)
{
	const VpCodec *codec = query->codec;
	const int8_t *table = ((const Planes *) query->planes)->table;
	const uint16_t *hashes = hashes_of(code);
	const int8_t *levels = levels_of(codec, code);
	float		base = query->a + query->b * factors->norm2;
	int32_t		dot = 0;
	int			n;

	if (codec->metric == VP_METRIC_L1)
		return base - estimate_common(query, code, factors);
	n = used_slots(codec, levels);
	for (int i = 0; i < n; i++)
		dot += table[hashes[i]] * levels[i];
	return base - factors->scale * (query->alpha * (float) dot);
}
