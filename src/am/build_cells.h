/*-------------------------------------------------------------------------
 *
 * build_cells.h
 *	  The cells of an index that is built (page/cells.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BUILD_CELLS_H
#define VP_BUILD_CELLS_H

#include "search/index.h"

typedef struct VpCellBuild VpCellBuild;

/*
 * Of an index that is going to have so many nodes, in the current memory
 * context.  NULL: it gets no cells.
 */
extern VpCellBuild *vp_cell_build_begin(const VpIndex *index, uint32 nids);

/* Adds the slot of the next node: ids come one after the other, from 0 on. */
extern void vp_cell_build_add(VpCellBuild *build, const float factors[2], const void *code);

/*
 * Writes the cells, when all nodes were added, and lists have been written;
 * unless they are so unlike that searches would be misled.
 */
extern void vp_cell_build_write(VpCellBuild *build, Relation heap);

#endif							/* VP_BUILD_CELLS_H */
