/*-------------------------------------------------------------------------
 *
 * hit.h
 *	  A row that a search has found.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_HIT_H
#define VP_HIT_H

#include "storage/itemptr.h"

/* Whether a snapshot sees the row is to be looked up in the table. */
typedef struct VpHit
{
	double		dist;			/* exact, as the index measures it; NaN comes
								 * last */
	ItemPointerData tid;
	bool		recheck;		/* the index cannot tell whether it satisfies
								 * the search's filter */
} VpHit;

#endif							/* VP_HIT_H */
