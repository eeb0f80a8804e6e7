/*-------------------------------------------------------------------------
 *
 * halfvec_cast.c
 *	  Casts between the type halfvec and arrays, and vector.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "kernel/kernel.h"
#include "type/element.h"
#include "type/halfvec.h"
#include "type/vector.h"

VP_FUNCTION(vecprov_halfvec);
VP_FUNCTION(vecprov_array_to_halfvec);
VP_FUNCTION(vecprov_halfvec_to_float4);
VP_FUNCTION(vecprov_halfvec_to_vector);
VP_FUNCTION(vecprov_vector_to_halfvec);

/*
 * halfvec to halfvec(n): applies the type modifier.
 */
Datum
vecprov_halfvec(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_HALFVEC_P(vector);
}

Datum
vecprov_array_to_halfvec(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			dim = vp_array_dim(&vp_halfvec_type, array, PG_GETARG_INT32(1));
	float	   *x = palloc(dim * sizeof(float));

	vp_array_floats(array, x);
	PG_RETURN_HALFVEC_P(vp_halfvec_of_floats(x, dim));
}

Datum
vecprov_halfvec_to_float4(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);

	PG_RETURN_ARRAYTYPE_P(vp_floats_array(vp_halfvec_floats(vector), vector->dim));
}

Datum
vecprov_halfvec_to_vector(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);
	VpVector   *result;

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	result = vp_vector_new(vector->dim);
	vp_kernel.half_to_float(vector->x, result->x, vector->dim);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_to_halfvec(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_HALFVEC_P(vp_halfvec_of_floats(vector->x, vector->dim));
}
