/*-------------------------------------------------------------------------
 *
 * around.h
 *	  Matches out of a list, and those around the nearest.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AROUND_H
#define VP_AROUND_H

#include "graph/search.h"

/*
 * Tells those that are nearer than the worst of the pool, at the beginning of ids and dist then;
 * the others are far.  Returns how many; told apart without a jump, as in search.c.
 */
extern int	vp_part_near(VpSearch *search, VpId *ids, float *dist, int n);

/*
 * Takes in nodes of a list, at the beginning of ids and dist, before they are tested: hardly one
 * does not match, and few of those that get into the pool stay there.  Returns whether any got in.
 */
extern bool vp_take_listed(VpSearch *search, VpId *ids, float *dist, int n);

/*
 * Goes on from the nearest of those in the nearest cells, the first `places` of the pool, to their
 * neighbours that may match, as a search of the graph does.  Returns whether lists of links had
 * enough of these: if not, cells have others that are near.
 */
extern bool vp_look_around(VpSearch *search, int places);

#endif							/* VP_AROUND_H */
