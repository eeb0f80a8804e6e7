/*-------------------------------------------------------------------------
 *
 * ledger.c
 *	  The ledger of changes and refusals, vecprov.changes.
 *
 * A change's row commits with the change.  A refusal is an error that takes its
 * transaction along, so its row is written by a background worker, which lives
 * as long as that takes; it gets what to write in a piece of shared memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/dsm.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/background.h"
#include "base/clock.h"
#include "base/debug_point.h"
#include "capacity/ledger.h"
#include "capacity/meter.h"
#include "capacity/own_object.h"
#include "capacity/own_sql.h"
#include "capacity/own_object.h"
#include "capacity/statement.h"

/* The background worker's main function. */
extern VP_EXPORT void vecprov_ledger_main(Datum arg);

/* How long the worker waits for a lock on the ledger: who waits for it may hold that. */
#define LOCK_TIMEOUT	"1s"

/* What a row is made of; given to the worker as it is. */
typedef struct Entry
{
	TimestampTz at;
	VpWishChange change;
	NameData	role;
	bool		refused;
	bool		dry_run;		/* not done */
	bool		by_policy;
	bool		idles;			/* no change: it is idle from now on, or not
								 * any more */
	bool		wakes;
	char		message[1024];	/* of a refusal, or a policy's reason; else
								 * empty */
} Entry;

const char *vp_ledger_policy = NULL;
bool		vp_ledger_silent = false;

bool
vp_change_of_tier(const VpWish *before, const VpWish *after)
{
	return strcmp(before->tier, after->tier) != 0;
}

bool
vp_change_of_scale(const VpWish *before, const VpWish *after)
{
	return VpIsProvisioned(before) && VpIsProvisioned(after) &&
		(before->shards != after->shards || before->replicas != after->replicas);
}

static char *
index_name(const VpWishChange *change)
{
	return quote_qualified_identifier(NameStr(change->schema), NameStr(change->name));
}

/*----------
 * Writing
 *----------
 */

const char *
vp_wish_text(const VpWish *wish)
{
	if (!VpIsProvisioned(wish))
		return "on demand";
	return psprintf("tier %s, shards %d, replicas %d", wish->tier, wish->shards, wish->replicas);
}

static void
log_entry(const Entry *entry)
{
	const VpWishChange *change = &entry->change;
	char	   *name = index_name(change);

	if (entry->refused)
		ereport(LOG_SERVER_ONLY,
				(errmsg("change of capacity of index %s refused to role \"%s\": %s",
						name, NameStr(entry->role), entry->message),
				 errdetail("Asked for: %s. It remains: %s.",
						   vp_wish_text(&change->after), vp_wish_text(&change->before)),
				 errhidestmt(true)));
	else if (change->dropped)
		ereport(LOG_SERVER_ONLY,
				(errmsg("index %s dropped by role \"%s\"", name, NameStr(entry->role)),
				 errdetail("Its capacity was: %s.", vp_wish_text(&change->before)),
				 errhidestmt(true)));
	else if (entry->idles || entry->wakes)
		ereport(LOG_SERVER_ONLY,
				(errmsg("index %s is %s: %s", name,
						entry->idles ? "idle" : "not idle any more", entry->message),
				 errhidestmt(true)));
	else if (entry->by_policy)
		ereport(LOG_SERVER_ONLY,
				(errmsg("capacity of index %s %s by its policy: %s", name,
						entry->dry_run ? "would be changed" : "changed", vp_wish_text(&change->after)),
				 errdetail("It was: %s. Reason: %s.", vp_wish_text(&change->before), entry->message),
				 errhidestmt(true)));
	else
		ereport(LOG_SERVER_ONLY,
				(errmsg("capacity of index %s %s by role \"%s\": %s", name,
						change->created ? "set" : "changed", NameStr(entry->role),
						vp_wish_text(&change->after)),
				 change->created ? 0 : errdetail("It was: %s.", vp_wish_text(&change->before)),
				 errhidestmt(true)));
}

