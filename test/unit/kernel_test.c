/*-------------------------------------------------------------------------
 *
 * kernel_test.c
 *	  Each table of distance kernels against the scalar one.
 *
 * Arrays end where a page without access begins, so reading past an end
 * is a crash, and their beginnings take on every alignment.
 *
 *-------------------------------------------------------------------------
 */
#define _DEFAULT_SOURCE
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "unit.h"

#define ROOM 262144				/* bytes an array may have, a multiple of any
								 * page size */

static uint64_t seed = 1;

/* The end of a writable room with a page without access behind it. */
static char *
guarded_end(void)
{
	size_t		page = (size_t) sysconf(_SC_PAGESIZE);
	char	   *room = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE,
							MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || mprotect(room + ROOM, page, PROT_NONE) != 0)
	{
		perror("mmap");
		exit(2);
	}
	return room + ROOM;
}

/* Every short length, around the widths of all loops, and some longer ones. */
static int
next_length(int n)
{
	return n < 140 ? n + 1 : n * 2 + 1;
}

/* Whether a float is what the reference is, or within `bound` of it. */
static bool
agrees(float got, float reference, double bound)
{
	if (isnan(reference) || isnan(got))
		return isnan(reference) && isnan(got);
	return got == reference || fabs((double) got - reference) <= bound;
}

/* All float kernels on one pair of arrays. */
static void
compare_floats(const VpKernel *k, const float *a, const float *b, int n, const char *what)
{
	const VpKernel *ref = vp_kernel_scalar();
	double		l2sq = 0;
	double		l1 = 0;
	double		dot[3] = {0, 0, 0};
	double		rounding = (n + 4) * (double) FLT_EPSILON;
	float		got[3];
	float		want[3];

	for (int i = 0; i < n; i++)
	{
		l2sq += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
		l1 += fabs((double) a[i] - b[i]);
		dot[0] += fabs((double) a[i] * b[i]);
		dot[1] += (double) a[i] * a[i];
		dot[2] += (double) b[i] * b[i];
	}
	VP_CHECK(agrees(k->l2sq(a, b, n), ref->l2sq(a, b, n), l2sq * rounding),
			 "%s l2sq n %d %s: %g, not %g", k->name, n, what, k->l2sq(a, b, n), ref->l2sq(a, b, n));
	VP_CHECK(agrees(k->l1(a, b, n), ref->l1(a, b, n), l1 * rounding),
			 "%s l1 n %d %s: %g, not %g", k->name, n, what, k->l1(a, b, n), ref->l1(a, b, n));
	VP_CHECK(agrees(k->dot(a, b, n), ref->dot(a, b, n), dot[0] * rounding),
			 "%s dot n %d %s: %g, not %g", k->name, n, what, k->dot(a, b, n), ref->dot(a, b, n));
	k->dot3(a, b, n, got);
	ref->dot3(a, b, n, want);
	for (int i = 0; i < 3; i++)
		VP_CHECK(agrees(got[i], want[i], dot[i] * rounding),
				 "%s dot3[%d] n %d %s: %g, not %g", k->name, i, n, what, got[i], want[i]);
}

static void
fill(float *x, int n, float value)
{
	for (int i = 0; i < n; i++)
		x[i] = value;
}

static void
test_floats(const VpKernel *k, char *end_a, char *end_b)
{
	for (int n = 0; n < 5000; n = next_length(n))
		for (int shift = 0; shift < 4; shift++)
		{
			float	   *a = (float *) end_a - n - shift;
			float	   *b = (float *) (end_b - n * sizeof(float));
			float	   *source = malloc((n + 1) * sizeof(float));

			for (int i = 0; i < n; i++)
			{
				source[i] = (float) vp_unit_gauss(&seed);
				b[i] = (float) vp_unit_gauss(&seed) + 1;
			}
			if (n > 0)
				memcpy(a, source, n * sizeof(float));
			if (shift == 0)
				compare_floats(k, a, b, n, "random");
			else
				VP_CHECK(agrees(k->dot(a, b, n), k->dot(source, b, n), 0),
						 "%s dot n %d at a shift of %d", k->name, n, shift);
			free(source);
		}
}

