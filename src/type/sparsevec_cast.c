/*-------------------------------------------------------------------------
 *
 * sparsevec_cast.c
 *	  Casts between the type sparsevec and vector, halfvec, arrays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "type/element.h"
#include "type/halfvec.h"
#include "type/sparsevec.h"
#include "type/vector.h"

VP_FUNCTION(vecprov_sparsevec);
VP_FUNCTION(vecprov_vector_to_sparsevec);
VP_FUNCTION(vecprov_sparsevec_to_vector);
VP_FUNCTION(vecprov_halfvec_to_sparsevec);
VP_FUNCTION(vecprov_sparsevec_to_halfvec);
VP_FUNCTION(vecprov_array_to_sparsevec);

/*
 * sparsevec to sparsevec(n): applies the type modifier.
 */
Datum
vecprov_sparsevec(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_SPARSEVEC_P(vector);
}

/*
 * Those of `dim` floats that are not zero, which must be finite.
 */
static VpSparsevec *
sparsevec_of_floats(const float *x, int dim)
{
	int			nnz = 0;
	VpSparsevec *result;
	float	   *values;

	vp_type_check_finite(&vp_sparsevec_type, x, dim);
	for (int i = 0; i < dim; i++)
		nnz += x[i] != 0;
	vp_sparsevec_check_nnz(nnz, dim);

	result = vp_sparsevec_new(dim, nnz);
	values = VP_SPARSEVEC_VALUES(result);
	for (int i = 0, j = 0; i < dim; i++)
		if (x[i] != 0)
		{
			result->indices[j] = i;
			values[j++] = x[i];
		}
	return result;
}

/* Writes all elements to x, which has `dim` zeros. */
static void
write_out(const VpSparsevec *vector, float *x)
{
	for (int i = 0; i < vector->nnz; i++)
		x[vector->indices[i]] = VP_SPARSEVEC_VALUES(vector)[i];
}

Datum
vecprov_vector_to_sparsevec(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_SPARSEVEC_P(sparsevec_of_floats(vector->x, vector->dim));
}

Datum
vecprov_sparsevec_to_vector(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);
	VpVector   *result;

	vp_type_check_dim(&vp_vector_type, vector->dim);
	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	result = vp_vector_new(vector->dim);
	write_out(vector, result->x);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_halfvec_to_sparsevec(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);

	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_SPARSEVEC_P(sparsevec_of_floats(vp_halfvec_floats(vector), vector->dim));
}

Datum
vecprov_sparsevec_to_halfvec(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);
	float	   *x;

	vp_type_check_dim(&vp_halfvec_type, vector->dim);
	vp_type_check_typmod(PG_GETARG_INT32(1), vector->dim);
	x = palloc0(vector->dim * sizeof(float));
	write_out(vector, x);
	PG_RETURN_HALFVEC_P(vp_halfvec_of_floats(x, vector->dim));
}

Datum
vecprov_array_to_sparsevec(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			dim = vp_array_dim(&vp_sparsevec_type, array, PG_GETARG_INT32(1));
	float	   *x = palloc(dim * sizeof(float));

	vp_array_floats(array, x);
	PG_RETURN_SPARSEVEC_P(sparsevec_of_floats(x, dim));
}
