/*-------------------------------------------------------------------------
 *
 * codec.c
 *	  Vectors quantised to a few bits a dimension, and distances to them.
 *
 * See README.md for the formulas.  RaBitQ: Gao & Long, SIGMOD 2024; several
 * bits: Gao et al., SIGMOD 2025.
 *
 *-------------------------------------------------------------------------
 */
#include "kernel/codec.h"

#include <float.h>
#include <string.h>

#include "kernel/rotation.h"
#include "kernel/sparse.h"

/*
 * Longer vectors count as of this length in codes, so that no product of two
 * of them overflows a float.
 */
#define MAX_LENGTH 1e18

/* A vector whose dimensions are this small is the zero vector. */
#define MIN_SIGMA 1e-34

static bool
is_quantised(VpMetric metric, int bits)
{
	return metric != VP_METRIC_L1 && bits > 1 && bits < 32;
}

int
vp_codec_padded(VpMetric metric, int dims, int bits)
{
	int			unit = 64 / bits;	/* dimensions in eight bytes */

	return (dims + unit - 1) / unit * unit;
}

int
vp_codec_code_bytes(VpMetric metric, int dims, int bits)
{
	return vp_codec_padded(metric, dims, bits) * bits / 8;
}

size_t
vp_codec_sign_words(VpMetric metric, int dims, int bits)
{
	return is_quantised(metric, bits) ? vp_rotation_words(vp_codec_padded(metric, dims, bits)) : 0;
}

void
vp_codec_init(VpCodec *codec, VpMetric metric, int dims, int bits,
			  const uint32_t *signs, const float *mean)
{
	codec->metric = metric;
	codec->dims = dims;
	codec->padded = vp_codec_padded(metric, dims, bits);
	codec->bits = bits;
	codec->slots = 0;
	codec->code_bytes = vp_codec_code_bytes(metric, dims, bits);
	codec->rotated_bytes = bits == 1 ? (size_t) codec->code_bytes : codec->padded * sizeof(float);
	codec->signs = is_quantised(metric, bits) ? signs : NULL;
	codec->mean = is_quantised(metric, bits) ? mean : NULL;
	codec->mean_norm2 = codec->mean != NULL ?
		vp_kernel.dot(codec->mean, codec->mean, codec->padded) : 0;
}

/* The length of a vector, right even where the squares leave the range of floats. */
static double
length(const float *x, int n)
{
	double		sum = vp_kernel.dot(x, x, n);

	if (!(sum > 1e-30 && sum < FLT_MAX))
	{
		sum = 0;
		for (int i = 0; i < n; i++)
			sum += (double) x[i] * x[i];
	}
	return sqrt(sum);
}

void
vp_codec_rotate_raw(const VpCodec *codec, const float *x, float *out)
{
	double		len = length(x, codec->dims);
	double		factor = 1;

	if (codec->metric == VP_METRIC_COSINE && len > 0)
		factor = 1 / len;
	else if (len > MAX_LENGTH)
		factor = MAX_LENGTH / len;
	for (int i = 0; i < codec->dims; i++)
		out[i] = (float) (x[i] * factor);
	for (int i = codec->dims; i < codec->padded; i++)
		out[i] = 0;
	if (codec->signs != NULL)
		vp_rotate(out, codec->padded, codec->signs);
}

void
vp_codec_rotate(const VpCodec *codec, const float *x, float *out)
{
	vp_codec_rotate_raw(codec, x, out);
	if (codec->mean != NULL)
		for (int i = 0; i < codec->padded; i++)
			out[i] -= codec->mean[i];
}

/* Bytes of the sample are taken at equal distances. */
void
vp_codec_sample(const VpCodec *codec, const uint8_t *bits, int nbytes, uint8_t *out)
{
	memset(out, 0, (size_t) codec->code_bytes);
	if (nbytes <= codec->code_bytes)
		memcpy(out, bits, (size_t) nbytes);
	else
		for (int i = 0; i < codec->code_bytes; i++)
			out[i] = bits[(int64_t) i * nbytes / codec->code_bytes];
}

/* A grid of levels 0 ... top; level k begins at lower + k / inverse. */
typedef struct Grid
{
	float		lower;
	float		inverse;		/* of the step */
	float		top;
} Grid;

static inline int
level_of(const Grid *grid, float x)
{
	float		y = (x - grid->lower) * grid->inverse;

	y = y > 0 ? y : 0;
	return (int) (y < grid->top ? y : grid->top);
}

