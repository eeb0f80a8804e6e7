/*-------------------------------------------------------------------------
 *
 * vector.h
 *	  The type vector: an array of float4 of a fixed number of dimensions.
 *
 * The layout, in memory and on disk, is pgvector's: a column of its type can
 * be read as ours, and the reverse.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_VECTOR_H
#define VP_VECTOR_H

#include "fmgr.h"

#define VP_VECTOR_MAX_DIM 16000

typedef struct VpVector
{
	int32		vl_len_;		/* varlena header, not to be touched directly */
	int16		dim;			/* 1 ... VP_VECTOR_MAX_DIM */
	int16		unused;			/* always zero */
	float		x[FLEXIBLE_ARRAY_MEMBER];	/* finite */
} VpVector;

#define VP_VECTOR_SIZE(dim)		(offsetof(VpVector, x) + sizeof(float) * (dim))

/* Detoasted; a copy where the value was toasted or had a short header. */
#define DatumGetVector(d)		((VpVector *) PG_DETOAST_DATUM(d))
#define PG_GETARG_VECTOR_P(n)	DatumGetVector(PG_GETARG_DATUM(n))
#define PG_RETURN_VECTOR_P(v)	PG_RETURN_POINTER(v)

/* A vector of zeros; the caller has checked dim. */
extern VpVector *vp_vector_new(int dim);

/* Each raises an error when what it is named for does not hold. */
extern void vp_vector_check_dim(int dim);
extern void vp_vector_check_typmod(int32 typmod, int dim);	/* typmod -1: any dim */
extern void vp_vector_check_finite(const VpVector *vector);
extern void vp_vector_check_same_dim(const VpVector *a, const VpVector *b);

/* The order of the btree class: below, at or above zero. */
extern int	vp_vector_compare(const VpVector *a, const VpVector *b);

#endif							/* VP_VECTOR_H */
