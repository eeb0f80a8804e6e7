/*-------------------------------------------------------------------------
 *
 * bare_rows.c
 *	  All rows without a vector; see bare_rows.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "search/bare_rows.h"

VpBareRows *
vp_bare_rows(const VpStore *store)
{
	VpBareRows *rows = palloc0(sizeof(VpBareRows));

	rows->tids = palloc(vp_bare_room(store) * sizeof(ItemPointerData));
	vp_bare_walk(&rows->walk, store, 0);
	return rows;
}

bool
vp_bare_rows_next(VpBareRows *rows, ItemPointerData *tid)
{
	while (rows->next >= rows->n)
	{
		rows->next = 0;
		rows->n = vp_bare_walk_on(&rows->walk, &rows->id, rows->tids);
		if (rows->n >= 0)
			continue;
		if (rows->walk.kind + 1 == VP_NBARE)
			return false;
		vp_bare_walk(&rows->walk, rows->walk.store, rows->walk.kind + 1);
	}
	*tid = rows->tids[rows->next++];
	return true;
}
