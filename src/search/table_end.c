/*-------------------------------------------------------------------------
 *
 * table_end.c
 *	  Can a row of an index be in its table?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "page/damage.h"
#include "search/table_end.h"

void
vp_table_end_init(VpTableEnd *end, Relation table)
{
	end->table = table;
	end->nblocks = table != NULL && table->rd_rel->relam == HEAP_TABLE_AM_OID ? 0 :
		InvalidBlockNumber;
}

bool
vp_table_has(VpTableEnd *end, const ItemPointerData *tid)
{
	if (!vp_tid_is_sound(tid))
		return false;
	if (ItemPointerGetBlockNumber(tid) >= end->nblocks)
		end->nblocks = RelationGetNumberOfBlocks(end->table);
	return ItemPointerGetBlockNumber(tid) < end->nblocks;
}
