/*-------------------------------------------------------------------------
 *
 * bare_rows.h
 *	  All rows without a vector, in the order in which a search returns them: those
 *	  whose distance is NaN, then those where it is NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BARE_ROWS_H
#define VP_BARE_ROWS_H

#include "page/bare.h"

typedef struct VpBareRows
{
	VpBareWalk	walk;
	ItemPointerData *tids;		/* of the present node */
	int			n;
	int			next;
	VpId		id;				/* the present node */
} VpBareRows;

/* The store must stay; palloc'd. */
extern VpBareRows *vp_bare_rows(const VpStore *store);

/* The next row; false: there are no more. */
extern bool vp_bare_rows_next(VpBareRows *rows, ItemPointerData *tid);

#endif							/* VP_BARE_ROWS_H */
