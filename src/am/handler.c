/*-------------------------------------------------------------------------
 *
 * handler.c
 *	  The access method vecprov: what it can do, and who does it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/amapi.h"
#include "commands/vacuum.h"
#include "nodes/makefuncs.h"

#include "am/ambuild.h"
#include "am/aminsert.h"
#include "am/amscan.h"
#include "am/amvacuum.h"
#include "am/cost.h"
#include "am/opclass.h"
#include "base/loaded.h"
#include "base/options.h"
#include "key/key.h"
#include "search/form.h"

VP_FUNCTION(vecprov_handler);
static char *
build_phase_name(int64 phase)
{
	switch (phase)
	{
		case VP_PHASE_INITIALIZING:
			return "initializing";
		case VP_PHASE_LOADING:
			return "loading vectors";
		case VP_PHASE_ORDERING:
			return "ordering vectors";
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
	if (column != 1 || property != AMPROP_DISTANCE_ORDERABLE)
		return false;
	*result = true;
	*isnull = false;
	return true;
}

Datum
vecprov_handler(PG_FUNCTION_ARGS)
{
	static IndexAmRoutine am = {
		.type = T_IndexAmRoutine,
		.amsupport = VP_NPROCS,
		.amparallelvacuumoptions = VACUUM_OPTION_NO_PARALLEL,
		.amcanmulticol = true,
		.amsearcharray = true,
		.amsearchnulls = true,
		.amkeytype = InvalidOid,

		.ambuild = vp_build,
		.ambuildempty = vp_build_empty,
		.aminsert = vp_insert,
		.ambulkdelete = vp_bulk_delete,
		.amvacuumcleanup = vp_vacuum_cleanup,
		.amcostestimate = vp_cost_estimate,
		.amoptions = vp_options,
		.ambuildphasename = build_phase_name,
		.amproperty = column_property,
		.amvalidate = vp_validate,
		.ambeginscan = vp_begin_scan,
		.amrescan = vp_rescan,
		.amgettuple = vp_get_tuple,
		.amgetbitmap = vp_get_bitmap,
		.amendscan = vp_end_scan,
	};

	/*
	 * else the planner finds no use for the index: a sequential scan answers
	 * all queries
	 */
	am.amcanorderbyop = vp_preloaded;
	/* a scan without ORDER BY is possible, never cheap: see cost.c */
	am.amoptionalkey = vp_preloaded;
	return VpAmRoutine(&am);
}

/*
 * The operator classes' support functions: vecprov_TYPE_NAME_metric of class
 * TYPE_NAME_ops.
 */
#define SUPPORT_FUNCTION(type, FORM, name, METRIC) \
VP_FUNCTION(vecprov_##type##_##name##_metric); \
Datum \
vecprov_##type##_##name##_metric(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_INT32(VP_OPCLASS(VP_FORM_##FORM, VP_METRIC_##METRIC)); \
}

SUPPORT_FUNCTION(vector, VECTOR, l2, L2)
SUPPORT_FUNCTION(vector, VECTOR, ip, IP)
SUPPORT_FUNCTION(vector, VECTOR, cosine, COSINE)
SUPPORT_FUNCTION(vector, VECTOR, l1, L1)
SUPPORT_FUNCTION(halfvec, HALFVEC, l2, L2)
SUPPORT_FUNCTION(halfvec, HALFVEC, ip, IP)
SUPPORT_FUNCTION(halfvec, HALFVEC, cosine, COSINE)
SUPPORT_FUNCTION(halfvec, HALFVEC, l1, L1)
SUPPORT_FUNCTION(sparsevec, SPARSEVEC, l2, L2)
SUPPORT_FUNCTION(sparsevec, SPARSEVEC, ip, IP)
SUPPORT_FUNCTION(sparsevec, SPARSEVEC, cosine, COSINE)
SUPPORT_FUNCTION(sparsevec, SPARSEVEC, l1, L1)
SUPPORT_FUNCTION(bit, BIT, hamming, HAMMING)
SUPPORT_FUNCTION(bit, BIT, jaccard, JACCARD)

/* Those of key columns' classes: vecprov_TYPE_key of class TYPE_ops. */
#define KEY_FUNCTION(type, FORM) \
VP_FUNCTION(vecprov_##type##_key); \
Datum \
vecprov_##type##_key(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_INT32(VP_KEY_##FORM); \
}

KEY_FUNCTION(bool, BOOL)
KEY_FUNCTION(int2, INT2)
KEY_FUNCTION(int4, INT4)
KEY_FUNCTION(int8, INT8)
KEY_FUNCTION(oid, OID)
KEY_FUNCTION(float4, FLOAT4)
KEY_FUNCTION(float8, FLOAT8)
KEY_FUNCTION(money, MONEY)
KEY_FUNCTION(date, DATE)
KEY_FUNCTION(time, TIME)
KEY_FUNCTION(timestamp, TIMESTAMP)
KEY_FUNCTION(timestamptz, TIMESTAMPTZ)
KEY_FUNCTION(interval, INTERVAL)
KEY_FUNCTION(numeric, NUMERIC)
KEY_FUNCTION(enum, ENUM)
KEY_FUNCTION(uuid, UUID)
KEY_FUNCTION(inet, INET)
KEY_FUNCTION(bytea, BYTEA)
KEY_FUNCTION(text, TEXT)
KEY_FUNCTION(bpchar, BPCHAR)
KEY_FUNCTION(array, ARRAY)
