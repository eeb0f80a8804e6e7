/*-------------------------------------------------------------------------
 *
 * vector_agg.c
 *	  The aggregate avg(vector).
 *
 * sum(vector) needs nothing of its own: it adds with the operator.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "type/average.h"
#include "type/vector.h"

VP_FUNCTION(vecprov_vector_accum);
VP_FUNCTION(vecprov_vector_avg);

Datum
vecprov_vector_accum(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(1);

	return vp_average_add(fcinfo, "vector_accum", vector->x, vector->dim);
}

Datum
vecprov_vector_avg(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *average = vp_average_result(fcinfo, "vector_avg", &dim);
	VpVector   *result;

	if (average == NULL)
		PG_RETURN_NULL();
	vp_type_check_dim(&vp_vector_type, dim);
	vp_type_check_finite(&vp_vector_type, average, dim);
	result = vp_vector_new(dim);
	memcpy(result->x, average, dim * sizeof(float));
	PG_RETURN_VECTOR_P(result);
}
