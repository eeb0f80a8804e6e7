/*-------------------------------------------------------------------------
 *
 * functions.h
 *	  SQL functions that every type has: comparisons and distances.
 *
 * Each macro stands once in a file, and makes the functions vecprov_TYPE_WHAT
 * of a type whose values are of the C type Type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FUNCTIONS_H
#define VP_FUNCTIONS_H

#include <math.h>

#include "kernel/codec.h"

/*
 * Comparisons by compare(const Type *, const Type *).  They leak nothing, as
 * btree demands.
 */
#define VP_COMPARISONS(type, Type, compare) \
static int \
compare_args(FunctionCallInfo fcinfo) \
{ \
	Type	   *a = (Type *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)); \
	Type	   *b = (Type *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1)); \
	int			result = compare(a, b); \
\
	PG_FREE_IF_COPY(a, 0); \
	PG_FREE_IF_COPY(b, 1); \
	return result; \
} \
VP_SIMPLE_FUNCTION(vecprov_##type##_lt, PG_RETURN_BOOL(compare_args(fcinfo) < 0)) \
VP_SIMPLE_FUNCTION(vecprov_##type##_le, PG_RETURN_BOOL(compare_args(fcinfo) <= 0)) \
VP_SIMPLE_FUNCTION(vecprov_##type##_eq, PG_RETURN_BOOL(compare_args(fcinfo) == 0)) \
VP_SIMPLE_FUNCTION(vecprov_##type##_ne, PG_RETURN_BOOL(compare_args(fcinfo) != 0)) \
VP_SIMPLE_FUNCTION(vecprov_##type##_ge, PG_RETURN_BOOL(compare_args(fcinfo) >= 0)) \
VP_SIMPLE_FUNCTION(vecprov_##type##_gt, PG_RETURN_BOOL(compare_args(fcinfo) > 0)) \
VP_SIMPLE_FUNCTION(vecprov_##type##_cmp, PG_RETURN_INT32(compare_args(fcinfo)))

/*
 * Distances by exact(VpMetric, const Type *, const Type *), which checks that
 * the two go together, and gives the square of L2.
 */
#define VP_DISTANCES(type, Type, exact) \
static double \
distance_of_args(FunctionCallInfo fcinfo, VpMetric metric) \
{ \
	return exact(metric, (Type *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)), \
				 (Type *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1))); \
} \
VP_SIMPLE_FUNCTION(vecprov_##type##_l2_distance, \
				   PG_RETURN_FLOAT8(sqrt(distance_of_args(fcinfo, VP_METRIC_L2)))) \
VP_SIMPLE_FUNCTION(vecprov_##type##_l2_squared_distance, \
				   PG_RETURN_FLOAT8(distance_of_args(fcinfo, VP_METRIC_L2))) \
VP_SIMPLE_FUNCTION(vecprov_##type##_inner_product, \
				   PG_RETURN_FLOAT8(-distance_of_args(fcinfo, VP_METRIC_IP))) \
VP_SIMPLE_FUNCTION(vecprov_##type##_negative_inner_product, \
				   PG_RETURN_FLOAT8(distance_of_args(fcinfo, VP_METRIC_IP))) \
VP_SIMPLE_FUNCTION(vecprov_##type##_cosine_distance, \
				   PG_RETURN_FLOAT8(distance_of_args(fcinfo, VP_METRIC_COSINE))) \
VP_SIMPLE_FUNCTION(vecprov_##type##_l1_distance, \
				   PG_RETURN_FLOAT8(distance_of_args(fcinfo, VP_METRIC_L1)))

/* The angle between two vectors of unit length, 1 being half a turn. */
#define VP_SPHERICAL_DISTANCE(type) \
VP_SIMPLE_FUNCTION(vecprov_##type##_spherical_distance, \
				   double dot = -distance_of_args(fcinfo, VP_METRIC_IP); \
				   PG_RETURN_FLOAT8(acos(vp_clamp_cosine(dot)) / M_PI))

#define VP_SIMPLE_FUNCTION(name, statement) \
VP_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	statement; \
}

/* The Euclidean length, which does not overflow. */
static inline double
vp_norm(const float *x, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double) x[i] * x[i];
	return sqrt(sum);
}

#endif							/* VP_FUNCTIONS_H */
