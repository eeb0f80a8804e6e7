/*-------------------------------------------------------------------------
 *
 * policy.c
 *	  Policies: how the server scales indexes by itself; see policy.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/loaded.h"
#include "capacity/cached_rows.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/own_sql.h"
#include "capacity/policy.h"
#include "capacity/quota.h"
#include "capacity/rights.h"

VP_SERVER_FUNCTION(vecprov_policy);

/* Seconds between two looks; so many of them fall into the time after which a replica is added. */
#define LOOK_INTERVAL		60
#define MIN_LOOK_INTERVAL	5
#define LOOKS_BEFORE_UP		5

/*----------
 * The rows
 *----------
 */

enum
{
	POLICY_SCHEMA,
	POLICY_INDEX,
	POLICY_ROLE,
	POLICY_MIN_REPLICAS,
	POLICY_MAX_REPLICAS,
	POLICY_BUSY,
	POLICY_MIN_SHARDS,
	POLICY_MAX_SHARDS,
	POLICY_FULLNESS,
	POLICY_UP_AFTER,
	POLICY_DOWN_AFTER,
	POLICY_CHANGE_INTERVAL,
	POLICY_DRY_RUN,
	POLICY_IDLE_AFTER,
	NWRITTEN,
	POLICY_ERROR = NWRITTEN,
	NPOLICY
};

static const VpColumn policy_columns[NPOLICY] = {
	{"schema", NAMEOID, false},
	{"index", NAMEOID, false},
	{"role", REGROLEOID, false},
	{"min_replicas", INT4OID, true},
	{"max_replicas", INT4OID, true},
	{"busy", FLOAT8OID, false},
	{"min_shards", INT4OID, true},
	{"max_shards", INT4OID, true},
	{"fullness", FLOAT8OID, false},
	{"up_after", INTERVALOID, false},
	{"down_after", INTERVALOID, false},
	{"change_interval", INTERVALOID, false},
	{"dry_run", BOOLOID, false},
	{"idle_after", INTERVALOID, true},
	{"error", TEXTOID, true}
};

/* Months have 30 days here, as when intervals are compared.  What is too long is for ever. */
static int64
interval_usecs(const Interval *interval)
{
	double		usecs = (double) interval->time +
	(interval->day + (double) interval->month * DAYS_PER_MONTH) * USECS_PER_DAY;

	return usecs >= (double) (PG_INT64_MAX / 4) ? PG_INT64_MAX / 4 : (int64) usecs;
}

static void
read_policy(const Datum *values, const bool *nulls, void *row)
{
	VpPolicy   *policy = row;

	policy->schema = *DatumGetName(values[POLICY_SCHEMA]);
	policy->index = *DatumGetName(values[POLICY_INDEX]);
	policy->role = DatumGetObjectId(values[POLICY_ROLE]);
	if (!nulls[POLICY_MIN_REPLICAS] && !nulls[POLICY_MAX_REPLICAS])
	{
		policy->min_replicas = DatumGetInt32(values[POLICY_MIN_REPLICAS]);
		policy->max_replicas = DatumGetInt32(values[POLICY_MAX_REPLICAS]);
	}
	policy->busy = DatumGetFloat8(values[POLICY_BUSY]);
	if (!nulls[POLICY_MIN_SHARDS] && !nulls[POLICY_MAX_SHARDS])
	{
		policy->min_shards = DatumGetInt32(values[POLICY_MIN_SHARDS]);
		policy->max_shards = DatumGetInt32(values[POLICY_MAX_SHARDS]);
	}
	policy->fullness = DatumGetFloat8(values[POLICY_FULLNESS]);
	policy->up_after = interval_usecs(DatumGetIntervalP(values[POLICY_UP_AFTER]));
	policy->down_after = interval_usecs(DatumGetIntervalP(values[POLICY_DOWN_AFTER]));
	policy->change_interval = interval_usecs(DatumGetIntervalP(values[POLICY_CHANGE_INTERVAL]));
	policy->dry_run = DatumGetBool(values[POLICY_DRY_RUN]);
	if (!nulls[POLICY_IDLE_AFTER])
		policy->idle_after = interval_usecs(DatumGetIntervalP(values[POLICY_IDLE_AFTER]));
	if (!nulls[POLICY_ERROR])
		strlcpy(policy->error, TextDatumGetCString(values[POLICY_ERROR]), sizeof(policy->error));
}

