/*-------------------------------------------------------------------------
 *
 * kernel.h
 *	  Distance kernels: the innermost loops, one table per instruction set.
 *
 * The table is chosen once, when the library is loaded (vp_kernel_choose).
 * Every entry has a scalar reference; the others must agree with it: exactly
 * for the integer kernels, within rounding for the float ones.
 *
 * This room is pure C (libc only), so that it can be tested without a server.
 *
 * Packing of a code ("planes"): a code of B bits a dimension is nbytes =
 * dims * B / 8 bytes.  Byte j holds the dimensions j, nbytes + j, 2 * nbytes
 * + j ..., the first in its lowest bits.  A query is one plain array, its plane
 * p being q[p * nbytes ... (p + 1) * nbytes), so no kernel has to shuffle.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KERNEL_H
#define VP_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/half.h"

/* How many codes are compared with a query at a time. */
#define VP_DOTS 4

typedef struct VpKernel
{
	const char *name;			/* "scalar", "avx2", "avx512", "avx512vnni",
								 * "neon" */

	/* Floats.  Any n >= 0; aligned as floats are, no better. */
	float		(*l2sq) (const float *a, const float *b, int n);
	float		(*dot) (const float *a, const float *b, int n);
	float		(*l1) (const float *a, const float *b, int n);
	/* out = { a.b, a.a, b.b } in one pass, for the cosine */
	void		(*dot3) (const float *a, const float *b, int n, float out[3]);

	/*
	 * The same with halves: hh of two arrays of them, fh of floats and
	 * halves.  Sums are floats.  Halves are aligned to two bytes.
	 */
	float		(*l2sq_hh) (const VpHalf *a, const VpHalf *b, int n);
	float		(*dot_hh) (const VpHalf *a, const VpHalf *b, int n);
	float		(*l1_hh) (const VpHalf *a, const VpHalf *b, int n);
	void		(*dot3_hh) (const VpHalf *a, const VpHalf *b, int n, float out[3]);
	float		(*l2sq_fh) (const float *a, const VpHalf *b, int n);
	float		(*dot_fh) (const float *a, const VpHalf *b, int n);
	float		(*l1_fh) (const float *a, const VpHalf *b, int n);
	void		(*dot3_fh) (const float *a, const VpHalf *b, int n, float out[3]);

	/* What half.h does, for arrays; the same bits. */
	void		(*half_to_float) (const VpHalf *halves, float *floats, int n);
	void		(*float_to_half) (const float *floats, VpHalf *halves, int n);

	/*
	 * Sum of code * query, codes unsigned, query signed.  nbytes is a
	 * multiple of 8; any alignment.  Exact for up to 2^14 dimensions.
	 */
	int32_t		(*dot_u2) (const uint8_t *code, const int8_t *q, int nbytes);
	int32_t		(*dot_u4) (const uint8_t *code, const int8_t *q, int nbytes);
	int32_t		(*dot_u8) (const uint8_t *code, const int8_t *q, int nbytes);

	/*
	 * The same of four codes, which takes little more than half as long as
	 * one after another.
	 */
	void		(*dots_u2) (const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes,
							int32_t dots[VP_DOTS]);
	void		(*dots_u4) (const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes,
							int32_t dots[VP_DOTS]);
	void		(*dots_u8) (const uint8_t *const codes[VP_DOTS], const int8_t *q, int nbytes,
							int32_t dots[VP_DOTS]);

	/*
	 * Sum of |q[i] - (lo + step * code[i])|, q being of the same plane order.
	 */
	float		(*l1_u2) (const uint8_t *code, const float *q, float lo, float step, int nbytes);
	float		(*l1_u4) (const uint8_t *code, const float *q, float lo, float step, int nbytes);
	float		(*l1_u8) (const uint8_t *code, const float *q, float lo, float step, int nbytes);

	/*
	 * How many bits differ, and how many are set in both.  Any nbytes >= 0,
	 * any alignment.
	 */
	int32_t		(*bits_xor) (const uint8_t *a, const uint8_t *b, int nbytes);
	int32_t		(*bits_and) (const uint8_t *a, const uint8_t *b, int nbytes);

	/*
	 * Fast Hadamard transform in place, scaled to be orthonormal; n a power
	 * of two >= 1.
	 */
	void		(*hadamard) (float *x, int n);
} VpKernel;

/* The chosen table; scalar until vp_kernel_choose has run. */
extern VpKernel vp_kernel;

/*
 * Chooses the best table this CPU and operating system can run.  `want` names
 * one to be used instead (NULL: the best); false when it is not to be had, and
 * then nothing changes.
 */
extern bool vp_kernel_choose(const char *want);

/* The tables; NULL where the build or the CPU has none. */
extern const VpKernel *vp_kernel_scalar(void);
extern const VpKernel *vp_kernel_avx2(void);
extern const VpKernel *vp_kernel_avx512(void);
extern const VpKernel *vp_kernel_avx512vnni(void);
extern const VpKernel *vp_kernel_neon(void);

#endif							/* VP_KERNEL_H */
