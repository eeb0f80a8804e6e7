/*-------------------------------------------------------------------------
 *
 * kernel_avx512.c
 *	  Distance kernels for x86-64 with AVX-512 (F, BW, VL, DQ), in two tables:
 *	  without VNNI and with it, where one instruction multiplies unsigned by
 *	  signed bytes and adds four of the products to a 32-bit lane.
 *
 * What is left over at the end of an array is loaded under a mask.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>

#include "kernel/kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#define AVX512_ISA	"avx2,fma,bmi2,avx512f,avx512bw,avx512vl,avx512dq"
#define AVX512		__attribute__((target(AVX512_ISA)))
#define AVX512_INLINE static inline __attribute__((target(AVX512_ISA), always_inline))
#define POPCNT		__attribute__((target(AVX512_ISA ",avx512vpopcntdq")))
#define POPCNT_INLINE \
	static inline __attribute__((target(AVX512_ISA ",avx512vpopcntdq"), always_inline))
#define VNNI		__attribute__((target(AVX512_ISA ",avx512vnni")))
#define VNNI_INLINE static inline __attribute__((target(AVX512_ISA ",avx512vnni"), always_inline))

/* The first `n` of 16 or 64 lanes, or all when there are more. */
AVX512_INLINE __mmask16
first_16(int n)
{
	return n >= 16 ? 0xFFFF : (__mmask16) ((1u << n) - 1);
}

AVX512_INLINE __mmask64
first_64(int n)
{
	return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

/* The numbers of an array from number i on that `mask` tells, and zeroes. */
typedef __m512(*Load) (const void *array, int i, __mmask16 mask);

AVX512_INLINE __m512
load_floats(const void *array, int i, __mmask16 mask)
{
	return _mm512_maskz_loadu_ps(mask, (const float *) array + i);
}

AVX512_INLINE __m512
load_halves(const void *array, int i, __mmask16 mask)
{
	return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, (const VpHalf *) array + i));
}

/*
 * Sums over two arrays of floats or halves.  `step`, `load_a` and `load_b` are
 * constants in each caller and get inlined.  Four sums, so that one addition
 * need not wait for the last.
 */
typedef __m512(*FloatStep) (__m512 sum, __m512 a, __m512 b);

AVX512_INLINE float
reduce(const void *a, const void *b, int n, FloatStep step, Load load_a, Load load_b)
{
	const __mmask16 all = 0xFFFF;
	__m512		s0 = _mm512_setzero_ps();
	__m512		s1 = s0;
	__m512		s2 = s0;
	__m512		s3 = s0;
	int			i = 0;

	for (; i + 64 <= n; i += 64)
	{
		s0 = step(s0, load_a(a, i, all), load_b(b, i, all));
		s1 = step(s1, load_a(a, i + 16, all), load_b(b, i + 16, all));
		s2 = step(s2, load_a(a, i + 32, all), load_b(b, i + 32, all));
		s3 = step(s3, load_a(a, i + 48, all), load_b(b, i + 48, all));
	}
	for (; i < n; i += 16)
	{
		__mmask16	mask = first_16(n - i);

		s0 = step(s0, load_a(a, i, mask), load_b(b, i, mask));
	}
	return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

AVX512_INLINE __m512
step_l2sq(__m512 sum, __m512 a, __m512 b)
{
	__m512		d = _mm512_sub_ps(a, b);

	return _mm512_fmadd_ps(d, d, sum);
}

AVX512_INLINE __m512
step_dot(__m512 sum, __m512 a, __m512 b)
{
	return _mm512_fmadd_ps(a, b, sum);
}

AVX512_INLINE __m512
step_l1(__m512 sum, __m512 a, __m512 b)
{
	return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(a, b)));
}

AVX512_INLINE void
step_dot3(__m512 sum[3], __m512 a, __m512 b)
{
	sum[0] = _mm512_fmadd_ps(a, b, sum[0]);
	sum[1] = _mm512_fmadd_ps(a, a, sum[1]);
	sum[2] = _mm512_fmadd_ps(b, b, sum[2]);
}

