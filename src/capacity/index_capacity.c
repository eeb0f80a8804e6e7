/*-------------------------------------------------------------------------
 *
 * index_capacity.c
 *	  What an index may hold, and what it needs in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "capacity/arithmetic.h"
#include "capacity/index_capacity.h"
#include "capacity/ledger.h"
#include "capacity/memory.h"
#include "capacity/meter.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/quota.h"
#include "page/store.h"

static int64
limit_of(const VpWish *wish)
{
	VpTier		tier;

	/* in a binary upgrade our tables are empty, and so are all others */
	if (!VpIsProvisioned(wish) || IsBinaryUpgrade)
		return PG_INT64_MAX;
	vp_tier_get(wish->tier, &tier);
	return vp_capacity(wish->shards, tier.shard_bytes);
}

int64
vp_capacity_limit(Relation rel)
{
	VpWish		wish;

	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	return limit_of(&wish);
}

/*
 * That a change has committed can be known before the messages about it are sent: so neither the
 * relation cache is asked, nor a snapshot that was kept.
 */
int64
vp_capacity_limit_now(Relation rel)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	VpWish		wish;

	/* of tiers, too */
	AcceptInvalidationMessages();
	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationGetRelid(rel)));
	scan = systable_beginscan(catalog, ClassOidIndexId, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "could not find pg_class entry for index %u", RelationGetRelid(rel));
	vp_get_wish((VpOptions *) extractRelOptions(tuple, RelationGetDescr(catalog), vp_options), &wish);
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(catalog, AccessShareLock);
	return limit_of(&wish);
}

void
vp_capacity_refuse(const VpStore *store, uint32 size, const VpRoom *room)
{
	Relation	rel = store->rel;
	uint64		held;
	VpMeta		meta;
	VpWish		wish;
	VpTier		tier;

	vp_meta_read(rel, &meta);
	held = vp_held(&meta).bytes;
	if (room->replaces)
		size -= room->replaced;
	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	vp_tier_get(wish.tier, &tier);
	vp_meter_refusal(vp_meter_find(rel), VP_REFUSED_CAPACITY);
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("index \"%s\" has reached its capacity of %lld bytes",
					RelationGetRelationName(rel),
					(long long) room->holds),
			 errdetail("It holds %lld bytes, and the row needs %u. Shards of tier \"%s\": %d.",
					   (long long) held, size, wish.tier, wish.shards),
			 errhint("Set shards%s to %d or more, or delete rows and VACUUM the table.",
					 vp_decided_by(RelationGetRelid(rel)), vp_shards_needed(held + size, 0, tier.shard_bytes))));
}

/*
 * Refuses a new index, or warns of one that was there before.  message, detail and
 * hint: ready to be shown.
 */
static void
complain(Relation rel, int elevel, const char *message, const char *detail, const char *hint)
{
	if (elevel == ERROR)
	{
		VpWishChange change;

		memset(&change, 0, sizeof(change));
		change.index = RelationGetRelid(rel);
		change.table = rel->rd_index->indrelid;
		namestrcpy(&change.schema, get_namespace_name(RelationGetNamespace(rel)));
		change.name = rel->rd_rel->relname;
		change.created = true;
		vp_get_wish((VpOptions *) rel->rd_options, &change.after);
		vp_ledger_refusal(&change, message);
	}
	ereport(elevel,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg_internal("%s", message),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

void
vp_capacity_check(Relation rel, uint64 bytes, int elevel)
{
	int64		limit = vp_capacity_limit(rel);
	VpWish		wish;
	VpTier		tier;

	if (bytes <= limit)
		return;
	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	vp_tier_get(wish.tier, &tier);
	complain(rel, elevel,
			 psprintf("index \"%s\" needs a capacity of %llu bytes, not %lld",
					  RelationGetRelationName(rel), (unsigned long long) bytes, (long long) limit),
			 psprintf("A shard of tier \"%s\" holds %lld bytes.",
					  wish.tier, (long long) tier.shard_bytes),
			 psprintf("Set shards%s to %d or more.", vp_decided_by(RelationGetRelid(rel)),
					  vp_shards_needed(bytes, 0, tier.shard_bytes)));
}

void
vp_capacity_check_awake(Relation rel)
{
	VpWish		wish;
	Oid			decider;
	char	   *name;			/* as a statement names it now */

	if (rel->rd_options == NULL)
		return;
	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	if (!VpIsSuspended(&wish))
		return;
	vp_meter_refusal(vp_meter_find(rel), VP_REFUSED_SUSPENDED);
	decider = vp_decider(RelationGetRelid(rel));
	name = quote_qualified_identifier(RelationIsVisible(decider) ? NULL :
									  get_namespace_name(get_rel_namespace(decider)),
									  get_rel_name(decider));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("index \"%s\" is suspended", RelationGetRelationName(rel)),
			 errdetail("It has 0 replicas. Nothing is lost."),
			 errhint("To resume: SELECT vecprov_set_replicas(%s, 1).", quote_literal_cstr(name))));
}

void
vp_memory_check(Relation rel, const VpMeta *meta, BlockNumber nblocks, int elevel)
{
	VpWish		wish;
	VpTier		tier;
	VpMemory	memory;
	VpComplaint complaint;
	bool		warn = elevel < ERROR;

	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	if (wish.replicas == 0 || IsBinaryUpgrade)
		return;
	vp_tier_get(wish.tier, &tier);
	vp_memory_get(rel, &tier, &memory);
	memory.need = vp_memory_of(meta, nblocks, &tier);
	if (!VpMemoryHolds(&memory))
		complain(rel, WARNING,
				 psprintf("memory cannot hold index \"%s\" in tier \"%s\"",
						  RelationGetRelationName(rel), tier.name),
				 psprintf("%s It works like one on demand until memory holds it.",
						  vp_memory_detail(&memory)), vp_memory_hint(&memory));
	if (!vp_quota_charge_built(rel, &wish, memory.need, &warn, &complaint))
		complain(rel, warn ? WARNING : elevel, complaint.message, complaint.detail,
				 complaint.hint);
}
