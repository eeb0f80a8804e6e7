/*-------------------------------------------------------------------------
 *
 * halfvec_op.c
 *	  Arithmetic, comparison and taking apart of halfvecs.
 *
 *	  Arithmetic is done in floats and rounded to halves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "utils/float.h"

#include "type/functions.h"
#include "type/halfvec.h"

VP_FUNCTION(vecprov_halfvec_add);
VP_FUNCTION(vecprov_halfvec_sub);
VP_FUNCTION(vecprov_halfvec_mul);
VP_FUNCTION(vecprov_halfvec_concat);
VP_FUNCTION(vecprov_halfvec_dims);
VP_FUNCTION(vecprov_halfvec_subvector);
VP_FUNCTION(vecprov_halfvec_binary_quantize);

/*----------
 * Arithmetic
 *----------
 */

typedef float (*Operation) (float a, float b);

/*
 * Dimension by dimension, of a function's two arguments.
 */
static inline VpHalfvec *
operate(FunctionCallInfo fcinfo, Operation operation)
{
	VpHalfvec  *a = PG_GETARG_HALFVEC_P(0);
	VpHalfvec  *b = PG_GETARG_HALFVEC_P(1);
	VpHalfvec  *result;

	vp_halfvec_check_same_dim(a, b);
	result = vp_halfvec_new(a->dim);
	for (int i = 0; i < a->dim; i++)
	{
		result->x[i] = vp_float_to_half(operation(vp_half_to_float(a->x[i]),
												  vp_half_to_float(b->x[i])));
		if (vp_half_is_infinite(result->x[i]))
			float_overflow_error();
	}
	return result;
}

static inline float
add(float a, float b)
{
	return a + b;
}

static inline float
subtract(float a, float b)
{
	return a - b;
}

static inline float
multiply(float a, float b)
{
	float		product = a * b;

	if (vp_half_is_zero(vp_float_to_half(product)) && a != 0 && b != 0)
		float_underflow_error();
	return product;
}

Datum
vecprov_halfvec_add(PG_FUNCTION_ARGS)
{
	PG_RETURN_HALFVEC_P(operate(fcinfo, add));
}

Datum
vecprov_halfvec_sub(PG_FUNCTION_ARGS)
{
	PG_RETURN_HALFVEC_P(operate(fcinfo, subtract));
}

/*
 * The product dimension by dimension.
 */
Datum
vecprov_halfvec_mul(PG_FUNCTION_ARGS)
{
	PG_RETURN_HALFVEC_P(operate(fcinfo, multiply));
}

Datum
vecprov_halfvec_concat(PG_FUNCTION_ARGS)
{
	VpHalfvec  *a = PG_GETARG_HALFVEC_P(0);
	VpHalfvec  *b = PG_GETARG_HALFVEC_P(1);
	VpHalfvec  *result;

	vp_type_check_dim(&vp_halfvec_type, a->dim + b->dim);
	result = vp_halfvec_new(a->dim + b->dim);
	memcpy(result->x, a->x, a->dim * sizeof(VpHalf));
	memcpy(result->x + a->dim, b->x, b->dim * sizeof(VpHalf));
	PG_RETURN_HALFVEC_P(result);
}

/*----------
 * Comparison
 *----------
 */

/*
 * As arrays compare: by the first element that differs; if one vector is the
 * start of the other, the shorter one comes first.
 */
int
vp_halfvec_compare(const VpHalfvec *a, const VpHalfvec *b)
{
	int			dim = Min(a->dim, b->dim);

	for (int i = 0; i < dim; i++)
	{
		float		x = vp_half_to_float(a->x[i]);
		float		y = vp_half_to_float(b->x[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a->dim > b->dim) - (a->dim < b->dim);
}

VP_COMPARISONS(halfvec, VpHalfvec, vp_halfvec_compare)

/*----------
 * Taking apart
 *----------
 */

Datum
vecprov_halfvec_dims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_HALFVEC_P(0)->dim);
}

/*
 * The `count` elements from number `start` (1 being the first) on, as far as
 * they exist.
 */
Datum
vecprov_halfvec_subvector(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);
	int64		start = PG_GETARG_INT32(1);
	int64		end = start + PG_GETARG_INT32(2);	/* the one behind the last */
	VpHalfvec  *result;

	start = Max(start, 1);
	end = Min(end, vector->dim + 1);
	vp_type_check_dim(&vp_halfvec_type, Max(end - start, 0));

	result = vp_halfvec_new(end - start);
	memcpy(result->x, vector->x + start - 1, result->dim * sizeof(VpHalf));
	PG_RETURN_HALFVEC_P(result);
}

Datum
vecprov_halfvec_binary_quantize(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);

	PG_RETURN_VARBIT_P(vp_floats_signs(vp_halfvec_floats(vector), vector->dim));
}