AVX512_INLINE void
reduce_dot3(const void *a, const void *b, int n, float out[3], Load load_a, Load load_b)
{
	const __mmask16 all = 0xFFFF;
	__m512		sum[2][3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		sum[0][k] = sum[1][k] = _mm512_setzero_ps();
	for (; i + 32 <= n; i += 32)
	{
		step_dot3(sum[0], load_a(a, i, all), load_b(b, i, all));
		step_dot3(sum[1], load_a(a, i + 16, all), load_b(b, i + 16, all));
	}
	for (; i < n; i += 16)
	{
		__mmask16	mask = first_16(n - i);

		step_dot3(sum[0], load_a(a, i, mask), load_b(b, i, mask));
	}
	for (int k = 0; k < 3; k++)
		out[k] = _mm512_reduce_add_ps(_mm512_add_ps(sum[0][k], sum[1][k]));
}

/* The four kernels on arrays of two types. */
#define AVX512_DISTANCES(suffix, TypeA, load_a, TypeB, load_b) \
AVX512 static float \
avx512_l2sq##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l2sq, load_a, load_b); \
} \
AVX512 static float \
avx512_dot##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_dot, load_a, load_b); \
} \
AVX512 static float \
avx512_l1##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l1, load_a, load_b); \
} \
AVX512 static void \
avx512_dot3##suffix(const TypeA *a, const TypeB *b, int n, float out[3]) \
{ \
	reduce_dot3(a, b, n, out, load_a, load_b); \
}

AVX512_DISTANCES(, float, load_floats, float, load_floats)
AVX512_DISTANCES(_hh, VpHalf, load_halves, VpHalf, load_halves)
AVX512_DISTANCES(_fh, float, load_floats, VpHalf, load_halves)

AVX512 static void
avx512_half_to_float(const VpHalf *halves, float *floats, int n)
{
	for (int i = 0; i < n; i += 16)
	{
		__mmask16	mask = first_16(n - i);

		_mm512_mask_storeu_ps(floats + i, mask, load_halves(halves, i, mask));
	}
}

AVX512 static void
avx512_float_to_half(const float *floats, VpHalf *halves, int n)
{
	for (int i = 0; i < n; i += 16)
	{
		__mmask16	mask = first_16(n - i);

		_mm256_mask_storeu_epi16(halves + i, mask,
								 _mm512_cvtps_ph(load_floats(floats, i, mask),
												 _MM_FROUND_TO_NEAREST_INT));
	}
}

/* Bits `shift` and up of each code byte, cut to those that `low` keeps. */
AVX512_INLINE __m512i
levels(__m512i code, int shift, int low)
{
	return _mm512_and_si512(_mm512_srli_epi16(code, shift), _mm512_set1_epi8((char) low));
}

/*
 * Products of 64 code bytes with the query's planes, added to 16 lanes;
 * `mask` tells which bytes there are.  maddubs multiplies unsigned by signed
 * bytes and adds pairs in 16 bits; with values of up to 4 bits, 2 * 15 * 128
 * for each plane, that cannot saturate.
 */
typedef __m512i(*CodeStep) (__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask);

AVX512_INLINE __m512i
step_u2(__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask)
{
	__m512i		p0 = _mm512_maddubs_epi16(levels(code, 0, 3),
										  _mm512_maskz_loadu_epi8(mask, q));
	__m512i		p1 = _mm512_maddubs_epi16(levels(code, 2, 3),
										  _mm512_maskz_loadu_epi8(mask, q + nbytes));
	__m512i		p2 = _mm512_maddubs_epi16(levels(code, 4, 3),
										  _mm512_maskz_loadu_epi8(mask, q + 2 * nbytes));
	__m512i		p3 = _mm512_maddubs_epi16(levels(code, 6, 3),
										  _mm512_maskz_loadu_epi8(mask, q + 3 * nbytes));
	__m512i		pairs = _mm512_add_epi16(_mm512_add_epi16(p0, p1), _mm512_add_epi16(p2, p3));

	return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}