static VpCachedRows policies = {
	.table = "policies",.columns = policy_columns,.ncolumns = NPOLICY,
	.row_bytes = sizeof(VpPolicy),.read = read_policy
};

VpPolicy *
vp_policies_read(int *n)
{
	const VpPolicy *rows = vp_cached_rows(&policies);
	VpPolicy   *copy;

	*n = rows != NULL ? policies.nrows : 0;
	if (*n == 0)
		return NULL;
	copy = palloc(*n * sizeof(VpPolicy));
	memcpy(copy, rows, *n * sizeof(VpPolicy));
	return copy;
}

int
vp_policy_look_interval(void)
{
	const VpPolicy *rows = vp_cached_rows(&policies);
	int			interval = 0;

	for (int i = 0; rows != NULL && i < policies.nrows; i++)
	{
		int64		wanted = rows[i].up_after / LOOKS_BEFORE_UP / USECS_PER_SEC;

		if (rows[i].idle_after > 0)
			wanted = Min(wanted, rows[i].idle_after / LOOKS_BEFORE_UP / USECS_PER_SEC);
		wanted = Min(Max(wanted, MIN_LOOK_INTERVAL), LOOK_INTERVAL);
		if (interval == 0 || wanted < interval)
			interval = (int) wanted;
	}
	return interval;
}

/*----------
 * Deciding
 *----------
 */

bool
vp_policy_is_high(const VpPolicy *policy, double busy)
{
	return busy > policy->busy;
}

bool
vp_policy_is_low(const VpPolicy *policy, double busy, int replicas)
{
	return replicas > 1 && busy * replicas / (replicas - 1) < VP_POLICY_LOW * policy->busy;
}

/* "5 minutes", "90 seconds" */
static char *
duration(int64 usecs)
{
	int64		seconds = usecs / USECS_PER_SEC;

	if (seconds >= 2 * SECS_PER_HOUR && seconds % SECS_PER_HOUR == 0)
		return psprintf("%lld hours", (long long) (seconds / SECS_PER_HOUR));
	if (seconds >= 2 * SECS_PER_MINUTE && seconds % SECS_PER_MINUTE == 0)
		return psprintf("%lld minutes", (long long) (seconds / SECS_PER_MINUTE));
	return psprintf("%lld seconds", (long long) seconds);
}

/* The replicas that it wants; appends why. */
static int
decide_replicas(const VpPolicy *policy, const VpPolicyFacts *facts, StringInfo why)
{
	int			n = facts->wish.replicas;

	/* suspended: by the owner, who is to resume it */
	if (policy->max_replicas == 0 || n == 0)
		return n;
	if (n < policy->min_replicas)
	{
		appendStringInfo(why, "%d replicas are less than %d", n, policy->min_replicas);
		return policy->min_replicas;
	}
	if (n > policy->max_replicas)
	{
		appendStringInfo(why, "%d replicas are more than %d", n, policy->max_replicas);
		return policy->max_replicas;
	}
	if (n < policy->max_replicas && facts->high_since != 0 &&
		facts->now - facts->high_since >= policy->up_after)
	{
		appendStringInfo(why, "the busiest replica was more than %.0f %% busy for %s, now %.0f %%",
						 100 * policy->busy, duration(policy->up_after), 100 * facts->busy);
		return n + 1;
	}
	if (n > policy->min_replicas && facts->low_since != 0 &&
		facts->now - facts->low_since >= policy->down_after)
	{
		appendStringInfo(why, "%d replicas would have been less than %.0f %% busy for %s",
						 n - 1, 100 * VP_POLICY_LOW * policy->busy, duration(policy->down_after));
		return n - 1;
	}
	return n;
}

