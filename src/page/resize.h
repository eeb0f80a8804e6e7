/*-------------------------------------------------------------------------
 *
 * resize.h
 *	  Sizes of records that have changed without the index being told.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RESIZE_H
#define VP_RESIZE_H

#include "access/xlogdefs.h"
#include "storage/itemptr.h"

#include "page/store.h"

/* The size of a row's record; false: as it was, or the row is gone.  May read the table. */
typedef bool (*VpRowSize) (ItemPointer tid, uint32 *size, void *arg);

/* Counts those of a page anew whose rows are in use.  No moves are under way. */
extern void vp_resize_page(const VpStore *store, uint32 page_number, VpRowSize call, void *arg);

/* All is counted as it was at this moment: that is noted, and read. */
extern void vp_set_measured(const VpStore *store, XLogRecPtr at);

static inline XLogRecPtr
vp_measured(const VpMeta *meta)
{
	return vp_word64(meta->measured_lo, meta->measured_hi);
}

#endif							/* VP_RESIZE_H */
