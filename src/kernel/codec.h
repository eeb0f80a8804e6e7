/*-------------------------------------------------------------------------
 *
 * codec.h
 *	  Vectors quantised to a few bits a dimension, and distances to them.
 *
 * L2, inner product, cosine: the vector (cosine: made unit length) is rotated
 * at random, the mean is subtracted, and the rest r is written on a grid of
 * 2^bits levels a dimension: r ~ scale * v, v = code - (2^bits - 1) / 2, with
 * scale = |r|^2 / <v, r>, which makes the estimate of an inner product with r
 * unbiased (RaBitQ: Gao & Long, SIGMOD 2024; several bits: Gao et al., SIGMOD
 * 2025).  L1 is not kept by a rotation: there each vector has a grid of its
 * own from its smallest to its largest value, and `scale` and `norm2` hold
 * step and lowest value.
 * 32 bits: no quantisation, the code is the float vector as it is (for
 * cosine: made unit length), not rotated.
 *
 * Every distance has the form  a + b * norm2 - scale * (alpha * dot - gamma),
 * ordered as the operator orders: L2 is the squared distance, cosine is half
 * of the squared distance of the unit vectors (1 - cos), inner product is
 * negative.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CODEC_H
#define VP_CODEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/kernel.h"

typedef enum VpMetric
{
	VP_METRIC_L2 = 1,
	VP_METRIC_IP = 2,
	VP_METRIC_COSINE = 3,
	VP_METRIC_L1 = 4
} VpMetric;

/*
 * What turns vectors into codes.  A flat struct: `signs` and `mean` point
 * behind it or elsewhere; the owner moves them when it copies the struct.
 */
typedef struct VpCodec
{
	VpMetric	metric;
	int			dims;			/* of the user's vectors */
	int			padded;			/* of the codes: vp_codec_padded() */
	int			bits;			/* 2, 4, 8 or 32 */
	int			code_bytes;		/* padded * bits / 8, a multiple of 8 */
	const uint32_t *signs;		/* of the rotation; NULL when nothing is rotated */
	const float *mean;			/* padded floats in rotated space; NULL: zero */
	float		mean_norm2;		/* <mean, mean> */
} VpCodec;

/* The two numbers that stand with every code. */
typedef struct VpFactors
{
	float		scale;
	float		norm2;			/* |r|^2; inner product: <mean, r>; L1: lowest value */
} VpFactors;

/* A vector made ready to be compared with many codes. */
typedef struct VpQuery
{
	const VpCodec *codec;
	float		a,
				b,
				alpha,
				gamma;
	void	   *planes;			/* padded int8, or floats (L1, 32 bits); 64-byte aligned */
} VpQuery;

/* Dimensions of a code: dims rounded up so that code_bytes is a multiple of 8. */
extern int	vp_codec_padded(VpMetric metric, int dims, int bits);
extern int	vp_codec_code_bytes(VpMetric metric, int dims, int bits);

/* The rotation's random signs, the same for the same seed everywhere. */
extern size_t vp_codec_sign_words(VpMetric metric, int dims, int bits);
extern void vp_codec_make_signs(uint64_t seed, uint32_t *signs, size_t nwords);

extern void vp_codec_init(VpCodec *codec, VpMetric metric, int dims, int bits,
						  const uint32_t *signs, const float *mean);

/*
 * From the user's space to the code's: unit length (cosine), rotation, minus
 * mean.  x has dims floats, out padded ones (it is also the scratch).
 * `vp_codec_rotate_raw` leaves the mean in: averages of its results make one.
 */
extern void vp_codec_rotate(const VpCodec *codec, const float *x, float *out);
extern void vp_codec_rotate_raw(const VpCodec *codec, const float *x, float *out);

/* Writes the code of a rotated vector.  Codes of 32 bits are aligned as floats are. */
extern void vp_codec_encode(const VpCodec *codec, const float *rotated, uint8_t *code,
							VpFactors *factors);

/* Bytes that a query's planes need, scratch included. */
extern size_t vp_query_bytes(const VpCodec *codec);

/*
 * Makes a query of a rotated vector, or of a node's own code.  query->planes
 * must already point at vp_query_bytes() bytes, aligned to 64.
 */
extern void vp_query_prepare(const VpCodec *codec, const float *rotated, VpQuery *query);
extern void vp_query_from_code(const VpCodec *codec, const uint8_t *code,
							   const VpFactors *factors, VpQuery *query);

/* What vp_query_distance does for L1 and for 32 bits. */
extern float vp_query_distance_other(const VpQuery *query, const uint8_t *code,
									 const VpFactors *factors);

/*
 * The estimated distance of a query to a code.  NaN when factors->scale is NaN:
 * that is how a node that holds no vector is marked.
 */
static inline float
vp_query_distance(const VpQuery *query, const uint8_t *code, const VpFactors *factors)
{
	const VpCodec *codec = query->codec;
	int32_t		dot;

	if (codec->metric != VP_METRIC_L1 && codec->bits == 4)
		dot = vp_kernel.dot_u4(code, (const int8_t *) query->planes, codec->code_bytes);
	else if (codec->metric != VP_METRIC_L1 && codec->bits == 8)
		dot = vp_kernel.dot_u8(code, (const int8_t *) query->planes, codec->code_bytes);
	else if (codec->metric != VP_METRIC_L1 && codec->bits == 2)
		dot = vp_kernel.dot_u2(code, (const int8_t *) query->planes, codec->code_bytes);
	else
		return vp_query_distance_other(query, code, factors);
	return query->a + query->b * factors->norm2 -
		factors->scale * (query->alpha * (float) dot - query->gamma);
}

/*
 * The exact distance of two vectors in the user's space, ordered as above: what
 * the operator returns, but for the root of L2.
 */
extern double vp_exact_distance(VpMetric metric, const float *a, const float *b, int dims);

/* The same for two vectors of halves, and for one of floats and one of halves. */
extern double vp_exact_distance_hh(VpMetric metric, const VpHalf *a, const VpHalf *b, int dims);
extern double vp_exact_distance_fh(VpMetric metric, const float *a, const VpHalf *b, int dims);

/* Rounding can take a cosine out of its range.  NaN stays. */
static inline double
vp_clamp_cosine(double cosine)
{
	if (cosine > 1)
		return 1;
	if (cosine < -1)
		return -1;
	return cosine;
}

/* 1 minus the cosine, given { a.b, a.a, b.b }; NaN where one is a zero vector. */
static inline double
vp_cosine_distance(const float dots[3])
{
	return 1 - vp_clamp_cosine(dots[0] / sqrt((double) dots[1] * dots[2]));
}

#endif							/* VP_CODEC_H */