/* Shards that hold the records and are full to this part at most. */
static int
shards_for(int64 bytes, double fullness, int64 shard_bytes)
{
	double		shards = ceil(bytes / (fullness * shard_bytes));

	return (int) Min(Max(shards, 1), VP_MAX_SHARDS);
}

/*
 * The same of shards.  They are added at once: what comes next may be refused for want of room.
 */
static int
decide_shards(const VpPolicy *policy, const VpPolicyFacts *facts, StringInfo why)
{
	int			n = facts->wish.shards;
	double		fullness = (double) facts->bytes / ((double) n * facts->shard_bytes);
	int			wanted = n;

	if (policy->max_shards == 0)
		return n;
	if (fullness > policy->fullness)
		wanted = shards_for(facts->bytes, policy->fullness, facts->shard_bytes);
	else if (facts->now - facts->last_change >= policy->down_after)
		wanted = Min(n, shards_for(facts->bytes, VP_POLICY_LOW * policy->fullness, facts->shard_bytes));
	wanted = Min(Max(wanted, policy->min_shards), policy->max_shards);

	/*
	 * the bound must not take away what the records need: the rules would
	 * refuse it
	 */
	if (wanted < n && (double) facts->bytes > (double) wanted * facts->shard_bytes)
		return n;
	if (wanted == n)
		return n;
	if (why->len > 0)
		appendStringInfoString(why, "; ");
	appendStringInfo(why, "%d shards are %.0f %% full", n, 100 * fullness);
	return wanted;
}

bool
vp_policy_decide(const VpPolicy *policy, const VpPolicyFacts *facts, VpWish *wish, char **why)
{
	StringInfoData reason;

	*wish = facts->wish;
	if (!VpIsProvisioned(wish) ||
		(facts->last_change != 0 && facts->now - facts->last_change < policy->change_interval))
		return false;
	initStringInfo(&reason);
	wish->replicas = decide_replicas(policy, facts, &reason);
	wish->shards = decide_shards(policy, facts, &reason);
	*why = reason.data;
	return wish->replicas != facts->wish.replicas || wish->shards != facts->wish.shards;
}

bool
vp_policy_idles(const VpPolicy *policy, const VpPolicyFacts *facts, char **why)
{
	if (policy->idle_after == 0 || VpIsSuspended(&facts->wish) ||
		facts->now - facts->searched < policy->idle_after)
		return false;
	*why = psprintf("no search for %s", duration(policy->idle_after));
	return true;
}

/*----------
 * Its trace
 *----------
 */

TimestampTz
vp_policy_last(const VpWishChange *change)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID};
	Datum		values[] = {
		ObjectIdGetDatum(change->table), ObjectIdGetDatum(change->index),
		CStringGetTextDatum(quote_qualified_identifier(NameStr(change->schema), NameStr(change->name)))
	};
	VpOwnSql	sql;
	bool		isnull;
	TimestampTz last;

	vp_own_sql_begin(&sql, "changes", AccessShareLock);
	(void) vp_own_sql_run(psprintf("SELECT max(\"at\"::timestamptz) FROM %s WHERE table_oid = $1 AND "
								   "(index_oid = $2 OR \"index\" = $3) AND "
								   "(action = 'change' OR (by_policy AND action NOT IN ('idle', 'wake')))",
								   sql.name),
						  lengthof(types), types, values, true);
	last = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	if (isnull)
		last = 0;
	vp_own_sql_end(&sql);
	return last;
}

/* The statement alone, of no row, would have all sessions read the policies anew. */
void
vp_policy_set_error(const VpPolicy *policy, const char *error)
{
	Oid			types[] = {NAMEOID, NAMEOID, TEXTOID};
	Datum		values[] = {NameGetDatum(&policy->schema), NameGetDatum(&policy->index),
	CStringGetTextDatum(error != NULL ? error : "")};
	VpOwnSql	sql;

	if (strncmp(policy->error, error != NULL ? error : "", sizeof(policy->error) - 1) == 0)
		return;
	vp_own_sql_begin(&sql, "policies", RowExclusiveLock);
	(void) vp_own_sql_run(psprintf("UPDATE %s SET error = nullif($3, '') WHERE schema = $1 AND "
								   "\"index\" = $2", sql.name),
						  lengthof(types), types, values, false);
	vp_own_sql_end(&sql);
}

