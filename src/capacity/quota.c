/*-------------------------------------------------------------------------
 *
 * quota.c
 *	  Who may provision indexes, and how much: vecprov.provision, vecprov.quotas.
 *
 * The right is SET on the parameter vecprov.provision, which PostgreSQL has commands and
 * a catalogue for, and dumps; the value of the parameter means nothing.  It is asked of
 * the role that executes a change; what the change takes is charged to the owner of the
 * index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/transam.h"
#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/settings.h"
#include "base/wait_event.h"
#include "capacity/arithmetic.h"
#include "capacity/cached_rows.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/quota.h"
#include "capacity/rules.h"
#include "capacity/statement.h"

/* Milliseconds between two looks whether all databases were read, and how many looks. */
#define LOOK_EVERY	10
#define START_LOOKS	1000

enum
{
	QUOTA_ROLE,
	QUOTA_MEMORY_BYTES,
	QUOTA_UNITS
};

static const VpColumn quota_columns[] = {
	[QUOTA_ROLE] = {"role", REGROLEOID, true},
	[QUOTA_MEMORY_BYTES] = {"memory_bytes", INT8OID, true},
	[QUOTA_UNITS] = {"units", INT8OID, true}
};

/* A row of vecprov.quotas. */
typedef struct QuotaRow
{
	Oid			role;			/* InvalidOid: for all that have no row of
								 * their own */
	VpQuota		quota;
} QuotaRow;

static void
read_quota(const Datum *values, const bool *nulls, void *row)
{
	QuotaRow   *quota = row;

	if (!nulls[QUOTA_ROLE])
		quota->role = DatumGetObjectId(values[QUOTA_ROLE]);
	quota->quota.bytes = nulls[QUOTA_MEMORY_BYTES] ? PG_INT64_MAX :
		DatumGetInt64(values[QUOTA_MEMORY_BYTES]);
	quota->quota.units = nulls[QUOTA_UNITS] ? PG_INT64_MAX : DatumGetInt64(values[QUOTA_UNITS]);
}

static VpCachedRows quotas = {
	.table = "quotas",.columns = quota_columns,.ncolumns = lengthof(quota_columns),
	.row_bytes = sizeof(QuotaRow),.read = read_quota
};

void
vp_quota_get(Oid role, VpQuota *quota)
{
	const QuotaRow *rows = vp_cached_rows(&quotas);

	memset(quota, 0, sizeof(*quota));
	quota->bytes = quota->units = PG_INT64_MAX;
	for (int i = 0; i < quotas.nrows; i++)
	{
		if (rows[i].role == role || !OidIsValid(rows[i].role))
			*quota = rows[i].quota;
		if (rows[i].role == role)
			return;
	}
}

/* Does a change ask for anything that there was not before? */
static bool
asks_for_more(const VpWish *before, const VpWish *after)
{
	VpTier		old_tier;
	VpTier		new_tier;

	if (!VpIsProvisioned(after))
		return false;
	if (!VpIsProvisioned(before) || !vp_tier_find(before->tier, &old_tier) ||
		!vp_tier_find(after->tier, &new_tier))
		return true;
	return after->replicas > before->replicas || after->shards > before->shards ||
		(int64) after->replicas * new_tier.units > (int64) before->replicas * old_tier.units ||
		vp_capacity(after->shards, new_tier.shard_bytes) >
		vp_capacity(before->shards, old_tier.shard_bytes) ||
		(new_tier.keeps_vectors && !old_tier.keeps_vectors);
}

void
vp_quota_need_right(Oid role, const char *index)
{
	if (pg_parameter_aclcheck(VP_PROVISION_SETTING, role, ACL_SET) == ACLCHECK_OK)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to provision index \"%s\"", index),
			 errdetail("Only superusers and roles with SET on parameter \"%s\" may provision indexes.",
					   VP_PROVISION_SETTING),
			 errhint("A superuser can allow it: GRANT SET ON PARAMETER %s TO %s.",
					 VP_PROVISION_SETTING,
					 quote_identifier(GetUserNameFromId(role, false)))));
}

void
vp_quota_check_right(const VpWishChange *change, bool moved)
{
	if (moved || asks_for_more(&change->before, &change->after))
		vp_quota_need_right(vp_statement_user(), NameStr(change->name));
}