AVX512_INLINE __m512i
step_u4(__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask)
{
	__m512i		p0 = _mm512_maddubs_epi16(levels(code, 0, 15),
										  _mm512_maskz_loadu_epi8(mask, q));
	__m512i		p1 = _mm512_maddubs_epi16(levels(code, 4, 15),
										  _mm512_maskz_loadu_epi8(mask, q + nbytes));
	__m512i		pairs = _mm512_add_epi16(p0, p1);

	return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}

/*
 * Eight bits would saturate: low and high halves apart, the high ones count 16.
 */
AVX512_INLINE __m512i
step_u8(__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask)
{
	__m512i		plane = _mm512_maskz_loadu_epi8(mask, q);
	__m512i		p0 = _mm512_maddubs_epi16(levels(code, 0, 15), plane);
	__m512i		p1 = _mm512_maddubs_epi16(levels(code, 4, 15), plane);

	sum = _mm512_add_epi32(sum, _mm512_madd_epi16(p0, _mm512_set1_epi16(1)));
	return _mm512_add_epi32(sum, _mm512_madd_epi16(p1, _mm512_set1_epi16(16)));
}

/* The same with VNNI; nothing is added in 16 bits, so nothing can saturate. */
VNNI_INLINE __m512i
step_vnni_u2(__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask)
{
	sum = _mm512_dpbusd_epi32(sum, levels(code, 0, 3), _mm512_maskz_loadu_epi8(mask, q));
	sum = _mm512_dpbusd_epi32(sum, levels(code, 2, 3), _mm512_maskz_loadu_epi8(mask, q + nbytes));
	sum = _mm512_dpbusd_epi32(sum, levels(code, 4, 3),
							  _mm512_maskz_loadu_epi8(mask, q + 2 * nbytes));
	return _mm512_dpbusd_epi32(sum, levels(code, 6, 3),
							   _mm512_maskz_loadu_epi8(mask, q + 3 * nbytes));
}

VNNI_INLINE __m512i
step_vnni_u4(__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask)
{
	sum = _mm512_dpbusd_epi32(sum, levels(code, 0, 15), _mm512_maskz_loadu_epi8(mask, q));
	return _mm512_dpbusd_epi32(sum, levels(code, 4, 15),
							   _mm512_maskz_loadu_epi8(mask, q + nbytes));
}

VNNI_INLINE __m512i
step_vnni_u8(__m512i sum, __m512i code, const int8_t *q, int nbytes, __mmask64 mask)
{
	return _mm512_dpbusd_epi32(sum, code, _mm512_maskz_loadu_epi8(mask, q));
}

/* The sums of `n` codes, 1 or VP_DOTS, lane by lane. */
AVX512_INLINE void
sum_codes(const uint8_t *const *codes, int n, const int8_t *q, int nbytes, __m512i * sums, CodeStep step)
{
	int			j = 0;

	for (int i = 0; i < n; i++)
		sums[i] = _mm512_setzero_si512();
	for (; j + 64 <= nbytes; j += 64)
		for (int i = 0; i < n; i++)
			sums[i] = step(sums[i], _mm512_loadu_si512(codes[i] + j), q + j, nbytes, ~UINT64_C(0));
	if (j < nbytes)
	{
		__mmask64	mask = first_64(nbytes - j);

		for (int i = 0; i < n; i++)
			sums[i] = step(sums[i], _mm512_maskz_loadu_epi8(mask, codes[i] + j), q + j, nbytes, mask);
	}
}

