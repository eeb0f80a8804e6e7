/*-------------------------------------------------------------------------
 *
 * kernel_neon.c
 *	  Distance kernels for 64-bit ARM, where NEON is always there.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>

#include "kernel/kernel.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>
#include <string.h>

/*
 * `lanes` numbers of an array from number i on, 1 <= lanes <= 4, and zeroes.
 * Fewer than four go through a small zeroed array.
 */
typedef float32x4_t(*Load) (const void *array, int i, int lanes);

static inline float32x4_t
load_floats(const void *array, int i, int lanes)
{
	const float *p = (const float *) array + i;
	float		few[4] = {0};

	if (lanes < 4)
	{
		for (int k = 0; k < lanes; k++)
			few[k] = p[k];
		p = few;
	}
	return vld1q_f32(p);
}

static inline float32x4_t
load_halves(const void *array, int i, int lanes)
{
	const VpHalf *p = (const VpHalf *) array + i;
	VpHalf		few[4] = {0};

	if (lanes < 4)
	{
		for (int k = 0; k < lanes; k++)
			few[k] = p[k];
		p = few;
	}
	return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

/*
 * Sums over two arrays of floats or halves.  `step`, `load_a` and `load_b` are
 * constants in each caller and get inlined.  Four sums, so that one addition
 * need not wait for the last.
 */
typedef float32x4_t(*FloatStep) (float32x4_t sum, float32x4_t a, float32x4_t b);

static inline __attribute__((always_inline))
float
reduce(const void *a, const void *b, int n, FloatStep step, Load load_a, Load load_b)
{
	float32x4_t s0 = vdupq_n_f32(0);
	float32x4_t s1 = s0;
	float32x4_t s2 = s0;
	float32x4_t s3 = s0;
	int			i = 0;

	for (; i + 16 <= n; i += 16)
	{
		s0 = step(s0, load_a(a, i, 4), load_b(b, i, 4));
		s1 = step(s1, load_a(a, i + 4, 4), load_b(b, i + 4, 4));
		s2 = step(s2, load_a(a, i + 8, 4), load_b(b, i + 8, 4));
		s3 = step(s3, load_a(a, i + 12, 4), load_b(b, i + 12, 4));
	}
	for (; i + 4 <= n; i += 4)
		s0 = step(s0, load_a(a, i, 4), load_b(b, i, 4));
	if (i < n)
		s1 = step(s1, load_a(a, i, n - i), load_b(b, i, n - i));
	return vaddvq_f32(vaddq_f32(vaddq_f32(s0, s1), vaddq_f32(s2, s3)));
}

static inline float32x4_t
step_l2sq(float32x4_t sum, float32x4_t a, float32x4_t b)
{
	float32x4_t d = vsubq_f32(a, b);

	return vfmaq_f32(sum, d, d);
}

static inline float32x4_t
step_dot(float32x4_t sum, float32x4_t a, float32x4_t b)
{
	return vfmaq_f32(sum, a, b);
}

static inline float32x4_t
step_l1(float32x4_t sum, float32x4_t a, float32x4_t b)
{
	return vaddq_f32(sum, vabdq_f32(a, b));
}

/* The four kernels on arrays of two types. */
#define NEON_DISTANCES(suffix, TypeA, load_a, TypeB, load_b) \
static float \
neon_l2sq##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l2sq, load_a, load_b); \
} \
static float \
neon_dot##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_dot, load_a, load_b); \
} \
static float \
neon_l1##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l1, load_a, load_b); \
} \
static void \
neon_dot3##suffix(const TypeA *a, const TypeB *b, int n, float out[3]) \
{ \
	out[0] = reduce(a, b, n, step_dot, load_a, load_b); \
	out[1] = reduce(a, a, n, step_dot, load_a, load_a); \
	out[2] = reduce(b, b, n, step_dot, load_b, load_b); \
}

