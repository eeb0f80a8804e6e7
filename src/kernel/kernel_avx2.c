/*-------------------------------------------------------------------------
 *
 * kernel_avx2.c
 *	  Distance kernels for x86-64 with AVX2, FMA and F16C.
 *
 * Each function carries its target attribute, so the library is compiled for
 * the plain architecture and runs anywhere.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>

#include "kernel/kernel.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#define AVX2		__attribute__((target("avx2,fma,f16c")))
#define AVX2_INLINE static inline __attribute__((target("avx2,fma,f16c"), always_inline))

/* The first `n` of eight 32-bit lanes, 0 <= n <= 8. */
AVX2_INLINE __m256i
first_lanes(int n)
{
	static const int32_t ones_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

	return _mm256_loadu_si256((const __m256i *) (ones_zeros + 8 - n));
}

AVX2_INLINE float
sum_ps(__m256 x)
{
	__m128		s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

AVX2_INLINE int32_t
sum_epi32(__m256i x)
{
	__m128i		s = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));

	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(1, 0, 3, 2)));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(2, 3, 0, 1)));
	return _mm_cvtsi128_si32(s);
}

AVX2_INLINE __m256
abs_ps(__m256 x)
{
	return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

/*
 * `lanes` numbers of an array from number i on, 1 <= lanes <= 8, and zeroes.
 * Halves cannot be loaded under a mask: a few go through a small zeroed array.
 */
typedef __m256 (*Load) (const void *array, int i, int lanes);

AVX2_INLINE __m256
load_floats(const void *array, int i, int lanes)
{
	const float *p = (const float *) array + i;

	return lanes == 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(lanes));
}

AVX2_INLINE __m256
load_halves(const void *array, int i, int lanes)
{
	const VpHalf *p = (const VpHalf *) array + i;
	VpHalf		few[8] = {0};

	if (lanes < 8)
	{
		for (int k = 0; k < lanes; k++)
			few[k] = p[k];
		p = few;
	}
	return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) p));
}

/*
 * Sums over two arrays of floats or halves.  `step`, `load_a` and `load_b` are
 * constants in each caller and get inlined.  Four sums, so that one addition
 * need not wait for the last.
 */
typedef __m256 (*FloatStep) (__m256 sum, __m256 a, __m256 b);

AVX2_INLINE float
reduce(const void *a, const void *b, int n, FloatStep step, Load load_a, Load load_b)
{
	__m256		s0 = _mm256_setzero_ps();
	__m256		s1 = s0;
	__m256		s2 = s0;
	__m256		s3 = s0;
	int			i = 0;

	for (; i + 32 <= n; i += 32)
	{
		s0 = step(s0, load_a(a, i, 8), load_b(b, i, 8));
		s1 = step(s1, load_a(a, i + 8, 8), load_b(b, i + 8, 8));
		s2 = step(s2, load_a(a, i + 16, 8), load_b(b, i + 16, 8));
		s3 = step(s3, load_a(a, i + 24, 8), load_b(b, i + 24, 8));
	}
	for (; i + 8 <= n; i += 8)
		s0 = step(s0, load_a(a, i, 8), load_b(b, i, 8));
	if (i < n)
		s1 = step(s1, load_a(a, i, n - i), load_b(b, i, n - i));
	return sum_ps(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
}

AVX2_INLINE __m256
step_l2sq(__m256 sum, __m256 a, __m256 b)
{
	__m256		d = _mm256_sub_ps(a, b);

	return _mm256_fmadd_ps(d, d, sum);
}

AVX2_INLINE __m256
step_dot(__m256 sum, __m256 a, __m256 b)
{
	return _mm256_fmadd_ps(a, b, sum);
}

AVX2_INLINE __m256
step_l1(__m256 sum, __m256 a, __m256 b)
{
	return _mm256_add_ps(sum, abs_ps(_mm256_sub_ps(a, b)));
}

AVX2_INLINE void
reduce_dot3(const void *a, const void *b, int n, float out[3], Load load_a, Load load_b)
{
	__m256		sum[2][3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		sum[0][k] = sum[1][k] = _mm256_setzero_ps();
	for (int k = 0; i < n; i += 8, k ^= 1)
	{
		int			lanes = n - i < 8 ? n - i : 8;
		__m256		x = load_a(a, i, lanes);
		__m256		y = load_b(b, i, lanes);

		sum[k][0] = _mm256_fmadd_ps(x, y, sum[k][0]);
		sum[k][1] = _mm256_fmadd_ps(x, x, sum[k][1]);
		sum[k][2] = _mm256_fmadd_ps(y, y, sum[k][2]);
	}
	for (int k = 0; k < 3; k++)
		out[k] = sum_ps(_mm256_add_ps(sum[0][k], sum[1][k]));
}

/* The four kernels on arrays of two types. */
#define AVX2_DISTANCES(suffix, TypeA, load_a, TypeB, load_b) \
AVX2 static float \
avx2_l2sq##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l2sq, load_a, load_b); \
} \
AVX2 static float \
avx2_dot##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_dot, load_a, load_b); \
} \
AVX2 static float \
avx2_l1##suffix(const TypeA *a, const TypeB *b, int n) \
{ \
	return reduce(a, b, n, step_l1, load_a, load_b); \
} \
AVX2 static void \
avx2_dot3##suffix(const TypeA *a, const TypeB *b, int n, float out[3]) \
{ \
	reduce_dot3(a, b, n, out, load_a, load_b); \
}

