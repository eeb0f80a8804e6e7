/*-------------------------------------------------------------------------
 *
 * sparse_test.c
 *	  Sparse vectors: exact distances against those of the vectors written out.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sparse.h"
#include "unit.h"

#define MAX_DIMS 3000

static uint64_t seed = 1;

/* A vector with the given share of elements, also written out. */
typedef struct Both
{
	VpSparse	sparse;
	int32_t		indices[MAX_DIMS];
	float		values[MAX_DIMS];
	float		dense[MAX_DIMS];
} Both;

static void
fill(Both *v, int dims, double share)
{
	memset(v->dense, 0, sizeof(v->dense));
	v->sparse.nnz = 0;
	for (int i = 0; i < dims; i++)
		if (vp_unit_uniform(&seed) < share)
		{
			v->dense[i] = (float) vp_unit_gauss(&seed) + 2;
			v->indices[v->sparse.nnz] = i;
			v->values[v->sparse.nnz++] = v->dense[i];
		}
	v->sparse.indices = v->indices;
	v->sparse.values = v->values;
}

static void
test_exact(void)
{
	static const double shares[] = {0, 0.001, 0.01, 0.1, 0.5, 1};
	static const VpMetric metrics[] = {
		VP_METRIC_L2, VP_METRIC_IP, VP_METRIC_COSINE, VP_METRIC_L1
	};
	static Both a;
	static Both b;

	for (int dims = 1; dims <= MAX_DIMS; dims = dims < 20 ? dims + 1 : dims * 5)
		for (int i = 0; i < 36 * 10; i++)
		{
			fill(&a, dims, shares[i % 6]);
			fill(&b, dims, shares[i / 6 % 6]);
			for (int m = 0; m < 4; m++)
			{
				double		got = vp_sparse_distance(metrics[m], &a.sparse, &b.sparse);
				double		want = vp_exact_distance(metrics[m], a.dense, b.dense, dims);

				VP_CHECK(isnan(want) ? isnan(got) : fabs(got - want) <= 1e-5 * (fabs(want) + 1),
						 "metric %d of %d and %d of %d: %g, not %g", metrics[m], a.sparse.nnz,
						 b.sparse.nnz, dims, got, want);
			}
		}
}

int
main(void)
{
	vp_kernel_choose(NULL);
	test_exact();
	return vp_unit_report();
}
