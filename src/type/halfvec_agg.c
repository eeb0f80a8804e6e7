/*-------------------------------------------------------------------------
 *
 * halfvec_agg.c
 *	  The aggregate avg(halfvec).
 *
 *	  sum(halfvec) needs nothing of its own: it adds with the operator.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "type/average.h"
#include "type/halfvec.h"

VP_FUNCTION(vecprov_halfvec_accum);
VP_FUNCTION(vecprov_halfvec_avg);

Datum
vecprov_halfvec_accum(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(1);

	return vp_average_add(fcinfo, "halfvec_accum", vp_halfvec_floats(vector), vector->dim);
}

Datum
vecprov_halfvec_avg(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *average = vp_average_result(fcinfo, "halfvec_avg", &dim);

	if (average == NULL)
		PG_RETURN_NULL();
	PG_RETURN_HALFVEC_P(vp_halfvec_of_floats(average, dim));
}
