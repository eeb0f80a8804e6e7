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

#include "access/xact.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/debug_point.h"
#include "base/settings.h"
#include "capacity/own_object.h"
#include "capacity/own_sql.h"
#include "capacity/usage.h"
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

/* Does an error pass by itself: somebody has a lock, or the extension is being dropped? */
static bool
passes(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE || sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlerrcode == ERRCODE_UNDEFINED_TABLE || sqlerrcode == ERRCODE_UNDEFINED_FUNCTION;
}

/*
 * Does one kind of work in a transaction of its own.  An error ends that work, is logged, and is
 * not in the way of the others.  Returns true if there was none.
 */
static bool
attempt(void (*work) (void))
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		work();
		PopActiveSnapshot();
		CommitTransactionCommand();
		done = true;
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		MemoryContextSwitchTo(context);
		/* a signal to end, and the like, are not for us to survive */
		if (code == ERRCODE_ADMIN_SHUTDOWN || code == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		if (!passes(code))
			EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	return done;
}

/*----------
 * Notifications
 *----------
 */

/*
 * An index's state is as given.  Is that news?  Not of one that is on demand,
 * which has no slot, nor of one whose state is known since the server
 * started.
 */
static bool
is_news(Oid index, const char *state)
{
	int			i = vp_slot_find(MyDatabaseId, index);
	VpSlot	   *slot;
	bool		news = false;

	if (i < 0)
		return false;
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	slot = &vp_registry->slots[i];
	if (slot->used && slot->definition.index == index && slot->definition.database == MyDatabaseId)
	{
		news = strcmp(slot->told, state) != 0;
		/* if this transaction fails, set_notices() takes it back */
		strlcpy(slot->told, state, sizeof(slot->told));
	}
	LWLockRelease(vp_registry->lock);
	return news;
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

/*
 * Sets whether states of this database are to be looked at.  Returns whether
 * one was.  If they are, none is taken for known: what was to be sent was not.
 */
static bool
set_notices(bool to)
{
	bool		due = false;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot	   *slot = &vp_registry->slots[i];

		if (slot->used && slot->definition.database == MyDatabaseId)
		{
			due |= slot->notice_due;
			slot->notice_due = to;
			if (to)
				slot->told[0] = '\0';
		}
	}
	LWLockRelease(vp_registry->lock);
	return due;
}

static void
notify(void)
{
	VpOwnSql	sql;
	int			n;
	char	  **payloads;
	MemoryContext context = CurrentMemoryContext;
	int			npayloads = 0;

	/* before they are looked at: what changes meanwhile is looked at again */
	if (!set_notices(false) || !OidIsValid(vp_own_table("indexes")))
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

		if (!is_news(DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull)), state))
			continue;
		text = payload(SPI_getvalue(tuple, desc, 2), state, SPI_getvalue(tuple, desc, 4));

		payloads[npayloads++] = MemoryContextStrdup(context, text);
	}
	vp_own_sql_end(&sql);
	for (int i = 0; i < npayloads; i++)
		Async_Notify(CHANNEL, payloads[i]);
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
	done = attempt(vp_usage_write);
	if (!attempt(notify))
		(void) set_notices(true);
	vp_policies_apply();
	if (done)
		vp_registry->supervised = MyDatabaseId;
}
