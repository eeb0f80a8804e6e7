/*-------------------------------------------------------------------------
 *
 * exponent.h
 *	  How distances grow in an index, by which its searches stop.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_EXPONENT_H
#define VP_EXPONENT_H

#include "search/index.h"

/*
 * Learns the exponent of an index if it is due, and writes it to the metapage.
 * The caller holds no lock of a page.  May be cancelled: then it is still due.
 */
extern void vp_exponent_keep(const VpIndex *index);

#endif							/* VP_EXPONENT_H */
