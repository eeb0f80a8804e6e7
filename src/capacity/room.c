/*-------------------------------------------------------------------------
 *
 * room.c
 *	  What an index may hold, and what it needs in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "capacity/arithmetic.h"
#include "capacity/ledger.h"
#include "capacity/meter.h"
#include "capacity/own_object.h"
#include "capacity/quota.h"
#include "capacity/room.h"
#include "page/store.h"

int64
vp_room_limit(Relation rel)
{
	VpWish		wish;
	VpTier		tier;

	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	/* in a binary upgrade our tables are empty, and so are all others */
	if (!VpIsProvisioned(&wish) || IsBinaryUpgrade)
		return PG_INT64_MAX;
	vp_tier_get(wish.tier, &tier);
	return vp_capacity(wish.shards, tier.shard_bytes);
}

void
vp_room_refuse(const VpStore *store, uint32 size)
{
	Relation	rel = store->rel;
	uint32		records;
	uint64		held;
	VpWish		wish;
	VpTier		tier;

	vp_store_totals(store, &records, &held);
	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	vp_tier_get(wish.tier, &tier);
	vp_meter_refusal(vp_meter_find(rel), VP_REFUSED_CAPACITY);
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("index \"%s\" has reached its capacity of %lld bytes",
					RelationGetRelationName(rel),
					(long long) vp_capacity(wish.shards, tier.shard_bytes)),
			 errdetail("It holds %lld bytes, and the row needs %u. Shards of tier \"%s\": %d.",
					   (long long) held, size, wish.tier, wish.shards),
			 errhint("Set shards to %d or more, or delete rows and VACUUM the table.",
					 vp_shards_needed(held + size, 0, tier.shard_bytes))));
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
vp_room_check(Relation rel, uint64 bytes, int elevel)
{
	int64		limit = vp_room_limit(rel);
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
			 psprintf("Set shards to %d or more.",
					  vp_shards_needed(bytes, 0, tier.shard_bytes)));
}

void
vp_room_check_awake(Relation rel)
{
	VpWish		wish;
	char	   *name;			/* as a statement names it now */

	if (rel->rd_options == NULL)
		return;
	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	if (!VpIsSuspended(&wish))
		return;
	vp_meter_refusal(vp_meter_find(rel), VP_REFUSED_SUSPENDED);
	name = quote_qualified_identifier(RelationIsVisible(RelationGetRelid(rel)) ? NULL :
									  get_namespace_name(RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("index \"%s\" is suspended", RelationGetRelationName(rel)),
			 errdetail("It has 0 replicas. Nothing is lost."),
			 errhint("To resume: SELECT vecprov_set_replicas(%s, 1).", quote_literal_cstr(name))));
}

/* A concurrent build makes an index known before it has pages. */
void
vp_index_look(Relation rel, VpIndexLook *look)
{
	memset(look, 0, sizeof(*look));
	if (RELATION_IS_OTHER_TEMP(rel) ||
		(RecoveryInProgress() && rel->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED))
		return;
	look->problem = vp_meta_try(rel, &look->meta, &look->nblocks);
	look->sound = look->problem == NULL;
	if (look->nblocks == 0 && !rel->rd_index->indisvalid)
		look->problem = NULL;
}

/*
 * Bytes that a tier promises to keep in memory of an index as it is; of a damaged one, whose
 * layout is not known, all of its file.
 */
int64
vp_memory_need(Relation rel, const VpTier *tier)
{
	VpIndexLook look;
	VpGeometry	geo;

	vp_index_look(rel, &look);
	if (look.sound && !tier->keeps_vectors)
	{
		vp_geometry_init(&geo, &look.meta);
		look.nblocks = vp_search_blocks(&geo, look.nblocks);
	}
	return (int64) look.nblocks * BLCKSZ;
}

/* An index that is valid: others are being made, or left over. */
static bool
is_valid(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(relid));
	bool		valid;

	if (!HeapTupleIsValid(tuple))
		return false;
	valid = ((Form_pg_index) GETSTRUCT(tuple))->indisvalid;
	ReleaseSysCache(tuple);
	return valid;
}

void
vp_each_index(bool partitioned, VpIndexCall call, void *arg)
{
	Oid			am = vp_own_am();
	Relation	classes;
	SysScanDesc scan;
	HeapTuple	tuple;

	/* where the extension is not there, nor are indexes of it */
	if (!OidIsValid(am))
		return;
	classes = table_open(RelationRelationId, AccessShareLock);
	scan = systable_beginscan(classes, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
		VpOptions  *options;
		VpWish		wish;

		if (form->relam != am || (form->relkind != RELKIND_INDEX &&
								 (!partitioned || form->relkind != RELKIND_PARTITIONED_INDEX)))
			continue;
		options = (VpOptions *) extractRelOptions(tuple, RelationGetDescr(classes), vp_options);
		vp_get_wish(options, &wish);
		if (options != NULL)
			pfree(options);
		call(form, &wish, arg);
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
}

typedef struct Promises
{
	Oid			except;
	int64		bytes;
} Promises;

/*
 * Adds what is promised to an index.  Whoever has it locked exclusively builds or
 * drops it: we do not wait for that.
 */
static void
add_promise(Form_pg_class form, const VpWish *wish, void *arg)
{
	Promises   *promises = arg;
	VpTier		tier;
	Relation	rel;

	if (form->oid == promises->except || wish->replicas == 0 ||
		!vp_tier_find(wish->tier, &tier) || !is_valid(form->oid) ||
		!ConditionalLockRelationOid(form->oid, AccessShareLock))
		return;
	rel = try_relation_open(form->oid, NoLock);
	if (rel != NULL)
	{
		promises->bytes += vp_memory_need(rel, &tier);
		relation_close(rel, NoLock);
	}
	UnlockRelationOid(form->oid, AccessShareLock);
}

void
vp_memory_get(Relation rel, const VpTier *tier, VpMemory *memory)
{
	Promises	promises = {.except = RelationGetRelid(rel)};

	vp_each_index(false, add_promise, &promises);
	memory->need = vp_memory_need(rel, tier);
	memory->promised = promises.bytes;
	memory->limit = (int64) NBuffers * BLCKSZ / 100 * VP_MEMORY_PERCENT;
}

int64
vp_memory_advised(const VpMemory *memory, double fullness)
{
	double		bytes = (memory->need / fullness + memory->promised) / VP_MEMORY_PERCENT * 100;

	return (int64) (bytes / (1024 * 1024)) + 1;
}

char *
vp_memory_detail(const VpMemory *memory)
{
	return psprintf("It needs %lld bytes; of %lld, which are %d %% of shared_buffers, "
					"%lld are promised to other indexes.",
					(long long) memory->need, (long long) memory->limit, VP_MEMORY_PERCENT,
					(long long) memory->promised);
}

char *
vp_memory_hint(const VpMemory *memory)
{
	return psprintf("Set shared_buffers to %lld MB or more, "
					"or take a tier that keeps less in memory.",
					(long long) vp_memory_advised(memory, 1));
}

void
vp_memory_check(Relation rel, int elevel)
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
	if (!VpMemoryHolds(&memory))
		complain(rel, elevel,
				 psprintf("memory cannot hold index \"%s\" in tier \"%s\"",
						  RelationGetRelationName(rel), tier.name),
				 vp_memory_detail(&memory), vp_memory_hint(&memory));
	if (!vp_quota_charge_built(rel, &wish, memory.need, &warn, &complaint))
		complain(rel, warn ? WARNING : elevel, complaint.message, complaint.detail,
				 complaint.hint);
}
