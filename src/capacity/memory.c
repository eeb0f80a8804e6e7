/*-------------------------------------------------------------------------
 *
 * memory.c
 *	  What indexes need in memory, and what is promised to them.
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
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "capacity/charge.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "page/store.h"

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

int64
vp_memory_of(const VpMeta *meta, BlockNumber nblocks, const VpTier *tier)
{
	VpGeometry	geo;

	if (!tier->keeps_vectors)
	{
		vp_geometry_init(&geo, meta);
		nblocks = vp_search_blocks(&geo, nblocks);
	}
	return (int64) nblocks * BLCKSZ;
}

int64
vp_memory_need(Relation rel, const VpTier *tier)
{
	VpIndexLook look;

	vp_index_look(rel, &look);
	return look.sound ? vp_memory_of(&look.meta, look.nblocks, tier) : (int64) look.nblocks * BLCKSZ;
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
	List	   *except;
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

	if (list_member_oid(promises->except, form->oid) || wish->replicas == 0 ||
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

int64
vp_memory_limit(void)
{
	return (int64) NBuffers * BLCKSZ / 100 * VP_MEMORY_PERCENT;
}

int64
vp_memory_promised(List *except)
{
	Promises	promises = {.except = except};

	vp_each_index(false, add_promise, &promises);
	return promises.bytes + vp_charge_elsewhere();
}

void
vp_memory_get(Relation rel, const VpTier *tier, VpMemory *memory)
{
	memory->need = vp_memory_need(rel, tier);
	memory->promised = vp_memory_promised(list_make1_oid(RelationGetRelid(rel)));
	memory->limit = vp_memory_limit();
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
