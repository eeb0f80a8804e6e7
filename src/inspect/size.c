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
#include "inspect/heap_scan.h"

VP_SERVER_FUNCTION(vecprov_index_bytes);

Datum
vecprov_index_bytes(PG_FUNCTION_ARGS)
{
	VpTarget	target;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	BlockNumber nblocks;
	BlockNumber search;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	vp_target_open(&target, PG_GETARG_OID(0), VP_RIGHT_LOOK, AccessShareLock);
	nblocks = RelationGetNumberOfBlocks(target.rel);
	search = vp_search_blocks(&target.index->store.geo, nblocks);
	vp_target_close(&target);
	values[0] = Int64GetDatum((int64) nblocks * BLCKSZ);
	values[1] = Int64GetDatum((int64) search * BLCKSZ);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
