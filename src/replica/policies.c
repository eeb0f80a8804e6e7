/*-------------------------------------------------------------------------
 *
 * policies.c
 *	  Applies the policies of a database.
 *
 * What a policy wants is decided in capacity/policy.c.  Here its index is looked at, and changed by
 * the same ALTER INDEX that its owner would type, as the owner, so that every rule, right and
 * quota holds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/as_owner.h"
#include "base/clock.h"
#include "base/settings.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/policy.h"
#include "capacity/quota.h"
#include "page/unfinished.h"
#include "replica/attempt.h"
#include "replica/idle.h"
#include "replica/load.h"
#include "replica/policies.h"
#include "replica/registry.h"

/*----------
 * Measuring
 *----------
 */

/*
 * Since when has a state lasted that was `before` (0: it was not there), and
 * is there now, or not?  What is known of `window` says so of all of it.
 */
static TimestampTz
lasting(bool is_there, TimestampTz before, TimestampTz now, int64 window)
{
	if (!is_there)
		return 0;
	return before != 0 && before <= now ? before : now - window;
}

/*
 * Looks at the load of an index that is not idle, and remembers since when it
 * is high or low.  While less is known than the window, or the definition is
 * younger, nothing is: what was measured then is of other replicas.  Takes and
 * releases the registry's lock, exclusively.
 */
static void
look_at_load(const VpPolicy *policy, Oid index, VpPolicyFacts *facts)
{
	int			i = vp_slot_find(MyDatabaseId, index);
	int64		up_window = Min(policy->up_after, VP_LOAD_WINDOW);
	bool		up_complete;
	bool		down_complete;
	double		down_busy;
	VpSlot		copy;
	VpSlot	   *slot;

	if (i < 0 || !vp_slot_copy(i, &copy) || copy.idle || copy.definition.index != index ||
		copy.definition.database != MyDatabaseId ||
		memcmp(&copy.definition.wish, &facts->wish, sizeof(VpWish)) != 0)
		return;
	facts->busy = vp_load_busiest(i, facts->wish.replicas, copy.definition.units, up_window, &up_complete);
	down_busy = vp_load_busiest(i, facts->wish.replicas, copy.definition.units, VP_LOAD_WINDOW,
								&down_complete);
	up_complete &= facts->now - up_window >= copy.changed;
	down_complete &= facts->now - VP_LOAD_WINDOW >= copy.changed;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	slot = &vp_registry->slots[i];
	if (slot->used && slot->definition.index == index && slot->changed == copy.changed)
	{
		slot->high_since = lasting(up_complete && vp_policy_is_high(policy, facts->busy),
								   slot->high_since, facts->now, up_window);
		slot->low_since = lasting(down_complete &&
								  vp_policy_is_low(policy, down_busy, facts->wish.replicas),
								  slot->low_since, facts->now, VP_LOAD_WINDOW);
		facts->high_since = slot->high_since;
		facts->low_since = slot->low_since;
	}
	LWLockRelease(vp_registry->lock);
}

/*
 * A step was made, or would have been: what comes next is measured anew.
 * Takes and releases the registry's lock, exclusively.
 */
static void
forget_load(Oid index)
{
	int			i = vp_slot_find(MyDatabaseId, index);

	VpSlot	   *slot;

	if (i < 0)
		return;
	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	slot = &vp_registry->slots[i];
	if (slot->used && slot->definition.index == index &&
		slot->definition.database == MyDatabaseId)
	{
		slot->high_since = slot->low_since = 0;
		slot->changed = vp_clock();
	}
	LWLockRelease(vp_registry->lock);
}

/* Bytes of an index's records.  False: it has no pages that can be read. */
static bool
get_bytes(Relation rel, int64 *bytes)
{
	VpIndexLook look;

	vp_index_look(rel, &look);
	if (look.sound)
		*bytes = (int64) vp_held(&look.meta).bytes;
	return look.sound;
}

/*
 * The same of the largest partition, since each may hold what its parent's
 * shards do.  Keeps AccessShareLock on the partitions that were looked at until
 * the transaction ends.
 */
