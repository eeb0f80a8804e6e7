/*-------------------------------------------------------------------------
 *
 * average.c
 *	  The state of the aggregate avg, which is the same for all types.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "type/average.h"
#include "type/element.h"

VP_FUNCTION(vecprov_vector_combine);

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
vp_average_add(FunctionCallInfo fcinfo, const char *caller, const float *x, int dim)
{
	VpAverage	state = state_arg(fcinfo, 0, caller);
	float8		count = *state.count;

	if (state.dim == 0)
		state = new_state(dim);
	else
	{
		vp_type_check_typmod(state.dim, dim);
		state = writable(fcinfo, state);
	}

	*state.count = count + 1;
	for (int i = 0; i < state.dim; i++)
		add_to_sum(&state.sums[i], x[i]);
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

	vp_type_check_typmod(a.dim, b.dim);
	a = writable(fcinfo, a);
	*a.count += *b.count;
	for (int i = 0; i < a.dim; i++)
		add_to_sum(&a.sums[i], b.sums[i]);
	PG_RETURN_ARRAYTYPE_P(a.array);
}

float *
vp_average_result(FunctionCallInfo fcinfo, const char *caller, int *dim)
{
	VpAverage	state = state_arg(fcinfo, 0, caller);
	float	   *result;

	if (*state.count == 0)
		return NULL;
	*dim = state.dim;
	result = palloc(Max(state.dim, 1) * sizeof(float));
	for (int i = 0; i < state.dim; i++)
		result[i] = state.sums[i] / *state.count;
	return result;
}
