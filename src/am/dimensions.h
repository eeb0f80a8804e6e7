/*-------------------------------------------------------------------------
 *
 * dimensions.h
 *	  An index needs a column that says how many dimensions it has.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_DIMENSIONS_H
#define VP_DIMENSIONS_H

#include "base/compat.h"

/*
 * Has indexes looked at that get the file of an earlier one: raises an error
 * for one of ours whose column has none.
 */
extern void vp_dimensions_define(void);

/* Raises that error. */
pg_noreturn extern void vp_refuse_no_dimensions(void);

#endif							/* VP_DIMENSIONS_H */