static bool
get_largest(Oid parent, int64 *bytes)
{
	ListCell   *cell;

	*bytes = 0;
	foreach(cell, vp_leaf_indexes(parent))
	{
		Oid			index = lfirst_oid(cell);
		Relation	rel = NULL;
		int64		more = 0;
		bool		sound;

		if (ConditionalLockRelationOid(index, AccessShareLock))
			rel = try_relation_open(index, NoLock);
		if (rel == NULL && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(index)))
			return false;
		if (rel == NULL)
			continue;
		sound = get_bytes(rel, &more);
		relation_close(rel, NoLock);
		if (!sound)
			return false;
		*bytes = Max(*bytes, more);
	}
	return true;
}

/*
 * False: nothing can be decided, since the index has no tier that is known,
 * or no pages that can be read.
 */
static bool
get_facts(const VpPolicy *policy, Relation rel, const VpWishChange *change, VpPolicyFacts *facts)
{
	int			slot = vp_slot_find(MyDatabaseId, RelationGetRelid(rel));
	VpTier		tier;

	memset(facts, 0, sizeof(*facts));
	vp_get_wish((VpOptions *) rel->rd_options, &facts->wish);
	if (!VpIsProvisioned(&facts->wish) || !vp_tier_find(facts->wish.tier, &tier))
		return false;
	if (!(rel->rd_rel->relkind == RELKIND_PARTITIONED_INDEX ?
		  get_largest(RelationGetRelid(rel), &facts->bytes) : get_bytes(rel, &facts->bytes)))
		return false;
	facts->now = vp_clock();
	facts->shard_bytes = tier.shard_bytes;
	facts->last_change = vp_policy_last(change);
	facts->searched = slot >= 0 ? vp_idle_look(slot, RelationGetRelid(rel)) : facts->now;
	look_at_load(policy, RelationGetRelid(rel), facts);
	return true;
}

/*----------
 * Changing
 *----------
 */

/* The index is locked, and not open. */
static void
alter_index(Relation heap, const VpWishChange *change, const char *why)
{
	char	   *name = quote_qualified_identifier(NameStr(change->schema), NameStr(change->name));
	char	   *statement;
	int			expected = change->partitioned ? SPI_OK_SELECT : SPI_OK_UTILITY;
	VpAsOwner	as;

	if (change->partitioned)
		statement = psprintf("SELECT %s.vecprov_provision(%s, shards => %d, replicas => %d)",
							 quote_identifier(vp_own_schema()), quote_literal_cstr(name),
							 change->after.shards, change->after.replicas);
	else
		statement = psprintf("ALTER INDEX %s SET (shards = %d, replicas = %d)", name,
							 change->after.shards, change->after.replicas);
	vp_as_owner_begin(&as, heap, heap);
	vp_ledger_policy = why;
	if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(statement, false, 0) != expected)
		elog(ERROR, "could not execute \"%s\"", statement);
	SPI_finish();
	vp_ledger_policy = NULL;
	vp_as_owner_end(&as);
}

/*----------
 * Idle
 *----------
 */

/* The slot of which the transaction under way writes whether it is idle; -1: none. */
static int	written_slot = -1;
static Oid	written_index;
static bool written_idle;

/*
 * That transaction has committed.  Takes and releases the registry's lock,
 * exclusively.
 */
static void
mark_written(void)
{
	VpSlot	   *slot = &vp_registry->slots[written_slot];

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	if (slot->definition.index == written_index && slot->idle == written_idle)
		slot->in_ledger = true;
	LWLockRelease(vp_registry->lock);
}

/*
 * Writes down that the index is idle, and why, or that it is not any more,
 * unless the ledger says so or write_wakes() will.
 */
static void
write_idle(const VpPolicy *policy, const VpWishChange *change, int slot, const char *why)
{
	VpSlot		copy;

	if (!vp_slot_copy(slot, &copy) || copy.in_ledger || copy.woken != VP_WAKE_NONE)
		return;
	if (copy.idle != vp_ledger_is_idle(change))
		vp_ledger_idle(change, policy->role, copy.idle, copy.idle ? why : vp_wake_reason(VP_WAKE_NONE));
	written_slot = slot;
	written_idle = copy.idle;
	written_index = change->index;
}

/*
 * A policy that only tells does so once.  The registry's lock is released
 * before the ledger is written.
 */