AVX2_DISTANCES(, float, load_floats, float, load_floats)
AVX2_DISTANCES(_hh, VpHalf, load_halves, VpHalf, load_halves)
AVX2_DISTANCES(_fh, float, load_floats, VpHalf, load_halves)

AVX2 static void
avx2_half_to_float(const VpHalf *halves, float *floats, int n)
{
	int			i = 0;

	for (; i + 8 <= n; i += 8)
		_mm256_storeu_ps(floats + i, load_halves(halves, i, 8));
	for (; i < n; i++)
		floats[i] = vp_half_to_float(halves[i]);
}

AVX2 static void
avx2_float_to_half(const float *floats, VpHalf *halves, int n)
{
	int			i = 0;

	for (; i + 8 <= n; i += 8)
		_mm_storeu_si128((__m128i *) (halves + i),
						 _mm256_cvtps_ph(_mm256_loadu_ps(floats + i), _MM_FROUND_TO_NEAREST_INT));
	for (; i < n; i++)
		halves[i] = vp_float_to_half(floats[i]);
}

/* 32 bytes, or those that `mask` keeps. */
AVX2_INLINE __m256i
load_bytes(const void *p, bool whole, __m256i mask)
{
	return whole ? _mm256_loadu_si256((const __m256i *) p)
		: _mm256_maskload_epi32((const int *) p, mask);
}

/*
 * Products of 32 code bytes with the query's planes, added to 8 lanes.
 * maddubs multiplies unsigned by signed bytes and adds pairs in 16 bits; with
 * values of up to 4 bits, 2 * 15 * 128 for each plane, that cannot saturate.
 */
typedef __m256i (*CodeStep) (__m256i sum, __m256i code, const int8_t *q, int nbytes, bool whole,
							 __m256i mask);

AVX2_INLINE __m256i
step_u2(__m256i sum, __m256i code, const int8_t *q, int nbytes, bool whole, __m256i mask)
{
	__m256i		low = _mm256_set1_epi8(3);
	__m256i		p0 = _mm256_maddubs_epi16(_mm256_and_si256(code, low),
										  load_bytes(q, whole, mask));
	__m256i		p1 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(code, 2), low),
										  load_bytes(q + nbytes, whole, mask));
	__m256i		p2 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(code, 4), low),
										  load_bytes(q + 2 * nbytes, whole, mask));
	__m256i		p3 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(code, 6), low),
										  load_bytes(q + 3 * nbytes, whole, mask));
	__m256i		pairs = _mm256_add_epi16(_mm256_add_epi16(p0, p1), _mm256_add_epi16(p2, p3));

	return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