/* Each two lanes of a and b, and the other two, added: a, b, a, b. */
AVX512_INLINE __m512i
fold_pair(__m512i a, __m512i b)
{
	return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

AVX512_INLINE void
store_sums(const __m512i sums[VP_DOTS], int32_t dots[VP_DOTS])
{
	__m512i		ab = fold_pair(sums[0], sums[1]);
	__m512i		cd = fold_pair(sums[2], sums[3]);
	__m512i		abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
	__m256i		half = _mm256_add_epi32(_mm512_castsi512_si256(abcd),
										_mm512_extracti64x4_epi64(abcd, 1));

	_mm_storeu_si128((__m128i *) dots, _mm_add_epi32(_mm256_castsi256_si128(half),
													 _mm256_extracti128_si256(half, 1)));
}

#define AVX512_DOTS(target, name, bits, step) \
target static int32_t \
name##_dot_u##bits(const uint8_t *code, const int8_t *q, int nbytes) \
{ \
	__m512i		sum; \
\
	sum_codes(&code, 1, q, nbytes, &sum, step); \
	return _mm512_reduce_add_epi32(sum); \
} \
target static void \
name##_dots_u##bits(const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes, \
					int32_t dots[VP_DOTS]) \
{ \
	__m512i		sums[VP_DOTS]; \
\
	sum_codes(codes, VP_DOTS, q, nbytes, sums, step); \
	store_sums(sums, dots); \
}

AVX512_DOTS(AVX512, avx512, 2, step_u2)
AVX512_DOTS(AVX512, avx512, 4, step_u4)
AVX512_DOTS(AVX512, avx512, 8, step_u8)
AVX512_DOTS(VNNI, vnni, 2, step_vnni_u2)
AVX512_DOTS(VNNI, vnni, 4, step_vnni_u4)
AVX512_DOTS(VNNI, vnni, 8, step_vnni_u8)

/* The lanes past the end are masked twice: there |0 - lo| must not count. */
AVX512_INLINE float
l1_code(const uint8_t *code, const float *q, float lo, float step, int nbytes, int bits)
{
	__m512		sum = _mm512_setzero_ps();
	__m128i		low = _mm_set1_epi8((char) ((1 << bits) - 1));

	for (int j = 0; j < nbytes; j += 16)
	{
		__mmask16	mask = first_16(nbytes - j);
		__m128i		bytes = _mm_maskz_loadu_epi8(mask, code + j);

		for (int plane = 0; plane < 8 / bits; plane++)
		{
			__m128i		level = _mm_and_si128(_mm_srl_epi16(bytes, _mm_cvtsi32_si128(plane * bits)),
											  low);
			__m512		x = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(level)),
											_mm512_set1_ps(step), _mm512_set1_ps(lo));

			x = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, q + plane * nbytes + j), x);
			sum = _mm512_mask_add_ps(sum, mask, sum, _mm512_abs_ps(x));
		}
	}
	return _mm512_reduce_add_ps(sum);
}

AVX512 static float
avx512_l1_u2(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 2);
}

AVX512 static float
avx512_l1_u4(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 4);
}

AVX512 static float
avx512_l1_u8(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 8);
}

/* {b, a} + {a, -b}: `swapped` has the partners' places exchanged. */
AVX512_INLINE __m512
butterfly(__m512 x, __m512 swapped, __mmask16 second)
{
	return _mm512_add_ps(swapped, _mm512_mask_xor_ps(x, second, x, _mm512_set1_ps(-0.0f)));
}

/* The scaling and the butterflies inside of sixteen floats. */
AVX512_INLINE __m512
hadamard_16(__m512 x, __m512 norm)
{
	x = _mm512_mul_ps(x, norm);
	x = butterfly(x, _mm512_permute_ps(x, _MM_SHUFFLE(2, 3, 0, 1)), 0xAAAA);
	x = butterfly(x, _mm512_permute_ps(x, _MM_SHUFFLE(1, 0, 3, 2)), 0xCCCC);
	x = butterfly(x, _mm512_shuffle_f32x4(x, x, _MM_SHUFFLE(2, 3, 0, 1)), 0xF0F0);
	return butterfly(x, _mm512_shuffle_f32x4(x, x, _MM_SHUFFLE(1, 0, 3, 2)), 0xFF00);
}

