/*-------------------------------------------------------------------------
 *
 * rotation.c
 *	  A random rotation of any even number of dimensions, in n log n steps.
 *
 * Random signs and a Hadamard transform, a few times over, do nearly what a
 * random orthogonal matrix does (Ailon & Chazelle, SIAM J. Comput. 2009).  The
 * transform wants a power of two.  Where n is none, rounds transform the
 * longest power of two that fits, by turns at the front and at the end.  The
 * two windows may overlap in a few dimensions only, so every other round also
 * mixes the front half with the back half, dimension by dimension.  (In every
 * round it would be worse: then a unit vector's half stays out of both
 * windows.)
 *
 *-------------------------------------------------------------------------
 */
#include "kernel/rotation.h"

#include <string.h>

#include "kernel/kernel.h"

/* Rounds that make unit vectors look like noise (see the unit test). */
static int
rounds(int n)
{
	return (n & (n - 1)) == 0 ? 3 : 6;
}

/* Words for one round. */
static size_t
round_words(int n)
{
	return ((size_t) n + 31) / 32;
}

size_t
vp_rotation_words(int n)
{
	return rounds(n) * round_words(n);
}

/*
 * SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): integers only, the same
 * everywhere.
 */
void
vp_codec_make_signs(uint64_t seed, uint32_t *signs, size_t nwords)
{
	for (size_t i = 0; i < nwords; i++)
	{
		uint64_t	z = (seed += UINT64_C(0x9E3779B97F4A7C15));

		z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
		signs[i] = (uint32_t) ((z ^ (z >> 31)) >> 32);
	}
}

#define BITS4(i) UINT32_C(1) << (i), UINT32_C(2) << (i), UINT32_C(4) << (i), UINT32_C(8) << (i)
#define BITS16(i) BITS4(i), BITS4((i) + 4), BITS4((i) + 8), BITS4((i) + 12)

/*
 * Turns the sign of each dimension whose bit is set.  The bits come out of a
 * table, since compilers make vectors of that, not of shifts.
 */
static void
flip(float *x, int n, const uint32_t *signs)
{
	static const uint32_t bit[32] = {BITS16(0), BITS16(16)};

	for (; n > 0; n -= 32, x += 32, signs++)
	{
		uint32_t	word = *signs;
		int			end = n < 32 ? n : 32;

		for (int i = 0; i < end; i++)
		{
			uint32_t	bits;

			memcpy(&bits, &x[i], sizeof(bits));
			bits ^= word & bit[i] ? UINT32_C(1) << 31 : 0;
			memcpy(&x[i], &bits, sizeof(bits));
		}
	}
}

/*
 * Rotates each dimension of the front half with its partner in the back half by
 * 45 degrees.
 */
static void
fold(float *x, int n)
{
	const float root_half = 0.70710678f;
	float	   *y = x + n / 2;

	for (int i = 0; i < n / 2; i++)
	{
		float		a = x[i] * root_half;
		float		b = y[i] * root_half;

		x[i] = a + b;
		y[i] = a - b;
	}
}

void
vp_rotate(float *x, int n, const uint32_t *signs)
{
	int			window = 1;

	while (2 * window <= n)
		window *= 2;
	for (int round = 0; round < rounds(n); round++)
	{
		bool		front = round % 2 == 0;

		flip(x, n, signs + round * round_words(n));
		if (window < n && front)
			fold(x, n);
		vp_kernel.hadamard(front ? x : x + n - window, window);
	}
}
