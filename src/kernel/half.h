/*-------------------------------------------------------------------------
 *
 * half.h
 *	  Half precision (IEEE 754 binary16): one number at a time.
 *
 * A half is kept as its bits: compilers differ in whether they have a type
 * for it.  Whole arrays go through the kernels (kernel.h), which give the very
 * same bits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_HALF_H
#define VP_HALF_H

#include <stdint.h>
#include <string.h>

typedef uint16_t VpHalf;

#define VP_HALF_MAX 65504.0f

/*
 * Floats from here on round to an infinite half: half-way between the largest
 * and 2^16.
 */
#define VP_HALF_OVERFLOW 65520.0f

/*
 * Exact.  A NaN keeps its sign and payload and becomes a quiet one.
 */
static inline float
vp_half_to_float(VpHalf half)
{
	uint32_t	sign = (uint32_t) (half & 0x8000) << 16;
	uint32_t	exponent = half & 0x7C00;
	uint32_t	bits = (uint32_t) (half & 0x7FFF) << 13;
	float		result;

	if (exponent == 0x7C00)
		bits |= (half & 0x03FF) != 0 ? 0x7FC00000 : 0x7F800000;
	else if (exponent != 0)
		bits += (127 - 15) << 23;
	else
	{
		/* zero or a denormal half, which is a normal float */
		result = (float) (half & 0x03FF) * (1.0f / 16777216);
		memcpy(&bits, &result, sizeof(bits));
	}
	bits |= sign;
	memcpy(&result, &bits, sizeof(result));
	return result;
}

/*
 * To the nearest, ties to even; what is too large becomes infinite.
 */
static inline VpHalf
vp_float_to_half(float value)
{
	uint32_t	bits;
	uint32_t	sign;

	memcpy(&bits, &value, sizeof(bits));
	sign = (bits >> 16) & 0x8000;
	bits &= 0x7FFFFFFF;

	if (bits > 0x7F800000)
		bits = 0x7E00 | ((bits >> 13) & 0x03FF);	/* NaN */
	else if (bits >= 0x477FF000)
		bits = 0x7C00;			/* VP_HALF_OVERFLOW and above */
	else if (bits >= 0x38800000)
	{
		/* a normal half: rounding may carry into the exponent, as it should */
		bits -= (127 - 15) << 23;
		bits = (bits + 0x0FFF + ((bits >> 13) & 1)) >> 13;
	}
	else
	{
		/*
		 * in 0.5 ... 1 a float's last bit is 2^-24, the unit of denormal
		 * halves
		 */
		float		sum;

		memcpy(&sum, &bits, sizeof(sum));
		sum += 0.5f;
		memcpy(&bits, &sum, sizeof(bits));
		bits -= 0x3F000000;
	}
	return (VpHalf) (sign | bits);
}

static inline int
vp_half_is_infinite(VpHalf half)
{
	return (half & 0x7FFF) == 0x7C00;
}

static inline int
vp_half_is_nan(VpHalf half)
{
	return (half & 0x7FFF) > 0x7C00;
}

/* Of either sign. */
static inline int
vp_half_is_zero(VpHalf half)
{
	return (half & 0x7FFF) == 0;
}

#endif							/* VP_HALF_H */
