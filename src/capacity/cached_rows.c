/*-------------------------------------------------------------------------
 *
 * cached_rows.c
 *	  Rows of an administrator's table, kept in memory.
 *
 * A trigger on the table sends an invalidation message for it, as a change of its
 * definition would; that reaches all backends, on standbys too, when the change
 * commits.
 *
 * Rows are read with a catalogue snapshot: what is committed now, and what this
 * transaction has done, whatever its isolation level.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/wish_inval.h"
#include "capacity/cached_rows.h"
#include "capacity/own_object.h"

VP_FUNCTION(vecprov_table_changed);

static void
forget_rows(Datum arg, Oid relid)
{
	VpCachedRows *cached = (VpCachedRows *) DatumGetPointer(arg);

	if (relid == cached->relid || relid == InvalidOid)
		cached->relid = InvalidOid;
}

static void
keep_row(VpCachedRows *cached, Relation rel, HeapTuple tuple)
{
	Size		bytes = cached->nrows * cached->row_bytes;
	Datum		values[VP_MAX_CACHED_COLUMNS];
	bool		nulls[VP_MAX_CACHED_COLUMNS];

	vp_columns_read(rel, tuple, cached->columns, cached->ncolumns, values, nulls);
	if (cached->nrows == 0)
		cached->rows = MemoryContextAlloc(cached->context, cached->row_bytes);
	else
		cached->rows = repalloc(cached->rows, bytes + cached->row_bytes);
	memset((char *) cached->rows + bytes, 0, cached->row_bytes);
	cached->read(values, nulls, (char *) cached->rows + bytes);
	cached->nrows++;
}

const void *
vp_cached_rows(VpCachedRows *cached)
{
	Oid			table;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (OidIsValid(cached->relid) && cached->complete)
		return cached->rows;
	if (cached->context == NULL)
	{
		cached->context = AllocSetContextCreate(CacheMemoryContext, "vecprov cached rows",
												ALLOCSET_SMALL_SIZES);
		CacheRegisterRelcacheCallback(forget_rows, PointerGetDatum(cached));
	}
	cached->complete = false;
	MemoryContextReset(cached->context);
	cached->nrows = 0;
	cached->rows = NULL;
	table = vp_own_table(cached->table);
	if (!OidIsValid(table))
		return NULL;

	/* the extension may be dropped meanwhile */
	rel = try_table_open(table, AccessShareLock);
	if (rel == NULL)
		return NULL;
	/* a message that arrives while we read makes us read again the next time */
	cached->relid = table;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		keep_row(cached, rel, tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	cached->complete = true;
	return cached->rows;
}

/* Trigger for each statement. */
Datum
vecprov_table_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("vecprov_table_changed must be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	vp_wish_inval_send();
	PG_RETURN_POINTER(NULL);
}
