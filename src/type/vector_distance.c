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

#include "type/functions.h"
#include "type/vector.h"

VP_FUNCTION(vecprov_vector_norm);
VP_FUNCTION(vecprov_vector_l2_normalize);

static double
exact_distance(VpMetric metric, const VpVector *a, const VpVector *b)
{
	vp_vector_check_same_dim(a, b);
	return vp_exact_distance(metric, a->x, b->x, a->dim);
}

VP_DISTANCES(vector, VpVector, exact_distance)
VP_SPHERICAL_DISTANCE(vector)

Datum
vecprov_vector_norm(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	PG_RETURN_FLOAT8(vp_norm(vector->x, vector->dim));
}

/*
 * The vector made unit length; a zero vector stays one.
 */
Datum
vecprov_vector_l2_normalize(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);
	VpVector   *result = vp_vector_new(vector->dim);
	double		length = vp_norm(vector->x, vector->dim);

	if (length > 0)
		for (int i = 0; i < vector->dim; i++)
			result->x[i] = vector->x[i] / length;
	PG_RETURN_VECTOR_P(result);
}