/* The butterflies of distance h and 2 * h in one pass. */
AVX512_INLINE void
hadamard_two_levels(float *x, int n, int h)
{
	for (int i = 0; i < n; i += 4 * h)
		for (float *p = x + i; p < x + i + h; p += 16)
		{
			__m512		a0 = _mm512_loadu_ps(p);
			__m512		a1 = _mm512_loadu_ps(p + h);
			__m512		a2 = _mm512_loadu_ps(p + 2 * h);
			__m512		a3 = _mm512_loadu_ps(p + 3 * h);
			__m512		b0 = _mm512_add_ps(a0, a1);
			__m512		b1 = _mm512_sub_ps(a0, a1);
			__m512		b2 = _mm512_add_ps(a2, a3);
			__m512		b3 = _mm512_sub_ps(a2, a3);

			_mm512_storeu_ps(p, _mm512_add_ps(b0, b2));
			_mm512_storeu_ps(p + h, _mm512_add_ps(b1, b3));
			_mm512_storeu_ps(p + 2 * h, _mm512_sub_ps(b0, b2));
			_mm512_storeu_ps(p + 3 * h, _mm512_sub_ps(b1, b3));
		}
}

AVX512 static void
avx512_hadamard(float *x, int n)
{
	__m512		norm = _mm512_set1_ps(1.0f / sqrtf((float) n));
	int			h = 16;

	if (n < 16)
	{
		vp_kernel_scalar()->hadamard(x, n);
		return;
	}
	for (int i = 0; i < n; i += 16)
		_mm512_storeu_ps(x + i, hadamard_16(_mm512_loadu_ps(x + i), norm));
	for (; 4 * h <= n; h *= 4)
		hadamard_two_levels(x, n, h);
	if (h < n)
		for (int i = 0; i < h; i += 16)
		{
			__m512		a = _mm512_loadu_ps(x + i);
			__m512		b = _mm512_loadu_ps(x + i + h);

			_mm512_storeu_ps(x + i, _mm512_add_ps(a, b));
			_mm512_storeu_ps(x + i + h, _mm512_sub_ps(a, b));
		}
}

/*
 * `both`: bits that are set in both, else: bits that differ; a constant in each
 * caller.  What lies behind the arrays' ends is zero in both.
 */
AVX512_INLINE __m512i
combine_bits(const uint8_t *a, const uint8_t *b, int nbytes, bool both)
{
	__mmask64	mask = first_64(nbytes);
	__m512i		x = _mm512_maskz_loadu_epi8(mask, a);
	__m512i		y = _mm512_maskz_loadu_epi8(mask, b);

	return both ? _mm512_and_si512(x, y) : _mm512_xor_si512(x, y);
}

/*
 * How many bits are set in each 8 bytes, by a table of those of half a byte; as
 * in kernel_avx2.c.
 */
AVX512_INLINE __m512i
count_bits(__m512i x)
{
	const		__m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3,
																	  1, 2, 2, 3, 2, 3, 3, 4));
	const		__m512i half = _mm512_set1_epi8(15);
	__m512i		lo = _mm512_shuffle_epi8(counts, _mm512_and_si512(x, half));
	__m512i		hi = _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(x, 4), half));

	return _mm512_sad_epu8(_mm512_add_epi8(lo, hi), _mm512_setzero_si512());
}

AVX512_INLINE int32_t
reduce_bits(const uint8_t *a, const uint8_t *b, int nbytes, bool both)
{
	__m512i		sum = _mm512_setzero_si512();

	for (int i = 0; i < nbytes; i += 64)
		sum = _mm512_add_epi64(sum, count_bits(combine_bits(a + i, b + i, nbytes - i, both)));
	return (int32_t) _mm512_reduce_add_epi64(sum);
}

AVX512 static int32_t
avx512_bits_xor(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_bits(a, b, nbytes, false);
}

AVX512 static int32_t
avx512_bits_and(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_bits(a, b, nbytes, true);
}

