/*-------------------------------------------------------------------------
 *
 * codec_test.c
 *	  Rotation, encoding, and how far estimated distances are from exact ones.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/codec.h"
#include "kernel/rotation.h"
#include "unit.h"

static const VpMetric metrics[] = {
	VP_METRIC_L2, VP_METRIC_IP, VP_METRIC_COSINE, VP_METRIC_L1
};
static const char *const metric_names[] = {"?", "L2", "IP", "cosine", "L1"};
static const int all_bits[] = {2, 4, 8, 32};

static uint64_t seed = 42;

/* 64-byte aligned memory, of at least one byte. */
static void *
aligned(size_t bytes)
{
	return aligned_alloc(64, (bytes + 64) / 64 * 64);
}

/* A codec and room for what is made with it. */
typedef struct Bench
{
	VpCodec		codec;
	uint32_t   *signs;
	float	   *mean;
	float	   *rotated;
	uint8_t    *code;
	VpFactors	factors;
	VpQuery		query;
} Bench;

static void
bench_init(Bench *b, VpMetric metric, int dims, int bits)
{
	size_t		words = vp_codec_sign_words(metric, dims, bits);
	int			padded = vp_codec_padded(metric, dims, bits);

	b->signs = words > 0 ? malloc(words * sizeof(uint32_t)) : NULL;
	vp_codec_make_signs(7, b->signs, words);
	b->mean = calloc(padded, sizeof(float));
	b->rotated = aligned((size_t) padded * sizeof(float));
	b->code = aligned(vp_codec_code_bytes(metric, dims, bits));
	vp_codec_init(&b->codec, metric, dims, bits, b->signs, NULL);
	b->query.planes = aligned(vp_query_bytes(&b->codec));
}

static void
bench_free(Bench *b)
{
	free(b->signs);
	free(b->mean);
	free(b->rotated);
	free(b->code);
	free(b->query.planes);
}

static void
bench_encode(Bench *b, const float *x)
{
	vp_codec_rotate(&b->codec, x, b->rotated);
	vp_codec_encode(&b->codec, b->rotated, b->code, &b->factors);
}

static void
bench_prepare(Bench *b, const float *x)
{
	vp_codec_rotate(&b->codec, x, b->rotated);
	vp_query_prepare(&b->codec, b->rotated, &b->query);
}

static float
bench_distance(const Bench *b)
{
	return vp_query_distance(&b->query, b->code, &b->factors);
}

static void
test_sizes(void)
{
	VP_CHECK(vp_codec_padded(VP_METRIC_L2, 100, 4) == 112, "100 dimensions of 4 bits");
	VP_CHECK(vp_codec_code_bytes(VP_METRIC_L2, 100, 4) == 56, "100 dimensions of 4 bits");
	VP_CHECK(vp_codec_padded(VP_METRIC_L2, 3, 32) == 4, "3 floats");
	for (int dims = 1; dims <= 2000; dims += dims < 140 ? 1 : 37)
		for (int i = 0; i < 4; i++)
		{
			int			bits = all_bits[i];
			int			padded = vp_codec_padded(VP_METRIC_L2, dims, bits);
			int			bytes = vp_codec_code_bytes(VP_METRIC_L2, dims, bits);

			VP_CHECK(padded >= dims && bytes * 8 == padded * bits && bytes % 8 == 0 &&
					 (padded - dims) * bits < 64,
					 "%d dimensions of %d bits: padded %d, %d bytes", dims, bits, padded, bytes);
			VP_CHECK(vp_codec_sign_words(VP_METRIC_L1, dims, bits) == 0, "L1 has a rotation");
			VP_CHECK((vp_codec_sign_words(VP_METRIC_L2, dims, bits) == 0) == (bits == 32),
					 "words of signs for %d bits", bits);
		}
}

static void
test_signs(void)
{
	uint32_t	signs[1000];
	int			ones = 0;

	/* SplitMix64's first numbers for the seed 0, as published. */
	vp_codec_make_signs(0, signs, 2);
	VP_CHECK(signs[0] == 0xE220A839 && signs[1] == 0x6E789E6A, "signs of seed 0: %X %X",
			 signs[0], signs[1]);
	vp_codec_make_signs(123, signs, 1000);
	for (int i = 0; i < 1000; i++)
		ones += __builtin_popcount(signs[i]);
	VP_CHECK(abs(ones - 16000) < 450, "%d of 32000 signs are set", ones);
}