static void
test_float_extremes(const VpKernel *k, char *end_a, char *end_b)
{
	static const float values[] = {
		NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e30f, 1e-42f, -1e-45f, 0.0f, -0.0f
	};

	for (int n = 1; n < 300; n = next_length(n))
	{
		float	   *a = (float *) end_a - n;
		float	   *b = (float *) end_b - n;

		/* One special value at each place: none is left out. */
		fill(b, n, 1);
		for (int i = 0; i < n; i++)
			for (int v = 0; v < 4; v++)
			{
				fill(a, n, 2);
				a[i] = values[v];
				compare_floats(k, a, b, n, "one special value");
			}
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			for (size_t w = 0; w < sizeof(values) / sizeof(values[0]); w++)
			{
				fill(a, n, values[v]);
				fill(b, n, values[w]);
				compare_floats(k, a, b, n, "special values");
			}
	}
}

/* All kernels of halves on one pair of arrays, against those of floats. */
static void
compare_halves(const VpKernel *k, const VpHalf *a, const VpHalf *b, int n, const char *what)
{
	const VpKernel *ref = vp_kernel_scalar();
	float	   *x = malloc((n + 1) * sizeof(float));
	float	   *y = malloc((n + 1) * sizeof(float));
	double		terms[5] = {0, 0, 0, 0, 0};
	float		want[5];
	float		hh[5];
	float		fh[5];

	for (int i = 0; i < n; i++)
	{
		x[i] = vp_half_to_float(a[i]);
		y[i] = vp_half_to_float(b[i]);
		terms[0] += ((double) x[i] - y[i]) * ((double) x[i] - y[i]);
		terms[1] += fabs((double) x[i] - y[i]);
		terms[2] += fabs((double) x[i] * y[i]);
		terms[3] += (double) x[i] * x[i];
		terms[4] += (double) y[i] * y[i];
	}
	want[0] = ref->l2sq(x, y, n);
	want[1] = ref->l1(x, y, n);
	ref->dot3(x, y, n, want + 2);
	hh[0] = k->l2sq_hh(a, b, n);
	hh[1] = k->l1_hh(a, b, n);
	k->dot3_hh(a, b, n, hh + 2);
	fh[0] = k->l2sq_fh(x, b, n);
	fh[1] = k->l1_fh(x, b, n);
	k->dot3_fh(x, b, n, fh + 2);
	for (int i = 0; i < 5; i++)
	{
		double		bound = terms[i] * (n + 4) * (double) FLT_EPSILON;

		VP_CHECK(agrees(hh[i], want[i], bound), "%s halves, sum %d n %d %s: %g, not %g", k->name,
				 i, n, what, hh[i], want[i]);
		VP_CHECK(agrees(fh[i], want[i], bound), "%s floats and halves, sum %d n %d %s: %g, not %g",
				 k->name, i, n, what, fh[i], want[i]);
	}
	VP_CHECK(agrees(k->dot_hh(a, b, n), hh[2], terms[2] * (n + 4) * (double) FLT_EPSILON) &&
			 agrees(k->dot_fh(x, b, n), hh[2], terms[2] * (n + 4) * (double) FLT_EPSILON),
			 "%s dot of halves n %d %s", k->name, n, what);
	free(x);
	free(y);
}

