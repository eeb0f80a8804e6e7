/*-------------------------------------------------------------------------
 *
 * bitmap_scan.h
 *	  A scan of an index among the rows that other indexes find.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BITMAP_SCAN_H
#define VP_BITMAP_SCAN_H

#include "nodes/extensible.h"

/* Its children: an ordered index scan, and the scans that make a bitmap. */
extern const CustomScanMethods vp_bitmap_scan_methods;

/* Makes it known, so that plans can be read. */
extern void vp_bitmap_scan_define(void);

#endif							/* VP_BITMAP_SCAN_H */