/*
 * Unit vectors, the worst there is: after the rotation they must look like
 * Gaussian noise, of equal strength everywhere.
 */
static void
test_rotation_mixes(int n)
{
	uint32_t   *signs = malloc(vp_rotation_words(n) * sizeof(uint32_t));
	float	   *x = aligned(n * sizeof(float));
	double		largest = 0;
	double		fourth = 0;
	double		from_to[4][4] = {{0}};	/* strength by quarter of origin and
										 * of target */

	vp_codec_make_signs(99, signs, vp_rotation_words(n));
	for (int i = 0; i < n; i++)
	{
		double		norm2 = 0;

		memset(x, 0, n * sizeof(float));
		x[i] = 1;
		vp_rotate(x, n, signs);
		for (int j = 0; j < n; j++)
		{
			double		square = (double) x[j] * x[j];

			norm2 += square;
			largest = fmax(largest, square);
			fourth += square * square;
			from_to[i * 4 / n][j * 4 / n] += square;
		}
		VP_CHECK(fabs(norm2 - 1) < 1e-5, "unit vector %d of %d: squared length %g", i, n, norm2);
	}
	VP_CHECK(sqrt(largest * n) < 6.5, "%d: a coordinate of %g sigma", n, sqrt(largest * n));
	VP_CHECK(fabs(fourth - 3) < 0.6, "%d: a kurtosis of %g", n, fourth);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
			VP_CHECK(fabs(from_to[i][j] * 16 / n - 1) < 0.2,
					 "%d: quarter %d gives quarter %d %g of its share", n, i, j,
					 from_to[i][j] * 16 / n);
	free(signs);
	free(x);
}

static void
test_rotation_keeps_products(int n)
{
	uint32_t   *signs = malloc(vp_rotation_words(n) * sizeof(uint32_t));
	float	   *x = aligned(n * sizeof(float));
	float	   *y = aligned(n * sizeof(float));
	double		before = 0;
	double		after = 0;

	vp_codec_make_signs(5, signs, vp_rotation_words(n));
	for (int i = 0; i < n; i++)
	{
		x[i] = (float) vp_unit_gauss(&seed);
		y[i] = (float) vp_unit_gauss(&seed);
		before += (double) x[i] * y[i];
	}
	vp_rotate(x, n, signs);
	vp_rotate(y, n, signs);
	for (int i = 0; i < n; i++)
		after += (double) x[i] * y[i];
	VP_CHECK(fabs(before - after) < 1e-5 * n, "%d: product %g, rotated %g", n, before, after);
	free(signs);
	free(x);
	free(y);
}

static void
test_rotation(void)
{
	static const int bad[] = {72, 96, 112, 120, 128, 200, 248, 256, 264, 504, 520, 768, 1008};

	for (int n = 2; n <= 300; n += 2)
		test_rotation_keeps_products(n);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		test_rotation_mixes(bad[i]);
}

/* Errors in units of (length of the query) * (length of the rest) / sqrt(dimensions). */
typedef struct Errors
{
	double		bias;
	double		deviation;
	double		absolute;		/* mean of the plain error's size */
} Errors;

#define VECTORS 200
#define DIMS 100

/* Random vectors; skewed: far from the origin, and not of one strength everywhere. */
static void
make_vectors(float *x, bool skewed)
{
	for (int i = 0; i < VECTORS * DIMS; i++)
	{
		double		value = vp_unit_gauss(&seed);

		if (skewed)
			value = value * (i % DIMS < 50 ? 2 : 0.5) + (i % 3 == 0 ? 4 : 1);
		x[i] = (float) value;
	}
}

/* The codec's mean from all vectors. */
static void
set_mean(Bench *b, const float *x)
{
	int			padded = b->codec.padded;

	for (int v = 0; v < VECTORS; v++)
	{
		vp_codec_rotate_raw(&b->codec, x + v * DIMS, b->rotated);
		for (int i = 0; i < padded; i++)
			b->mean[i] += b->rotated[i] / VECTORS;
	}
	vp_codec_init(&b->codec, b->codec.metric, DIMS, b->codec.bits, b->signs, b->mean);
}