/* Parameters of the INSERT. */
enum
{
	ROW_AT,
	ROW_INDEX,
	ROW_ACTION,
	ROW_OLD,					/* tier, shards, replicas */
	ROW_NEW = ROW_OLD + 3,
	ROW_ROLE = ROW_NEW + 3,
	ROW_MESSAGE,
	ROW_INDEX_OID,
	ROW_TABLE_OID,
	ROW_XACT,
	ROW_BY_POLICY,
	ROW_PARTITIONED,
	ROW_OLD_DECIDED,
	ROW_NEW_DECIDED,
	NROW
};

static const Oid row_types[NROW] = {
	TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, TEXTOID, INT4OID, INT4OID,
	NAMEOID, TEXTOID, OIDOID, OIDOID, XID8OID, BOOLOID, BOOLOID, BOOLOID, BOOLOID
};

static void
set_wish(Datum *values, char *nulls, int first, const VpWish *wish)
{
	if (!VpIsProvisioned(wish))
	{
		memset(nulls + first, 'n', 3);
		return;
	}
	values[first] = CStringGetTextDatum(wish->tier);
	values[first + 1] = Int32GetDatum(wish->shards);
	values[first + 2] = Int32GetDatum(wish->replicas);
}

static const char *
action_name(const Entry *entry)
{
	if (entry->refused)
		return "refusal";
	if (entry->dry_run)
		return "dry run";
	if (entry->idles || entry->wakes)
		return entry->idles ? "idle" : "wake";
	if (entry->change.dropped)
		return "drop";
	return entry->change.created ? "create" : "change";
}

static void
write_entry(const Entry *entry)
{
	const VpWishChange *change = &entry->change;
	Oid			types[NROW];
	Datum		values[NROW] = {0};
	char		nulls[NROW];
	VpOwnSql	sql;
	int			result;

	memcpy(types, row_types, sizeof(types));
	memset(nulls, ' ', sizeof(nulls));
	values[ROW_AT] = TimestampTzGetDatum(entry->at);
	values[ROW_INDEX] = CStringGetTextDatum(index_name(change));
	values[ROW_ACTION] = CStringGetTextDatum(action_name(entry));
	set_wish(values, nulls, ROW_OLD, &change->before);
	set_wish(values, nulls, ROW_NEW, &change->after);
	values[ROW_ROLE] = NameGetDatum(&entry->role);
	if (entry->message[0] != '\0')
		values[ROW_MESSAGE] = CStringGetTextDatum(entry->message);
	else
		nulls[ROW_MESSAGE] = 'n';
	values[ROW_INDEX_OID] = ObjectIdGetDatum(change->index);
	values[ROW_TABLE_OID] = ObjectIdGetDatum(change->table);
	values[ROW_XACT] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	values[ROW_BY_POLICY] = BoolGetDatum(entry->by_policy);
	values[ROW_PARTITIONED] = BoolGetDatum(change->partitioned);
	values[ROW_OLD_DECIDED] = BoolGetDatum(change->was_decided);
	values[ROW_NEW_DECIDED] = BoolGetDatum(change->is_decided);

	vp_own_sql_begin(&sql, "changes", RowExclusiveLock);
	result = SPI_execute_with_args(psprintf("INSERT INTO %s (\"at\", \"index\", action, old_tier, "
											"old_shards, old_replicas, new_tier, new_shards, "
											"new_replicas, \"role\", message, index_oid, "
											"table_oid, xact, by_policy, partitioned, old_decided, "
											"new_decided) VALUES ($1, $2, "
											"$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
											"$15, $16, $17, $18)",
											sql.name),
								   NROW, types, values, nulls, false, 0);
	if (result != SPI_OK_INSERT)
		elog(ERROR, "could not write to the ledger: %s", SPI_result_code_string(result));
	vp_own_sql_end(&sql);
}

static void
make_entry(Entry *entry, const VpWishChange *change, const char *message)
{
	memset(entry, 0, sizeof(*entry));
	entry->at = vp_clock();
	entry->change = *change;
	namestrcpy(&entry->role, GetUserNameFromId(vp_statement_user(), false));
	entry->by_policy = vp_ledger_policy != NULL;
	if (message == NULL)
		message = vp_ledger_policy;
	if (message != NULL)
		strlcpy(entry->message, message, sizeof(entry->message));
}