NEON_DISTANCES(, float, load_floats, float, load_floats)
NEON_DISTANCES(_hh, VpHalf, load_halves, VpHalf, load_halves)
NEON_DISTANCES(_fh, float, load_floats, VpHalf, load_halves)

static void
neon_half_to_float(const VpHalf *halves, float *floats, int n)
{
	int			i = 0;

	for (; i + 4 <= n; i += 4)
		vst1q_f32(floats + i, load_halves(halves, i, 4));
	for (; i < n; i++)
		floats[i] = vp_half_to_float(halves[i]);
}

static void
neon_float_to_half(const float *floats, VpHalf *halves, int n)
{
	int			i = 0;

	for (; i + 4 <= n; i += 4)
		vst1_u16(halves + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(floats + i))));
	for (; i < n; i++)
		halves[i] = vp_float_to_half(floats[i]);
}

/* 16 bytes, or 8 and zeroes. */
static inline uint8x16_t
load_bytes(const void *p, bool whole)
{
	return whole ? vld1q_u8((const uint8_t *) p)
		: vcombine_u8(vld1_u8((const uint8_t *) p), vdup_n_u8(0));
}

/*
 * levels * plane added to 16-bit lanes; levels are below 16, so signed they are
 * the same.
 */
static inline int16x8_t
multiply(int16x8_t sum, uint8x16_t levels, int8x16_t plane)
{
	int8x16_t	x = vreinterpretq_s8_u8(levels);

	return vmlal_high_s8(vmlal_s8(sum, vget_low_s8(x), vget_low_s8(plane)), x, plane);
}

/*
 * Products of 16 code bytes with the query's planes, added to the four lanes
 * of `sum`.  The sums in 16 bits stay below 4 * 2 * 15 * 128.
 */
typedef int32x4_t(*CodeStep) (int32x4_t sum, uint8x16_t code, const int8_t *q, int nbytes,
							  bool whole);

static inline int32x4_t
step_u2(int32x4_t sum, uint8x16_t code, const int8_t *q, int nbytes, bool whole)
{
	uint8x16_t	low = vdupq_n_u8(3);
	int16x8_t	part = vdupq_n_s16(0);

	part = multiply(part, vandq_u8(code, low),
					vreinterpretq_s8_u8(load_bytes(q, whole)));
	part = multiply(part, vandq_u8(vshrq_n_u8(code, 2), low),
					vreinterpretq_s8_u8(load_bytes(q + nbytes, whole)));
	part = multiply(part, vandq_u8(vshrq_n_u8(code, 4), low),
					vreinterpretq_s8_u8(load_bytes(q + 2 * nbytes, whole)));
	part = multiply(part, vshrq_n_u8(code, 6),
					vreinterpretq_s8_u8(load_bytes(q + 3 * nbytes, whole)));
	return vpadalq_s16(sum, part);
}

static inline int32x4_t
step_u4(int32x4_t sum, uint8x16_t code, const int8_t *q, int nbytes, bool whole)
{
	int16x8_t	part = vdupq_n_s16(0);

	part = multiply(part, vandq_u8(code, vdupq_n_u8(15)),
					vreinterpretq_s8_u8(load_bytes(q, whole)));
	part = multiply(part, vshrq_n_u8(code, 4),
					vreinterpretq_s8_u8(load_bytes(q + nbytes, whole)));
	return vpadalq_s16(sum, part);
}

/* Eight bits: low and high halves apart, the high ones count 16. */
static inline int32x4_t
step_u8(int32x4_t sum, uint8x16_t code, const int8_t *q, int nbytes, bool whole)
{
	int8x16_t	plane = vreinterpretq_s8_u8(load_bytes(q, whole));
	int16x8_t	zero = vdupq_n_s16(0);

	sum = vpadalq_s16(sum, multiply(zero, vandq_u8(code, vdupq_n_u8(15)), plane));
	return vaddq_s32(sum, vshlq_n_s32(vpaddlq_s16(multiply(zero, vshrq_n_u8(code, 4), plane)), 4));
}

