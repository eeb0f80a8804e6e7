/*-------------------------------------------------------------------------
 *
 * sparse.c
 *	  Sparse vectors: exact distances.
 *
 * Two vectors are merged by their indices.  Which of them has the next index
 * is as good as random, so the loop has no branch on it.
 *
 *-------------------------------------------------------------------------
 */
#include "kernel/sparse.h"

/* With this many times as many elements in one vector, the other's are looked up in it. */
#define LOOK_UP_RATIO 16

/*
 * Adds up over the indices that one of the vectors has.  `step` is a constant
 * in each caller and gets inlined.
 */
typedef float (*Step) (float sum, float a, float b);

static inline __attribute__((always_inline)) float
merge(const VpSparse *a, const VpSparse *b, Step step)
{
	float		sum = 0;
	int			i = 0;
	int			j = 0;

	while (i < a->nnz && j < b->nnz)
	{
		bool		in_a = a->indices[i] <= b->indices[j];
		bool		in_b = b->indices[j] <= a->indices[i];

		sum = step(sum, in_a ? a->values[i] : 0, in_b ? b->values[j] : 0);
		i += in_a;
		j += in_b;
	}
	for (; i < a->nnz; i++)
		sum = step(sum, a->values[i], 0);
	for (; j < b->nnz; j++)
		sum = step(sum, 0, b->values[j]);
	return sum;
}

static inline float
step_l2sq(float sum, float a, float b)
{
	return sum + (a - b) * (a - b);
}

static inline float
step_dot(float sum, float a, float b)
{
	return sum + a * b;
}

static inline float
step_l1(float sum, float a, float b)
{
	return sum + fabsf(a - b);
}

/* The first place from `from` on whose index is at least `index`: doubled steps, then halves. */
static int
seek(const VpSparse *v, int from, int32_t index)
{
	int			step = 1;
	int			low = from;		/* all before it are below index */
	int			high;

	while (low + step <= v->nnz && v->indices[low + step - 1] < index)
	{
		low += step;
		step *= 2;
	}
	high = low + step - 1 < v->nnz ? low + step - 1 : v->nnz;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (v->indices[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The inner product where b has many more elements. */
static float
dot_by_look_up(const VpSparse *a, const VpSparse *b)
{
	float		sum = 0;
	int			j = 0;

	for (int i = 0; i < a->nnz; i++)
	{
		j = seek(b, j, a->indices[i]);
		if (j == b->nnz)
			break;
		if (b->indices[j] == a->indices[i])
			sum += a->values[i] * b->values[j];
	}
	return sum;
}

float
vp_sparse_l2sq(const VpSparse *a, const VpSparse *b)
{
	return merge(a, b, step_l2sq);
}

float
vp_sparse_dot(const VpSparse *a, const VpSparse *b)
{
	if (a->nnz < b->nnz / LOOK_UP_RATIO)
		return dot_by_look_up(a, b);
	if (b->nnz < a->nnz / LOOK_UP_RATIO)
		return dot_by_look_up(b, a);
	return merge(a, b, step_dot);
}

float
vp_sparse_l1(const VpSparse *a, const VpSparse *b)
{
	return merge(a, b, step_l1);
}

double
vp_sparse_distance(VpMetric metric, const VpSparse *a, const VpSparse *b)
{
	float		dots[3];

	switch (metric)
	{
		case VP_METRIC_L2:
			return vp_sparse_l2sq(a, b);
		case VP_METRIC_IP:
			return -vp_sparse_dot(a, b);
		case VP_METRIC_L1:
			return vp_sparse_l1(a, b);
		default:
			break;
	}
	dots[0] = vp_sparse_dot(a, b);
	dots[1] = vp_kernel.dot(a->values, a->values, a->nnz);
	dots[2] = vp_kernel.dot(b->values, b->values, b->nnz);
	return vp_cosine_distance(dots);
}