static void
test_halves(const VpKernel *k, char *end_a, char *end_b)
{
	for (int n = 0; n < 5000; n = next_length(n))
		for (int shift = 0; shift < 4; shift++)
		{
			VpHalf	   *a = (VpHalf *) end_a - n - shift;
			VpHalf	   *b = (VpHalf *) end_b - n;

			for (int i = 0; i < n; i++)
			{
				a[i] = vp_float_to_half((float) vp_unit_gauss(&seed));
				b[i] = vp_float_to_half((float) vp_unit_gauss(&seed) + 1);
			}
			compare_halves(k, a, b, n, "random");

			/* One special value: none is left out. */
			for (int i = 0; i < n && n < 140 && shift == 0; i++)
			{
				VpHalf		kept = a[i];

				a[i] = 0x7E00;
				compare_halves(k, a, b, n, "a NaN");
				a[i] = 0xFC00;
				compare_halves(k, a, b, n, "an infinity");
				a[i] = 0x0001;
				compare_halves(k, a, b, n, "a denormal");
				a[i] = 0xFBFF;
				compare_halves(k, a, b, n, "the lowest");
				a[i] = kept;
			}
		}
}

/* By the definition of the format, without a look at bits of floats. */
static double
half_by_definition(int half)
{
	double		sign = half & 0x8000 ? -1 : 1;
	int			exponent = (half >> 10) & 31;
	int			fraction = half & 1023;

	if (exponent == 31)
		return fraction ? NAN : sign * INFINITY;
	if (exponent == 0)
		return sign * ldexp(fraction, -24);
	return sign * ldexp(1024 + fraction, exponent - 25);
}