/* |r| of the vector that was coded last. */
static double
rest_length(const Bench *b)
{
	return sqrt(vp_kernel.dot(b->rotated, b->rotated, b->codec.padded));
}

/*
 * Compares estimates with exact distances, for queries from vectors or from
 * codes.
 */
static Errors
measure(Bench *b, const float *x, bool from_code)
{
	VpMetric	metric = b->codec.metric;
	Errors		e = {0, 0, 0};
	int			count = 0;

	for (int v = 0; v < VECTORS; v += 10)
	{
		const float *q = x + v * DIMS;
		double		query_norm;

		bench_encode(b, q);
		query_norm = rest_length(b);
		if (from_code)
			vp_query_from_code(&b->codec, b->code, &b->factors, &b->query);
		else
			vp_query_prepare(&b->codec, b->rotated, &b->query);
		for (int w = 0; w < VECTORS; w++)
		{
			double		error;
			double		unit;

			if (v == w)
				continue;
			bench_encode(b, x + w * DIMS);
			unit = query_norm * rest_length(b) / sqrt(DIMS);
			if (metric == VP_METRIC_L2)
				unit *= 2;
			error = bench_distance(b) - vp_exact_distance(metric, q, x + w * DIMS, DIMS);
			e.absolute += fabs(error);
			e.bias += error / unit;
			e.deviation += (error / unit) * (error / unit);
			count++;
		}
	}
	e.absolute /= count;
	e.bias /= count;
	e.deviation = sqrt(e.deviation / count);
	return e;
}

static void
test_estimates(VpMetric metric, int bits, bool skewed)
{
	/*
	 * The grid's error, tan of the angle between v and r, and something for
	 * the query's own.
	 */
	double		limit = bits == 2 ? 0.36 : bits == 4 ? 0.11 : 0.0115;
	float	   *x = malloc(VECTORS * DIMS * sizeof(float));
	double		without_mean = 0;

	make_vectors(x, skewed);
	for (int with_mean = 0; with_mean < 2; with_mean++)
		for (int from_code = 0; from_code < 2; from_code++)
		{
			Bench		b;
			Errors		e;
			double		bound = limit * (from_code ? 1.65 : 1);

			bench_init(&b, metric, DIMS, bits);
			if (with_mean)
				set_mean(&b, x);
			e = measure(&b, x, from_code);
			VP_CHECK(e.deviation < bound && fabs(e.bias) < bound / 3,
					 "%s, %d bits, skewed %d, mean %d, from code %d: bias %g, deviation %g",
					 metric_names[metric], bits, skewed, with_mean, from_code, e.bias, e.deviation);
			if (!with_mean && !from_code)
				without_mean = e.absolute;
			if (with_mean && !from_code && skewed)
				VP_CHECK(e.absolute < without_mean * 0.95,
						 "%s, %d bits: the mean leaves an error of %g, without it is %g",
						 metric_names[metric], bits, e.absolute, without_mean);
			bench_free(&b);
		}
	free(x);
}

/* L1: no value is off by more than half a step, in the query's code neither. */
static void
test_l1_estimates(int bits)
{
	for (int dims = 1; dims < 200; dims += 7)
	{
		float		x[200];
		float		y[200];
		Bench		b;
		float		exact;
		float		lo = INFINITY;
		float		hi = -INFINITY;
		float		step;
		float		rounding;

		bench_init(&b, VP_METRIC_L1, dims, bits);
		for (int i = 0; i < dims; i++)
		{
			x[i] = (float) vp_unit_gauss(&seed);
			y[i] = (float) vp_unit_gauss(&seed) + 50;
			lo = fminf(lo, y[i]);
			hi = fmaxf(hi, y[i]);
		}
		step = bits == 32 ? 0 : (hi - lo) / (float) ((1 << bits) - 1);
		exact = vp_exact_distance(VP_METRIC_L1, x, y, dims);
		rounding = 1e-5f * 2 * (float) b.codec.padded + 1e-5f * exact;
		bench_prepare(&b, x);
		bench_encode(&b, y);
		VP_CHECK(fabs(bench_distance(&b) - exact) <= dims * step / 2 + rounding,
				 "L1, %d bits, %d dimensions: %g, not %g", bits, dims, bench_distance(&b), exact);

		/* To itself, from its own code, there is no distance. */
		vp_query_from_code(&b.codec, b.code, &b.factors, &b.query);
		VP_CHECK(fabs(bench_distance(&b)) <= rounding,
				 "L1, %d bits, %d dimensions: itself at %g", bits, dims, bench_distance(&b));
		bench_free(&b);
	}
}

