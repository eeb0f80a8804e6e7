/*-------------------------------------------------------------------------
 *
 * halfvec_distance.c
 *	  Distances between halfvecs, and norms.
 *
 *	  As vector's: sums are floats, what follows them is done in double.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "type/functions.h"
#include "type/halfvec.h"

VP_FUNCTION(vecprov_halfvec_norm);
VP_FUNCTION(vecprov_halfvec_l2_normalize);

static double
exact_distance(VpMetric metric, const VpHalfvec *a, const VpHalfvec *b)
{
	vp_halfvec_check_same_dim(a, b);
	return vp_exact_distance_hh(metric, a->x, b->x, a->dim);
}

VP_DISTANCES(halfvec, VpHalfvec, exact_distance)
VP_SPHERICAL_DISTANCE(halfvec)

Datum
vecprov_halfvec_norm(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);

	PG_RETURN_FLOAT8(vp_norm(vp_halfvec_floats(vector), vector->dim));
}

/*
 * The vector made unit length; a zero vector stays one.
 */
Datum
vecprov_halfvec_l2_normalize(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);
	float	   *x = vp_halfvec_floats(vector);
	double		length = vp_norm(x, vector->dim);

	if (length > 0)
		for (int i = 0; i < vector->dim; i++)
			x[i] /= length;
	PG_RETURN_HALFVEC_P(vp_halfvec_of_floats(x, vector->dim));
}
