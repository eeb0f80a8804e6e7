/*-------------------------------------------------------------------------
 *
 * sparse.h
 *	  Sparse vectors: exact distances.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SPARSE_H
#define VP_SPARSE_H

#include "kernel/codec.h"

/* The elements of a vector that are not zero.  Points at what is somebody else's. */
typedef struct VpSparse
{
	int			nnz;
	const int32_t *indices;		/* ascending */
	const float *values;		/* finite, not zero */
} VpSparse;

/* Sums over all dimensions, in floats. */
extern float vp_sparse_l2sq(const VpSparse *a, const VpSparse *b);
extern float vp_sparse_dot(const VpSparse *a, const VpSparse *b);
extern float vp_sparse_l1(const VpSparse *a, const VpSparse *b);

/* As vp_exact_distance. */
extern double vp_sparse_distance(VpMetric metric, const VpSparse *a, const VpSparse *b);

#endif							/* VP_SPARSE_H */