static inline __attribute__((always_inline))
int32_t
dot_code(const uint8_t *code, const int8_t *q, int nbytes, CodeStep step)
{
	int32x4_t	sum = vdupq_n_s32(0);
	int			j = 0;

	for (; j + 16 <= nbytes; j += 16)
		sum = step(sum, load_bytes(code + j, true), q + j, nbytes, true);
	if (j < nbytes)
		sum = step(sum, load_bytes(code + j, false), q + j, nbytes, false);
	return vaddvq_s32(sum);
}

static inline __attribute__((always_inline))
void
dot_codes(const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes, int32_t dots[VP_DOTS],
		  CodeStep step)
{
	int32x4_t	sums[VP_DOTS] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
	int			j = 0;

	for (; j + 16 <= nbytes; j += 16)
		for (int i = 0; i < VP_DOTS; i++)
			sums[i] = step(sums[i], load_bytes(codes[i] + j, true), q + j, nbytes, true);
	if (j < nbytes)
		for (int i = 0; i < VP_DOTS; i++)
			sums[i] = step(sums[i], load_bytes(codes[i] + j, false), q + j, nbytes, false);
	vst1q_s32(dots, vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3])));
}

#define NEON_DOTS(bits) \
static int32_t \
neon_dot_u##bits(const uint8_t *code, const int8_t *q, int nbytes) \
{ \
	return dot_code(code, q, nbytes, step_u##bits); \
} \
static void \
neon_dots_u##bits(const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes, \
				  int32_t dots[VP_DOTS]) \
{ \
	dot_codes(codes, q, nbytes, dots, step_u##bits); \
}

NEON_DOTS(2)
NEON_DOTS(4)
NEON_DOTS(8)

/* Eight bytes at a time, which nbytes is a multiple of. */
static inline __attribute__((always_inline))
float
l1_code(const uint8_t *code, const float *q, float lo, float step, int nbytes, int bits)
{
	float32x4_t sum = vdupq_n_f32(0);
	uint8x8_t	low = vdup_n_u8((uint8_t) ((1 << bits) - 1));

	for (int j = 0; j < nbytes; j += 8)
	{
		uint8x8_t	bytes = vld1_u8(code + j);

		for (int plane = 0; plane < 8 / bits; plane++)
		{
			uint8x8_t	level = vand_u8(vshl_u8(bytes, vdup_n_s8((int8_t) (-plane * bits))), low);
			uint16x8_t	wide = vmovl_u8(level);
			const float *p = q + plane * nbytes + j;

			sum = step_l1(sum, vld1q_f32(p),
						  vfmaq_n_f32(vdupq_n_f32(lo),
									  vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))), step));
			sum = step_l1(sum, vld1q_f32(p + 4),
						  vfmaq_n_f32(vdupq_n_f32(lo),
									  vcvtq_f32_u32(vmovl_high_u16(wide)), step));
		}
	}
	return vaddvq_f32(sum);
}

static float
neon_l1_u2(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 2);
}

static float
neon_l1_u4(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 4);
}

static float
neon_l1_u8(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 8);
}

/* The scaling and the butterflies inside of eight floats. */
static inline void
hadamard_8(float *x, float norm)
{
	float32x4_t a = vmulq_n_f32(vld1q_f32(x), norm);
	float32x4_t b = vmulq_n_f32(vld1q_f32(x + 4), norm);
	float32x4_t even = vuzp1q_f32(a, b);
	float32x4_t odd = vuzp2q_f32(a, b);
	float32x4_t sum = vaddq_f32(even, odd);
	float32x4_t diff = vsubq_f32(even, odd);

	a = vzip1q_f32(sum, diff);
	b = vzip2q_f32(sum, diff);
	even = vreinterpretq_f32_f64(vuzp1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
	odd = vreinterpretq_f32_f64(vuzp2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
	sum = vaddq_f32(even, odd);
	diff = vsubq_f32(even, odd);
	a = vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(sum), vreinterpretq_f64_f32(diff)));
	b = vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(sum), vreinterpretq_f64_f32(diff)));
	vst1q_f32(x, vaddq_f32(a, b));
	vst1q_f32(x + 4, vsubq_f32(a, b));
}

