/*-------------------------------------------------------------------------
 *
 * vector_cast.c
 *	  Casts between the type vector and arrays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "type/vector.h"

VP_FUNCTION(vecprov_vector);
VP_FUNCTION(vecprov_array_to_vector);
VP_FUNCTION(vecprov_vector_to_float4);

/*
 * vector to vector(n): applies the type modifier.
 */
Datum
vecprov_vector(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_VECTOR_P(vector);
}

Datum
vecprov_array_to_vector(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			dim = vp_array_dim(&vp_vector_type, array, PG_GETARG_INT32(1));
	VpVector   *result = vp_vector_new(dim);

	vp_array_floats(array, result->x);
	vp_type_check_finite(&vp_vector_type, result->x, dim);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_to_float4(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	PG_RETURN_ARRAYTYPE_P(vp_floats_array(vector->x, vector->dim));
}
