/*-------------------------------------------------------------------------
 *
 * ledger.c
 *	  The ledger of changes and refusals, vecprov_changes.
 *
 * A change's row commits with the change.  A refusal is an error that takes its
 * transaction along, so its row is written by a background worker, which lives
 * as long as that takes; it gets what to write in a piece of shared memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/dsm.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/background.h"
#include "capacity/ledger.h"
#include "capacity/tier.h"

/* The background worker's main function. */
extern VP_EXPORT void vecprov_ledger_main(Datum arg);

/* How long the worker waits for a lock on the ledger: who waits for it may hold that. */
#define LOCK_TIMEOUT	"1s"

/* Columns, in the order of sql/install/32_capacity_change.sql. */
enum
{
	LEDGER_AT = 1,
	LEDGER_INDEX,
	LEDGER_ACTION,
	LEDGER_OLD,					/* tier, shards, replicas */
	LEDGER_NEW = LEDGER_OLD + 3,
	LEDGER_ROLE = LEDGER_NEW + 3,
	LEDGER_MESSAGE,
	LEDGER_INDEX_OID,
	LEDGER_TABLE_OID,
	LEDGER_XACT,
	NLEDGER = LEDGER_XACT
};

/* What a row is made of; given to the worker as it is. */
typedef struct Entry
{
	TimestampTz at;
	VpWishChange change;
	NameData	role;
	char		message[1024];	/* of a refusal; else empty */
} Entry;

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

static void
set_wish(Datum *values, bool *nulls, int column, const VpWish *wish)
{
	bool		provisioned = VpIsProvisioned(wish);

	for (int i = 0; i < 3; i++)
		nulls[column - 1 + i] = !provisioned;
	if (!provisioned)
		return;
	values[column - 1] = CStringGetTextDatum(wish->tier);
	values[column] = Int32GetDatum(wish->shards);
	values[column + 1] = Int32GetDatum(wish->replicas);
}

static char *
wish_text(const VpWish *wish)
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

	if (entry->message[0] != '\0')
		ereport(LOG_SERVER_ONLY,
				(errmsg("change of capacity of index %s refused to role \"%s\": %s",
						name, NameStr(entry->role), entry->message),
				 errdetail("Asked for: %s. It remains: %s.",
						   wish_text(&change->after), wish_text(&change->before)),
				 errhidestmt(true)));
	else
		ereport(LOG_SERVER_ONLY,
				(errmsg("capacity of index %s %s by role \"%s\": %s", name,
						change->created ? "set" : "changed", NameStr(entry->role),
						wish_text(&change->after)),
				 change->created ? 0 : errdetail("It was: %s.", wish_text(&change->before)),
				 errhidestmt(true)));
}

/* By C, so that nobody needs the right to write to the ledger. */
static void
write_entry(const Entry *entry)
{
	const VpWishChange *change = &entry->change;
	bool		refused = entry->message[0] != '\0';
	Relation	rel = table_open(vp_own_table("vecprov_changes"), RowExclusiveLock);
	Datum		values[NLEDGER];
	bool		nulls[NLEDGER] = {0};
	HeapTuple	tuple;

	values[LEDGER_AT - 1] = TimestampTzGetDatum(entry->at);
	values[LEDGER_INDEX - 1] = CStringGetTextDatum(index_name(change));
	values[LEDGER_ACTION - 1] = CStringGetTextDatum(refused ? "refusal" :
													change->created ? "create" : "change");
	set_wish(values, nulls, LEDGER_OLD, &change->before);
	set_wish(values, nulls, LEDGER_NEW, &change->after);
	values[LEDGER_ROLE - 1] = NameGetDatum(&entry->role);
	nulls[LEDGER_MESSAGE - 1] = !refused;
	if (refused)
		values[LEDGER_MESSAGE - 1] = CStringGetTextDatum(entry->message);
	values[LEDGER_INDEX_OID - 1] = ObjectIdGetDatum(change->index);
	values[LEDGER_TABLE_OID - 1] = ObjectIdGetDatum(change->table);
	values[LEDGER_XACT - 1] = FullTransactionIdGetDatum(GetTopFullTransactionId());

	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	table_close(rel, RowExclusiveLock);
}