/* Writes levels in the packing of kernel.h. */
static void
write_levels(const VpCodec *codec, const float *x, const Grid *grid, uint8_t *code)
{
	memset(code, 0, codec->code_bytes);
	for (int shift = 0; shift < 8; shift += codec->bits, x += codec->code_bytes)
		for (int j = 0; j < codec->code_bytes; j++)
			code[j] |= (uint8_t) (level_of(grid, x[j]) << shift);
}

/* The level in byte j of the plane that begins at bit `shift`. */
static inline int
read_level(const VpCodec *codec, const uint8_t *code, int shift, int j)
{
	return (code[j] >> shift) & ((1 << codec->bits) - 1);
}

/* Reads levels as lower + step * level. */
static void
read_levels(const VpCodec *codec, const uint8_t *code, float lower, float step, float *x)
{
	for (int shift = 0; shift < 8; shift += codec->bits, x += codec->code_bytes)
		for (int j = 0; j < codec->code_bytes; j++)
			x[j] = lower + step * (float) read_level(codec, code, shift, j);
}

/* <v, r> and <v, v> for the v that a grid makes of r. */
static void
measure_grid(const Grid *grid, const float *r, int n, double *vr, double *vv)
{
	float		centre = grid->top / 2;

	*vr = *vv = 0;
	for (int i = 0; i < n; i++)
	{
		float		v = (float) level_of(grid, r[i]) - centre;

		*vr += v * r[i];
		*vv += v * v;
	}
}

/*
 * After a rotation r is as good as Gaussian, so the step of the least error is
 * known; trying some around it and keeping the one with the smallest angle
 * between v and r fits it to the vector at hand.
 */
static void
encode_quantised(const VpCodec *codec, const float *r, uint8_t *code, VpFactors *factors)
{
	static const double tries[] = {0.8, 0.87, 0.94, 1.0, 1.07};
	double		len = length(r, codec->padded);
	double		sigma = len / sqrt(codec->padded);
	double		usual = sigma * (codec->bits == 2 ? 0.996 : codec->bits == 4 ? 0.335 : 0.028);
	double		best_vr = 0;
	double		best_score = 0;
	Grid		best = {0, 0, (float) ((1 << codec->bits) - 1)};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]) && sigma > MIN_SIGMA; i++)
	{
		double		step = usual * tries[i];
		Grid		grid = best;
		double		vr;
		double		vv;

		grid.lower = (float) (-step * (1 << (codec->bits - 1)));
		grid.inverse = (float) (1 / step);
		measure_grid(&grid, r, codec->padded, &vr, &vv);
		if (vr * vr / vv > best_score)
		{
			best_score = vr * vr / vv;
			best_vr = vr;
			best = grid;
		}
	}
	write_levels(codec, r, &best, code);
	factors->scale = best_vr > 0 ? (float) (len * len / best_vr) : 0;
	if (codec->metric != VP_METRIC_IP)
		factors->norm2 = (float) (len * len);
	else
		factors->norm2 = codec->mean != NULL ? vp_kernel.dot(codec->mean, r, codec->padded) : 0;
}

/*
 * L1: a grid of the vector's own from its lowest to its highest value.  The
 * padding is at level 0, so that its part in a distance is known.
 */
static void
encode_l1(const VpCodec *codec, const float *x, uint8_t *code, VpFactors *factors)
{
	float		lo = x[0];
	float		hi = x[0];
	Grid		grid;

	for (int i = 1; i < codec->dims; i++)
	{
		lo = x[i] < lo ? x[i] : lo;
		hi = x[i] > hi ? x[i] : hi;
	}
	grid.top = (float) ((1 << codec->bits) - 1);
	factors->scale = (hi - lo) / grid.top;
	factors->norm2 = lo;
	grid.inverse = factors->scale > FLT_MIN ? 1 / factors->scale : 0;
	grid.lower = lo - factors->scale / 2;
	write_levels(codec, x, &grid, code);
	for (int i = codec->dims; i < codec->padded; i++)
	{
		int			shift = i / codec->code_bytes * codec->bits;

		code[i % codec->code_bytes] &= (uint8_t) ~(((1 << codec->bits) - 1) << shift);
	}
}

/* How many bits of a code are set. */
static float
count_ones(const VpCodec *codec, const uint8_t *code)
{
	return (float) vp_kernel.bits_and(code, code, codec->code_bytes);
}