/* 32 bits: nothing is lost. */
static void
test_floats(VpMetric metric)
{
	for (int dims = 1; dims < 100; dims++)
	{
		float		x[100];
		float		y[100];
		Bench		b;
		float		exact;
		float		got[2];

		bench_init(&b, metric, dims, 32);
		for (int i = 0; i < dims; i++)
		{
			x[i] = (float) vp_unit_gauss(&seed);
			y[i] = (float) vp_unit_gauss(&seed);
		}
		exact = vp_exact_distance(metric, x, y, dims);
		bench_encode(&b, x);
		bench_prepare(&b, y);
		got[0] = bench_distance(&b);
		vp_query_from_code(&b.codec, b.code, &b.factors, &b.query);
		bench_encode(&b, y);
		got[1] = bench_distance(&b);
		for (int i = 0; i < 2; i++)
			VP_CHECK(fabs(got[i] - exact) <= 1e-6 * (dims + 10) * (1 + fabs(exact)),
					 "%s, floats, %d dimensions: %g, not %g", metric_names[metric], dims, got[i],
					 exact);
		bench_free(&b);
	}
}

/*
 * A query made of a code, against the formulas worked out a level at a time:
 * the same planes and factors to the bit, up to the longest code, and with all
 * levels at either end, where sums are largest.
 */
static void
test_code_query(VpMetric metric, int bits, int nbytes, int fill)
{
	int			top = (1 << bits) - 1;
	uint8_t    *code = malloc(nbytes);
	int			wrong = 0;
	int64_t		sum = 0;
	int64_t		product = 0;	/* 4 <planes, v> */
	int64_t		squares = 0;	/* 4 <v, v> */
	float		scale;
	float		alpha;
	Bench		b;

	bench_init(&b, metric, nbytes * 8 / bits, bits);
	for (int j = 0; j < nbytes; j++)
		code[j] = (uint8_t) (fill < 0 ? vp_unit_uniform(&seed) * 256 : fill);
	b.factors.scale = 0.37f;
	b.factors.norm2 = 1.7f;
	vp_query_from_code(&b.codec, code, &b.factors, &b.query);
	for (int i = 0; i < b.codec.padded; i++)
	{
		int			level = (code[i % nbytes] >> (i / nbytes * bits)) & top;
		int			plane = bits == 8 ? level - 128 : 2 * level - top;

		wrong += ((int8_t *) b.query.planes)[i] != plane;
		sum += plane;
		product += 2 * plane * (2 * level - top);
		squares += (2 * level - top) * (2 * level - top);
	}
	scale = bits == 8 ? 0.37f * (float) squares / (float) product : 0.37f / 2;
	alpha = metric == VP_METRIC_L2 ? 2 * scale : scale;
	VP_CHECK(wrong == 0 && b.query.alpha == alpha &&
			 b.query.gamma == alpha * ((float) top / 2) * (float) sum &&
			 b.query.a == b.query.b * 1.7f,
			 "%s, %d bits, %d bytes of %d: %d planes wrong, alpha %g, not %g, gamma %g",
			 metric_names[metric], bits, nbytes, fill, wrong, b.query.alpha, alpha, b.query.gamma);
	free(code);
	bench_free(&b);
}

static void
test_code_queries(VpMetric metric, int bits)
{
	int			longest = 16384 * bits / 8;

	for (int nbytes = 8; nbytes <= longest; nbytes += nbytes < 600 ? 8 : 8 * 97)
		for (int fill = -1; fill <= 255; fill += 128)
			test_code_query(metric, bits, nbytes, fill);
	test_code_query(metric, bits, longest, 0);
	test_code_query(metric, bits, longest, 255);
}

