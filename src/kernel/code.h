/*-------------------------------------------------------------------------
 *
 * code.h
 *	  Codes of vectors, and what they are compared with; what they mean is in codec.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CODE_H
#define VP_CODE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/kernel.h"

typedef enum VpMetric
{
	VP_METRIC_L2 = 1,
	VP_METRIC_IP = 2,
	VP_METRIC_COSINE = 3,
	VP_METRIC_L1 = 4,
	VP_METRIC_HAMMING = 5,		/* these two of strings of bits */
	VP_METRIC_JACCARD = 6
} VpMetric;

/*
 * What turns vectors into codes.  A flat struct: `signs` and `mean` point
 * behind it or elsewhere; the owner moves them when it copies the struct.
 */
typedef struct VpCodec
{
	VpMetric	metric;
	int			dims;			/* of the user's vectors, or of the sample of
								 * their bits */
	int			padded;			/* of the codes: vp_codec_padded() */
	int			bits;			/* 1, 2, 4, 8 or 32 */
	int			code_bytes;		/* padded * bits / 8, a multiple of 8 */
	int			slots;			/* of a code of sparse vectors (sparse.h);
								 * zero: dense ones */
	size_t		rotated_bytes;	/* of a rotated vector: padded floats; bits; a
								 * VpSparse */
	const uint32_t *signs;		/* of the rotation; NULL when nothing is
								 * rotated */
	const float *mean;			/* padded floats in rotated space; NULL: zero */
	float		mean_norm2;		/* <mean, mean> */
	int			nmean;			/* codes of sparse vectors: dimensions that
								 * their mean has */
} VpCodec;

/* The two numbers that stand with every code. */
typedef struct VpFactors
{
	float		scale;
	float		norm2;			/* |r|^2; inner product: <mean, r>; L1:
								 * lowest; bits: |x| */
} VpFactors;

/* A code behind its factors; aligned to four bytes. */
typedef struct VpCoded
{
	VpFactors	factors;
	uint8_t		code[];
} VpCoded;

/* Where the factors are there, seen from the code. */
#define VP_CODED_FACTORS	(-(int) sizeof(VpFactors))

/* A vector made ready to be compared with many codes. */
typedef struct VpQuery
{
	const VpCodec *codec;
	float		a,
				b,
				alpha,
				gamma;
	void	   *planes;			/* padded int8, floats (L1, 32 bits), or bits;
								 * 64-byte aligned */
} VpQuery;

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

#endif							/* VP_CODE_H */