void
vp_codec_encode(const VpCodec *codec, const void *rotated, uint8_t *code, VpFactors *factors)
{
	if (codec->slots > 0)
		vp_sparse_encode(codec, rotated, code, factors);
	else if (codec->bits == 1)
	{
		memcpy(code, rotated, codec->rotated_bytes);
		factors->scale = 1;
		factors->norm2 = count_ones(codec, code);
	}
	else if (codec->bits == 32)
	{
		memcpy(code, rotated, codec->code_bytes);
		factors->scale = 1;
		factors->norm2 = vp_kernel.dot(rotated, rotated, codec->padded);
	}
	else if (codec->metric == VP_METRIC_L1)
		encode_l1(codec, rotated, code, factors);
	else
		encode_quantised(codec, rotated, code, factors);
}

void
vp_codec_decode(const VpCodec *codec, const uint8_t *code, const VpFactors *factors, float *rotated)
{
	if (codec->bits == 32)
		memcpy(rotated, code, codec->code_bytes);
	else
	{
		float		centre = (float) ((1 << codec->bits) - 1) / 2;

		read_levels(codec, code, -factors->scale * centre, factors->scale, rotated);
	}
}

/* Planes are floats or int8; an inner product's query has a place for floats behind them. */
size_t
vp_query_bytes(const VpCodec *codec)
{
	if (codec->slots > 0)
		return vp_sparse_query_bytes();
	if (!is_quantised(codec->metric, codec->bits))
		return codec->rotated_bytes;
	return codec->padded + (codec->metric == VP_METRIC_IP ? codec->rotated_bytes : 0);
}

/*
 * Sets the formula's factors for a query that is `scale` times its planes;
 * `sum` is the sum of the planes, `norm2` the query's squared length.
 */
static void
set_factors(VpQuery *query, float scale, int32_t sum, float norm2)
{
	float		half = query->codec->metric == VP_METRIC_L2 ? 1 : 0.5f;
	float		centre = (float) ((1 << query->codec->bits) - 1) / 2;

	query->a = half * norm2;
	query->b = half;
	query->alpha = 2 * half * scale;
	query->gamma = query->alpha * centre * (float) sum;
}

/* Fills int8 planes with x; gives the sum of them, and what one of them stands for. */
static int32_t
quantise_query(const float *x, int n, int8_t *planes, float *scale)
{
	int32_t		top_bits = 0;
	float		top;
	float		inverse;
	int32_t		sum = 0;

	/*
	 * numbers without a sign are in the order of their bits, which compilers
	 * make vectors of
	 */
	for (int i = 0; i < n; i++)
	{
		int32_t		bits;

		memcpy(&bits, &x[i], sizeof(bits));
		bits &= INT32_MAX;
		top_bits = bits > top_bits ? bits : top_bits;
	}
	memcpy(&top, &top_bits, sizeof(top));
	inverse = top > (float) MIN_SIGMA ? 127 / top : 0;
	for (int i = 0; i < n; i++)
	{
		/* 1.5 * 2^23: the sum's lowest bits are the nearest integer. */
		float		rounded = x[i] * inverse + 12582912.0f;
		uint32_t	bits;

		memcpy(&bits, &rounded, sizeof(bits));
		planes[i] = (int8_t) bits;
		sum += planes[i];
	}
	*scale = top / 127;
	return sum;
}

/*
 * Inner product.  With the mean m and x = m + r, and for any t,
 *
 *		<q, x> = <q, m> + t <m, r> + <q - t m, r>
 *
 * of which only the last is estimated: t is chosen so that q - t m is shortest.
 * The codes' norm2 is <m, r>.
 */
static void
prepare_ip(const float *rotated, VpQuery *query)
{
	const VpCodec *codec = query->codec;
	float	   *rest = (float *) ((char *) query->planes + codec->padded);
	float		t = 0;
	float		scale;
	int32_t		sum;

	/* rotated is q - m */
	memcpy(rest, rotated, codec->padded * sizeof(float));
	if (codec->mean != NULL && codec->mean_norm2 > 0)
	{
		float		less = vp_kernel.dot(rotated, codec->mean, codec->padded) / codec->mean_norm2;

		t = 1 + less;
		for (int i = 0; i < codec->padded; i++)
			rest[i] -= less * codec->mean[i];
	}
	sum = quantise_query(rest, codec->padded, query->planes, &scale);
	set_factors(query, scale, sum, 0);
	query->a = -t * codec->mean_norm2;
	query->b = -t;
}

/* As prepare_ip() has left it: the query is what is beside the mean, and t means. */
float
vp_query_norm2(const VpQuery *query)
{
	const VpCodec *codec = query->codec;
	const float *rest = (const float *) ((const char *) query->planes + codec->padded);
	float		t = -query->b;

	if (!is_quantised(codec->metric, codec->bits))
		rest = query->planes;
	return vp_kernel.dot(rest, rest, codec->padded) + t * t * codec->mean_norm2;
}

