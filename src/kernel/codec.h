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
 * 1 bit: the vector is a string of bits, and so is the code: all of them, or a
 * sample.  `norm2` holds how many are set.
 *
 * Every distance of quantised vectors has the form  a + b * norm2 - scale * (alpha * dot - gamma),
 * ordered as the operator orders: L2 is the squared distance, cosine is half
 * of the squared distance of the unit vectors (1 - cos), inner product is
 * negative.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CODEC_H
#define VP_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/code.h"

/* Dimensions of a code: dims rounded up so that code_bytes is a multiple of 8. */
extern int	vp_codec_padded(VpMetric metric, int dims, int bits);
extern int	vp_codec_code_bytes(VpMetric metric, int dims, int bits);

/* How many words of random signs its rotation uses (rotation.h). */
extern size_t vp_codec_sign_words(VpMetric metric, int dims, int bits);

extern void vp_codec_init(VpCodec *codec, VpMetric metric, int dims, int bits,
						  const uint32_t *signs, const float *mean);

/*
 * From the user's space to the code's: unit length (cosine), rotation, minus
 * mean.  x has dims floats, out padded ones (it is also the scratch, and may be
 * where x is).  `vp_codec_rotate_raw` leaves the mean in: averages of its results
 * make one.
 */
extern void vp_codec_rotate(const VpCodec *codec, const float *x, float *out);
extern void vp_codec_rotate_raw(const VpCodec *codec, const float *x, float *out);

/* What stands for the rotated vector of a string of nbytes * 8 bits: all of it, or a sample. */
extern void vp_codec_sample(const VpCodec *codec, const uint8_t *bits, int nbytes, uint8_t *out);

/*
 * Writes the code of a rotated vector, rotated_bytes large.  Codes of 32 bits are
 * aligned as floats are.
 */
extern void vp_codec_encode(const VpCodec *codec, const void *rotated, uint8_t *code,
							VpFactors *factors);

/*
 * The rotated vector that a code of more than a bit stands for, as far as the
 * code tells: rotated_bytes of floats.  Not of L1, nor of sparse vectors.  The
 * average of many is as good as that of the vectors themselves.
 */
extern void vp_codec_decode(const VpCodec *codec, const uint8_t *code,
							const VpFactors *factors, float *rotated);

/* Bytes that a query's planes need, scratch included. */
extern size_t vp_query_bytes(const VpCodec *codec);

/*
 * Makes a query of a rotated vector, or of a node's own code.  query->planes
 * must already point at vp_query_bytes() bytes, aligned to 64.
 */
extern void vp_query_prepare(const VpCodec *codec, const void *rotated, VpQuery *query);
extern void vp_query_from_code(const VpCodec *codec, const uint8_t *code,
							   const VpFactors *factors, VpQuery *query);

/* What vp_query_distance does for L1, for 32 bits, for strings of bits, and for sparse vectors. */
extern float vp_query_distance_other(const VpQuery *query, const uint8_t *code,
									 const VpFactors *factors);

/* The estimated distance of a query to a code, of which <planes, code> is known. */
static inline float
vp_query_estimate(const VpQuery *query, int32_t dot, const VpFactors *factors)
{
	return query->a + query->b * factors->norm2 -
		factors->scale * (query->alpha * (float) dot - query->gamma);
}

/*
 * The estimated distance of a query to a code.  NaN when factors->scale is NaN:
 * that is how a node that holds no vector is marked.
 */
static inline float
vp_query_distance(const VpQuery *query, const uint8_t *code, const VpFactors *factors)
{
	const VpCodec *codec = query->codec;
	const int8_t *planes = query->planes;
	int32_t		dot;

	if (codec->metric != VP_METRIC_L1 && codec->bits == 4)
		dot = vp_kernel.dot_u4(code, planes, codec->code_bytes);
	else if (codec->metric != VP_METRIC_L1 && codec->bits == 8)
		dot = vp_kernel.dot_u8(code, planes, codec->code_bytes);
	else if (codec->metric != VP_METRIC_L1 && codec->bits == 2)
		dot = vp_kernel.dot_u2(code, planes, codec->code_bytes);
	else
		return vp_query_distance_other(query, code, factors);
	return vp_query_estimate(query, dot, factors);
}

/*
 * The same of up to VP_DOTS codes, n > 0, in little more than half the time.  The factors of
 * each code are factors_at bytes behind its first.
 */
extern void vp_query_distances(const VpQuery *query, const uint8_t *const *codes, int factors_at,
							   int n, float *dist);

/*
 * The square of the length of a vector that a query by inner product was
 * prepared of.
 */
extern float vp_query_norm2(const VpQuery *query);

/*
 * The exact distance of two vectors in the user's space, ordered as above: what
 * the operator returns, but for the root of L2.
 */
extern double vp_exact_distance(VpMetric metric, const float *a, const float *b, int dims);

/* The same of two strings of bits; Jaccard: 1 if they have none in common, be they empty. */
extern double vp_bits_distance(VpMetric metric, const uint8_t *a, const uint8_t *b, int nbytes);

/* The same for two vectors of halves, and for one of floats and one of halves. */
extern double vp_exact_distance_hh(VpMetric metric, const VpHalf *a, const VpHalf *b, int dims);
extern double vp_exact_distance_fh(VpMetric metric, const float *a, const VpHalf *b, int dims);

#endif							/* VP_CODEC_H */