/*----------
 * vecprov_policy
 *----------
 */

/* The arguments, which are columns, too. */
enum
{
	ARG_INDEX,
	ARG_MIN_REPLICAS,
	ARG_MAX_REPLICAS,
	ARG_BUSY,
	ARG_MIN_SHARDS,
	ARG_MAX_SHARDS,
	ARG_FULLNESS,
	ARG_UP_AFTER,
	ARG_DOWN_AFTER,
	ARG_CHANGE_INTERVAL,
	ARG_DRY_RUN,
	ARG_IDLE_AFTER,
	NARGS
};

static void
check_bounds(FunctionCallInfo fcinfo, int from, const char *what, int most)
{
	int			low = PG_ARGISNULL(from) ? 0 : PG_GETARG_INT32(from);
	int			high = PG_ARGISNULL(from + 1) ? 0 : PG_GETARG_INT32(from + 1);

	if (PG_ARGISNULL(from) && PG_ARGISNULL(from + 1))
		return;
	if (PG_ARGISNULL(from) || PG_ARGISNULL(from + 1) || low < 1 || high < low || high > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid bounds of %s: %s to %s", what,
						PG_ARGISNULL(from) ? "null" : psprintf("%d", low),
						PG_ARGISNULL(from + 1) ? "null" : psprintf("%d", high)),
				 errdetail("Both must be given, from 1 to %d, the smaller one first.", most)));
}

static void
check_share(FunctionCallInfo fcinfo, int arg, const char *what)
{
	double		value;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
	value = PG_GETARG_FLOAT8(arg);
	if (!(value > 0 && value <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: %g", what, value),
				 errdetail("It must be greater than 0, and at most 1.")));
}

static void
check_interval(FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
	if (interval_usecs(PG_GETARG_INTERVAL_P(arg)) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative", what)));
}

/* Pages are read again when it is over: nothing for moments. */
static void
check_idle_after(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(ARG_IDLE_AFTER) &&
		interval_usecs(PG_GETARG_INTERVAL_P(ARG_IDLE_AFTER)) < USECS_PER_MINUTE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("idle_after must be at least one minute")));
}

static void
check_policy(FunctionCallInfo fcinfo)
{
	check_bounds(fcinfo, ARG_MIN_REPLICAS, "replicas", VP_MAX_REPLICAS);
	check_bounds(fcinfo, ARG_MIN_SHARDS, "shards", VP_MAX_SHARDS);
	check_share(fcinfo, ARG_BUSY, "busy");
	check_share(fcinfo, ARG_FULLNESS, "fullness");
	check_interval(fcinfo, ARG_UP_AFTER, "up_after");
	check_interval(fcinfo, ARG_DOWN_AFTER, "down_after");
	check_interval(fcinfo, ARG_CHANGE_INTERVAL, "change_interval");
	check_idle_after(fcinfo);
	if (PG_ARGISNULL(ARG_DRY_RUN))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("dry_run must not be null")));
}

static void
delete_policy(Name schema, Name index)
{
	Oid			types[] = {NAMEOID, NAMEOID};
	Datum		values[] = {NameGetDatum(schema), NameGetDatum(index)};
	VpOwnSql	sql;

	vp_own_sql_begin(&sql, "policies", RowExclusiveLock);
	(void) vp_own_sql_run(psprintf("DELETE FROM %s WHERE schema = $1 AND \"index\" = $2", sql.name),
						  lengthof(types), types, values, false);
	vp_own_sql_end(&sql);
}

