/*-------------------------------------------------------------------------
 *
 * tier.c
 *	  Tiers and rates: rows of tables that belong to the administrator.
 *
 * Each insert into a provisioned index has to know how much a shard of its tier
 * holds.  So the rows of vecprov_tier are kept in memory.  A trigger on the table sends
 * an invalidation message for it, as a change of its definition would; that
 * reaches all backends, on standbys too, when the change commits.
 *
 * Rows are read with a catalogue snapshot: what is committed now, and what this
 * transaction has done, whatever its isolation level.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/news.h"
#include "capacity/tier.h"

VP_FUNCTION(vecprov_tier_changed);
VP_FUNCTION(vecprov_monthly_rate);

/* Columns, in the order of sql/install/30_capacity.sql. */
enum
{
	TIER_NAME = 1,
	TIER_SHARD_BYTES,
	TIER_KEEPS_VECTORS,
	TIER_UNITS
};

enum
{
	RATE_PLAN = 1,
	RATE_REGION,
	RATE_ITEM,
	RATE_RATE
};

static MemoryContext kept_context;
static VpTier *kept;
static int	nkept;
static Oid	kept_table;			/* they are of; InvalidOid: it has changed since */
static bool kept_all;			/* no error got between */

Oid
vp_own_am(void)
{
	return GetSysCacheOid1(AMNAME, Anum_pg_am_oid, CStringGetDatum("vecprov"));
}

/* Tables are in the schema of the access method's handler: the extension's. */
Oid
vp_own_table(const char *name)
{
	HeapTuple	tuple = SearchSysCache1(AMNAME, CStringGetDatum("vecprov"));
	Oid			handler;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	handler = ((Form_pg_am) GETSTRUCT(tuple))->amhandler;
	ReleaseSysCache(tuple);
	return get_relname_relid(name, get_func_namespace(handler));
}

static void
forget_tiers(Datum arg, Oid relid)
{
	if (relid == kept_table || relid == InvalidOid)
		kept_table = InvalidOid;
}

static void
keep_row(Relation rel, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(rel);
	VpTier	   *tier;
	bool		isnull;

	if (nkept == 0)
		kept = MemoryContextAlloc(kept_context, sizeof(VpTier));
	else
		kept = repalloc(kept, (nkept + 1) * sizeof(VpTier));
	tier = &kept[nkept++];
	strlcpy(tier->name, TextDatumGetCString(heap_getattr(tuple, TIER_NAME, desc, &isnull)),
			sizeof(tier->name));
	tier->shard_bytes = DatumGetInt64(heap_getattr(tuple, TIER_SHARD_BYTES, desc, &isnull));
	tier->keeps_vectors = DatumGetBool(heap_getattr(tuple, TIER_KEEPS_VECTORS, desc, &isnull));
	tier->units = DatumGetInt32(heap_getattr(tuple, TIER_UNITS, desc, &isnull));
}

/* Reads the table, unless what is kept is still true. */
static void
keep_tiers(void)
{
	Oid			table;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (OidIsValid(kept_table) && kept_all)
		return;
	if (kept_context == NULL)
	{
		kept_context = AllocSetContextCreate(CacheMemoryContext, "vecprov tiers",
											 ALLOCSET_SMALL_SIZES);
		CacheRegisterRelcacheCallback(forget_tiers, (Datum) 0);
	}
	kept_all = false;
	MemoryContextReset(kept_context);
	nkept = 0;
	table = vp_own_table("vecprov_tier");
	if (!OidIsValid(table))
		return;

	rel = table_open(table, AccessShareLock);
	/* a message that arrives while we read makes us read again the next time */
	kept_table = table;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		keep_row(rel, tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	kept_all = true;
}

bool
vp_tier_find(const char *name, VpTier *tier)
{
	keep_tiers();
	for (int i = 0; i < nkept; i++)
		if (strcmp(kept[i].name, name) == 0)
		{
			*tier = kept[i];
			return true;
		}
	return false;
}

void
vp_tier_get(const char *name, VpTier *tier)
{
	if (!vp_tier_find(name, tier))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("tier \"%s\" does not exist", name),
				 errhint("Tiers are the rows of vecprov_tier.")));
}

/* Trigger on vecprov_tier, for each statement. */
Datum
vecprov_tier_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("vecprov_tier_changed must be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	vp_news_send();
	PG_RETURN_POINTER(NULL);
}

Datum
vp_monthly_rate(Datum plan, Datum region, Datum item)
{
	Datum		wanted[] = {plan, region, item};
	Relation	rel = table_open(vp_own_table("vecprov_rate"), AccessShareLock);
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	Datum		rate = (Datum) 0;
	bool		isnull;

	for (int i = 0; i < lengthof(keys); i++)
		ScanKeyInit(&keys[i], RATE_PLAN + i, BTEqualStrategyNumber, F_TEXTEQ, wanted[i]);
	/* few rows: no index, which would have to agree on a collation */
	scan = systable_beginscan(rel, InvalidOid, false, NULL, lengthof(keys), keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		rate = NumericGetDatum(DatumGetNumericCopy(heap_getattr(tuple, RATE_RATE,
																RelationGetDescr(rel), &isnull)));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (rate == (Datum) 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no rate for \"%s\" in plan \"%s\", region \"%s\"",
						TextDatumGetCString(item), TextDatumGetCString(plan),
						TextDatumGetCString(region)),
				 errhint("Rates are the rows of vecprov_rate.")));
	return rate;
}

Datum
vecprov_monthly_rate(PG_FUNCTION_ARGS)
{
	return vp_monthly_rate(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2));
}
