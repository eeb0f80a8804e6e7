/*-------------------------------------------------------------------------
 *
 * rotation.h
 *	  A random rotation of any even number of dimensions, in n log n steps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ROTATION_H
#define VP_ROTATION_H

#include <stddef.h>
#include <stdint.h>

/* Words of random signs that a rotation of n dimensions uses. */
extern size_t vp_rotation_words(int n);

/* Rotates x in place; n is even, lengths and inner products are kept. */
extern void vp_rotate(float *x, int n, const uint32_t *signs);

/* Random signs, the same for the same seed everywhere. */
extern void vp_codec_make_signs(uint64_t seed, uint32_t *signs, size_t nwords);

#endif							/* VP_ROTATION_H */