static void
make_entry(Entry *entry, const VpWishChange *change, const char *message)
{
	memset(entry, 0, sizeof(*entry));
	entry->at = GetCurrentTimestamp();
	entry->change = *change;
	namestrcpy(&entry->role, GetUserNameFromId(GetUserId(), false));
	if (message != NULL)
		strlcpy(entry->message, message, sizeof(entry->message));
}

void
vp_ledger_change(const VpWishChange *change)
{
	Entry		entry;

	make_entry(&entry, change, NULL);
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
	dsm_segment *segment = dsm_create(sizeof(Entry), 0);
	Entry	   *entry = dsm_segment_address(segment);
	BackgroundWorkerHandle *handle;

	make_entry(entry, change, message);
	log_entry(entry);
	if (vp_job_start("vecprov ledger", "vecprov_ledger_main",
					 UInt32GetDatum(dsm_segment_handle(segment)), BGW_NEVER_RESTART,
					 InvalidTransactionId, &handle))
		(void) WaitForBackgroundWorkerShutdown(handle);
	else
		ereport(LOG_SERVER_ONLY,
				(errmsg("could not start a background worker to write to vecprov_changes"),
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

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	/* NULL: the backend did not wait, it was cancelled */
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment != NULL)
	{
		/* no table: the extension is made by the very transaction that is refused */
		if (OidIsValid(vp_own_table("vecprov_changes")))
			write_entry(dsm_segment_address(segment));
		dsm_detach(segment);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/*----------
 * Reading
 *----------
 */

static void
get_wish(HeapTuple tuple, TupleDesc desc, int column, VpWish *wish)
{
	bool		isnull;
	Datum		tier = heap_getattr(tuple, column, desc, &isnull);

	memset(wish, 0, sizeof(*wish));
	if (isnull)
		return;
	strlcpy(wish->tier, TextDatumGetCString(tier), sizeof(wish->tier));
	wish->shards = DatumGetInt32(heap_getattr(tuple, column + 1, desc, &isnull));
	wish->replicas = DatumGetInt32(heap_getattr(tuple, column + 2, desc, &isnull));
}

/* Is a row of the table about a change of this index, of that kind, by an earlier transaction? */
static bool
is_earlier(HeapTuple tuple, TupleDesc desc, const VpWishChange *change, const char *name,
		   VpChangeKind kind)
{
	bool		isnull;
	FullTransactionId xact;
	VpWish		before;
	VpWish		after;

	if (strcmp(TextDatumGetCString(heap_getattr(tuple, LEDGER_ACTION, desc, &isnull)),
			   "change") != 0)
		return false;
	/* REINDEX CONCURRENTLY leaves the name, RENAME the OID */
	if (DatumGetObjectId(heap_getattr(tuple, LEDGER_INDEX_OID, desc, &isnull)) != change->index &&
		strcmp(TextDatumGetCString(heap_getattr(tuple, LEDGER_INDEX, desc, &isnull)), name) != 0)
		return false;
	xact = DatumGetFullTransactionId(heap_getattr(tuple, LEDGER_XACT, desc, &isnull));
	if (FullTransactionIdEquals(xact, GetTopFullTransactionId()))
		return false;
	get_wish(tuple, desc, LEDGER_OLD, &before);
	get_wish(tuple, desc, LEDGER_NEW, &after);
	return kind(&before, &after);
}

TimestampTz
vp_ledger_last(const VpWishChange *change, VpChangeKind kind)
{
	Relation	rel = table_open(vp_own_table("vecprov_changes"), AccessShareLock);
	Oid			by_table = vp_own_table("vecprov_changes_table_oid_idx");
	char	   *name = index_name(change);
	TimestampTz last = 0;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, LEDGER_TABLE_OID, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(change->table));
	scan = systable_beginscan(rel, by_table, OidIsValid(by_table), NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		TimestampTz at = DatumGetTimestampTz(heap_getattr(tuple, LEDGER_AT,
														  RelationGetDescr(rel), &isnull));

		if (at > last && is_earlier(tuple, RelationGetDescr(rel), change, name, kind))
			last = at;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return last;
}