void
vp_query_prepare(const VpCodec *codec, const void *rotated, VpQuery *query)
{
	query->codec = codec;
	query->a = query->b = query->alpha = query->gamma = 0;
	if (codec->bits == 1)
		query->a = count_ones(codec, rotated);
	if (codec->slots > 0)
		vp_sparse_query_prepare(rotated, query);
	else if (!is_quantised(codec->metric, codec->bits))
		memcpy(query->planes, rotated, codec->rotated_bytes);
	else if (codec->metric == VP_METRIC_IP)
		prepare_ip(rotated, query);
	else
	{
		float		scale;
		int32_t		sum = quantise_query(rotated, codec->padded, query->planes, &scale);

		set_factors(query, scale, sum, vp_kernel.dot(rotated, rotated, codec->padded));
	}
}

/*
 * Makes planes of a code: 2v with 2 and 4 bits, v - 1/2 with 8 bits.  Gives the
 * sum of them.  `bits` is a constant in each caller, and the loops are so plain
 * that compilers vectorise them: a choice of links does this for every link.
 */
static inline int32_t
planes_of_code(const uint8_t *code, int nbytes, int bits, int8_t *planes)
{
	int			top = (1 << bits) - 1;
	int32_t		sum = 0;

	for (int shift = 0; shift < 8; shift += bits, planes += nbytes)
	{
		for (int j = 0; j < nbytes; j++)
		{
			int			level = (code[j] >> shift) & top;

			planes[j] = (int8_t) (bits == 8 ? level - 128 : 2 * level - top);
		}
		for (int j = 0; j < nbytes; j++)
			sum += planes[j];
	}
	return sum;
}

/*
 * In integers.  With 8 bits the planes lack the half, and the
 * scale makes up for it in such a way that scale * <planes, v> is right.
 */
static void
prepare_from_levels(const uint8_t *code, const VpFactors *factors, VpQuery *query)
{
	const VpCodec *codec = query->codec;
	int8_t	   *planes = query->planes;
	int			nbytes = codec->code_bytes;
	float		scale = factors->scale / 2;
	int32_t		sum;

	if (codec->bits == 2)
		sum = planes_of_code(code, nbytes, 2, planes);
	else if (codec->bits == 4)
		sum = planes_of_code(code, nbytes, 4, planes);
	else
	{
		int32_t		product;	/* 4 <planes, v>; 4 <v, v> is 2 <1, v> more */

		sum = planes_of_code(code, nbytes, 8, planes);
		product = 2 * (2 * vp_kernel.dot_u8(code, planes, nbytes) - 255 * sum);
		scale = factors->scale * (float) (product + 2 * sum + codec->padded) / (float) product;
	}
	set_factors(query, scale, sum, factors->norm2);
	if (codec->metric == VP_METRIC_IP)
	{
		query->a = -codec->mean_norm2 - factors->norm2;
		query->b = -1;
	}
}

void
vp_query_from_code(const VpCodec *codec, const uint8_t *code, const VpFactors *factors,
				   VpQuery *query)
{
	float		step = factors->scale;

	query->codec = codec;
	query->a = query->b = query->alpha = query->gamma = 0;
	if (codec->bits == 1)
		query->a = factors->norm2;
	if (codec->slots > 0)
		vp_sparse_query_from_code(code, factors, query);
	else if (codec->bits == 1 || codec->bits == 32)
		memcpy(query->planes, code, codec->code_bytes);
	else if (codec->metric == VP_METRIC_L1)
	{
		float	   *planes = query->planes;

		read_levels(codec, code, factors->norm2, step, planes);
		for (int i = codec->dims; i < codec->padded; i++)
			planes[i] = 0;
	}
	else
		prepare_from_levels(code, factors, query);
	if (isnan(step))
		query->a = step;
}

/*
 * Of two strings without any bit the Jaccard distance is taken for 0 here, so that the
 * graph has them beside one another.
 */
static float
bits_estimate(const VpQuery *query, const uint8_t *code, const VpFactors *factors)
{
	int			nbytes = query->codec->code_bytes;
	float		common;
	float		all;

	if (query->codec->metric == VP_METRIC_HAMMING)
		return (float) vp_kernel.bits_xor(query->planes, code, nbytes);
	common = (float) vp_kernel.bits_and(query->planes, code, nbytes);
	all = query->a + factors->norm2 - common;
	return all > 0 ? 1 - common / all : 0;
}