/* A code whose scale is NaN stands for no vector: all distances are NaN. */
static void
test_no_vector(VpMetric metric, int bits)
{
	Bench		b;
	float		x[DIMS];

	for (int i = 0; i < DIMS; i++)
		x[i] = (float) vp_unit_gauss(&seed);
	bench_init(&b, metric, DIMS, bits);
	bench_encode(&b, x);
	bench_prepare(&b, x);
	VP_CHECK(!isnan(bench_distance(&b)), "%s, %d bits", metric_names[metric], bits);
	b.factors.scale = NAN;
	VP_CHECK(isnan(bench_distance(&b)), "%s, %d bits", metric_names[metric], bits);
	vp_query_from_code(&b.codec, b.code, &b.factors, &b.query);
	bench_encode(&b, x);
	VP_CHECK(isnan(bench_distance(&b)), "%s, %d bits, from code", metric_names[metric], bits);
	bench_free(&b);
}

/* Vectors at and beyond what floats can square: every distance is a number. */
static void
test_extremes(VpMetric metric, int bits, int dims, bool with_mean)
{
	static const float sizes[] = {0, 1, -1, 1e18f, -3e38f, FLT_MAX, 1e-30f, 1e-38f, 1e-45f};
	enum
	{
		SIZES = sizeof(sizes) / sizeof(sizes[0])
	};
	float	   *x = malloc(2 * SIZES * dims * sizeof(float));
	Bench		b;

	bench_init(&b, metric, dims, bits);
	if (with_mean)
	{
		for (int i = 0; i < b.codec.padded; i++)
			b.mean[i] = (float) vp_unit_gauss(&seed);
		vp_codec_init(&b.codec, metric, dims, bits, b.signs, b.mean);
	}
	for (int v = 0; v < 2 * SIZES; v++)
		for (int i = 0; i < dims; i++)
			x[v * dims + i] = sizes[v / 2] *
				(v % 2 == 0 ? 1 : (float) (2 * vp_unit_uniform(&seed) - 1));
	for (int v = 0; v < 2 * SIZES; v++)
		for (int w = 0; w < 2 * SIZES; w++)
			for (int from_code = 0; from_code < 2; from_code++)
			{
				bench_encode(&b, x + v * dims);
				if (from_code)
					vp_query_from_code(&b.codec, b.code, &b.factors, &b.query);
				else
					bench_prepare(&b, x + v * dims);
				bench_encode(&b, x + w * dims);
				VP_CHECK(isfinite(b.factors.scale) && isfinite(b.factors.norm2) &&
						 isfinite(bench_distance(&b)),
						 "%s, %d bits, %d dimensions, sizes %g and %g, from code %d: "
						 "scale %g, norm2 %g, distance %g", metric_names[metric], bits, dims,
						 sizes[v / 2], sizes[w / 2], from_code, b.factors.scale, b.factors.norm2,
						 bench_distance(&b));
			}
	free(x);
	bench_free(&b);
}

/* Size is no obstacle: vectors a great deal smaller or larger keep their proportions. */
static void
test_scaling(VpMetric metric, int bits)
{
	/* Of cosines, the squares may be out of the range of floats. */
	const float factor = metric == VP_METRIC_COSINE ? 1e30f : 1e12f;
	const float sizes[] = {1, 1 / factor, factor};
	double		proportion[3];

	for (int s = 0; s < 3; s++)
	{
		uint64_t	same = 11;
		float		x[2 * DIMS];
		double		itself;
		double		other;
		Bench		b;

		for (int i = 0; i < 2 * DIMS; i++)
			x[i] = (float) vp_unit_gauss(&same) * sizes[s];
		bench_init(&b, metric, DIMS, bits);
		bench_prepare(&b, x);
		bench_encode(&b, x + DIMS);
		other = bench_distance(&b);
		bench_encode(&b, x);
		itself = bench_distance(&b);
		proportion[s] = metric == VP_METRIC_IP ? other / itself :
			metric == VP_METRIC_COSINE ? other - itself : (other - itself) / b.factors.norm2;
		VP_CHECK(itself < other, "%s, %d bits, size %g: itself at %g, another at %g",
				 metric_names[metric], bits, sizes[s], itself, other);
		bench_free(&b);
	}
	VP_CHECK(fabs(proportion[1] - proportion[0]) < 1e-3 &&
			 fabs(proportion[2] - proportion[0]) < 1e-3,
			 "%s, %d bits: proportions %g %g %g", metric_names[metric], bits, proportion[0],
			 proportion[1], proportion[2]);
}

