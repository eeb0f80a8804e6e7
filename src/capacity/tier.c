/*-------------------------------------------------------------------------
 *
 * tier.c
 *	  Tiers and rates: rows of tables that belong to the administrator.
 *
 * Each insert into a provisioned index has to know how much a shard of its tier
 * holds.  So the rows of vecprov.tiers are kept in memory; see cached_rows.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "capacity/columns.h"
#include "capacity/cached_rows.h"
#include "capacity/own_object.h"
#include "capacity/tier.h"

VP_FUNCTION(vecprov_monthly_rate);

enum
{
	TIER_NAME,
	TIER_SHARD_BYTES,
	TIER_KEEPS_VECTORS,
	TIER_UNITS
};

static const VpColumn tier_columns[] = {
	[TIER_NAME] = {"name", TEXTOID, false},
	[TIER_SHARD_BYTES] = {"shard_bytes", INT8OID, false},
	[TIER_KEEPS_VECTORS] = {"keeps_vectors", BOOLOID, false},
	[TIER_UNITS] = {"units", INT4OID, false}
};

static const VpColumn rate_keys[] = {
	{"plan", TEXTOID, false}, {"region", TEXTOID, false}, {"item", TEXTOID, false}
};

static const VpColumn rate_column = {"rate", NUMERICOID, false};

static void
read_tier(const Datum *values, const bool *nulls, void *row)
{
	VpTier	   *tier = row;

	strlcpy(tier->name, TextDatumGetCString(values[TIER_NAME]), sizeof(tier->name));
	tier->shard_bytes = DatumGetInt64(values[TIER_SHARD_BYTES]);
	tier->keeps_vectors = DatumGetBool(values[TIER_KEEPS_VECTORS]);
	tier->units = DatumGetInt32(values[TIER_UNITS]);
}

static VpCachedRows tiers = {
	.table = "tiers",.columns = tier_columns,.ncolumns = lengthof(tier_columns),
	.row_bytes = sizeof(VpTier),.read = read_tier
};

bool
vp_tier_find(const char *name, VpTier *tier)
{
	const VpTier *cached = vp_cached_rows(&tiers);

	for (int i = 0; i < tiers.nrows; i++)
		if (strcmp(cached[i].name, name) == 0)
		{
			*tier = cached[i];
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
				 errhint("Tiers are the rows of %s.", vp_own_table_name("tiers"))));
}

/* The row of a tier, found in the table itself; the caller ends the scan. */
static HeapTuple
scan_for_tier(Relation rel, const char *name, SysScanDesc *scan)
{
	ScanKeyData key;

	ScanKeyInit(&key, vp_column_number(rel, &tier_columns[TIER_NAME]), BTEqualStrategyNumber,
				F_TEXTEQ, CStringGetTextDatum(name));
	*scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	return systable_getnext(*scan);
}

bool
vp_tier_hold(const char *name)
{
	Oid			table = vp_own_table("tiers");
	TM_Result	result = TM_Deleted;
	Relation	rel;
	TupleTableSlot *slot;

	if (!OidIsValid(table))
		return false;

	/*
	 * kept until the transaction ends, as the row's lock is: TRUNCATE waits
	 * for this one
	 */
	rel = table_open(table, RowShareLock);
	slot = table_slot_create(rel, NULL);
	for (;;)
	{
		SysScanDesc scan;
		HeapTuple	tuple = scan_for_tier(rel, name, &scan);
		bool		found = HeapTupleIsValid(tuple);

		if (found)
		{
			TM_FailureData failure;

			result = table_tuple_lock(rel, &tuple->t_self, SnapshotAny, slot,
									  GetCurrentCommandId(false), LockTupleKeyShare,
									  LockWaitBlock, 0, &failure);
		}
		systable_endscan(scan);
		/* whoever changed it meanwhile has committed: what is there now? */
		if (!found || (result != TM_Updated && result != TM_Deleted))
			break;
		AcceptInvalidationMessages();
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	return result == TM_Ok;
}

Datum
vp_monthly_rate(Datum plan, Datum region, Datum item)
{
	Datum		wanted[] = {plan, region, item};
	Relation	rel = table_open(vp_own_table_get("rates"), AccessShareLock);
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	Datum		rate = (Datum) 0;
	bool		isnull;

	/* an administrator may let nobody read rates */
	if (pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	for (int i = 0; i < lengthof(keys); i++)
		ScanKeyInit(&keys[i], vp_column_number(rel, &rate_keys[i]), BTEqualStrategyNumber,
					F_TEXTEQ, wanted[i]);
	/* few rows: no index, which would have to agree on a collation */
	scan = systable_beginscan(rel, InvalidOid, false, NULL, lengthof(keys), keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		vp_columns_read(rel, tuple, &rate_column, 1, &rate, &isnull);
		rate = NumericGetDatum(DatumGetNumericCopy(rate));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (rate == (Datum) 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no rate for \"%s\" in plan \"%s\", region \"%s\"",
						TextDatumGetCString(item), TextDatumGetCString(plan),
						TextDatumGetCString(region)),
				 errhint("Rates are the rows of %s.", vp_own_table_name("rates"))));
	return rate;
}

Datum
vecprov_monthly_rate(PG_FUNCTION_ARGS)
{
	return vp_monthly_rate(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2));
}
