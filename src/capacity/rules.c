/*-------------------------------------------------------------------------
 *
 * rules.c
 *	  Which changes of capacity are allowed; the rules of README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/settings.h"
#include "capacity/arithmetic.h"
#include "capacity/follow.h"
#include "capacity/index_state.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/rules.h"
#include "page/store.h"
#include "page/unfinished.h"

void
vp_change_refuse(const VpWishChange *change, int sqlstate, const char *message,
				 const char *detail, const char *hint)
{
	vp_ledger_refusal(change, message);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0));
}

/* Bytes of records in the index; of a damaged one, of its file. */
static int64
index_bytes(Relation rel)
{
	VpIndexLook look;

	if (rel == NULL)
		return 0;
	vp_index_look(rel, &look);
	return look.sound ? (int64) vp_held(&look.meta).bytes : (int64) look.nblocks * BLCKSZ;
}

/* Rules 3 and 4. */
static void
check_interval(const VpWishChange *change, VpChangeKind kind, const char *what,
			   int seconds, const char *setting)
{
	TimestampTz last;
	TimestampTz allowed;

	/*
	 * a policy has an interval of its own; a partition's is asked of its
	 * parent
	 */
	if (change->created || vp_ledger_policy != NULL || vp_following || !kind(&change->before, &change->after))
		return;
	last = vp_ledger_last(change, kind);
	allowed = last + seconds * USECS_PER_SEC;
	if (last == 0 || vp_clock() >= allowed)
		return;
	/* timestamptz_to_str has one buffer */
	vp_change_refuse(change, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
					 psprintf("%s of index \"%s\" cannot be changed before %s",
							  what, NameStr(change->name), timestamptz_to_str(allowed)),
					 psprintf("The last change was at %s; %s is %s.", timestamptz_to_str(last),
							  setting, GetConfigOptionByName(setting, NULL, false)),
					 NULL);
}

/*
 * From now on there is so much room for all, those who are writing too, unless this transaction
 * aborts.  False: the index holds more.  A damaged one is not written to.
 */
static bool
bound_writers(Relation rel, int64 capacity, int64 *bytes)
{
	VpIndexLook look;
	VpStore		store;
	uint64		held;
	bool		fits;

	*bytes = index_bytes(rel);
	if (rel == NULL)
		return true;
	vp_index_look(rel, &look);
	if (!look.sound)
		return *bytes <= capacity;
	vp_store_init(&store, rel, &look.meta);
	fits = vp_bound_set(&store, capacity, &held);
	*bytes = (int64) held;
	return fits;
}

/* Rule 5: only what takes room away is refused; who is over it may still change other things. */
static void
check_storage(const VpWishChange *change, const VpTier *tier, Relation rel)
{
	int64		capacity = vp_capacity(change->after.shards, tier->shard_bytes);
	VpTier		old_tier;
	int64		bytes;

	if (VpIsProvisioned(&change->before) && vp_tier_find(change->before.tier, &old_tier) &&
		vp_capacity(change->before.shards, old_tier.shard_bytes) <= capacity)
		return;
	if (bound_writers(rel, capacity, &bytes))
		return;
	vp_change_refuse(change, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
					 psprintf("index \"%s\" needs at least %d shards of tier \"%s\", not %d",
							  NameStr(change->name), vp_shards_needed(bytes, 0, tier->shard_bytes),
							  tier->name, change->after.shards),
					 psprintf("It holds %lld bytes, a shard of the tier %lld.",
							  (long long) bytes, (long long) tier->shard_bytes),
					 NULL);
}

bool
vp_change_of_memory(const VpWishChange *change)
{
	return change->after.replicas > 0 &&
		(change->before.replicas == 0 || vp_change_of_tier(&change->before, &change->after));
}

/* Rule 6: what is promised already may be changed in other ways. */
static void
check_memory(const VpWishChange *change, const VpTier *tier, Relation rel)
{
	VpMemory	memory;

	if (rel == NULL || !vp_change_of_memory(change))
		return;
	vp_memory_get(rel, tier, &memory);
	if (!VpMemoryHolds(&memory))
		vp_change_refuse(change, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
						 psprintf("memory cannot hold index \"%s\" in tier \"%s\"",
								  NameStr(change->name), tier->name),
						 vp_memory_detail(&memory), vp_memory_hint(&memory));
}

void
vp_rules_check(const VpWishChange *change, Relation rel, bool temporary)
{
	const bool	provisioned = VpIsProvisioned(&change->after);
	VpTier		tier;

	if (provisioned)
	{
		if (temporary)
			vp_change_refuse(change, ERRCODE_FEATURE_NOT_SUPPORTED,
							 psprintf("temporary index \"%s\" cannot be provisioned", NameStr(change->name)),
							 NULL, NULL);
		if (!vp_tier_find(change->after.tier, &tier))
			vp_change_refuse(change, ERRCODE_UNDEFINED_OBJECT,
							 psprintf("tier \"%s\" does not exist", change->after.tier),
							 NULL, psprintf("Tiers are the rows of %s.",
											vp_own_table_name("tiers")));
	}
	check_interval(change, vp_change_of_tier, "tier or mode", vp_tier_change_interval,
				   "vecprov.tier_change_interval");
	check_interval(change, vp_change_of_scale, "shards and replicas", vp_scale_change_interval,
				   "vecprov.scale_change_interval");
	if (!provisioned)
		return;
	check_storage(change, &tier, rel);
	check_memory(change, &tier, rel);
}

void
vp_rules_advise(const VpWishChange *change, Relation rel)
{
	VpTier		tier;
	VpMemory	memory;
	double		in_storage;
	double		in_memory;
	int64		bytes = index_bytes(rel);

	if (!VpIsProvisioned(&change->after))
		return;
	vp_tier_get(change->after.tier, &tier);
	vp_memory_get(rel, &tier, &memory);
	in_storage = vp_fullness(bytes, vp_capacity(change->after.shards, tier.shard_bytes));
	in_memory = vp_fullness(memory.need, memory.limit - memory.promised);
	if (Max(in_storage, in_memory) < VP_ADVISED_FULLNESS)
		return;
	ereport(NOTICE,
			(errmsg("index \"%s\" is %.0f %% full", NameStr(change->name),
					100 * Max(in_storage, in_memory)),
			 errdetail("Storage: %.0f %%, memory: %.0f %%.", 100 * in_storage, 100 * in_memory),
			 in_storage >= VP_ADVISED_FULLNESS ?
			 errhint("Set shards%s to %d.", vp_decided_by(change->index), vp_advised_shards(bytes, change->after.shards, &tier)) :
			 errhint("Set shared_buffers to %lld MB or more.",
					 (long long) vp_memory_advised(&memory, VP_ADVISED_FULLNESS))));
}