void
vp_ledger_change(const VpWishChange *change)
{
	Entry		entry;

	if (vp_ledger_silent)
		return;
	make_entry(&entry, change, NULL);
	write_entry(&entry);
	log_entry(&entry);
}

void
vp_ledger_dry_run(const VpWishChange *change, const char *why)
{
	Entry		entry;

	make_entry(&entry, change, why);
	entry.dry_run = entry.by_policy = true;
	write_entry(&entry);
	log_entry(&entry);
}

void
vp_ledger_idle(const VpWishChange *change, Oid owner, bool idle, const char *why)
{
	Entry		entry;

	make_entry(&entry, change, why);
	namestrcpy(&entry.role, GetUserNameFromId(owner, false));
	entry.by_policy = true;
	entry.idles = idle;
	entry.wakes = !idle;
	write_entry(&entry);
	log_entry(&entry);
}

/*----------
 * Refusals
 *----------
 */

void
vp_ledger_refusal(const VpWishChange *change, const char *message)
{
	Entry		refusal;
	dsm_segment *segment;
	BackgroundWorkerHandle *handle;

	if (vp_ledger_silent)
		return;
	make_entry(&refusal, change, message);
	refusal.refused = true;
	log_entry(&refusal);
	if (!vp_meter_may_write_refusal(change->created ? InvalidOid : change->index,
									vp_statement_user()))
		return;
	segment = dsm_create(sizeof(Entry), 0);
	memcpy(dsm_segment_address(segment), &refusal, sizeof(Entry));
	if (vp_job_start("vecprov ledger", "vecprov_ledger_main",
					 UInt32GetDatum(dsm_segment_handle(segment)), BGW_NEVER_RESTART, &handle))
		(void) WaitForBackgroundWorkerShutdown(handle);
	else
		ereport(LOG_SERVER_ONLY,
				(errmsg("could not start a background worker to write to the ledger"),
				 errhint("You might need to increase max_worker_processes."),
				 errhidestmt(true)));
	dsm_detach(segment);
}

void
vecprov_ledger_main(Datum arg)
{
	dsm_segment *segment;

	vp_job_connect();
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
	/* the client waits: not for a standby too */
	SetConfigOption("synchronous_commit", "local", PGC_SUSET, PGC_S_OVERRIDE);

	/*
	 * the client's transaction was not, or nothing would have been refused to
	 * it
	 */
	SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	/* NULL: the backend did not wait, it was cancelled */
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment != NULL)
	{
		/*
		 * no table: the extension is made by the very transaction that is
		 * refused
		 */
		if (OidIsValid(vp_own_table("changes")))
			write_entry(dsm_segment_address(segment));
		VP_POINT("ledger-written");
		dsm_detach(segment);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/*----------
 * Reading
 *----------
 */

/* The wish in columns column to column + 2 of a row that was read. */
static void
get_wish(HeapTuple tuple, TupleDesc desc, int column, VpWish *wish)
{
	char	   *tier = SPI_getvalue(tuple, desc, column);
	bool		isnull;

	memset(wish, 0, sizeof(*wish));
	if (tier == NULL)
		return;
	strlcpy(wish->tier, tier, sizeof(wish->tier));
	wish->shards = DatumGetInt32(SPI_getbinval(tuple, desc, column + 1, &isnull));
	wish->replicas = DatumGetInt32(SPI_getbinval(tuple, desc, column + 2, &isnull));
}

/* Runs the SELECT. */
static void
read_changes(const VpWishChange *change, const char *ledger)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID, XID8OID};
	Datum		values[] = {
		ObjectIdGetDatum(change->table), ObjectIdGetDatum(change->index),
		CStringGetTextDatum(index_name(change)),
		FullTransactionIdGetDatum(GetTopFullTransactionId())
	};

	/*
	 * REINDEX CONCURRENTLY leaves the name, which follows each RENAME
	 * (statement.c)
	 */
	(void) vp_own_sql_run(psprintf("SELECT \"at\"::timestamptz, old_tier::text, old_shards::int4, "
								   "old_replicas::int4, new_tier::text, new_shards::int4, "
								   "new_replicas::int4 FROM %s "
								   "WHERE action = 'change' AND NOT by_policy AND table_oid = $1 "
								   "AND (index_oid = $2 OR \"index\" = $3) AND xact <> $4 "
								   "ORDER BY 1", ledger),
						  lengthof(types), types, values, true);
}

