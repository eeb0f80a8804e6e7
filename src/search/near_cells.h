/*-------------------------------------------------------------------------
 *
 * near_cells.h
 *	  Ids in the order of their cells, the nearest to a query first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NEAR_CELLS_H
#define VP_NEAR_CELLS_H

#include "search/index.h"

typedef struct VpNearCells VpNearCells;

/*
 * Of the ids below nids whose bits are set, in an index that has cells.  In the
 * current memory context.  bits: nids / 64 + 1 words, which must stay.
 */
extern VpNearCells *vp_near_cells_begin(const VpIndex *index, const VpQuery *query,
										const uint64 *bits, uint32 nids);

/*
 * The next ids, up to max; returns how many, 0 at their end.  First come those
 * that are in no cell, or strangers there; *in_order: these have come.
 */
extern int	vp_near_cells_next(VpNearCells *near, VpId *ids, int max, bool *in_order);

/*
 * Which of n nodes would still come with their cells, at the beginning of ids;
 * now they do not.  Returns how many; *nset: whose bits are set.  After
 * vp_near_cells_next has said *in_order.
 */
extern int	vp_near_cells_pick(VpNearCells *near, VpId *ids, int n, int *nset);

extern void vp_near_cells_end(VpNearCells *near);

#endif							/* VP_NEAR_CELLS_H */