static void
tell_idle(const VpWishChange *change, int number, const char *why)
{
	VpSlot	   *slot = &vp_registry->slots[number];
	bool		told = true;

	LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
	if (slot->definition.index == change->index)
	{
		told = slot->would_idle;
		slot->would_idle = true;
	}
	LWLockRelease(vp_registry->lock);
	if (!told)
		vp_ledger_dry_run(change, psprintf("%s: it would be idle", why));
}

/* Makes the index idle if that is what the policy wants. */
static void
mind_idle(const VpPolicy *policy, VpWishChange *change, const VpPolicyFacts *facts)
{
	int			slot = vp_slot_find(MyDatabaseId, change->index);
	char	   *why = NULL;
	bool		due;

	if (slot < 0 || policy->idle_after == 0)
		return;
	change->before = change->after = facts->wish;
	due = vp_policy_idles(policy, facts, &why);
	if (due && policy->dry_run)
		tell_idle(change, slot, why);
	else if (due)
		vp_idle_begin(slot, change->index);
	write_idle(policy, change, slot, why != NULL ? why : "no search");
}

/* Writes down that an index of this database was woken, if the ledger has that it was idle. */
static void
write_wake(void *arg)
{
	const VpSlot *slot = arg;
	VpWishChange change = {0};
	Oid			index = slot->definition.index;
	char	   *name = get_rel_name(index);

	if (name == NULL)
		return;
	change.index = index;
	change.table = IndexGetRelation(index, true);
	namestrcpy(&change.schema, get_namespace_name(get_rel_namespace(index)));
	namestrcpy(&change.name, name);
	change.before = change.after = slot->definition.wish;
	if (vp_ledger_is_idle(&change))
		vp_ledger_idle(&change, slot->definition.owner, false, vp_wake_reason(slot->woken));
}

/* Is there a policy that lets an index be idle? */
static bool
is_watched(const VpPolicy *policies, int n, Oid index)
{
	char	   *name = get_rel_name(index);
	char	   *schema = get_namespace_name(get_rel_namespace(index));

	if (name == NULL || schema == NULL)
		return true;			/* it is being dropped */
	for (int i = 0; i < n; i++)
		if (policies[i].idle_after > 0 && !policies[i].dry_run && strcmp(NameStr(policies[i].index), name) == 0 &&
			strcmp(NameStr(policies[i].schema), schema) == 0)
			return true;
	return false;
}

/*----------
 * A policy
 *----------
 */

/* A policy is its owner's, and of use only as long as he may provision. */
static void
check_owner(const VpPolicy *policy, Relation rel)
{
	if (rel->rd_rel->relowner != policy->role)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("index \"%s\" belongs to another role than its policy", RelationGetRelationName(rel)),
				 errhint("The new owner can set the policy anew.")));
	vp_quota_need_right(policy->role, RelationGetRelationName(rel));
}

/*
 * Does what the policy wants.  The caller has table and index locked, which
 * stay locked until the transaction ends.  Closes the index, since none that is
 * open can be altered.
 */
static void
apply_to(const VpPolicy *policy, Relation heap, Relation rel)
{
	VpWishChange change = {0};
	VpPolicyFacts facts;
	char	   *why;
	bool		known;
	bool		due;

	check_owner(policy, rel);
	vp_policy_check_decides(RelationGetRelid(rel));
	change.index = RelationGetRelid(rel);
	change.table = RelationGetRelid(heap);
	change.schema = policy->schema;
	change.name = policy->index;
	change.partitioned = rel->rd_rel->relkind == RELKIND_PARTITIONED_INDEX;
	known = get_facts(policy, rel, &change, &facts);
	due = known && vp_policy_decide(policy, &facts, &change.after, &why);
	relation_close(rel, NoLock);
	if (due)
	{
		change.before = facts.wish;
		if (policy->dry_run)
			vp_ledger_dry_run(&change, why);
		else
			alter_index(heap, &change, why);
		forget_load(change.index);
	}
	else if (known)
		mind_idle(policy, &change, &facts);
	/* an error is shown until the policy decides again */
	if (facts.last_change == 0 || facts.now - facts.last_change >= policy->change_interval)
		vp_policy_set_error(policy, NULL);
}

/*
 * Applies a policy to its index, in a transaction, at whose end table and index
 * are unlocked.  If the index does not exist, there is nothing to do.  If
 * somebody has it locked, it is left to the next look.
 */
