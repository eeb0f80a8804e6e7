/*-------------------------------------------------------------------------
 *
 * key_scan.h
 *	  All rows that satisfy conditions on an index's columns, in no order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEY_SCAN_H
#define VP_KEY_SCAN_H

#include "key/filter.h"
#include "search/index.h"

typedef struct VpKeyScan VpKeyScan;

/*
 * In the current memory context, where all must stay that is given.  Valid while the caller's snapshot
 * is registered or active.  The filter has a condition on a key, or wants no row with a vector.  table: NULL if
 * nobody is going to fetch rows.
 */
extern VpKeyScan *vp_key_scan_begin(const VpIndex *index, const VpFilter *filter, Relation table);

/*
 * The next row; false: no more.  A row may come twice.  recheck: whether it satisfies the
 * conditions is to be seen.  Leaves no lock; pins until the end.  May be cancelled.
 */
extern bool vp_key_scan_next(VpKeyScan *scan, ItemPointer tid, bool *recheck);
extern void vp_key_scan_end(VpKeyScan *scan);

/* Can these conditions be scanned for? */
static inline bool
vp_can_scan_keys(const VpFilter *filter)
{
	return filter->nconditions > 0 || filter->never;
}

#endif							/* VP_KEY_SCAN_H */
