/*-------------------------------------------------------------------------
 *
 * vector_agg.c
 *	  The aggregate avg(vector).
 *
 * The state is an array of double precision: the number of vectors, then the
 * sum of each dimension.  It starts as {0}, before the dimensions are known.
 * sum(vector) needs nothing of its own: it adds with the operator.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "type/vector.h"

VP_FUNCTION(vecprov_vector_accum);
VP_FUNCTION(vecprov_vector_combine);
VP_FUNCTION(vecprov_vector_avg);

typedef struct VpAverage
{
	ArrayType  *array;
	int			dim;			/* 0: not known yet */
	float8	   *count;
	float8	   *sums;
} VpAverage;

static VpAverage
state_of(ArrayType *array)
{
	VpAverage	state;

	state.array = array;
	state.dim = ARR_DIMS(array)[0] - 1;
	state.count = (float8 *) ARR_DATA_PTR(array);
	state.sums = state.count + 1;
	return state;
}

/*
 * The state that is argument n.  Anybody can call these functions with any
 * array.
 */
static VpAverage
state_arg(FunctionCallInfo fcinfo, int n, const char *caller)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(n);

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < 1 ||
		ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID)
		elog(ERROR, "%s: expected state array", caller);
	return state_of(array);
}

/* A state of zeros. */
static VpAverage
new_state(int dim)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + (dim + 1) * sizeof(float8);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = dim + 1;
	ARR_LBOUND(array)[0] = 1;
	return state_of(array);
}

/*
 * A state that may be written to: this one when it is an aggregate's own.
 */
static VpAverage
writable(FunctionCallInfo fcinfo, VpAverage state)
{
	VpAverage	copy;

	if (AggCheckCallContext(fcinfo, NULL))
		return state;
	copy = new_state(state.dim);
	memcpy(copy.count, state.count, (state.dim + 1) * sizeof(float8));
	return copy;
}

static void
add_to_sum(float8 *sum, float8 value)
{
	*sum += value;
	if (isinf(*sum))
		float_overflow_error();
}

Datum
vecprov_vector_accum(PG_FUNCTION_ARGS)
{
	VpAverage	state = state_arg(fcinfo, 0, "vector_accum");
	VpVector   *vector = PG_GETARG_VECTOR_P(1);
	float8		count = *state.count;

	if (state.dim == 0)
		state = new_state(vector->dim);
	else
	{
		vp_vector_check_typmod(state.dim, vector->dim);
		state = writable(fcinfo, state);
	}

	*state.count = count + 1;
	for (int i = 0; i < state.dim; i++)
		add_to_sum(&state.sums[i], vector->x[i]);
	PG_RETURN_ARRAYTYPE_P(state.array);
}

Datum
vecprov_vector_combine(PG_FUNCTION_ARGS)
{
	VpAverage	a = state_arg(fcinfo, 0, "vector_combine");
	VpAverage	b = state_arg(fcinfo, 1, "vector_combine");

	if (*a.count == 0)
		PG_RETURN_ARRAYTYPE_P(b.array);
	if (*b.count == 0)
		PG_RETURN_ARRAYTYPE_P(a.array);

	vp_vector_check_typmod(a.dim, b.dim);
	a = writable(fcinfo, a);
	*a.count += *b.count;
	for (int i = 0; i < a.dim; i++)
		add_to_sum(&a.sums[i], b.sums[i]);
	PG_RETURN_ARRAYTYPE_P(a.array);
}

/*
 * NULL when there was no vector.
 */
Datum
vecprov_vector_avg(PG_FUNCTION_ARGS)
{
	VpAverage	state = state_arg(fcinfo, 0, "vector_avg");
	VpVector   *result;

	if (*state.count == 0)
		PG_RETURN_NULL();

	vp_vector_check_dim(state.dim);
	result = vp_vector_new(state.dim);
	for (int i = 0; i < state.dim; i++)
		result->x[i] = state.sums[i] / *state.count;
	vp_vector_check_finite(result);
	PG_RETURN_VECTOR_P(result);
}
