/*-------------------------------------------------------------------------
 *
 * leaves.c
 *	  What SQL sees of the partitions of an index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/index.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/loaded.h"
#include "capacity/partitions.h"
#include "capacity/rights.h"

VP_SERVER_FUNCTION(vecprov_leaves);
VP_SERVER_FUNCTION(vecprov_partition_count);
VP_SERVER_FUNCTION(vecprov_decider);

/* Of an index: the indexes that hold its rows, and their tables. */
Datum
vecprov_leaves(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	(void) vp_right_check_any(PG_GETARG_OID(0), VP_RIGHT_LOOK);
	foreach(cell, vp_leaf_indexes(PG_GETARG_OID(0)))
	{
		Oid			table = IndexGetRelation(lfirst_oid(cell), true);
		Datum		values[] = {ObjectIdGetDatum(lfirst_oid(cell)), ObjectIdGetDatum(table)};
		bool		nulls[] = {false, false};

		/* it was dropped just now */
		if (OidIsValid(table))
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

Datum
vecprov_partition_count(PG_FUNCTION_ARGS)
{
	if (!vp_is_partitioned(PG_GETARG_OID(0)))
		PG_RETURN_NULL();
	PG_RETURN_INT32(list_length(vp_leaf_indexes(PG_GETARG_OID(0))));
}

/* Of an index: the one at which its capacity is changed. */
Datum
vecprov_decider(PG_FUNCTION_ARGS)
{
	(void) vp_right_check_any(PG_GETARG_OID(0), VP_RIGHT_LOOK);
	PG_RETURN_OID(vp_decider(PG_GETARG_OID(0)));
}
