/*-------------------------------------------------------------------------
 *
 * vector_distance.c
 *	  Distances between vectors, and norms.
 *
 * Sums over the dimensions are floats, made by the kernels; what follows them
 * (root, quotient) is done in double.  Norms are double throughout, as they
 * must not overflow.  An overflow of a distance is an infinite distance, the
 * cosine with a zero vector is NaN, which sorts last.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "utils/float.h"

#include "kernel/codec.h"
#include "type/vector.h"

VP_FUNCTION(vecprov_vector_l2_distance);
VP_FUNCTION(vecprov_vector_l2_squared_distance);
VP_FUNCTION(vecprov_vector_inner_product);
VP_FUNCTION(vecprov_vector_negative_inner_product);
VP_FUNCTION(vecprov_vector_cosine_distance);
VP_FUNCTION(vecprov_vector_spherical_distance);
VP_FUNCTION(vecprov_vector_l1_distance);
VP_FUNCTION(vecprov_vector_norm);
VP_FUNCTION(vecprov_vector_l2_normalize);

typedef float (*VpFloatKernel) (const float *a, const float *b, int n);

/*
 * The kernel's result for the two vectors that a function was called with.
 */
static double
apply(FunctionCallInfo fcinfo, VpFloatKernel kernel)
{
	VpVector   *a = PG_GETARG_VECTOR_P(0);
	VpVector   *b = PG_GETARG_VECTOR_P(1);

	vp_vector_check_same_dim(a, b);
	return kernel(a->x, b->x, a->dim);
}

/* Rounding can take a cosine out of its range.  NaN stays. */
static double
clamp_cosine(double cosine)
{
	if (cosine > 1)
		return 1;
	if (cosine < -1)
		return -1;
	return cosine;
}

Datum
vecprov_vector_l2_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(sqrt(apply(fcinfo, vp_kernel.l2sq)));
}

Datum
vecprov_vector_l2_squared_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(apply(fcinfo, vp_kernel.l2sq));
}

Datum
vecprov_vector_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(apply(fcinfo, vp_kernel.dot));
}

Datum
vecprov_vector_negative_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(-apply(fcinfo, vp_kernel.dot));
}

Datum
vecprov_vector_l1_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(apply(fcinfo, vp_kernel.l1));
}

Datum
vecprov_vector_cosine_distance(PG_FUNCTION_ARGS)
{
	VpVector   *a = PG_GETARG_VECTOR_P(0);
	VpVector   *b = PG_GETARG_VECTOR_P(1);

	vp_vector_check_same_dim(a, b);
	PG_RETURN_FLOAT8(vp_exact_distance(VP_METRIC_COSINE, a->x, b->x, a->dim));
}

/*
 * The angle between two vectors of unit length, 1 being half a turn.
 */
Datum
vecprov_vector_spherical_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(acos(clamp_cosine(apply(fcinfo, vp_kernel.dot))) / M_PI);
}

static double
norm(const VpVector *vector)
{
	double		sum = 0;

	for (int i = 0; i < vector->dim; i++)
		sum += (double) vector->x[i] * vector->x[i];
	return sqrt(sum);
}

Datum
vecprov_vector_norm(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(norm(PG_GETARG_VECTOR_P(0)));
}

/*
 * The vector made unit length; a zero vector stays one.
 */
Datum
vecprov_vector_l2_normalize(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);
	VpVector   *result = vp_vector_new(vector->dim);
	double		length = norm(vector);

	if (length > 0)
		for (int i = 0; i < vector->dim; i++)
			result->x[i] = vector->x[i] / length;
	PG_RETURN_VECTOR_P(result);
}
