/*-------------------------------------------------------------------------
 *
 * key_scan.h
 *	  All rows of an index that satisfy conditions on its columns, in no order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEY_SCAN_H
#define VP_KEY_SCAN_H

#include "key/filter.h"
#include "search/index.h"

typedef struct VpKeyScan VpKeyScan;

/*
 * In the current memory context, where all must stay that is given.  Valid
 * while the caller's snapshot is registered or active.  filter: NULL if there
 * are no conditions.  table: NULL if nobody is going to fetch rows.
 */
extern VpKeyScan *vp_key_scan_begin(const VpIndex *index, const VpFilter *filter, Relation table);

/*
 * The next row; false: no more.  A row may come twice.  recheck: whether it
 * satisfies the conditions is to be seen.  Leaves no lock; pins until the end.
 * May be cancelled.
 */
extern bool vp_key_scan_next(VpKeyScan *scan, ItemPointer tid, bool *recheck);
extern void vp_key_scan_end(VpKeyScan *scan);

#endif							/* VP_KEY_SCAN_H */
