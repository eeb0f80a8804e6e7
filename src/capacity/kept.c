/*-------------------------------------------------------------------------
 *
 * kept.c
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

#include "base/news.h"
#include "capacity/kept.h"
#include "capacity/own_object.h"

VP_FUNCTION(vecprov_table_changed);

static void
forget_rows(Datum arg, Oid relid)
{
	VpKept	   *kept = (VpKept *) DatumGetPointer(arg);

	if (relid == kept->relid || relid == InvalidOid)
		kept->relid = InvalidOid;
}

static void
keep_row(VpKept *kept, Relation rel, HeapTuple tuple)
{
	Size		bytes = kept->nrows * kept->row_bytes;
	Datum		values[VP_MAX_KEPT_COLUMNS];
	bool		nulls[VP_MAX_KEPT_COLUMNS];

	vp_columns_read(rel, tuple, kept->columns, kept->ncolumns, values, nulls);
	if (kept->nrows == 0)
		kept->rows = MemoryContextAlloc(kept->context, kept->row_bytes);
	else
		kept->rows = repalloc(kept->rows, bytes + kept->row_bytes);
	memset((char *) kept->rows + bytes, 0, kept->row_bytes);
	kept->read(values, nulls, (char *) kept->rows + bytes);
	kept->nrows++;
}

const void *
vp_kept_rows(VpKept *kept)
{
	Oid			table;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (OidIsValid(kept->relid) && kept->complete)
		return kept->rows;
	if (kept->context == NULL)
	{
		kept->context = AllocSetContextCreate(CacheMemoryContext, "vecprov kept rows",
											  ALLOCSET_SMALL_SIZES);
		CacheRegisterRelcacheCallback(forget_rows, PointerGetDatum(kept));
	}
	kept->complete = false;
	MemoryContextReset(kept->context);
	kept->nrows = 0;
	kept->rows = NULL;
	table = vp_own_table(kept->table);
	if (!OidIsValid(table))
		return NULL;

	rel = table_open(table, AccessShareLock);
	/* a message that arrives while we read makes us read again the next time */
	kept->relid = table;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		keep_row(kept, rel, tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	kept->complete = true;
	return kept->rows;
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
	vp_news_send();
	PG_RETURN_POINTER(NULL);
}
