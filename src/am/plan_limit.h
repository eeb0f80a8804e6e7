/*-------------------------------------------------------------------------
 *
 * plan_limit.h
 *	  How many rows a LIMIT wants of an index scan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PLAN_LIMIT_H
#define VP_PLAN_LIMIT_H

#include "access/genam.h"

/* Installs the hook; only while shared_preload_libraries are loaded. */
extern void vp_limit_define(void);

/*
 * So many rows at least the plan's LIMIT needs of this scan, those of OFFSET
 * with them; 0: not known, or there is none.  *exact: and it needs no more.
 * Only while the scan is asked for a row.
 */
extern double vp_limit_of(IndexScanDesc scan, bool *exact);

#endif							/* VP_PLAN_LIMIT_H */
