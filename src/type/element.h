/*-------------------------------------------------------------------------
 *
 * element.h
 *	  What the types have in common: checks, the text of elements, type
 *	  modifiers, arrays.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ELEMENT_H
#define VP_ELEMENT_H

#include "utils/array.h"
#include "utils/varbit.h"

/* A type, as messages and limits have it. */
typedef struct VpTypeInfo
{
	const char *name;
	int			max_dim;
	float		overflow;		/* from here on a finite element is out of
								 * range */
	bool		refuses_underflow;	/* is one that is too small for a float,
									 * too? */
} VpTypeInfo;

/* Each raises an error when what it is named for does not hold. */
extern void vp_type_check_dim(const VpTypeInfo *type, int dim);
extern void vp_type_check_same_dim(const VpTypeInfo *type, int a, int b);
extern void vp_type_check_typmod(int32 typmod, int dim);	/* typmod -1: any dim */
extern void vp_type_check_finite(const VpTypeInfo *type, const float *x, int n);

/*
 * The type modifier, which is the number of dimensions, of what the user wrote.
 */
extern int32 vp_type_typmod_in(const VpTypeInfo *type, ArrayType *typmods);

/*----------
 * Text
 *----------
 */

extern const char *vp_skip_spaces(const char *p);

/* Complains of the text `input`; detail may be NULL. */
extern void vp_report_syntax(const VpTypeInfo *type, const char *input, const char *detail);

/*
 * Reads one element, checks it, returns where it ends.  `input` is the whole
 * text, for messages.
 */
extern const char *vp_read_element(const VpTypeInfo *type, const char *p, const char *input,
								   float *value);

/*
 * "[1,2,3]": reads it, and gives the number of elements; x has room for
 * vp_elements_room(input), which is no less.  Or writes it.
 */
extern int	vp_elements_room(const VpTypeInfo *type, const char *input);
extern int	vp_elements_in(const VpTypeInfo *type, const char *input, float *x);
extern char *vp_elements_out(const float *x, int n);

/*----------
 * Arrays
 *----------
 */

/*
 * The number of elements of an array that can be made a vector of that many
 * dimensions, and its elements as floats, which are still to be checked.
 */
extern int	vp_array_dim(const VpTypeInfo *type, ArrayType *array, int32 typmod);
extern void vp_array_floats(ArrayType *array, float *x);

/* An array of real. */
extern ArrayType *vp_floats_array(const float *x, int n);

/* A bit for each element: is it above zero? */
extern VarBit *vp_floats_signs(const float *x, int n);

#endif							/* VP_ELEMENT_H */
