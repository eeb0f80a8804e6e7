/*-------------------------------------------------------------------------
 *
 * sparse.h
 *	  Sparse vectors: exact distances, and codes of a fixed size.
 *
 * A code keeps the largest elements of a vector, as many as it has slots, each
 * as 16 bits that stand for its dimension and 8 for its value.  A query is
 * scattered into a table of all 65,536 hashes, so a distance is a look-up a
 * slot.  Pruned vectors in a graph, re-ranked by the exact ones, were what the
 * best entries of the NeurIPS 2023 Big-ANN challenge's sparse track had in
 * common (Simhadri et al., 2024).
 *
 * A codec of such codes is made here; what takes a codec and a code (codec.h)
 * takes these, too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SPARSE_H
#define VP_SPARSE_H

#include "kernel/code.h"

#define VP_SPARSE_MAX_NNZ 16000

/*
 * The elements of a vector that are not zero.  Points at what is somebody
 * else's.
 */
typedef struct VpSparse
{
	int			nnz;			/* at most VP_SPARSE_MAX_NNZ */
	const int32_t *indices;		/* ascending */
	const float *values;		/* finite, not zero */
} VpSparse;

/* Sums over all dimensions, in floats. */
extern float vp_sparse_l2sq(const VpSparse *a, const VpSparse *b);
extern float vp_sparse_dot(const VpSparse *a, const VpSparse *b);
extern float vp_sparse_l1(const VpSparse *a, const VpSparse *b);

/* As vp_exact_distance. */
extern double vp_sparse_distance(VpMetric metric, const VpSparse *a, const VpSparse *b);

/*----------
 * Codes
 *
 * A codec whose slots are above zero: vp_codec_encode and vp_query_prepare take
 * a VpSparse for a rotated vector and call these, as do the other functions of
 * codec.h that take a code.
 *----------
 */

/* Bytes of a code: a uint16 and an int8 a slot, rounded up to 8. */
extern int	vp_sparse_code_bytes(int slots);

/* Dimensions that a mean has at most. */
#define VP_SPARSE_MAX_MEAN 1024

/*
 * Distances by these stay as they are when something is subtracted from all
 * vectors.
 */
static inline bool
vp_sparse_has_mean(VpMetric metric)
{
	return metric == VP_METRIC_L2 || metric == VP_METRIC_L1;
}

/*
 * L2 and L1: where nearly all vectors have about the same value in a dimension,
 * codes are made of what they have beyond the mean.  `mean`: nmean values, then
 * their indices, ascending, as words; NULL: none.
 */
extern void vp_sparse_codec_init(VpCodec *codec, VpMetric metric, int slots, const float *mean,
								 int nmean);

/*
 * The mean of vectors in those dimensions that are worth it.  room: `nroom` of
 * the structs, nroom >= 3 VP_SPARSE_MAX_NNZ.  mean: 2 VP_SPARSE_MAX_MEAN
 * floats, of which the first 2 n are set.  Returns n, 0: there is no such
 * dimension.
 */
typedef struct VpSparseSum
{
	int32_t		index;
	int			n;				/* vectors that have this dimension */
	double		sum;
	double		squares;
} VpSparseSum;

extern int	vp_sparse_mean(const VpSparse *vectors, int nvectors, VpSparseSum *room, float *mean);

/* Codes are aligned to two bytes. */
extern void vp_sparse_encode(const VpCodec *codec, const VpSparse *vector, uint8_t *code,
							 VpFactors *factors);

/*
 * query->codec is set.  query->planes points at vp_sparse_query_bytes() bytes,
 * which were all zero before the first query was made in them.
 */
extern size_t vp_sparse_query_bytes(void);
extern void vp_sparse_query_prepare(const VpSparse *vector, VpQuery *query);
extern void vp_sparse_query_from_code(const uint8_t *code, const VpFactors *factors,
									  VpQuery *query);

/*
 * The query's `max` heaviest elements, in no order: the hash of each, 16 bits,
 * and behind it a weight that orders vectors by how near they are to one that
 * has nothing but this element.  Returns how many.
 */
extern int	vp_sparse_query_terms(const VpQuery *query, uint32_t *terms, int max);

extern float vp_sparse_query_distance(const VpQuery *query, const uint8_t *code,
									  const VpFactors *factors);

#endif							/* VP_SPARSE_H */