AVX2_INLINE __m256i
step_u4(__m256i sum, __m256i code, const int8_t *q, int nbytes, bool whole, __m256i mask)
{
	__m256i		low = _mm256_set1_epi8(15);
	__m256i		p0 = _mm256_maddubs_epi16(_mm256_and_si256(code, low),
										  load_bytes(q, whole, mask));
	__m256i		p1 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(code, 4), low),
										  load_bytes(q + nbytes, whole, mask));
	__m256i		pairs = _mm256_add_epi16(p0, p1);

	return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/*
 * Eight bits would saturate: low and high halves apart, the high ones count 16.
 */
AVX2_INLINE __m256i
step_u8(__m256i sum, __m256i code, const int8_t *q, int nbytes, bool whole, __m256i mask)
{
	__m256i		low = _mm256_set1_epi8(15);
	__m256i		plane = load_bytes(q, whole, mask);
	__m256i		p0 = _mm256_maddubs_epi16(_mm256_and_si256(code, low), plane);
	__m256i		p1 = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(code, 4), low), plane);

	sum = _mm256_add_epi32(sum, _mm256_madd_epi16(p0, _mm256_set1_epi16(1)));
	return _mm256_add_epi32(sum, _mm256_madd_epi16(p1, _mm256_set1_epi16(16)));
}

/* The sums of `n` codes, 1 or VP_DOTS, lane by lane. */
AVX2_INLINE void
sum_codes(const uint8_t *const *codes, int n, const int8_t *q, int nbytes, __m256i *sums, CodeStep step)
{
	int			j = 0;

	for (int i = 0; i < n; i++)
		sums[i] = _mm256_setzero_si256();
	for (; j + 32 <= nbytes; j += 32)
		for (int i = 0; i < n; i++)
			sums[i] = step(sums[i], load_bytes(codes[i] + j, true, sums[i]), q + j, nbytes,
						   true, sums[i]);
	if (j < nbytes)
	{
		__m256i		mask = first_lanes((nbytes - j) / 4);

		for (int i = 0; i < n; i++)
			sums[i] = step(sums[i], load_bytes(codes[i] + j, false, mask), q + j, nbytes,
						   false, mask);
	}
}

/* Each two lanes of a and b, and the other two, added: a, b, a, b. */
AVX2_INLINE __m256i
fold_pair(__m256i a, __m256i b)
{
	return _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
}

AVX2_INLINE void
store_sums(const __m256i sums[VP_DOTS], int32_t dots[VP_DOTS])
{
	__m256i		ab = fold_pair(sums[0], sums[1]);
	__m256i		cd = fold_pair(sums[2], sums[3]);
	__m256i		abcd = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));

	_mm_storeu_si128((__m128i *) dots, _mm_add_epi32(_mm256_castsi256_si128(abcd),
													 _mm256_extracti128_si256(abcd, 1)));
}

#define AVX2_DOTS(bits) \
AVX2 static int32_t \
avx2_dot_u##bits(const uint8_t *code, const int8_t *q, int nbytes) \
{ \
	__m256i		sum; \
\
	sum_codes(&code, 1, q, nbytes, &sum, step_u##bits); \
	return sum_epi32(sum); \
} \
AVX2 static void \
avx2_dots_u##bits(const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes, \
				  int32_t dots[VP_DOTS]) \
{ \
	__m256i		sums[VP_DOTS]; \
\
	sum_codes(codes, VP_DOTS, q, nbytes, sums, step_u##bits); \
	store_sums(sums, dots); \
}

AVX2_DOTS(2)
AVX2_DOTS(4)
AVX2_DOTS(8)

/* Eight bytes at a time, which nbytes is a multiple of. */
AVX2_INLINE float
l1_code(const uint8_t *code, const float *q, float lo, float step, int nbytes, int bits)
{
	__m256		sum = _mm256_setzero_ps();
	__m128i		low = _mm_set1_epi8((char) ((1 << bits) - 1));

	for (int j = 0; j < nbytes; j += 8)
	{
		__m128i		bytes = _mm_loadl_epi64((const __m128i *) (code + j));

		for (int plane = 0; plane < 8 / bits; plane++)
		{
			__m128i		level = _mm_and_si128(_mm_srl_epi16(bytes, _mm_cvtsi32_si128(plane * bits)),
											  low);
			__m256		x = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(level)),
											_mm256_set1_ps(step), _mm256_set1_ps(lo));

			sum = step_l1(sum, _mm256_loadu_ps(q + plane * nbytes + j), x);
		}
	}
	return sum_ps(sum);
}

