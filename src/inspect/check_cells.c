/*-------------------------------------------------------------------------
 *
 * check_cells.c
 *	  vecprov_check: cells.
 *
 * Whether a vector is near the mean of its cell is a matter of recall alone.
 * But where an id is going to be used again, its cell must know of it: else
 * what comes there is looked for where it is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "inspect/check.h"
#include "page/cells.h"

static void
check_cell(Check *check, const char *strangers, uint32 cell)
{
	VpId		first = cell * check->meta.cell_ids;

	for (uint32 i = 0; i < check->meta.cell_ids && first + i < check->meta.celled_ids; i++)
	{
		uint64		word;

		memcpy(&word, strangers + i / 64 * sizeof(word), sizeof(word));
		if ((check->nodes[first + i].flags & VP_NODE_LISTED) && (word >> i % 64 & 1) == 0)
			vp_check_report(check, vp_check_block(check, first + i), first + i,
							"strangers in cells", "the node is to be used again, but its cell does not know");
	}
}

static void
check_page(const char *cells, uint32 first, uint32 count, void *arg)
{
	Check	   *check = arg;
	VpCellShape shape;

	vp_cell_shape(&check->store->geo, check->meta.cell_ids, &shape);
	for (uint32 i = 0; i < count; i++)
		check_cell(check, cells + i * shape.size + shape.strangers, first + i);
}

void
vp_check_cells(Check *check)
{
	BlockNumber block;

	if (check->meta.cells == 0)
		return;
	if (vp_cells_go_on(check->store, &check->meta, &block))
		vp_cells_read(check->store, &check->meta, check_page, check);
	else
		vp_check_report(check, block, -1, "cells",
						"the page of cells does not go on where the one before it ends");
}