static void
explain(VpObstacle obstacle, const char *name, const VpCharge *charge, const VpQuota *quota,
		const VpQuota *others, VpComplaint *complaint)
{
	char	   *role = GetUserNameFromId(charge->owner, false);

	complaint->message = psprintf("quota of role \"%s\" does not allow index \"%s\"", role, name);
	complaint->hint = psprintf("Quotas are the rows of %s; "
							   "other indexes of the role can be released.",
							   vp_own_table_name("quotas"));
	switch (obstacle)
	{
		case VP_OBSTACLE_PLACES:
			complaint->message = psprintf("index \"%s\" cannot be provisioned besides all others",
										  name);
			complaint->detail = psprintf("The server has places for %d provisioned indexes, "
										 "and all are taken.", vp_max_provisioned);
			complaint->hint = "Increase vecprov.max_provisioned_indexes, "
				"or release another index.";
			break;
		case VP_OBSTACLE_BYTES:
			complaint->detail = psprintf("It needs %lld bytes of memory; the quota is %lld, of which "
										 "other indexes of the role on this server have %lld.",
										 (long long) charge->bytes, (long long) quota->bytes,
										 (long long) others->bytes);
			break;
		case VP_OBSTACLE_UNITS:
			complaint->detail = psprintf("It needs %lld units; the quota is %lld, of which "
										 "other indexes of the role on this server have %lld.",
										 (long long) charge->units, (long long) quota->units,
										 (long long) others->units);
			break;
		case VP_OBSTACLE_MEMORY:
			complaint->message = psprintf("memory cannot hold index \"%s\" besides all others", name);
			complaint->detail = psprintf("It needs %lld bytes; of %lld, which are %d %% of "
										 "shared_buffers, %lld are promised to other indexes "
										 "of this server, or just being asked for.",
										 (long long) charge->bytes, (long long) vp_memory_limit(),
										 VP_MEMORY_PERCENT, (long long) others->bytes);
			complaint->hint = "Increase shared_buffers, or release another index.";
			break;
		default:
			complaint->message = psprintf("index \"%s\" cannot be provisioned yet", name);
			complaint->detail = "The quota of its owner holds for all databases, and not all "
				"were read since the server started.";
			complaint->hint = "Try again in a moment.";
	}
}

/*
 * Charges the owner, within the quota and what memory holds for all.  False,
 * and *complaint is set, when there is no room for the charge; it is made all
 * the same if `force` is set, but not in spite of the memory.  Waits for a
 * server that has just started.
 */
static bool
charge_owner(Oid index, const char *name, const VpCharge *charge, int64 memory, bool force,
			 VpComplaint *complaint)
{
	VpQuota		quota;
	VpQuota		others;
	VpObstacle	obstacle;

	vp_quota_get(charge->owner, &quota);
	for (int i = 0;; i++)
	{
		obstacle = vp_charge_set(index, charge, &quota, memory, &others);
		if (obstacle != VP_OBSTACLE_UNREAD || i == START_LOOKS)
			break;
		(void) vp_wait(VP_WAIT_QUOTA, LOOK_EVERY);
		CHECK_FOR_INTERRUPTS();
	}
	if (obstacle == VP_OBSTACLE_NONE)
		return true;
	explain(obstacle, name, charge, &quota, &others, complaint);
	/* what is past the quota may be past the memory, too */
	if (force && obstacle != VP_OBSTACLE_MEMORY)
	{
		obstacle = vp_charge_set(index, charge, NULL, memory, &others);
		if (obstacle == VP_OBSTACLE_MEMORY)
			explain(obstacle, name, charge, &quota, &others, complaint);
	}
	complaint->memory = obstacle == VP_OBSTACLE_MEMORY;
	return false;
}

/* A suspended index has a place and promises no memory: that counts as one unit. */
VpCharge
vp_quota_charge_of(const VpWish *wish, bool decided, Oid owner, int64 bytes)
{
	VpTier		tier;
	int64		units = vp_tier_find(wish->tier, &tier) ? (int64) wish->replicas * tier.units : 0;
	VpCharge	charge = {0};

	charge.owner = owner;
	charge.bytes = wish->replicas > 0 ? bytes : 0;
	charge.units = decided ? 0 : Max(units, 1);
	return charge;
}

/*
 * The administrator's budget of units, for all owners together.  The charge
 * is there already, so of two changes at a time none passes that exceeds it.
 * An index that is created is warned about: it may come from a dump.
 */