AVX2 static float
avx2_l1_u2(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 2);
}

AVX2 static float
avx2_l1_u4(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 4);
}

AVX2 static float
avx2_l1_u8(const uint8_t *code, const float *q, float lo, float step, int nbytes)
{
	return l1_code(code, q, lo, step, nbytes, 8);
}

/* The scaling and the butterflies inside of eight floats: {b, a} + {a, -b}. */
AVX2_INLINE __m256
hadamard_8(__m256 x, __m256 norm)
{
	x = _mm256_mul_ps(x, norm);
	x = _mm256_add_ps(_mm256_permute_ps(x, _MM_SHUFFLE(2, 3, 0, 1)),
					  _mm256_xor_ps(x, _mm256_setr_ps(0, -0.0f, 0, -0.0f, 0, -0.0f, 0, -0.0f)));
	x = _mm256_add_ps(_mm256_permute_ps(x, _MM_SHUFFLE(1, 0, 3, 2)),
					  _mm256_xor_ps(x, _mm256_setr_ps(0, 0, -0.0f, -0.0f, 0, 0, -0.0f, -0.0f)));
	return _mm256_add_ps(_mm256_permute2f128_ps(x, x, 1),
						 _mm256_xor_ps(x, _mm256_setr_ps(0, 0, 0, 0, -0.0f, -0.0f, -0.0f, -0.0f)));
}

/* The butterflies of distance h and 2 * h in one pass. */
AVX2_INLINE void
hadamard_two_levels(float *x, int n, int h)
{
	for (int i = 0; i < n; i += 4 * h)
		for (float *p = x + i; p < x + i + h; p += 8)
		{
			__m256		a0 = _mm256_loadu_ps(p);
			__m256		a1 = _mm256_loadu_ps(p + h);
			__m256		a2 = _mm256_loadu_ps(p + 2 * h);
			__m256		a3 = _mm256_loadu_ps(p + 3 * h);
			__m256		b0 = _mm256_add_ps(a0, a1);
			__m256		b1 = _mm256_sub_ps(a0, a1);
			__m256		b2 = _mm256_add_ps(a2, a3);
			__m256		b3 = _mm256_sub_ps(a2, a3);

			_mm256_storeu_ps(p, _mm256_add_ps(b0, b2));
			_mm256_storeu_ps(p + h, _mm256_add_ps(b1, b3));
			_mm256_storeu_ps(p + 2 * h, _mm256_sub_ps(b0, b2));
			_mm256_storeu_ps(p + 3 * h, _mm256_sub_ps(b1, b3));
		}
}

AVX2 static void
avx2_hadamard(float *x, int n)
{
	__m256		norm = _mm256_set1_ps(1.0f / sqrtf((float) n));
	int			h = 8;

	if (n < 8)
	{
		vp_kernel_scalar()->hadamard(x, n);
		return;
	}
	for (int i = 0; i < n; i += 8)
		_mm256_storeu_ps(x + i, hadamard_8(_mm256_loadu_ps(x + i), norm));
	for (; 4 * h <= n; h *= 4)
		hadamard_two_levels(x, n, h);
	if (h < n)
		for (int i = 0; i < h; i += 8)
		{
			__m256		a = _mm256_loadu_ps(x + i);
			__m256		b = _mm256_loadu_ps(x + i + h);

			_mm256_storeu_ps(x + i, _mm256_add_ps(a, b));
			_mm256_storeu_ps(x + i + h, _mm256_sub_ps(a, b));
		}
}

