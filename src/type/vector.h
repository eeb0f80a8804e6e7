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

#include "type/element.h"

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

extern const VpTypeInfo vp_vector_type;

/* Raises an error where they differ. */
static inline void
vp_vector_check_same_dim(const VpVector *a, const VpVector *b)
{
	vp_type_check_same_dim(&vp_vector_type, a->dim, b->dim);
}

/* The order of the btree class: below, at or above zero. */
extern int	vp_vector_compare(const VpVector *a, const VpVector *b);

#endif							/* VP_VECTOR_H */
