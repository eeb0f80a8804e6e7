/*-------------------------------------------------------------------------
 *
 * vector_op.c
 *	  Arithmetic, comparison and taking apart of vectors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "utils/float.h"

#include "type/functions.h"
#include "type/vector.h"

VP_FUNCTION(vecprov_vector_add);
VP_FUNCTION(vecprov_vector_sub);
VP_FUNCTION(vecprov_vector_mul);
VP_FUNCTION(vecprov_vector_concat);
VP_FUNCTION(vecprov_vector_dims);
VP_FUNCTION(vecprov_vector_subvector);
VP_FUNCTION(vecprov_vector_binary_quantize);

/*----------
 * Arithmetic
 *----------
 */

static void
check_overflow(const VpVector *result)
{
	for (int i = 0; i < result->dim; i++)
		if (isinf(result->x[i]))
			float_overflow_error();
}

Datum
vecprov_vector_add(PG_FUNCTION_ARGS)
{
	VpVector   *a = PG_GETARG_VECTOR_P(0);
	VpVector   *b = PG_GETARG_VECTOR_P(1);
	VpVector   *result;

	vp_vector_check_same_dim(a, b);
	result = vp_vector_new(a->dim);
	for (int i = 0; i < a->dim; i++)
		result->x[i] = a->x[i] + b->x[i];
	check_overflow(result);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_sub(PG_FUNCTION_ARGS)
{
	VpVector   *a = PG_GETARG_VECTOR_P(0);
	VpVector   *b = PG_GETARG_VECTOR_P(1);
	VpVector   *result;

	vp_vector_check_same_dim(a, b);
	result = vp_vector_new(a->dim);
	for (int i = 0; i < a->dim; i++)
		result->x[i] = a->x[i] - b->x[i];
	check_overflow(result);
	PG_RETURN_VECTOR_P(result);
}

/*
 * The product dimension by dimension.
 */
Datum
vecprov_vector_mul(PG_FUNCTION_ARGS)
{
	VpVector   *a = PG_GETARG_VECTOR_P(0);
	VpVector   *b = PG_GETARG_VECTOR_P(1);
	VpVector   *result;

	vp_vector_check_same_dim(a, b);
	result = vp_vector_new(a->dim);
	for (int i = 0; i < a->dim; i++)
		result->x[i] = a->x[i] * b->x[i];
	check_overflow(result);
	for (int i = 0; i < a->dim; i++)
		if (result->x[i] == 0 && a->x[i] != 0 && b->x[i] != 0)
			float_underflow_error();
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_concat(PG_FUNCTION_ARGS)
{
	VpVector   *a = PG_GETARG_VECTOR_P(0);
	VpVector   *b = PG_GETARG_VECTOR_P(1);
	VpVector   *result;

	vp_type_check_dim(&vp_vector_type, a->dim + b->dim);
	result = vp_vector_new(a->dim + b->dim);
	memcpy(result->x, a->x, a->dim * sizeof(float));
	memcpy(result->x + a->dim, b->x, b->dim * sizeof(float));
	PG_RETURN_VECTOR_P(result);
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
vp_vector_compare(const VpVector *a, const VpVector *b)
{
	int			dim = Min(a->dim, b->dim);

	for (int i = 0; i < dim; i++)
		if (a->x[i] != b->x[i])
			return a->x[i] < b->x[i] ? -1 : 1;
	return (a->dim > b->dim) - (a->dim < b->dim);
}

VP_COMPARISONS(vector, VpVector, vp_vector_compare)

/*----------
 * Taking apart
 *----------
 */

Datum
vecprov_vector_dims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_VECTOR_P(0)->dim);
}

/*
 * The `count` elements from number `start` (1 being the first) on, as far as
 * they exist.
 */
Datum
vecprov_vector_subvector(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);
	int64		start = PG_GETARG_INT32(1);
	int64		end = start + PG_GETARG_INT32(2);	/* the one behind the last */
	VpVector   *result;

	start = Max(start, 1);
	end = Min(end, vector->dim + 1);
	vp_type_check_dim(&vp_vector_type, Max(end - start, 0));

	result = vp_vector_new(end - start);
	memcpy(result->x, vector->x + start - 1, result->dim * sizeof(float));
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_binary_quantize(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	PG_RETURN_VARBIT_P(vp_floats_signs(vector->x, vector->dim));
}