static void
neon_hadamard(float *x, int n)
{
	float		norm = 1.0f / sqrtf((float) n);

	if (n < 8)
	{
		vp_kernel_scalar()->hadamard(x, n);
		return;
	}
	for (int i = 0; i < n; i += 8)
		hadamard_8(x + i, norm);
	for (int h = 8; h < n; h *= 2)
		for (int i = 0; i < n; i += 2 * h)
			for (float *p = x + i; p < x + i + h; p += 4)
			{
				float32x4_t a = vld1q_f32(p);
				float32x4_t b = vld1q_f32(p + h);

				vst1q_f32(p, vaddq_f32(a, b));
				vst1q_f32(p + h, vsubq_f32(a, b));
			}
}

/*
 * `both`: how many bits are set in both, else: how many differ; a constant in
 * each caller.  What is left at the end goes through small zeroed arrays.
 */
static inline __attribute__((always_inline)) uint8x16_t
count_bits(const uint8_t *a, const uint8_t *b, bool both)
{
	uint8x16_t	x = vld1q_u8(a);
	uint8x16_t	y = vld1q_u8(b);

	return vcntq_u8(both ? vandq_u8(x, y) : veorq_u8(x, y));
}

static inline __attribute__((always_inline))
int32_t
reduce_bits(const uint8_t *a, const uint8_t *b, int nbytes, bool both)
{
	uint32x4_t	sum = vdupq_n_u32(0);
	int			i = 0;

	for (; i + 16 <= nbytes; i += 16)
		sum = vpadalq_u16(sum, vpaddlq_u8(count_bits(a + i, b + i, both)));
	if (i < nbytes)
	{
		uint8_t		last[2][16] = {{0}, {0}};

		memcpy(last[0], a + i, (size_t) (nbytes - i));
		memcpy(last[1], b + i, (size_t) (nbytes - i));
		sum = vpadalq_u16(sum, vpaddlq_u8(count_bits(last[0], last[1], both)));
	}
	return (int32_t) vaddvq_u32(sum);
}

static int32_t
neon_bits_xor(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_bits(a, b, nbytes, false);
}

static int32_t
neon_bits_and(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_bits(a, b, nbytes, true);
}

const VpKernel *
vp_kernel_neon(void)
{
	static const VpKernel table = {
		.name = "neon",
		.l2sq = neon_l2sq,
		.dot = neon_dot,
		.l1 = neon_l1,
		.dot3 = neon_dot3,
		.l2sq_hh = neon_l2sq_hh,
		.dot_hh = neon_dot_hh,
		.l1_hh = neon_l1_hh,
		.dot3_hh = neon_dot3_hh,
		.l2sq_fh = neon_l2sq_fh,
		.dot_fh = neon_dot_fh,
		.l1_fh = neon_l1_fh,
		.dot3_fh = neon_dot3_fh,
		.half_to_float = neon_half_to_float,
		.float_to_half = neon_float_to_half,
		.dot_u2 = neon_dot_u2,
		.dot_u4 = neon_dot_u4,
		.dot_u8 = neon_dot_u8,
		.dots_u2 = neon_dots_u2,
		.dots_u4 = neon_dots_u4,
		.dots_u8 = neon_dots_u8,
		.l1_u2 = neon_l1_u2,
		.l1_u4 = neon_l1_u4,
		.l1_u8 = neon_l1_u8,
		.bits_xor = neon_bits_xor,
		.bits_and = neon_bits_and,
		.hadamard = neon_hadamard,
	};

	return &table;
}

#else

const VpKernel *
vp_kernel_neon(void)
{
	return NULL;
}

#endif
