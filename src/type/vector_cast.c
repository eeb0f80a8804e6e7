/*-------------------------------------------------------------------------
 *
 * vector_cast.c
 *	  Casts between the type vector and arrays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"

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

	vp_vector_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_VECTOR_P(vector);
}

static void
copy_numerics(ArrayType *array, VpVector *vector)
{
	Datum	   *elements;
	int			n;

	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		vector->x[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
	pfree(elements);
}

/*
 * An array of one dimension, without nulls, of integer, real, double
 * precision or numeric.
 */
Datum
vecprov_array_to_vector(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	char	   *data = ARR_DATA_PTR(array);
	VpVector   *result;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array must be 1-D")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));
	vp_vector_check_dim(dim);
	vp_vector_check_typmod(PG_GETARG_INT32(1), dim);

	result = vp_vector_new(dim);
	switch (ARR_ELEMTYPE(array))
	{
		case INT4OID:
			for (int i = 0; i < dim; i++)
				result->x[i] = ((int32 *) data)[i];
			break;
		case FLOAT4OID:
			memcpy(result->x, data, dim * sizeof(float4));
			break;
		case FLOAT8OID:
			for (int i = 0; i < dim; i++)
				result->x[i] = ((float8 *) data)[i];
			break;
		case NUMERICOID:
			copy_numerics(array, result);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("unsupported array type")));
	}
	vp_vector_check_finite(result);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_to_float4(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);
	Datum	   *elements = palloc(sizeof(Datum) * vector->dim);
	ArrayType  *result;

	for (int i = 0; i < vector->dim; i++)
		elements[i] = Float4GetDatum(vector->x[i]);
	result = construct_array(elements, vector->dim, FLOAT4OID,
							 sizeof(float4), true, TYPALIGN_INT);
	pfree(elements);
	PG_RETURN_ARRAYTYPE_P(result);
}
