/*-------------------------------------------------------------------------
 *
 * membuild.h
 *	  Linking a graph in memory; for the files of this room and for tests.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MEMBUILD_H
#define VP_MEMBUILD_H

#include "graph/memgraph.h"

/*
 * The linking in pieces, for tests that bring threads of their own: begin
 * (false when there is nothing to do), any number of parts at the same time,
 * one of them the `first`, which polls; end, which makes all nodes reachable.
 * Once `stop` is set, because poll said so or memory is lacking, all are left;
 * begin too, and then it is to be called again.
 */
extern bool vp_mem_link_begin(VpMemGraph *graph, VpMemWork *work,
							  bool (*poll) (void *arg, uint32_t done), void *arg);
extern void vp_mem_link_part(void *work, bool first);
extern bool vp_mem_link_end(VpMemWork *work);

/* Nanoseconds, as `polled` counts them. */
extern int64_t vp_mem_now(void);

/* Asks the caller whether to go on, if it is time and the answer is not known yet. */
extern void vp_mem_poll(VpMemWork *work, int64_t *polled);

/* In a loop over nodes, by the one thread there is: is the work to be left? */
extern bool vp_mem_stopped(VpMemWork *work, uint32_t i, int64_t *polled);

#endif							/* VP_MEMBUILD_H */
