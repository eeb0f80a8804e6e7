/*-------------------------------------------------------------------------
 *
 * landmark.h
 *	  Landmarks: where searches for a term can begin.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LANDMARK_H
#define VP_LANDMARK_H

#include "page/store.h"

/*
 * Peeks: the landmarks of so many terms in an index of so many ids.  Returns
 * how many, at most VP_TERM_LANDMARKS a term.
 */
extern int	vp_landmarks_find(const VpStore *store, uint32 next_id,
							  const uint32 *terms, int nterms, VpId *ids);

/*
 * Makes a node that is linked a landmark of the terms in which it is worth it.
 */
extern void vp_landmarks_add(const VpStore *store, uint32 next_id,
							 const uint32 *terms, int nterms, VpId id);

/*
 * Gives the pages of landmarks that came with this stripe, which no id is of
 * yet, their share of the older ones.  The caller has the metapage locked
 * exclusively, and keeps it so.
 */
extern void vp_landmarks_spread(const VpStore *store, uint32 stripe);

/*
 * Takes those landmarks off a page that do not stay: nodes that will be taken
 * out.
 */
extern void vp_landmarks_clean(const VpStore *store, uint32 page_number,
							   bool (*stays) (void *arg, VpId id), void *arg);

/* Writes a page of landmarks at the end of a build, unlogged. */
extern void vp_landmarks_write(const VpStore *store, uint32 page_number,
							   const VpLandmarkPage *landmarks);

#endif							/* VP_LANDMARK_H */