static uint32_t
bits_of(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* Each half by itself, and in arrays of all lengths and places. */
static void
test_half_to_float(const VpKernel *k, char *end_a, char *end_b)
{
	VpHalf	   *all = (VpHalf *) end_a - 65536;
	float	   *floats = (float *) end_b - 65536;

	for (int i = 0; i < 65536; i++)
		all[i] = (VpHalf) i;
	k->half_to_float(all, floats, 65536);
	for (int i = 0; i < 65536; i++)
	{
		double		want = half_by_definition(i);
		float		alone = vp_half_to_float((VpHalf) i);

		VP_CHECK(isnan(want) ? isnan(alone) : alone == want, "half %x is %g, not %g", i, alone,
				 want);
		VP_CHECK((signbit(alone) != 0) == (i >> 15 != 0), "sign of half %x", i);
		VP_CHECK(bits_of(floats[i]) == bits_of(alone), "%s half %x: %x, not %x", k->name, i,
				 bits_of(floats[i]), bits_of(alone));
	}
	for (int n = 0; n < 140; n++)
	{
		const VpHalf *from = (VpHalf *) end_a - n;
		float	   *to = (float *) end_b - n;

		to[-1] = 7;
		k->half_to_float(from, to, n);
		for (int i = 0; i < n; i++)
			VP_CHECK(bits_of(to[i]) == bits_of(vp_half_to_float(from[i])),
					 "%s %d halves to floats", k->name, n);
		VP_CHECK(to[-1] == 7, "%s %d halves to floats: wrote before the array", k->name, n);
	}
}

/*
 * Each half, and the floats at, just below and just above the half-way point to
 * the next one: they must go to the nearer one, at the point to the even one.
 */
static void
test_float_to_half(const VpKernel *k, char *end_a, char *end_b)
{
	float	   *floats = (float *) end_a - 4;
	VpHalf	   *halves = (VpHalf *) end_b - 4;

	for (int i = 0; i < 65536; i++)
	{
		VpHalf		h = (VpHalf) i;
		VpHalf		next = (VpHalf) (i + 1);
		double		value = half_by_definition(i);
		bool		last = (i & 0x7FFF) == 0x7BFF;
		double		above = last ? copysign(65536, value) : half_by_definition(i + 1);
		float		middle = (float) ((value + above) / 2);

		if (vp_half_is_nan(h))
		{
			VP_CHECK(vp_float_to_half(vp_half_to_float(h)) == (h | 0x0200), "NaN %x", i);
			continue;
		}
		VP_CHECK(vp_float_to_half((float) value) == h, "half %x there and back is %x", i,
				 vp_float_to_half((float) value));
		if (isinf(value))
			continue;
		floats[0] = nextafterf(middle, (float) value);
		floats[1] = middle;
		floats[2] = nextafterf(middle, (float) above);
		floats[3] = (float) value;
		VP_CHECK(vp_float_to_half(floats[0]) == h, "%.9g is %x, not %x", floats[0],
				 vp_float_to_half(floats[0]), h);
		VP_CHECK(vp_float_to_half(floats[1]) == (i % 2 ? next : h), "%.9g is %x", floats[1],
				 vp_float_to_half(floats[1]));
		VP_CHECK(vp_float_to_half(floats[2]) == next, "%.9g is %x, not %x", floats[2],
				 vp_float_to_half(floats[2]), next);
		k->float_to_half(floats, halves, 4);
		for (int j = 0; j < 4; j++)
			VP_CHECK(halves[j] == vp_float_to_half(floats[j]), "%s %.9g: %x, not %x", k->name,
					 floats[j], halves[j], vp_float_to_half(floats[j]));
	}
	VP_CHECK(vp_float_to_half(VP_HALF_OVERFLOW) == 0x7C00 &&
			 vp_float_to_half(nextafterf(VP_HALF_OVERFLOW, 0)) == 0x7BFF &&
			 vp_half_to_float(0x7BFF) == VP_HALF_MAX, "largest half");
	for (int n = 0; n < 140; n++)
	{
		float	   *from = (float *) end_a - n;
		VpHalf	   *to = (VpHalf *) end_b - n;

		to[-1] = 7;
		for (int i = 0; i < n; i++)
		{
			uint32_t	bits = (uint32_t) vp_unit_random(&seed);

			memcpy(&from[i], &bits, sizeof(bits));
		}
		k->float_to_half(from, to, n);
		for (int i = 0; i < n; i++)
			VP_CHECK(to[i] == vp_float_to_half(from[i]), "%s %d floats to halves: %g is %x, not %x",
					 k->name, n, from[i], to[i], vp_float_to_half(from[i]));
		VP_CHECK(to[-1] == 7, "%s %d floats to halves: wrote before the array", k->name, n);
	}
}

typedef int32_t (*DotCode) (const uint8_t *code, const int8_t *q, int nbytes);

/* The dot kernel for bits 2, 4, 8. */
static DotCode
dot_of(const VpKernel *k, int bits)
{
	return bits == 2 ? k->dot_u2 : bits == 4 ? k->dot_u4 : k->dot_u8;
}

/* What kernel.h says, word for word: independent of any table. */
static int64_t
dot_by_definition(const uint8_t *code, const int8_t *q, int nbytes, int bits)
{
	int64_t		sum = 0;

	for (int i = 0; i < nbytes * 8 / bits; i++)
		sum += (int64_t) ((code[i % nbytes] >> (i / nbytes * bits)) % (1 << bits)) * q[i];
	return sum;
}

static void
compare_dot(const VpKernel *k, const uint8_t *code, const int8_t *q, int nbytes, int bits)
{
	int64_t		want = dot_by_definition(code, q, nbytes, bits);
	int32_t		got = dot_of(k, bits) (code, q, nbytes);

	VP_CHECK(got == want, "%s dot_u%d of %d bytes: %d, not %lld", k->name, bits, nbytes, got,
			 (long long) want);
}

typedef void (*DotCodes) (const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes,
						  int32_t dots[VP_DOTS]);

/* The same for four codes side by side, each of them once the last, whose end is `end`. */
static void
compare_dots(const VpKernel *k, const uint8_t *end, const int8_t *q, int nbytes, int bits)
{
	DotCodes	dots_of = bits == 2 ? k->dots_u2 : bits == 4 ? k->dots_u4 : k->dots_u8;

	for (int last = 0; last < VP_DOTS; last++)
	{
		const uint8_t *codes[VP_DOTS];
		int32_t		dots[VP_DOTS];

		for (int i = 0; i < VP_DOTS; i++)
			codes[(last + i) % VP_DOTS] = end - (i + 1) * nbytes;
		dots_of(codes, q, nbytes, dots);
		for (int i = 0; i < VP_DOTS; i++)
		{
			int64_t		want = dot_by_definition(codes[i], q, nbytes, bits);

			VP_CHECK(dots[i] == want, "%s dots_u%d of %d bytes, code %d: %d, not %lld", k->name, bits,
					 nbytes, i, dots[i], (long long) want);
		}
	}
}

static void
test_dots_codes(const VpKernel *k, char *end_a, char *end_b, int bits)
{
	int			longest = 16384 * bits / 8;

	for (int nbytes = 0; nbytes <= longest; nbytes = nbytes < 400 ? nbytes + 8 : nbytes * 2)
		for (int shift = 0; shift < 8; shift += 7)
		{
			int			n = nbytes * 8 / bits;
			uint8_t    *end = (uint8_t *) end_a - shift;
			int8_t	   *q = (int8_t *) end_b - n - shift;

			for (int j = 1; j <= VP_DOTS * nbytes; j++)
				end[-j] = (uint8_t) vp_unit_random(&seed);
			for (int i = 0; i < n; i++)
				q[i] = (int8_t) vp_unit_random(&seed);
			compare_dots(k, end, q, nbytes, bits);
			/* as large as they can get */
			memset(end - VP_DOTS * nbytes, 0xFF, (size_t) (VP_DOTS * nbytes));
			memset(q, -128, (size_t) n);
			compare_dots(k, end, q, nbytes, bits);
		}
}

static void
test_dot_codes(const VpKernel *k, char *end_a, char *end_b, int bits)
{
	int			longest = 16384 * bits / 8;

	for (int nbytes = 0; nbytes <= longest; nbytes = nbytes < 400 ? nbytes + 8 : nbytes * 2)
		for (int shift = 0; shift < 8; shift++)
		{
			int			n = nbytes * 8 / bits;
			uint8_t    *code = (uint8_t *) end_a - nbytes - shift;
			int8_t	   *q = (int8_t *) end_b - n - shift * 3;

			for (int j = 0; j < nbytes; j++)
				code[j] = (uint8_t) vp_unit_random(&seed);
			for (int i = 0; i < n; i++)
				q[i] = (int8_t) vp_unit_random(&seed);
			compare_dot(k, code, q, nbytes, bits);
		}

	/* Sums as large as they can get, of either sign, and mixed. */
	for (int nbytes = 8; nbytes <= longest; nbytes = nbytes < 400 ? nbytes + 8 : nbytes * 2)
	{
		static const int8_t values[] = {127, -128, -127};
		int			n = nbytes * 8 / bits;
		uint8_t    *code = (uint8_t *) end_a - nbytes;
		int8_t	   *q = (int8_t *) end_b - n;

		memset(code, 0xFF, nbytes);
		for (int v = 0; v < 3; v++)
		{
			memset(q, values[v], n);
			compare_dot(k, code, q, nbytes, bits);
		}
		for (int i = 0; i < n; i++)
			q[i] = i % 2 ? 127 : -128;
		compare_dot(k, code, q, nbytes, bits);
	}
}

/* One level and one query value that are not zero: each pair meets, and no other. */
static void
test_dot_places(const VpKernel *k, char *end_a, char *end_b, int bits)
{
	for (int nbytes = 8; nbytes <= 200; nbytes += 8)
	{
		int			n = nbytes * 8 / bits;
		uint8_t    *code = (uint8_t *) end_a - nbytes;
		int8_t	   *q = (int8_t *) end_b - n;

		memset(code, 0, nbytes);
		memset(q, 0, n);
		for (int i = 0; i < n; i++)
		{
			int			shift = i / nbytes * bits;

			q[i] = -128;
			code[i % nbytes] = (uint8_t) (((1 << bits) - 1) << shift);
			compare_dot(k, code, q, nbytes, bits);
			code[i % nbytes] = (uint8_t) ~code[i % nbytes];
			compare_dot(k, code, q, nbytes, bits);
			code[i % nbytes] = 0;
			q[i] = 0;
		}
	}
}

typedef float (*L1Code) (const uint8_t *code, const float *q, float lo, float step, int nbytes);

static L1Code
l1_of(const VpKernel *k, int bits)
{
	return bits == 2 ? k->l1_u2 : bits == 4 ? k->l1_u4 : k->l1_u8;
}

static void
test_l1_codes(const VpKernel *k, char *end_a, char *end_b, int bits)
{
	static const float specials[] = {0, NAN, INFINITY, 3e38f, 1e-40f};

	for (int nbytes = 0; nbytes <= 3000; nbytes = nbytes < 400 ? nbytes + 8 : nbytes * 2)
	{
		int			n = nbytes * 8 / bits;
		uint8_t    *code = (uint8_t *) end_a - nbytes;
		float	   *q = (float *) end_b - n;
		float		lo = (float) vp_unit_gauss(&seed);
		float		step = (float) vp_unit_uniform(&seed);
		double		want = 0;
		double		terms = 0;

		for (int j = 0; j < nbytes; j++)
			code[j] = (uint8_t) vp_unit_random(&seed);
		for (int i = 0; i < n; i++)
		{
			double		level = (code[i % nbytes] >> (i / nbytes * bits)) % (1 << bits);

			q[i] = (float) vp_unit_gauss(&seed) * 10;
			want += fabs(q[i] - (lo + step * level));
			terms += fabs(q[i]) + fabs(lo) + step * level;
		}
		VP_CHECK(fabs(l1_of(k, bits) (code, q, lo, step, nbytes) - want) <=
				 terms * (n + 4) * (double) FLT_EPSILON,
				 "%s l1_u%d of %d bytes: %g, not %g", k->name, bits, nbytes,
				 l1_of(k, bits) (code, q, lo, step, nbytes), want);
		for (int v = 0; v < 5; v++)
			for (int w = 0; w < 5; w++)
			{
				float		reference;
				float		got;

				reference = l1_of(vp_kernel_scalar(), bits) (code, q, specials[v], specials[w], nbytes);
				got = l1_of(k, bits) (code, q, specials[v], specials[w], nbytes);
				VP_CHECK(agrees(got, reference, fabs(reference) * (n + 4) * (double) FLT_EPSILON),
						 "%s l1_u%d of %d bytes, lo %g, step %g: %g, not %g", k->name, bits, nbytes,
						 specials[v], specials[w], got, reference);
			}
	}
}

static int32_t
popcount(const uint8_t *bits, int nbytes)
{
	int32_t		sum = 0;

	for (int i = 0; i < nbytes * 8; i++)
		sum += bits[i / 8] >> i % 8 & 1;
	return sum;
}

/* Of every length and alignment: random bits, all bits, and one. */
static void
test_bits(const VpKernel *k, char *end_a, char *end_b)
{
	for (int nbytes = 0; nbytes <= 8000; nbytes = next_length(nbytes))
		for (int shift = 0; shift < 3; shift++)
		{
			uint8_t    *a = (uint8_t *) end_a - nbytes - shift;
			uint8_t    *b = (uint8_t *) end_b - nbytes;
			uint8_t    *both = malloc((size_t) nbytes + 1);
			uint8_t    *other = malloc((size_t) nbytes + 1);

			for (int i = 0; i < nbytes; i++)
			{
				a[i] = shift == 1 ? 0xFF : (uint8_t) vp_unit_random(&seed);
				b[i] = shift == 1 ? 0x00 : (uint8_t) vp_unit_random(&seed);
				both[i] = a[i] & b[i];
				other[i] = a[i] ^ b[i];
			}
			VP_CHECK(k->bits_and(a, b, nbytes) == popcount(both, nbytes),
					 "%s bits_and of %d bytes: %d, not %d", k->name, nbytes,
					 k->bits_and(a, b, nbytes), popcount(both, nbytes));
			VP_CHECK(k->bits_xor(a, b, nbytes) == popcount(other, nbytes),
					 "%s bits_xor of %d bytes: %d, not %d", k->name, nbytes,
					 k->bits_xor(a, b, nbytes), popcount(other, nbytes));
			for (int i = 0; i < nbytes * 8 && nbytes < 200; i++)
			{
				memset(a, 0, (size_t) nbytes);
				a[i / 8] = (uint8_t) (1 << i % 8);
				memcpy(b, a, (size_t) nbytes);
				VP_CHECK(k->bits_and(a, b, nbytes) == 1 && k->bits_xor(a, b, nbytes) == 0,
						 "%s bit %d of %d bytes", k->name, i, nbytes);
			}
			free(both);
			free(other);
		}
}

static void
test_hadamard(const VpKernel *k, char *end_a, char *end_b)
{
	for (int n = 1; n <= 16384; n *= 2)
		for (int shift = 0; shift < 4; shift++)
		{
			float	   *x = (float *) end_a - n - shift;
			float	   *y = (float *) end_b - n;
			float	   *source = malloc(n * sizeof(float));
			double		difference = 0;

			for (int i = 0; i < n; i++)
				x[i] = y[i] = source[i] = (float) vp_unit_gauss(&seed);
			k->hadamard(x, n);
			vp_kernel_scalar()->hadamard(y, n);
			VP_CHECK(memcmp(x, y, n * sizeof(float)) == 0, "%s hadamard of %d", k->name, n);

			/* It is its own inverse. */
			k->hadamard(x, n);
			for (int i = 0; i < n; i++)
				difference = fmax(difference, fabs(x[i] - source[i]));
			VP_CHECK(difference < 1e-5, "%s hadamard of %d twice: off by %g", k->name, n,
					 difference);

			/* Rows are Walsh functions: sign (-1)^popcount(row & column). */
			fill(x, n, 0);
			x[n / 3] = 1;
			k->hadamard(x, n);
			difference = 0;
			for (int i = 0; i < n; i++)
				difference = fmax(difference, fabs(x[i] * sqrt(n) -
												   (__builtin_popcount(i & (n / 3)) % 2 ? -1 : 1)));
			VP_CHECK(difference < 1e-5, "%s hadamard of unit vector %d of %d: off by %g", k->name,
					 n / 3, n, difference);
			free(source);
		}
}

static void
test_choice(void)
{
	const char *name;

	VP_CHECK(strcmp(vp_kernel.name, "scalar") == 0, "table before the choice: %s", vp_kernel.name);
	VP_CHECK(vp_kernel_choose(NULL), "no best table");
	name = vp_kernel.name;
	VP_CHECK(!vp_kernel_choose("abacus"), "a table that is none");
	VP_CHECK(vp_kernel.name == name, "a refused choice changed %s to %s", name, vp_kernel.name);
	VP_CHECK(vp_kernel_choose("scalar") && strcmp(vp_kernel.name, "scalar") == 0,
			 "scalar wanted, %s got", vp_kernel.name);
}

int
main(void)
{
	const VpKernel *tables[] = {
		vp_kernel_scalar(), vp_kernel_avx2(), vp_kernel_avx512(), vp_kernel_avx512vnni(),
		vp_kernel_neon()
	};
	char	   *end_a = guarded_end();
	char	   *end_b = guarded_end();

	test_choice();
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
	{
		const VpKernel *k = tables[i];

		if (k == NULL)
			continue;
		printf("%s\n", k->name);
		VP_CHECK(vp_kernel_choose(k->name), "%s cannot be chosen", k->name);
		test_floats(k, end_a, end_b);
		test_float_extremes(k, end_a, end_b);
		test_halves(k, end_a, end_b);
		test_half_to_float(k, end_a, end_b);
		test_float_to_half(k, end_a, end_b);
		for (int bits = 2; bits <= 8; bits *= 2)
		{
			test_dot_codes(k, end_a, end_b, bits);
			test_dot_places(k, end_a, end_b, bits);
			test_dots_codes(k, end_a, end_b, bits);
			test_l1_codes(k, end_a, end_b, bits);
		}
		test_bits(k, end_a, end_b);
		test_hadamard(k, end_a, end_b);
	}
	return vp_unit_report();
}