float
vp_query_distance_other(const VpQuery *query, const uint8_t *code, const VpFactors *factors)
{
	const VpCodec *codec = query->codec;
	const float *planes = query->planes;
	const float *vector = (const float *) code;
	float		lo = factors->norm2;
	float		step = factors->scale;
	float		distance;

	if (isnan(step))
		return step;
	if (codec->slots > 0)
		return vp_sparse_query_distance(query, code, factors);
	if (codec->bits == 1)
		return bits_estimate(query, code, factors);
	if (codec->metric == VP_METRIC_L1 && codec->bits < 32)
	{
		if (codec->bits == 2)
			distance = vp_kernel.l1_u2(code, planes, lo, step, codec->code_bytes);
		else if (codec->bits == 4)
			distance = vp_kernel.l1_u4(code, planes, lo, step, codec->code_bytes);
		else
			distance = vp_kernel.l1_u8(code, planes, lo, step, codec->code_bytes);
		distance -= (float) (codec->padded - codec->dims) * fabsf(lo);
	}
	else if (codec->metric == VP_METRIC_L1)
		distance = vp_kernel.l1(planes, vector, codec->padded);
	else if (codec->metric == VP_METRIC_L2)
		distance = vp_kernel.l2sq(planes, vector, codec->padded);
	else
	{
		distance = -vp_kernel.dot(planes, vector, codec->padded);
		if (codec->metric == VP_METRIC_COSINE)
			distance += 1;
	}
	return query->a + distance;
}

typedef void (*DotCodes) (const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes,
						  int32_t dots[VP_DOTS]);

/* NULL: there is no kernel for several codes like these. */
static inline DotCodes
dot_codes(const VpCodec *codec)
{
	if (codec->metric == VP_METRIC_L1)
		return NULL;
	return codec->bits == 4 ? vp_kernel.dots_u4 :
		codec->bits == 8 ? vp_kernel.dots_u8 :
		codec->bits == 2 ? vp_kernel.dots_u2 : NULL;
}

static inline const VpFactors *
factors_of(const uint8_t *code, int factors_at)
{
	return (const VpFactors *) (code + factors_at);
}

void
vp_query_distances(const VpQuery *query, const uint8_t *const *codes, int factors_at, int n, float *dist)
{
	DotCodes	dot = n > 1 ? dot_codes(query->codec) : NULL;
	const uint8_t *all[VP_DOTS];
	int32_t		dots[VP_DOTS];
	float		estimates[VP_DOTS];

	if (dot == NULL)
	{
		for (int i = 0; i < n; i++)
			dist[i] = vp_query_distance(query, codes[i], factors_of(codes[i], factors_at));
		return;
	}
	for (int i = 0; i < VP_DOTS; i++)
		all[i] = codes[i < n ? i : 0];
	dot(all, query->planes, query->codec->code_bytes, dots);
	/* all of them, as a loop of a fixed length becomes one of vectors */
	for (int i = 0; i < VP_DOTS; i++)
		estimates[i] = vp_query_estimate(query, dots[i], factors_of(all[i], factors_at));
	for (int i = 0; i < n; i++)
		dist[i] = estimates[i];
}

/* One function for each pair of types that there are kernels for. */
#define EXACT_DISTANCE(suffix, TypeA, TypeB) \
double \
vp_exact_distance##suffix(VpMetric metric, const TypeA *a, const TypeB *b, int dims) \
{ \
	float		dots[3]; \
\
	switch (metric) \
	{ \
		case VP_METRIC_L2: \
			return vp_kernel.l2sq##suffix(a, b, dims); \
		case VP_METRIC_IP: \
			return -vp_kernel.dot##suffix(a, b, dims); \
		case VP_METRIC_L1: \
			return vp_kernel.l1##suffix(a, b, dims); \
		default: \
			break; \
	} \
	vp_kernel.dot3##suffix(a, b, dims, dots); \
	return vp_cosine_distance(dots); \
}

EXACT_DISTANCE(, float, float)
EXACT_DISTANCE(_hh, VpHalf, VpHalf)
EXACT_DISTANCE(_fh, float, VpHalf)

double
vp_bits_distance(VpMetric metric, const uint8_t *a, const uint8_t *b, int nbytes)
{
	double		common;

	if (metric == VP_METRIC_HAMMING)
		return vp_kernel.bits_xor(a, b, nbytes);
	common = vp_kernel.bits_and(a, b, nbytes);
	return common > 0 ? 1 - common / (common + vp_kernel.bits_xor(a, b, nbytes)) : 1;
}