/* Several distances in one call are those of one after another, however many. */
static void
test_distances(VpMetric metric, int bits)
{
	Bench		b;
	VpCoded    *coded[VP_DOTS];
	const uint8_t *codes[VP_DOTS];

	bench_init(&b, metric, DIMS, bits);
	for (int i = 0; i < VP_DOTS; i++)
	{
		float		x[DIMS];

		for (int k = 0; k < DIMS; k++)
			x[k] = (float) vp_unit_gauss(&seed);
		coded[i] = aligned(sizeof(VpCoded) + (size_t) b.codec.code_bytes);
		bench_encode(&b, x);
		coded[i]->factors = b.factors;
		memcpy(coded[i]->code, b.code, (size_t) b.codec.code_bytes);
		codes[i] = coded[i]->code;
		bench_prepare(&b, x);
	}
	coded[1]->factors.scale = NAN;
	for (int n = 1; n <= VP_DOTS; n++)
	{
		float		dist[VP_DOTS + 1];

		dist[n] = 17;
		vp_query_distances(&b.query, codes, VP_CODED_FACTORS, n, dist);
		for (int i = 0; i < n; i++)
		{
			float		want = vp_query_distance(&b.query, coded[i]->code, &coded[i]->factors);

			VP_CHECK(isnan(want) == (i == 1) && (dist[i] == want || i == 1) && isnan(dist[i]) == (i == 1),
					 "%s, %d bits, code %d of %d: %g, not %g", metric_names[metric], bits, i, n, dist[i], want);
		}
		VP_CHECK(dist[n] == 17, "%s, %d bits, %d codes: wrote behind them", metric_names[metric], bits, n);
	}
	for (int i = 0; i < VP_DOTS; i++)
		free(coded[i]);
	bench_free(&b);
}

static void
test_exact(void)
{
	static const float a[] = {3, 4, 0};
	static const float b[] = {0, 4, -3};
	static const float zero[] = {0, 0, 0};

	VP_CHECK(vp_exact_distance(VP_METRIC_L2, a, b, 3) == 18, "L2");
	VP_CHECK(vp_exact_distance(VP_METRIC_IP, a, b, 3) == -16, "IP");
	VP_CHECK(vp_exact_distance(VP_METRIC_L1, a, b, 3) == 6, "L1");
	VP_CHECK(fabs(vp_exact_distance(VP_METRIC_COSINE, a, b, 3) - (1 - 16.0 / 25)) < 1e-7, "cosine");
	VP_CHECK(vp_exact_distance(VP_METRIC_COSINE, a, a, 3) == 0, "cosine to itself");
	VP_CHECK(isnan(vp_exact_distance(VP_METRIC_COSINE, a, zero, 3)), "cosine to zero");
	for (int i = 0; i < 1000; i++)
	{
		float		x[20];
		float		y[20];
		float		near;
		float		far;

		for (int k = 0; k < 20; k++)
		{
			x[k] = (float) vp_unit_gauss(&seed);
			y[k] = -3 * x[k];
		}
		near = vp_exact_distance(VP_METRIC_COSINE, x, x, 20);
		far = vp_exact_distance(VP_METRIC_COSINE, x, y, 20);
		VP_CHECK(near >= 0 && near < 1e-6 && far <= 2 && far > 2 - 1e-6, "cosine: %g and %g", near,
				 far);
	}
}

