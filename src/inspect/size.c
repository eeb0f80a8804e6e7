/*-------------------------------------------------------------------------
 *
 * size.c
 *	  vecprov_index_bytes: how large an index is, and what searches need of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "funcapi.h"
#include "storage/bufmgr.h"

#include "base/loaded.h"
#include "capacity/partitions.h"
#include "inspect/heap_scan.h"

VP_SERVER_FUNCTION(vecprov_index_bytes);

Datum
vecprov_index_bytes(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int64		total = 0;
	int64		search = 0;
	ListCell   *cell;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	(void) vp_right_check_any(PG_GETARG_OID(0), VP_RIGHT_LOOK);
	foreach(cell, vp_leaf_indexes(PG_GETARG_OID(0)))
	{
		VpTarget	target;
		BlockNumber nblocks;

		vp_target_open(&target, lfirst_oid(cell), VP_RIGHT_LOOK, AccessShareLock);
		nblocks = RelationGetNumberOfBlocks(target.rel);
		total += (int64) nblocks * BLCKSZ;
		search += (int64) vp_search_blocks(&target.index->store.geo, nblocks) * BLCKSZ;
		vp_target_close(&target);
	}
	values[0] = Int64GetDatum(total);
	values[1] = Int64GetDatum(search);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
