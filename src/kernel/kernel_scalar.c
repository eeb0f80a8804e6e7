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
#include "kernel/step.h"

/*
 * Sums over two arrays of floats or halves.  `step`, `load_a` and `load_b` are
 * constants in each caller and get inlined.
 */
typedef float (*FloatStep) (float sum, float a, float b);
typedef float (*Load) (const void *array, int i);

static inline __attribute__((always_inline))
float
reduce(const void *a, const void *b, int n, FloatStep step, Load load_a, Load load_b)
{
	float		sum = 0;

	for (int i = 0; i < n; i++)
		sum = step(sum, load_a(a, i), load_b(b, i));
	return sum;
}

static inline float
load_float(const void *array, int i)
{
	return ((const float *) array)[i];
}

static inline float
load_half(const void *array, int i)
{
	return vp_half_to_float(((const VpHalf *) array)[i]);
}

/* The four kernels on arrays of two types. */
#define SCALAR_DISTANCES(suffix, TypeA, load_a, TypeB, load_b) \
static float \
scalar_l2sq##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l2sq, load_a, load_b); \
} \
static float \
scalar_dot##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_dot, load_a, load_b); \
} \
static float \
scalar_l1##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l1, load_a, load_b); \
} \
static void \
scalar_dot3##suffix(const TypeA *a, const TypeB *b, int n, float out[3]) \
{ \
	out[0] = reduce(a, b, n, step_dot, load_a, load_b); \
	out[1] = reduce(a, a, n, step_dot, load_a, load_a); \
	out[2] = reduce(b, b, n, step_dot, load_b, load_b); \
}

SCALAR_DISTANCES(, float, load_float, float, load_float)
SCALAR_DISTANCES(_hh, VpHalf, load_half, VpHalf, load_half)
SCALAR_DISTANCES(_fh, float, load_float, VpHalf, load_half)

static void
scalar_half_to_float(const VpHalf *halves, float *floats, int n)
{
	for (int i = 0; i < n; i++)
		floats[i] = vp_half_to_float(halves[i]);
}

static void
scalar_float_to_half(const float *floats, VpHalf *halves, int n)
{
	for (int i = 0; i < n; i++)
		halves[i] = vp_float_to_half(floats[i]);
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

#define SCALAR_DOTS(bits) \
static int32_t \
scalar_dot_u##bits(const uint8_t *code, const int8_t *q, int nbytes) \
{ \
	return dot_code(code, q, nbytes, bits); \
} \
static void \
scalar_dots_u##bits(const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes, \
					int32_t dots[VP_DOTS]) \
{ \
	for (int i = 0; i < VP_DOTS; i++) \
		dots[i] = dot_code(codes[i], q, nbytes, bits); \
}

SCALAR_DOTS(2)
SCALAR_DOTS(4)
SCALAR_DOTS(8)

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

/*
 * `both`: how many bits are set in both, else: how many differ; a constant in
 * each caller.
 */
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
	.l2sq_hh = scalar_l2sq_hh, \
	.dot_hh = scalar_dot_hh, \
	.l1_hh = scalar_l1_hh, \
	.dot3_hh = scalar_dot3_hh, \
	.l2sq_fh = scalar_l2sq_fh, \
	.dot_fh = scalar_dot_fh, \
	.l1_fh = scalar_l1_fh, \
	.dot3_fh = scalar_dot3_fh, \
	.half_to_float = scalar_half_to_float, \
	.float_to_half = scalar_float_to_half, \
	.dot_u2 = scalar_dot_u2, \
	.dot_u4 = scalar_dot_u4, \
	.dot_u8 = scalar_dot_u8, \
	.dots_u2 = scalar_dots_u2, \
	.dots_u4 = scalar_dots_u4, \
	.dots_u8 = scalar_dots_u8, \
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