static void
apply(void *arg)
{
	const VpPolicy *policy = arg;
	Oid			schema = get_namespace_oid(NameStr(policy->schema), true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid(NameStr(policy->index), schema) : InvalidOid;
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		ours = false;
	bool		partitioned = false;
	Oid			table;
	Relation	heap;
	Relation	rel;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		partitioned = form->relkind == RELKIND_PARTITIONED_INDEX;
		ours = (form->relkind == RELKIND_INDEX || partitioned) && OidIsValid(form->relam) &&
			form->relam == vp_own_am();
		ReleaseSysCache(tuple);
	}
	table = ours ? IndexGetRelation(relid, true) : InvalidOid;
	/* a change of a partitioned index locks its table first */
	if (!OidIsValid(table) ||
		!ConditionalLockRelationOid(table, partitioned ? ShareUpdateExclusiveLock : AccessShareLock))
		return;
	heap = try_table_open(table, NoLock);
	if (heap == NULL)
		return;
	/* what ALTER INDEX will take: the owner's change is over, or comes later */
	rel = ConditionalLockRelationOid(relid, ShareUpdateExclusiveLock) ?
		try_relation_open(relid, NoLock) : NULL;
	/* while there was no lock, it may have got another name */
	if (rel != NULL && RelationGetNamespace(rel) == schema &&
		strcmp(RelationGetRelationName(rel), NameStr(policy->index)) == 0)
		apply_to(policy, heap, rel);
	else if (rel != NULL)
		relation_close(rel, NoLock);
	table_close(heap, NoLock);
}

/*----------
 * All of them
 *----------
 */

typedef struct Policies
{
	VpPolicy   *policies;		/* in TopMemoryContext */
	int			n;
} Policies;

static void
read_all(void *arg)
{
	Policies   *all = arg;
	VpPolicy   *policies = vp_policies_read(&all->n);

	if (all->n == 0)
		return;
	all->policies = MemoryContextAlloc(TopMemoryContext, all->n * sizeof(VpPolicy));
	memcpy(all->policies, policies, all->n * sizeof(VpPolicy));
}

/* A policy, and what vecprov.policies is to show of it. */
typedef struct Shown
{
	const VpPolicy *policy;
	const char *error;
} Shown;

static void
show(void *arg)
{
	const Shown *shown = arg;

	vp_policy_set_error(shown->policy, shown->error);
}

/*
 * Writes down which indexes were woken.  What fails comes again.  Each in a
 * transaction of its own, before the registry's lock is taken.
 */
static void
write_wakes(void)
{
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot		copy;
		VpSlot	   *slot = &vp_registry->slots[i];

		if (!vp_slot_copy(i, &copy) || copy.definition.database != MyDatabaseId ||
			copy.woken == VP_WAKE_NONE || vp_attempt(write_wake, &copy, NULL) != VP_ATTEMPT_DONE)
			continue;
		LWLockAcquire(vp_registry->lock, LW_EXCLUSIVE);
		if (slot->definition.index == copy.definition.index)
		{
			slot->woken = VP_WAKE_NONE;
			slot->in_ledger = true;
		}
		LWLockRelease(vp_registry->lock);
	}
}

/* Wakes what is idle, and has no policy any more that wants that. */
static void
wake_unwatched(void *arg)
{
	const Policies *all = arg;

	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot		copy;

		if (vp_slot_copy(i, &copy) && copy.definition.database == MyDatabaseId && copy.idle &&
			!is_watched(all->policies, all->n, copy.definition.index))
			vp_idle_end(i, VP_WAKE_POLICY);
	}
}

void
vp_policies_apply(void)
{
	Policies	all = {0};

	if (vp_attempt(read_all, &all, NULL) != VP_ATTEMPT_DONE)
		return;
	(void) vp_attempt(wake_unwatched, &all, NULL);
	write_wakes();
	for (int i = 0; i < all.n; i++)
	{
		char	   *error = NULL;
		Shown		shown = {.policy = &all.policies[i]};
		VpAttempt	result;

		written_slot = -1;
		result = vp_attempt(apply, &all.policies[i], &error);
		vp_ledger_policy = NULL;
		if (result == VP_ATTEMPT_DONE && written_slot >= 0)
			mark_written();
		shown.error = error;
		if (result == VP_ATTEMPT_FAILED)
			(void) vp_attempt(show, &shown, NULL);
	}
}
