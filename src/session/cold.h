/*-------------------------------------------------------------------------
 *
 * cold.h
 *	  Processes that have not seen an index yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_COLD_H
#define VP_COLD_H

#include "search/index.h"

/*
 * Is this process new to the index (as kept with its relation; NULL: no)?  Then
 * each page that it touches is a page fault, 20 times the time of the search in
 * all, and a worker does it better.  Counts the searches that ask.
 */
extern bool vp_is_cold(VpIndex *index);

/*
 * Touches some more of the index's pages in shared buffers.  False: all are.
 * The argument is a VpIndex.
 */
extern bool vp_warm_up(void *index);

#endif							/* VP_COLD_H */
