/*-------------------------------------------------------------------------
 *
 * amkeyscan.h
 *	  Scans for the rows that satisfy conditions, in no order: amgetbitmap, and amgettuple without
 *	  ORDER BY.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AMKEYSCAN_H
#define VP_AMKEYSCAN_H

#include "access/genam.h"
#include "nodes/tidbitmap.h"

#include "key/filter.h"
#include "search/index.h"

typedef struct VpUnordered VpUnordered;

/* In the current memory context, which has all that it makes. */
extern VpUnordered *vp_unordered_begin(IndexScanDesc scan, const VpIndex *index, const VpFilter *filter);

/* Sets the scan's TID to the next row's, each once; false: no more. */
extern bool vp_unordered_next(VpUnordered *unordered, IndexScanDesc scan);
extern void vp_unordered_end(VpUnordered *unordered);

/* Adds all rows to a bitmap; returns how many. */
extern int64 vp_unordered_bitmap(IndexScanDesc scan, const VpIndex *index, const VpFilter *filter,
								 TIDBitmap *bitmap);

#endif							/* VP_AMKEYSCAN_H */
