/*-------------------------------------------------------------------------
 *
 * serve.h
 *	  Searches for other processes: what replicas' workers run, and who asks them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SERVE_H
#define VP_SERVE_H

#include "nodes/pathnodes.h"

#include "am/index.h"
#include "replica/dispatch.h"

/* Tells replica/ what workers run; only while shared_preload_libraries are loaded. */
extern void vp_serve_define(void);

/*
 * A query on an index is being planned.  Has this process do what it does once for each index
 * that it uses.  Whatever is wrong with the index, that is for a search to find.
 */
extern void vp_make_ready(const IndexOptInfo *index);

/*
 * Is this process new to the index (as kept with its relation; NULL: no)?  Then each
 * page that it touches is a page fault, 20 times the time of the search in all, and a
 * worker does it better.  Counts the searches that ask.
 */
extern bool vp_is_cold(VpIndex *index);

/*
 * Touches some more of the index's pages in shared buffers.  False: all are.  The
 * argument is a VpIndex.
 */
extern bool vp_warm_up(void *index);

#endif							/* VP_SERVE_H */
