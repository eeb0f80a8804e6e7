/*-------------------------------------------------------------------------
 *
 * supervisor.c
 *	  Does in one database what is due there by the clock, and ends: writes down the hours that are
 *	  over, sends notifications of states, applies policies.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/async.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "base/debug_point.h"
#include "base/settings.h"
#include "capacity/own_object.h"
#include "capacity/own_sql.h"
#include "capacity/usage.h"
#include "replica/attempt.h"
#include "replica/policies.h"
#include "replica/registry.h"
#include "replica/worker.h"

/* The channel of notifications. */
#define CHANNEL			"vecprov"

/*
 * Users come first.  Who waits for a lock that this process has, while it
 * waits for one of theirs (DROP EXTENSION locks everything there is), must
 * not be the one that is told of a deadlock.  So this process looks for one
 * at once, and gives up before others look.
 */
#define LOCK_TIMEOUT		"100ms"
#define DEADLOCK_TIMEOUT	"10ms"

/*----------
 * Notifications
 *----------
 */

/* What is known of a slot of this database when states are looked at. */
typedef struct Look
{
	Oid			index;
	uint32		changes;		/* that the look will have seen */
	char		told[VP_TOLD_BYTES];	/* state of the last notification */
	char		state[VP_TOLD_BYTES];	/* as it is; empty: not provisioned */
} Look;

typedef struct Looks
{
	Look	   *looks;
	int			n;
	bool		due;			/* of any */
} Looks;

/*
 * Notes the slots of this database and what was told of them. looks->looks
 * lives as long as the process.  Takes and releases the registry's lock,
 * share.
 */
static void
read_slots(Looks *looks)
{
	looks->looks = MemoryContextAllocZero(TopMemoryContext, vp_max_provisioned * sizeof(Look) + 1);
	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		const VpSlot *slot = &vp_registry->slots[i];
		Look	   *look = &looks->looks[looks->n];

		if (!slot->used || slot->definition.database != MyDatabaseId)
			continue;
		looks->n++;
		look->index = slot->definition.index;
		look->changes = slot->state_changes;
		strlcpy(look->told, slot->told, sizeof(look->told));
		looks->due |= slot->state_changes != slot->told_changes;
	}
	LWLockRelease(vp_registry->lock);
}

/*
 * The notifications have been committed, and are remembered.  A process that
 * ends before that leaves them due: a client may hear of a state twice, and
 * never not at all.  Takes and releases the registry's lock, exclusively.
 */
static void
remember(const Looks *looks)
{
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < looks->n; i++)
	{
		const Look *look = &looks->looks[i];
		int			at = vp_slot_find(MyDatabaseId, look->index);
		VpSlot	   *slot;

		if (at < 0)
			continue;
		slot = &vp_registry->slots[at];
		if (!slot->used || slot->definition.index != look->index ||
			slot->definition.database != MyDatabaseId)
			continue;
		slot->told_changes = look->changes;
		if (look->state[0] != '\0')
			strlcpy(slot->told, look->state, sizeof(slot->told));
	}
	LWLockRelease(vp_registry->lock);
}

/*
 * An index's state is as given.  Is that news?  Not of one that is on demand,
 * which has no slot, nor of one whose state is known since the server
 * started.
 */
static bool
is_news(Looks *looks, Oid index, const char *state)
{
	for (int i = 0; i < looks->n; i++)
	{
		Look	   *look = &looks->looks[i];

		if (look->index != index)
			continue;
		strlcpy(look->state, state, sizeof(look->state));
		return strcmp(look->told, look->state) != 0;
	}
	return false;
}

/* {"index": NAME, "state": STATE, "error": TEXT or null} */
static char *
payload(const char *index, const char *state, const char *error)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"index\": ");
	escape_json(&json, index);
	appendStringInfoString(&json, ", \"state\": ");
	escape_json(&json, state);
	appendStringInfoString(&json, ", \"error\": ");
	if (error == NULL)
		appendStringInfoString(&json, "null");
	else
		escape_json(&json, error);
	appendStringInfoChar(&json, '}');
	return json.data;
}

static void
notify(void *arg)
{
	Looks	   *looks = arg;
	VpOwnSql	sql;
	int			n;
	char	  **payloads;
	MemoryContext context = CurrentMemoryContext;
	int			npayloads = 0;

	/* before they are looked at: what changes meanwhile is looked at again */
	read_slots(looks);
	if (!looks->due || !OidIsValid(vp_own_table("indexes")))
		return;
	vp_own_sql_begin(&sql, "indexes", AccessShareLock);
	(void) vp_own_sql_run(psprintf("SELECT i.index::oid, format('%%I.%%I', n.nspname, c.relname), i.state, "
								   "i.error FROM %s i JOIN pg_class c ON c.oid = i.index "
								   "JOIN pg_namespace n ON n.oid = c.relnamespace "
								   "WHERE i.mode = 'provisioned' AND i.state IS NOT NULL", sql.name),
						  0, NULL, NULL, true);
	n = (int) SPI_processed;
	payloads = MemoryContextAlloc(context, Max(n, 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		char	   *state = SPI_getvalue(tuple, desc, 3);
		char	   *text;

		if (!is_news(looks, DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull)), state))
			continue;
		text = payload(SPI_getvalue(tuple, desc, 2), state, SPI_getvalue(tuple, desc, 4));

		payloads[npayloads++] = MemoryContextStrdup(context, text);
	}
	vp_own_sql_end(&sql);
	for (int i = 0; i < npayloads; i++)
		Async_Notify(CHANNEL, payloads[i]);
	VP_POINT("supervisor-looked");
	CHECK_FOR_INTERRUPTS();
}

/* Returns true if nothing is left to be told. */
static bool
send_notifications(void)
{
	Looks		looks = {0};

	if (vp_attempt(notify, &looks, NULL) != VP_ATTEMPT_DONE)
		return false;
	remember(&looks);
	return true;
}

static void
write_hours(void *arg)
{
	vp_usage_write();
}

void
vecprov_supervisor_main(Datum arg)
{
	bool		done;

	vp_worker_connect(DatumGetObjectId(arg));
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("deadlock_timeout", DEADLOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
	VP_POINT("supervisor-begun");
	done = vp_attempt(write_hours, NULL, NULL) == VP_ATTEMPT_DONE;
	if (send_notifications())
		vp_registry->notified = MyDatabaseId;
	vp_policies_apply();
	if (done)
		vp_registry->supervised = MyDatabaseId;
}