static void
check_budget(const VpWishChange *change, const VpCharge *charge)
{
	VpCharge	before = vp_quota_charge_of(&change->before, change->was_decided, charge->owner, 0);
	bool		all_read;
	int64		others;
	char	   *message;
	char	   *detail;

	if (vp_units == 0 || charge->units == 0 || (VpIsProvisioned(&change->before) && charge->units <= before.units))
		return;
	for (int i = 0;; i++)
	{
		others = vp_charge_other_units(change->index, &all_read);
		if (all_read || i == START_LOOKS)
			break;
		(void) vp_wait(VP_WAIT_QUOTA, LOOK_EVERY);
		CHECK_FOR_INTERRUPTS();
	}
	if (charge->units <= vp_units - others)
		return;
	message = psprintf("vecprov.units does not allow index \"%s\"", NameStr(change->name));
	detail = psprintf("It needs %lld units; the server's budget is %d, of which other indexes have %lld.",
					  (long long) charge->units, vp_units, (long long) others);
	if (!change->created)
		vp_change_refuse(change, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, message, detail,
						 "Increase vecprov.units, or release another index.");
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg_internal("%s", message),
			 errdetail_internal("%s It is created all the same.", detail)));
}

void
vp_quota_charge(const VpWishChange *change, Relation rel, Oid owner, bool moved)
{
	bool		more = moved || asks_for_more(&change->before, &change->after);
	bool		force = !more || superuser_arg(vp_statement_user());
	VpComplaint complaint;
	VpCharge	charge;
	VpTier		tier;
	int64		bytes = 0;
	int64		memory = PG_INT64_MAX;

	/* of one that is partitioned there are only units */
	if (!VpIsProvisioned(&change->after) || (change->partitioned && change->is_decided))
	{
		vp_charge_drop(change->index);
		return;
	}
	if (rel != NULL && vp_tier_find(change->after.tier, &tier))
		bytes = vp_memory_need(rel, &tier);
	charge = vp_quota_charge_of(&change->after, change->is_decided, owner, bytes);
	if (rel != NULL && more && vp_change_of_memory(change))
		memory = vp_memory_limit();
	if (charge_owner(change->index, NameStr(change->name), &charge, memory, force, &complaint) || !more)
	{
		if (more)
			check_budget(change, &charge);
		return;
	}
	/* nobody is promised what is not there */
	if (!force || complaint.memory)
		vp_change_refuse(change, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, complaint.message,
						 complaint.detail, complaint.hint);
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg_internal("%s", complaint.message),
			 errdetail_internal("%s A superuser's change is made all the same.",
								complaint.detail),
			 errhint("%s", complaint.hint)));
	check_budget(change, &charge);
}

/*
 * The copies' quotas are rows that cannot be read from here, so no quota could be asked.  Does not
 * wait for catalogue readers: the statement has the database locked, where they are to come in.
 */
void
vp_quota_check_copy(const char *database)
{
	Oid			oid = database == NULL ? InvalidOid : get_database_oid(database, true);
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(oid));
	bool		was_read;
	bool		any;

	if (!HeapTupleIsValid(tuple))
		return;
	any = vp_charge_any(oid, &was_read);

	/*
	 * one that takes no connections may not have been read since the server
	 * started
	 */
	was_read &= ((Form_pg_database) GETSTRUCT(tuple))->datallowconn;
	ReleaseSysCache(tuple);

	/*
	 * the server's own databases are templates from its first moment on; at 0
	 * places nobody reads
	 */
	if (oid < FirstNormalObjectId || vp_max_provisioned == 0)
		was_read = true;
	if ((!any && was_read) || superuser_arg(vp_statement_user()))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to copy database \"%s\"", database),
			 any ? errdetail("Indexes in it are provisioned, which only superusers may copy.") :
			 errdetail("Indexes in it may be provisioned: it was not read since the server started."),
			 any ? errhint("Release the indexes, copy the database, and provision them again.") :
			 errhint("Let it take connections, and try again in a moment.")));
}

void
vp_quota_charge_copy(Oid index, const VpWish *wish, Oid owner)
{
	VpCharge	charge = vp_quota_charge_of(wish, false, owner, 0);
	VpQuota		others;

	if (VpIsProvisioned(wish))
		(void) vp_charge_set(index, &charge, NULL, PG_INT64_MAX, &others);
}

bool
vp_quota_charge_built(Relation rel, const VpWish *wish, int64 bytes, bool *warn,
					  VpComplaint *complaint)
{
	bool		decided = vp_decider(RelationGetRelid(rel)) != RelationGetRelid(rel);
	VpCharge	charge = vp_quota_charge_of(wish, decided, rel->rd_rel->relowner, bytes);

	if (superuser_arg(vp_statement_user()))
		*warn = true;
	return charge_owner(RelationGetRelid(rel), RelationGetRelationName(rel), &charge,
						PG_INT64_MAX, *warn, complaint);
}
