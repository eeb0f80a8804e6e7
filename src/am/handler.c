/*-------------------------------------------------------------------------
 *
 * handler.c
 *	  The access method vecprov: what it can do, and who does it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/vacuum.h"
#include "nodes/makefuncs.h"

#include "am/am.h"
#include "base/options.h"

VP_FUNCTION(vecprov_handler);
VP_FUNCTION(vecprov_vector_l2_metric);
VP_FUNCTION(vecprov_vector_ip_metric);
VP_FUNCTION(vecprov_vector_cosine_metric);
VP_FUNCTION(vecprov_vector_l1_metric);

static char *
build_phase_name(int64 phase)
{
	switch (phase)
	{
		case VP_PHASE_INITIALIZING:
			return "initializing";
		case VP_PHASE_LOADING:
			return "loading vectors";
		case VP_PHASE_LINKING:
			return "linking the graph";
		case VP_PHASE_WRITING:
			return "writing the graph";
		case VP_PHASE_LOGGING:
			return "writing WAL";
		default:
			return NULL;
	}
}

/* pg_index_column_has_property: the one that others cannot tell. */
static bool
column_property(Oid index, int column, IndexAMProperty property, const char *name,
				bool *result, bool *isnull)
{
	if (column == 0 || property != AMPROP_DISTANCE_ORDERABLE)
		return false;
	*result = true;
	*isnull = false;
	return true;
}

Datum
vecprov_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amsupport = VP_NPROCS;
	am->amcanorderbyop = true;
	/* a scan without ORDER BY is possible, never cheap: see cost.c */
	am->amoptionalkey = true;
	am->amparallelvacuumoptions = VACUUM_OPTION_NO_PARALLEL;
	am->amkeytype = InvalidOid;

	am->ambuild = vp_build;
	am->ambuildempty = vp_build_empty;
	am->aminsert = vp_insert;
	am->ambulkdelete = vp_bulk_delete;
	am->amvacuumcleanup = vp_vacuum_cleanup;
	am->amcostestimate = vp_cost_estimate;
	am->amoptions = vp_options;
	am->ambuildphasename = build_phase_name;
	am->amproperty = column_property;
	am->amvalidate = vp_validate;
	am->ambeginscan = vp_begin_scan;
	am->amrescan = vp_rescan;
	am->amgettuple = vp_get_tuple;
	am->amendscan = vp_end_scan;
	PG_RETURN_POINTER(am);
}

/* The operator classes' support functions. */

Datum
vecprov_vector_l2_metric(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(VP_METRIC_L2);
}

Datum
vecprov_vector_ip_metric(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(VP_METRIC_IP);
}

Datum
vecprov_vector_cosine_metric(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(VP_METRIC_COSINE);
}

Datum
vecprov_vector_l1_metric(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(VP_METRIC_L1);
}