/* Codes of bits: exact where they hold all of them. */
static void
test_bits(VpMetric metric, int nbits)
{
	int			nbytes = (nbits + 7) / 8;
	Bench		b;
	uint8_t    *x = calloc(3, (size_t) nbytes);
	uint8_t    *y = x + nbytes;
	uint8_t    *zero = y + nbytes;
	VpFactors	none = {NAN, 0};

	bench_init(&b, metric, nbits, 1);
	for (int round = 0; round < 50; round++)
	{
		double		exact;
		float		got;

		for (int i = 0; i < nbytes; i++)
		{
			x[i] = (uint8_t) (vp_unit_random(&seed) & vp_unit_random(&seed));
			y[i] = (uint8_t) (round == 1 ? x[i] : vp_unit_random(&seed));
		}
		vp_codec_sample(&b.codec, y, nbytes, (uint8_t *) b.rotated);
		vp_codec_encode(&b.codec, b.rotated, b.code, &b.factors);
		VP_CHECK(memcmp(b.code, y, (size_t) nbytes) == 0, "the code of %d bits", nbits);
		vp_codec_sample(&b.codec, x, nbytes, (uint8_t *) b.rotated);
		vp_query_prepare(&b.codec, b.rotated, &b.query);
		exact = vp_bits_distance(metric, x, y, nbytes);
		got = vp_query_distance(&b.query, b.code, &b.factors);
		if (metric == VP_METRIC_HAMMING || vp_kernel.bits_and(x, x, nbytes) > 0)
			VP_CHECK(fabs(got - exact) < 1e-6, "%d bits, metric %d: %g, not %g", nbits, metric, got, exact);
		VP_CHECK(isnan(vp_query_distance(&b.query, b.code, &none)), "distance to no vector");
		vp_query_from_code(&b.codec, b.code, &b.factors, &b.query);
		VP_CHECK(vp_query_distance(&b.query, b.code, &b.factors) == 0, "%d bits, distance to itself", nbits);
	}

	/*
	 * nothing is beside nothing in the graph, and has nothing in common with
	 * it in truth
	 */
	vp_codec_encode(&b.codec, memset(b.rotated, 0, b.codec.rotated_bytes), b.code, &b.factors);
	vp_query_from_code(&b.codec, b.code, &b.factors, &b.query);
	VP_CHECK(vp_query_distance(&b.query, b.code, &b.factors) == 0, "no bits, distance to itself");
	VP_CHECK(vp_bits_distance(metric, zero, zero, nbytes) == (metric == VP_METRIC_JACCARD),
			 "no bits, exact distance to itself");
	bench_free(&b);
	free(x);
}

/* A sample keeps about the order: 1,024 of 4,096 bits. */
static void
test_bit_sample(void)
{
	enum
	{
	BYTES = 512};
	Bench		b;
	uint8_t		x[BYTES];
	uint8_t		y[BYTES];

	bench_init(&b, VP_METRIC_HAMMING, 1024, 1);
	for (int share = 0; share <= 8; share++)
	{
		float		got;

		for (int i = 0; i < BYTES; i++)
		{
			x[i] = (uint8_t) vp_unit_random(&seed);
			y[i] = (uint8_t) ((int) (vp_unit_random(&seed) % 8) < share ? ~x[i] : x[i]);
		}
		vp_codec_sample(&b.codec, x, BYTES, (uint8_t *) b.rotated);
		vp_query_prepare(&b.codec, b.rotated, &b.query);
		vp_codec_sample(&b.codec, y, BYTES, (uint8_t *) b.rotated);
		vp_codec_encode(&b.codec, b.rotated, b.code, &b.factors);
		got = vp_query_distance(&b.query, b.code, &b.factors);
		VP_CHECK(fabsf(got - 128.0f * (float) share) < 240, "a sample, %d of 8 bytes other: %g", share, got);
	}
	bench_free(&b);
}

static void
test_all(void)
{
	test_sizes();
	test_signs();
	test_rotation();
	test_exact();
	for (int n = 1; n < 2000; n += n < 130 ? 1 : 77)
	{
		test_bits(VP_METRIC_HAMMING, n);
		test_bits(VP_METRIC_JACCARD, n);
	}
	test_bit_sample();
	for (int m = 0; m < 4; m++)
	{
		VpMetric	metric = metrics[m];

		test_floats(metric);
		for (int i = 0; i < 4; i++)
		{
			int			bits = all_bits[i];

			test_no_vector(metric, bits);
			test_distances(metric, bits);
			for (int dims = 1; dims < 120; dims += 33)
			{
				test_extremes(metric, bits, dims, false);
				test_extremes(metric, bits, dims, true);
			}
			test_extremes(metric, bits, 700, false);
			if (metric == VP_METRIC_L1)
				test_l1_estimates(bits);
			else
				test_scaling(metric, bits);
			if ((metric == VP_METRIC_L2 || metric == VP_METRIC_COSINE) && bits < 32)
				test_code_queries(metric, bits);
			if (metric != VP_METRIC_L1 && bits < 32)
			{
				test_estimates(metric, bits, false);
				test_estimates(metric, bits, true);
			}
		}
	}
}

/* Once in plain C and once with the best kernels there are. */
int
main(void)
{
	test_all();
	vp_kernel_choose(NULL);
	printf("%s\n", vp_kernel.name);
	test_all();
	return vp_unit_report();
}