/*
 * Goes on by a change: from how many replicas the index was suspended, 0 if it is not.  True: the
 * change gives it these back, and nothing else.
 */
static bool
resumes(const VpWish *before, const VpWish *after, int *suspended_from)
{
	bool		resumed = VpIsSuspended(before) && *suspended_from > 0 &&
	strcmp(before->tier, after->tier) == 0 && before->shards == after->shards &&
	after->replicas == *suspended_from;

	if (!VpIsProvisioned(after) || after->replicas > 0)
		*suspended_from = 0;
	else if (VpIsProvisioned(before) && before->replicas > 0)
		*suspended_from = before->replicas;
	return resumed;
}

/* The last change of a kind, 0: none; from how many replicas the index is suspended. */
static TimestampTz
last_change(const VpWishChange *change, VpChangeKind kind, int *suspended_from)
{
	TimestampTz last = 0;
	VpOwnSql	sql;

	vp_own_sql_begin(&sql, "changes", AccessShareLock);
	read_changes(change, sql.name);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		VpWish		before;
		VpWish		after;
		bool		isnull;
		TimestampTz at = DatumGetTimestampTz(SPI_getbinval(tuple, desc, 1, &isnull));

		get_wish(tuple, desc, 2, &before);
		get_wish(tuple, desc, 5, &after);
		if (!resumes(&before, &after, suspended_from) && !isnull && at > last &&
			kind(&before, &after))
			last = at;
	}
	vp_own_sql_end(&sql);
	return last;
}

TimestampTz
vp_ledger_last(const VpWishChange *change, VpChangeKind kind)
{
	int			suspended_from = 0;
	TimestampTz last = last_change(change, kind, &suspended_from);

	return resumes(&change->before, &change->after, &suspended_from) ? 0 : last;
}

bool
vp_ledger_is_idle(const VpWishChange *change)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID};
	Datum		values[] = {
		ObjectIdGetDatum(change->table), ObjectIdGetDatum(change->index),
		CStringGetTextDatum(index_name(change))
	};
	VpOwnSql	sql;
	bool		idle;

	vp_own_sql_begin(&sql, "changes", AccessShareLock);
	(void) vp_own_sql_run(psprintf("SELECT 1 FROM (SELECT action FROM %s WHERE table_oid = $1 AND "
								   "(index_oid = $2 OR \"index\" = $3) AND (action IN ('idle', 'wake') OR "
								   "action IN ('change', 'drop') AND new_tier IS NULL) "
								   "ORDER BY \"at\" DESC, xact DESC LIMIT 1) last WHERE action = 'idle'",
								   sql.name),
						  lengthof(types), types, values, true);
	idle = SPI_processed > 0;
	vp_own_sql_end(&sql);
	return idle;
}

bool
vp_ledger_is_own(const VpWishChange *change)
{
	Oid			types[] = {OIDOID, OIDOID};
	Datum		values[] = {ObjectIdGetDatum(change->table), ObjectIdGetDatum(change->index)};
	VpOwnSql	sql;
	bool		own;

	vp_own_sql_begin(&sql, "changes", AccessShareLock);
	(void) vp_own_sql_run(psprintf("SELECT 1 FROM (SELECT new_tier, new_decided FROM %s WHERE table_oid = $1 AND "
								   "index_oid = $2 AND action IN ('create', 'change') "
								   "ORDER BY \"at\" DESC, xact DESC LIMIT 1) last "
								   "WHERE new_tier IS NOT NULL AND NOT new_decided", sql.name),
						  lengthof(types), types, values, true);
	own = SPI_processed > 0;
	vp_own_sql_end(&sql);
	return own;
}
