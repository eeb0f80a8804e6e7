/*-------------------------------------------------------------------------
 *
 * sparsevec.h
 *	  The type sparsevec: those elements of a vector that are not zero.
 *
 * The layout, in memory and on disk, is pgvector's: a column of its type can
 * be read as ours, and the reverse.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SPARSEVEC_H
#define VP_SPARSEVEC_H

#include "fmgr.h"

#include "kernel/sparse.h"
#include "type/element.h"

#define VP_SPARSEVEC_MAX_DIM 1000000000
#define VP_SPARSEVEC_MAX_NNZ VP_SPARSE_MAX_NNZ

typedef struct VpSparsevec
{
	int32		vl_len_;		/* varlena header, not to be touched directly */
	int32		dim;			/* 1 ... VP_SPARSEVEC_MAX_DIM */
	int32		nnz;			/* 0 ... VP_SPARSEVEC_MAX_NNZ, and dim */
	int32		unused;			/* always zero */
	int32		indices[FLEXIBLE_ARRAY_MEMBER]; /* ascending, from 0; nnz
												 * floats follow, finite and
												 * not zero */
} VpSparsevec;

#define VP_SPARSEVEC_SIZE(nnz) \
	(offsetof(VpSparsevec, indices) + (sizeof(int32) + sizeof(float)) * (nnz))
#define VP_SPARSEVEC_VALUES(v)		((float *) ((v)->indices + (v)->nnz))

/* Detoasted; a copy where the value was toasted or had a short header. */
#define DatumGetSparsevec(d)		((VpSparsevec *) PG_DETOAST_DATUM(d))
#define PG_GETARG_SPARSEVEC_P(n)	DatumGetSparsevec(PG_GETARG_DATUM(n))
#define PG_RETURN_SPARSEVEC_P(v)	PG_RETURN_POINTER(v)

/* A vector whose elements are still to be written; the caller has checked both. */
extern VpSparsevec *vp_sparsevec_new(int dim, int nnz);

/* The elements, for the functions of kernel/sparse.h.  They stay where they are. */
static inline VpSparse
vp_sparsevec_elements(const VpSparsevec *vector)
{
	VpSparse	elements = {vector->nnz, vector->indices, VP_SPARSEVEC_VALUES(vector)};

	return elements;
}

extern const VpTypeInfo vp_sparsevec_type;

/* Raises an error where they differ. */
static inline void
vp_sparsevec_check_same_dim(const VpSparsevec *a, const VpSparsevec *b)
{
	vp_type_check_same_dim(&vp_sparsevec_type, a->dim, b->dim);
}

/* Raises an error where it is negative, too large, or above dim. */
extern void vp_sparsevec_check_nnz(int nnz, int dim);

/* The order of the btree class, that of the vectors written out: below, at or above zero. */
extern int	vp_sparsevec_compare(const VpSparsevec *a, const VpSparsevec *b);

#endif							/* VP_SPARSEVEC_H */
