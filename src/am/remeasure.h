/*-------------------------------------------------------------------------
 *
 * remeasure.h
 *	  For VACUUM: records whose sizes have changed without the index being told.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_REMEASURE_H
#define VP_REMEASURE_H

#include "page/store.h"

/* Counts the rows of changed pages of the table anew.  The move lock is held. */
extern void vp_remeasure(const VpStore *store);

#endif							/* VP_REMEASURE_H */
