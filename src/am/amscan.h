/*-------------------------------------------------------------------------
 *
 * amscan.h
 *	  ambeginscan, amrescan, amgettuple, amgetbitmap and amendscan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AMSCAN_H
#define VP_AMSCAN_H

#include "access/genam.h"
#include "access/sdir.h"

#include "search/ranked_search.h"
#include "replica/seated.h"
#include "search/tid_set.h"

extern IndexScanDesc vp_begin_scan(Relation rel, int nkeys, int norderbys);
extern void vp_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
extern bool vp_get_tuple(IndexScanDesc scan, ScanDirection direction);
extern int64 vp_get_bitmap(IndexScanDesc scan, TIDBitmap *bitmap);
extern void vp_end_scan(IndexScanDesc scan);

/* What its present search has cost so far; false: it does not search. */
extern bool vp_scan_counts(IndexScanDesc scan, VpSeatedCounts *counts);

/* Who decided how much effort that is. */
extern VpEffortBy vp_scan_effort_by(IndexScanDesc scan);

/*
 * Has a scan that has not begun to search return rows of these alone; NULL: of
 * all.  Until it is told otherwise.
 */
extern void vp_scan_restrict(IndexScanDesc scan, const VpTidSet *tids);

#endif							/* VP_AMSCAN_H */
