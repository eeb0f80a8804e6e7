/*-------------------------------------------------------------------------
 *
 * explain.h
 *	  What EXPLAIN ANALYZE says of a search.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_EXPLAIN_H
#define VP_EXPLAIN_H

#include "access/genam.h"

struct ExplainState;

/*
 * How a scan found its rows the last time, and how many nodes it looked at.
 * Nothing, if it did not search.
 */
extern void vp_explain_scan(IndexScanDesc scan, struct ExplainState *es);

/*
 * Has index scans say so by themselves, where the server asks (18 and later).
 */
extern void vp_explain_define(void);

#endif							/* VP_EXPLAIN_H */
