/*-------------------------------------------------------------------------
 *
 * halfvec.h
 *	  The type halfvec: an array of half precision numbers of a fixed number
 *	  of dimensions.
 *
 * The layout, in memory and on disk, is pgvector's: a column of its type can
 * be read as ours, and the reverse.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_HALFVEC_H
#define VP_HALFVEC_H

#include "fmgr.h"

#include "kernel/half.h"
#include "type/element.h"

#define VP_HALFVEC_MAX_DIM 16000

typedef struct VpHalfvec
{
	int32		vl_len_;		/* varlena header, not to be touched directly */
	int16		dim;			/* 1 ... VP_HALFVEC_MAX_DIM */
	int16		unused;			/* always zero */
	VpHalf		x[FLEXIBLE_ARRAY_MEMBER];	/* finite */
} VpHalfvec;

#define VP_HALFVEC_SIZE(dim)	(offsetof(VpHalfvec, x) + sizeof(VpHalf) * (dim))

/* Detoasted; a copy where the value was toasted or had a short header. */
#define DatumGetHalfvec(d)		((VpHalfvec *) PG_DETOAST_DATUM(d))
#define PG_GETARG_HALFVEC_P(n)	DatumGetHalfvec(PG_GETARG_DATUM(n))
#define PG_RETURN_HALFVEC_P(v)	PG_RETURN_POINTER(v)

/* A vector of zeros; the caller has checked dim. */
extern VpHalfvec *vp_halfvec_new(int dim);

/*
 * The nearest halves to `dim` floats.  Raises an error when there are too few
 * or too many of them, or one is no number, infinite or too large for a half.
 */
extern VpHalfvec *vp_halfvec_of_floats(const float *x, int dim);

/* The vector as floats, palloc'd. */
extern float *vp_halfvec_floats(const VpHalfvec *vector);

extern const VpTypeInfo vp_halfvec_type;

/* Raises an error where they differ. */
static inline void
vp_halfvec_check_same_dim(const VpHalfvec *a, const VpHalfvec *b)
{
	vp_type_check_same_dim(&vp_halfvec_type, a->dim, b->dim);
}

/* The order of the btree class: below, at or above zero. */
extern int	vp_halfvec_compare(const VpHalfvec *a, const VpHalfvec *b);

#endif							/* VP_HALFVEC_H */
