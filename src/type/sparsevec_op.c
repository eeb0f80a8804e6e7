/*-------------------------------------------------------------------------
 *
 * sparsevec_op.c
 *	  Comparison of sparsevecs, distances between them, and norms.
 *
 *	  As vector's: sums are floats, what follows them is done in double.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "type/functions.h"
#include "type/sparsevec.h"

VP_FUNCTION(vecprov_sparsevec_norm);
VP_FUNCTION(vecprov_sparsevec_l2_normalize);

/*
 * As the vectors written out compare: by the first element that differs; if one
 * vector is the start of the other, the shorter one comes first.
 */
int
vp_sparsevec_compare(const VpSparsevec *a, const VpSparsevec *b)
{
	const float *x = VP_SPARSEVEC_VALUES(a);
	const float *y = VP_SPARSEVEC_VALUES(b);
	int			i = 0;
	int			in_a;
	int			in_b;
	int			first;

	while (i < a->nnz && i < b->nnz && a->indices[i] == b->indices[i] && x[i] == y[i])
		i++;
	in_a = i < a->nnz ? a->indices[i] : a->dim;
	in_b = i < b->nnz ? b->indices[i] : b->dim;
	first = Min(in_a, in_b);
	if (first < a->dim && first < b->dim)
	{
		float		at_a = in_a == first ? x[i] : 0;
		float		at_b = in_b == first ? y[i] : 0;

		return at_a < at_b ? -1 : 1;
	}
	return (a->dim > b->dim) - (a->dim < b->dim);
}

VP_COMPARISONS(sparsevec, VpSparsevec, vp_sparsevec_compare)

static double
exact_distance(VpMetric metric, const VpSparsevec *a, const VpSparsevec *b)
{
	VpSparse	x = vp_sparsevec_elements(a);
	VpSparse	y = vp_sparsevec_elements(b);

	vp_sparsevec_check_same_dim(a, b);
	return vp_sparse_distance(metric, &x, &y);
}

VP_DISTANCES(sparsevec, VpSparsevec, exact_distance)

Datum
vecprov_sparsevec_norm(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);

	PG_RETURN_FLOAT8(vp_norm(VP_SPARSEVEC_VALUES(vector), vector->nnz));
}

/*
 * The vector made unit length; a zero vector stays one.  Elements that become
 * zero are left out.
 */
Datum
vecprov_sparsevec_l2_normalize(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);
	const float *x = VP_SPARSEVEC_VALUES(vector);
	double		length = vp_norm(x, vector->nnz);
	int			nnz = 0;
	VpSparsevec *result;
	float	   *values;

	for (int i = 0; i < vector->nnz; i++)
		nnz += (float) (x[i] / length) != 0;
	result = vp_sparsevec_new(vector->dim, nnz);
	values = VP_SPARSEVEC_VALUES(result);
	for (int i = 0, j = 0; i < vector->nnz; i++)
	{
		float		value = x[i] / length;

		if (value != 0)
		{
			result->indices[j] = vector->indices[i];
			values[j++] = value;
		}
	}
	PG_RETURN_SPARSEVEC_P(result);
}
