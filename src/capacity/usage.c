/*-------------------------------------------------------------------------
 *
 * usage.c
 *	  What indexes had, hour by hour: vecprov.usage, which bills are made of.
 *
 * The hours are computed from the ledger, which knows each change, so hours in which the
 * server was down are written afterwards as if it had been there.  The ledger is not
 * dumped; this table is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/loaded.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/own_sql.h"
#include "capacity/usage.h"

VP_SERVER_FUNCTION(vecprov_capacity_events);
VP_SERVER_FUNCTION(vecprov_wishes);
VP_SERVER_FUNCTION(vecprov_clock);

/* For how long it is kept. */
#define KEPT	(400 * USECS_PER_DAY)

/*
 * The first hour is written soon after its end, or not: nothing tells since
 * when an index is there.
 */
#define SOON	(5 * USECS_PER_MINUTE)

TimestampTz
vp_hour_of(TimestampTz at)
{
	TimestampTz part = at % USECS_PER_HOUR;

	return at - (part < 0 ? part + USECS_PER_HOUR : part);
}

/*
 * Two processes must not write the same hour: one may come while another, of a launcher that has
 * ended since, is still at work.
 */
void
vp_usage_write(void)
{
	TimestampTz now = vp_clock();
	TimestampTz hour = vp_hour_of(now);
	Oid			types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID};
	Datum		values[] = {TimestampTzGetDatum(hour), TimestampTzGetDatum(hour - KEPT),
	BoolGetDatum(now - hour < SOON)};
	VpOwnSql	sql;

	if (!OidIsValid(vp_own_table("usage")))
		return;
	vp_own_sql_begin(&sql, "usage", ShareRowExclusiveLock);
	(void) vp_own_sql_run(psprintf("INSERT INTO %1$s (began, ended, \"index\", tier, shards, replicas, bytes, "
								   "read_units, write_units, relid, searches, inserts) "
								   "SELECT s.* FROM (SELECT greatest(max(u.ended), $2) AS written, "
								   "CASE WHEN $3 OR max(u.ended) IS NOT NULL THEN $1 - '1 hour'::interval END "
								   "AS unknown FROM %1$s u) w CROSS JOIN LATERAL %2$s.vecprov_usage_since("
								   "w.written, $1, w.unknown) s WHERE w.written < $1",
								   sql.name, quote_identifier(vp_own_schema())),
						  lengthof(types), types, values, false);
	(void) vp_own_sql_run(psprintf("DELETE FROM %s WHERE ended < $2 AND $1 IS NOT NULL AND $3 IS NOT NULL", sql.name),
						  lengthof(types), types, values, false);
	vp_own_sql_end(&sql);
}

/*
 * Changes, creations and drops from a moment on; had, has: seats of its own.
 */
#define EVENTS \
	"(SELECT \"index\"::text, \"at\"::timestamptz, action::text, old_tier::text, old_shards::int4, " \
	"old_replicas::int4, new_tier::text, new_shards::int4, new_replicas::int4, partitioned, old_decided, " \
	"new_decided, xact, old_tier IS NOT NULL AND NOT old_decided AS had, " \
	"new_tier IS NOT NULL AND NOT new_decided AS has FROM %s " \
	"WHERE action::text OPERATOR(pg_catalog.=) ANY ('{create,change,drop}'::text[]) " \
	"AND \"at\" OPERATOR(pg_catalog.>=) $1) e"

/*
 * Rows of the ledger from a moment on, as the function's SQL declaration has
 * them.  Read with the caller's rights.  A partition whose parent decides has a tier, but no
 * shards and replicas: they are its parent's, which is there as long as it has any.
 */
Datum
vecprov_capacity_events(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			types[] = {TIMESTAMPTZOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};

	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	(void) vp_own_sql_run(psprintf("SELECT \"index\", \"at\", CASE WHEN partitioned AND NOT has THEN 'drop' "
								   "WHEN partitioned AND NOT had THEN 'create' ELSE action END, "
								   "old_tier, CASE WHEN NOT old_decided THEN old_shards END, "
								   "CASE WHEN NOT old_decided THEN old_replicas END, "
								   "new_tier, CASE WHEN NOT new_decided THEN new_shards END, "
								   "CASE WHEN NOT new_decided THEN new_replicas END, pg_catalog.row_number() OVER "
								   "(PARTITION BY \"index\" ORDER BY \"at\", xact) FROM " EVENTS
								   " WHERE had OR has OR NOT partitioned", vp_own_table_name("changes")),
						  lengthof(types), types, values, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		row[10];
		bool		nulls[10];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, row, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	SPI_finish();
	return (Datum) 0;
}

static void
put_wish(Form_pg_class index, const VpWish *wish, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[4] = {ObjectIdGetDatum(index->oid)};
	bool		nulls[4] = {false, true, true, true};

	bool		decided = VpIsProvisioned(wish) && vp_decider(index->oid) != index->oid;

	if (index->relkind == RELKIND_PARTITIONED_INDEX && (!VpIsProvisioned(wish) || decided))
		return;
	if (VpIsProvisioned(wish))
	{
		values[1] = CStringGetTextDatum(wish->tier);
		values[2] = Int32GetDatum(wish->shards);
		values[3] = Int32GetDatum(wish->replicas);
		nulls[1] = false;
		nulls[2] = nulls[3] = decided;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Takes no lock of an index: one that is locked at the full hour has its
 * hours, too.
 */
Datum
vecprov_wishes(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	vp_each_index(true, put_wish, fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
vecprov_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(vp_clock());
}
