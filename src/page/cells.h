/*-------------------------------------------------------------------------
 *
 * cells.h
 *	  Cells: where near vectors are that the build put side by side.
 *
 * README.md, *Cells*, has their protocol; format.h what they are on disk.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CELLS_H
#define VP_CELLS_H

#include "page/store.h"

/* The parts of a cell, as offsets in it; the code comes first. */
typedef struct VpCellShape
{
	uint32		factors;
	uint32		spread;
	uint32		strangers;
	uint32		size;
	uint32		per_page;		/* cells of a page; 0: one is larger than that */
} VpCellShape;

/* How many cells a metapage tells of; 0: the index has none. */
static inline uint32
vp_cell_count(const VpMeta *meta)
{
	return meta->cells == 0 ? 0 : (meta->celled_ids - 1) / meta->cell_ids + 1;
}

/* Of cells that have so many ids, a multiple of 64. */
extern void vp_cell_shape(const VpGeometry *geo, uint32 cell_ids, VpCellShape *shape);

/*
 * Writes the cells of a build, which are side by side, and makes them known:
 * those of all ids below nids.  Nobody else knows of the index yet.
 */
extern void vp_cells_write(const VpStore *store, Relation heap, const char *cells,
						   uint32 cell_ids, uint32 nids);

/*
 * Calls for each page of the cells that a metapage tells of, pinned and locked
 * for reading, in their order.
 */
typedef void (*VpCellsCall) (const char *cells, uint32 first, uint32 count, void *arg);

extern void vp_cells_read(const VpStore *store, const VpMeta *meta, VpCellsCall call, void *arg);

/*
 * Do the pages of the cells go on one after another, as vp_cells_read demands?
 * False: *block is the first that does not.  For vecprov_check: raises no error
 * for what is on a page behind its header.
 */
extern bool vp_cells_go_on(const VpStore *store, const VpMeta *meta, BlockNumber *block);

/*
 * Makes strangers of all ids in cells whose nodes are not, alive, in the graph
 * or in a chain.  For VACUUM, which has the move lock: before any of these ids
 * can be used again.
 */
extern void vp_cells_mark_strangers(const VpStore *store, const VpMeta *meta);

#endif							/* VP_CELLS_H */
