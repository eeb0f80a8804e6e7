/*-------------------------------------------------------------------------
 *
 * debug_launcher.c
 *	  For tests: how often the launcher has looked for something to do.
 *
 * No SQL function of the extension calls this.  A test that wants it makes a
 * function of its own:
 *
 *	CREATE FUNCTION launcher_rounds(OUT rounds bigint, OUT idle_looks bigint)
 *		AS 'vecprov', 'vecprov_debug_launcher' LANGUAGE C;
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "funcapi.h"

#include "base/loaded.h"
#include "replica/registry.h"

VP_SERVER_FUNCTION(vecprov_debug_launcher);

Datum
vecprov_debug_launcher(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2] = {Int64GetDatum(pg_atomic_read_u64(&vp_registry->rounds)),
	Int64GetDatum(pg_atomic_read_u64(&vp_registry->idle_looks))};
	bool		nulls[2] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 2)
		elog(ERROR, "return type must be a row of two columns");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