static void
write_policy(FunctionCallInfo fcinfo, Name schema, Name index, Oid owner)
{
	Oid			types[NWRITTEN];
	Datum		values[NWRITTEN];
	char		nulls[NWRITTEN];
	VpOwnSql	sql;

	for (int i = 0; i < NWRITTEN; i++)
	{
		types[i] = policy_columns[i].type;
		nulls[i] = ' ';
	}
	values[POLICY_SCHEMA] = NameGetDatum(schema);
	values[POLICY_INDEX] = NameGetDatum(index);
	values[POLICY_ROLE] = ObjectIdGetDatum(owner);
	for (int i = ARG_MIN_REPLICAS; i < NARGS; i++)
	{
		int			column = i - ARG_MIN_REPLICAS + POLICY_MIN_REPLICAS;

		values[column] = PG_GETARG_DATUM(i);
		nulls[column] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	vp_own_sql_begin(&sql, "policies", RowExclusiveLock);
	if (SPI_execute_with_args(psprintf("INSERT INTO %s (schema, \"index\", role, min_replicas, max_replicas, busy, "
									   "min_shards, max_shards, fullness, up_after, down_after, "
									   "change_interval, dry_run, idle_after) VALUES ($1, $2, $3, $4, $5, $6, "
									   "$7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (schema, \"index\") DO UPDATE SET "
									   "role = $3, min_replicas = $4, max_replicas = $5, busy = $6, "
									   "min_shards = $7, max_shards = $8, fullness = $9, up_after = $10, "
									   "down_after = $11, change_interval = $12, dry_run = $13, "
									   "idle_after = $14, error = NULL",
									   sql.name),
							  NWRITTEN, types, values, nulls, false, 0) < 0)
		elog(ERROR, "could not write the policy of index \"%s\"", NameStr(*index));
	vp_own_sql_end(&sql);
}

void
vp_policy_check_decides(Oid index)
{
	Oid			decider = vp_decider(index);

	if (decider != index)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("capacity of index \"%s\" is that of partitioned index \"%s\"",
						get_rel_name(index), get_rel_name(decider)),
				 errhint("Release the partitioned index, or detach the partition.")));
}

/* Partitions share seats, and the search of one would have to wake them all. */
static void
check_idles(Oid index)
{
	if (vp_is_partitioned(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" is the index of a partitioned table, which cannot be idle", get_rel_name(index))));
}

/*
 * Without bounds and idle_after it deletes the policy, for which to own the
 * index is enough.  Locks the table and the index until the transaction ends:
 * so the index keeps its name and its owner, or is gone for good.
 */
Datum
vecprov_policy(PG_FUNCTION_ARGS)
{
	NameData	schema;
	NameData	index;
	Relation	heap;
	Relation	rel;

	if (PG_ARGISNULL(ARG_INDEX))
		PG_RETURN_NULL();
	vp_right_open_any(PG_GETARG_OID(ARG_INDEX), VP_RIGHT_OWN, AccessShareLock, &heap, &rel);
	/* what ALTER INDEX RENAME takes */
	LockRelationOid(RelationGetRelid(rel), ShareUpdateExclusiveLock);
	namestrcpy(&schema, get_namespace_name(RelationGetNamespace(rel)));
	namestrcpy(&index, RelationGetRelationName(rel));
	if (PG_ARGISNULL(ARG_MIN_REPLICAS) && PG_ARGISNULL(ARG_MAX_REPLICAS) &&
		PG_ARGISNULL(ARG_MIN_SHARDS) && PG_ARGISNULL(ARG_MAX_SHARDS) && PG_ARGISNULL(ARG_IDLE_AFTER))
		delete_policy(&schema, &index);
	else
	{
		vp_policy_check_decides(RelationGetRelid(rel));
		vp_quota_need_right(GetUserId(), NameStr(index));
		check_policy(fcinfo);
		if (!PG_ARGISNULL(ARG_IDLE_AFTER))
			check_idles(RelationGetRelid(rel));
		write_policy(fcinfo, &schema, &index, rel->rd_rel->relowner);
	}
	relation_close(rel, NoLock);
	table_close(heap, NoLock);
	PG_RETURN_VOID();
}
