/*-------------------------------------------------------------------------
 *
 * point.h
 *	  Where the other side of a condition lies among the stored keys of a column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POINT_H
#define VP_POINT_H

#include "key/key.h"

typedef enum VpKeyPlace
{
	VP_POINT_AT,				/* values equal to it are stored as first ...
								 * last */
	VP_POINT_BEFORE,			/* none is: it is less than those stored as
								 * `first`, greater than all before */
	VP_POINT_AFTER				/* none is: it is greater than those stored as
								 * `last`, less than all behind */
} VpKeyPlace;

/* Keys before it are of smaller values, those behind it of greater ones. */
typedef struct VpKeyPoint
{
	VpKeyPlace	place;
	bool		exact;			/* VP_POINT_AT: all values that are stored so
								 * are equal to it */
	uint64		first;
	uint64		last;
} VpKeyPoint;

/*
 * Finds a value of this type among keys of this form, for conditions of order
 * or else of equality, under a collation.  False: the keys do not tell.  For
 * equality keys behind and before the point are only other values'.
 */
extern bool vp_key_point(VpKeyForm form, Oid type, Oid collation, Datum value, bool order,
						 VpKeyPoint *point);

#endif							/* VP_POINT_H */
