/*-------------------------------------------------------------------------
 *
 * kernel_scalar.c
 *	  The distance kernels in plain C: the reference for all others, and what
 *	  runs where no better table fits.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"

static float
scalar_l2sq(const float *a, const float *b, int n)
{
	float		sum = 0;

	for (int i = 0; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static float
scalar_dot(const float *a, const float *b, int n)
{
	float		sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static float
scalar_l1(const float *a, const float *b, int n)
{
	float		sum = 0;

	for (int i = 0; i < n; i++)
		sum += fabsf(a[i] - b[i]);
	return sum;
}

static void
scalar_dot3(const float *a, const float *b, int n, float out[3])
{
	out[0] = scalar_dot(a, b, n);
	out[1] = scalar_dot(a, a, n);
	out[2] = scalar_dot(b, b, n);
}

/* `bits` is a constant in each caller, so that the shifts are, too. */
static inline int32_t
dot_code(const uint8_t *code, const int8_t *q, int nbytes, int bits)
{
	int32_t		sum = 0;

	for (int shift = 0; shift < 8; shift += bits, q += nbytes)
		for (int j = 0; j < nbytes; j++)
			sum += ((code[j] >> shift) & ((1 << bits) - 1)) * q[j];
	return sum;
}

static int32_t
scalar_dot_u2(const uint8_t *code, const int8_t *q, int nbytes)
{
	return dot_code(code, q, nbytes, 2);
}

static int32_t
scalar_dot_u4(const uint8_t *code, const int8_t *q, int nbytes)
{
	return dot_code(code, q, nbytes, 4);
}

static int32_t
scalar_dot_u8(const uint8_t *code, const int8_t *q, int nbytes)
{
	return dot_code(code, q, nbytes, 8);
}

static inline float
l1_code(const uint8_t *code, const float *q, float lo, float step, int nbytes, int bits)
{
	float		sum = 0;

	for (int shift = 0; shift < 8; shift += bits, q += nbytes)
		for (int j = 0; j < nbytes; j++)
			sum += fabsf(q[j] - (lo + step * (float) ((code[j] >> shift) & ((1 << bits) - 1))));
	return sum;
}

static float
scalar_l1_u2(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 2);
}

static float
scalar_l1_u4(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 4);
}

static float
scalar_l1_u8(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 8);
}

/*
 * Scaled first, then butterflies of distance 1, 2, 4 ...: the other tables
 * keep this order, and so give the very same floats.
 */
static void
scalar_hadamard(float *x, int n)
{
	float		norm = 1.0f / sqrtf((float) n);

	for (int i = 0; i < n; i++)
		x[i] *= norm;
	for (int h = 1; h < n; h *= 2)
		for (int i = 0; i < n; i += 2 * h)
			for (int j = i; j < i + h; j++)
			{
				float		a = x[j];
				float		b = x[j + h];

				x[j] = a + b;
				x[j + h] = a - b;
			}
}

/* `both`: how many bits are set in both, else: how many differ; a constant in each caller. */
static inline int32_t
count_bits(const uint8_t *a, const uint8_t *b, int nbytes, bool both)
{
	int32_t		sum = 0;

	for (int i = 0; i < nbytes; i += 8)
	{
		size_t		n = nbytes - i < 8 ? (size_t) (nbytes - i) : 8;
		uint64_t	x = 0;
		uint64_t	y = 0;

		memcpy(&x, a + i, n);
		memcpy(&y, b + i, n);
		sum += __builtin_popcountll(both ? x & y : x ^ y);
	}
	return sum;
}

static int32_t
scalar_bits_xor(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return count_bits(a, b, nbytes, false);
}

static int32_t
scalar_bits_and(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return count_bits(a, b, nbytes, true);
}

#define SCALAR_TABLE \
{ \
	.name = "scalar", \
	.l2sq = scalar_l2sq, \
	.dot = scalar_dot, \
	.l1 = scalar_l1, \
	.dot3 = scalar_dot3, \
	.dot_u2 = scalar_dot_u2, \
	.dot_u4 = scalar_dot_u4, \
	.dot_u8 = scalar_dot_u8, \
	.l1_u2 = scalar_l1_u2, \
	.l1_u4 = scalar_l1_u4, \
	.l1_u8 = scalar_l1_u8, \
	.bits_xor = scalar_bits_xor, \
	.bits_and = scalar_bits_and, \
	.hadamard = scalar_hadamard, \
}

VpKernel	vp_kernel = SCALAR_TABLE;

const VpKernel *
vp_kernel_scalar(void)
{
	static const VpKernel table = SCALAR_TABLE;

	return &table;
}