/*
 * Where there is an instruction for it.  Two sums, so that one addition need
 * not wait for the last.
 */
POPCNT_INLINE int32_t
reduce_popcnt(const uint8_t *a, const uint8_t *b, int nbytes, bool both)
{
	__m512i		s0 = _mm512_setzero_si512();
	__m512i		s1 = s0;
	int			i = 0;

	for (; i + 64 < nbytes; i += 128)
	{
		s0 = _mm512_add_epi64(s0, _mm512_popcnt_epi64(combine_bits(a + i, b + i, 64, both)));
		s1 = _mm512_add_epi64(s1, _mm512_popcnt_epi64(combine_bits(a + i + 64, b + i + 64,
																   nbytes - i - 64, both)));
	}
	if (i < nbytes)
		s0 = _mm512_add_epi64(s0, _mm512_popcnt_epi64(combine_bits(a + i, b + i, nbytes - i, both)));
	return (int32_t) _mm512_reduce_add_epi64(_mm512_add_epi64(s0, s1));
}

POPCNT static int32_t
popcnt_bits_xor(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_popcnt(a, b, nbytes, false);
}

POPCNT static int32_t
popcnt_bits_and(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_popcnt(a, b, nbytes, true);
}

#define FLOAT_ENTRIES \
	.l2sq = avx512_l2sq, \
	.dot = avx512_dot, \
	.l1 = avx512_l1, \
	.dot3 = avx512_dot3, \
	.l2sq_hh = avx512_l2sq_hh, \
	.dot_hh = avx512_dot_hh, \
	.l1_hh = avx512_l1_hh, \
	.dot3_hh = avx512_dot3_hh, \
	.l2sq_fh = avx512_l2sq_fh, \
	.dot_fh = avx512_dot_fh, \
	.l1_fh = avx512_l1_fh, \
	.dot3_fh = avx512_dot3_fh, \
	.half_to_float = avx512_half_to_float, \
	.float_to_half = avx512_float_to_half, \
	.l1_u2 = avx512_l1_u2, \
	.l1_u4 = avx512_l1_u4, \
	.l1_u8 = avx512_l1_u8, \
	.hadamard = avx512_hadamard

/* The compiler's tests look at what the operating system saves, too. */
const VpKernel *
vp_kernel_avx512(void)
{
	static const VpKernel table = {
		.name = "avx512",
		.dot_u2 = avx512_dot_u2,
		.dot_u4 = avx512_dot_u4,
		.dot_u8 = avx512_dot_u8,
		.dots_u2 = avx512_dots_u2,
		.dots_u4 = avx512_dots_u4,
		.dots_u8 = avx512_dots_u8,
		.bits_xor = avx512_bits_xor,
		.bits_and = avx512_bits_and,
		FLOAT_ENTRIES
	};

	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
		__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512dq") ? &table : NULL;
}

const VpKernel *
vp_kernel_avx512vnni(void)
{
	static VpKernel table = {
		.name = "avx512vnni",
		.dot_u2 = vnni_dot_u2,
		.dot_u4 = vnni_dot_u4,
		.dot_u8 = vnni_dot_u8,
		.dots_u2 = vnni_dots_u2,
		.dots_u4 = vnni_dots_u4,
		.dots_u8 = vnni_dots_u8,
		.bits_xor = avx512_bits_xor,
		.bits_and = avx512_bits_and,
		FLOAT_ENTRIES
	};

	if (vp_kernel_avx512() == NULL || !__builtin_cpu_supports("avx512vnni"))
		return NULL;
	/* the first processors with VNNI cannot count bits */
	if (__builtin_cpu_supports("avx512vpopcntdq"))
	{
		table.bits_xor = popcnt_bits_xor;
		table.bits_and = popcnt_bits_and;
	}
	return &table;
}

#else

const VpKernel *
vp_kernel_avx512(void)
{
	return NULL;
}

const VpKernel *
vp_kernel_avx512vnni(void)
{
	return NULL;
}

#endif