/*
 * How many bits are set in each 8 bytes: of each half of a byte by a table in a
 * register (Mula, Kurz and Lemire, "Faster population counts using AVX2
 * instructions", 2018).
 */
AVX2_INLINE __m256i
count_bits(__m256i x)
{
	const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
											0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i half = _mm256_set1_epi8(15);
	__m256i		lo = _mm256_shuffle_epi8(counts, _mm256_and_si256(x, half));
	__m256i		hi = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), half));

	return _mm256_sad_epu8(_mm256_add_epi8(lo, hi), _mm256_setzero_si256());
}

/*
 * `both`: how many bits are set in both, else: how many differ; a constant in
 * each caller.
 */
AVX2_INLINE __m256i
combine_bits(const uint8_t *a, const uint8_t *b, bool both)
{
	__m256i		x = _mm256_loadu_si256((const __m256i *) a);
	__m256i		y = _mm256_loadu_si256((const __m256i *) b);

	return both ? _mm256_and_si256(x, y) : _mm256_xor_si256(x, y);
}

AVX2_INLINE int32_t
reduce_bits(const uint8_t *a, const uint8_t *b, int nbytes, bool both)
{
	__m256i		sum = _mm256_setzero_si256();
	int			i = 0;

	for (; i + 32 <= nbytes; i += 32)
		sum = _mm256_add_epi64(sum, count_bits(combine_bits(a + i, b + i, both)));
	if (i < nbytes)
	{
		uint8_t		last[2][32] = {{0}, {0}};

		memcpy(last[0], a + i, (size_t) (nbytes - i));
		memcpy(last[1], b + i, (size_t) (nbytes - i));
		sum = _mm256_add_epi64(sum, count_bits(combine_bits(last[0], last[1], both)));
	}
	/* sums of at most 2^31 bits: the upper halves are zero */
	return sum_epi32(sum);
}

AVX2 static int32_t
avx2_bits_xor(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_bits(a, b, nbytes, false);
}

AVX2 static int32_t
avx2_bits_and(const uint8_t *a, const uint8_t *b, int nbytes)
{
	return reduce_bits(a, b, nbytes, true);
}

/* The compiler's test looks at what the operating system saves, too. */
/*
 * Of the instruction sets that are needed, compilers know this one by no name
 * they share.
 */
static bool
have_f16c(void)
{
	unsigned int eax;
	unsigned int ebx;
	unsigned int ecx;
	unsigned int edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
}

const VpKernel *
vp_kernel_avx2(void)
{
	static const VpKernel table = {
		.name = "avx2",
		.l2sq = avx2_l2sq,
		.dot = avx2_dot,
		.l1 = avx2_l1,
		.dot3 = avx2_dot3,
		.l2sq_hh = avx2_l2sq_hh,
		.dot_hh = avx2_dot_hh,
		.l1_hh = avx2_l1_hh,
		.dot3_hh = avx2_dot3_hh,
		.l2sq_fh = avx2_l2sq_fh,
		.dot_fh = avx2_dot_fh,
		.l1_fh = avx2_l1_fh,
		.dot3_fh = avx2_dot3_fh,
		.half_to_float = avx2_half_to_float,
		.float_to_half = avx2_float_to_half,
		.dot_u2 = avx2_dot_u2,
		.dot_u4 = avx2_dot_u4,
		.dot_u8 = avx2_dot_u8,
		.dots_u2 = avx2_dots_u2,
		.dots_u4 = avx2_dots_u4,
		.dots_u8 = avx2_dots_u8,
		.l1_u2 = avx2_l1_u2,
		.l1_u4 = avx2_l1_u4,
		.l1_u8 = avx2_l1_u8,
		.bits_xor = avx2_bits_xor,
		.bits_and = avx2_bits_and,
		.hadamard = avx2_hadamard,
	};

	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && have_f16c() ?
		&table : NULL;
}

#else

const VpKernel *
vp_kernel_avx2(void)
{
	return NULL;
}

#endif
