/*-------------------------------------------------------------------------
 *
 * catalog_reader.c
 *	  Reads which indexes of a database are provisioned, starts movers, asks for mergers, and ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/debug_point.h"
#include "capacity/charge.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/policy.h"
#include "capacity/quota.h"
#include "capacity/scaling.h"
#include "capacity/tier.h"
#include "page/merge.h"
#include "page/store.h"
#include "replica/posting.h"
#include "replica/registry.h"
#include "replica/worker.h"

typedef struct FactList
{
	VpDefinition *definition;	/* of provisioned indexes */
	int			n;
	int			size;
	List	   *all;			/* OIDs of all indexes that movers and mergers
								 * can work on */
} FactList;

static void
add_facts(Form_pg_class form, const VpWish *wish, void *arg)
{
	FactList   *list = arg;
	Oid			tablespace = form->reltablespace;
	bool		partitioned = form->relkind == RELKIND_PARTITIONED_INDEX;
	Oid			decider;
	VpDefinition *definition;
	VpQuota		quota;
	VpTier		tier;

	if (form->relpersistence != RELPERSISTENCE_TEMP && !partitioned)
		list->all = lappend_oid(list->all, form->oid);
	if (!VpIsProvisioned(wish))
		return;
	decider = vp_decider(form->oid);
	/* what has neither pages nor seats needs no slot */
	if (partitioned && decider != form->oid)
		return;
	if (list->n == list->size)
	{
		list->size *= 2;
		list->definition = repalloc(list->definition, list->size * sizeof(VpDefinition));
	}
	definition = &list->definition[list->n++];
	memset(definition, 0, sizeof(*definition));
	definition->wish = *wish;
	definition->database = MyDatabaseId;
	definition->index = form->oid;
	definition->partitioned = partitioned;
	definition->decider = decider != form->oid ? decider : InvalidOid;
	definition->locator = VpLocatorMake(OidIsValid(tablespace) ? tablespace : MyDatabaseTableSpace,
										MyDatabaseId, form->relfilenode);
	definition->permanent = form->relpersistence == RELPERSISTENCE_PERMANENT;
	definition->there = definition->permanent || !RecoveryInProgress();
	definition->owner = form->relowner;
	vp_quota_get(form->relowner, &quota);
	definition->quota = quota.bytes;
	definition->known = vp_tier_find(definition->wish.tier, &tier);
	if (definition->known)
	{
		definition->keeps_vectors = tier.keeps_vectors;
		definition->units = tier.units;
	}
}

static void
post_charges(const FactList *list, uint64 clock)
{
	VpChargeRead *read = palloc0(Max(list->n, 1) * sizeof(VpChargeRead));

	for (int i = 0; i < list->n; i++)
	{
		const VpDefinition *definition = &list->definition[i];

		read[i].index = definition->index;
		read[i].charge = vp_quota_charge_of(&definition->wish, OidIsValid(definition->decider), definition->owner, 0);
	}
	vp_charge_post(MyDatabaseId, clock, read, list->n);
}

/*----------
 * Movers and mergers
 *----------
 */

/*
 * Asks for a merger if a merge is due: that an insert has asked for it is lost
 * with the server, or when the queue is full.  A damaged index is not this
 * process's to tell of.  Runs in a subtransaction, so that an error ends that
 * alone; context and resource owner are the caller's again.
 */
static void
ask_for_merger(Relation rel)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	VpIndexLook look;
	VpStore		store;

	vp_index_look(rel, &look);
	if (!look.sound)
		return;
	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		vp_store_init(&store, rel, &look.meta);
		vp_runs_ask(&store);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(old);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
}

/*
 * Sees to it that a mover works on an index if one should, and mergers.  Returns false if that
 * is to be tried again: somebody has the index locked, who may drop it and roll back, or there
 * is no background worker to be had (*refused).
 */
static bool
wake_mover(Oid index, bool *refused)
{
	Relation	rel;

	if (!ConditionalLockRelationOid(index, AccessShareLock))
		return false;
	rel = try_relation_open(index, NoLock);
	if (rel != NULL && rel->rd_index->indisready)
	{
		if (!vp_scaling_wake(rel))
			*refused = true;
		ask_for_merger(rel);
	}
	if (rel != NULL)
		relation_close(rel, NoLock);
	UnlockRelationOid(index, AccessShareLock);
	return !*refused;
}

/* The same for all indexes, unless this is a standby, where redo moves. */
static void
wake_movers(const List *indexes)
{
	bool		refused = false;
	bool		told = vp_registry->movers_refused;
	bool		all = true;
	ListCell   *cell;

	if (!RecoveryInProgress())
		foreach(cell, indexes)
			all &= wake_mover(lfirst_oid(cell), &refused);
	vp_registry->movers_refused = refused;
	if (all)
		vp_registry->moved = MyDatabaseId;
	if (refused && !told)
		ereport(LOG,
				(errmsg("could not start a background worker to move records between shards"),
				 errdetail("It is tried again every second."),
				 errhint("You might need to increase max_worker_processes.")));
}

void
vecprov_catalog_reader_main(Datum arg)
{
	VpTicket	ticket;
	FactList	list = {.size = 16};
	uint64		clock;

	vp_worker_connect(DatumGetObjectId(arg));

	vp_registry_enter(&ticket);
	clock = vp_charge_clock();
	/* the snapshot is newer than the ticket */
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	VP_POINT("catalog-reader-begun");
	list.definition = palloc(list.size * sizeof(VpDefinition));
	vp_each_index(true, add_facts, &list);
	post_charges(&list, clock);
	vp_registry->has_extension = OidIsValid(vp_own_table("usage"));
	vp_registry->policy_interval = vp_policy_look_interval();
	vp_registry_post(MyDatabaseId, list.definition, list.n, &ticket);
	wake_movers(list.all);
	PopActiveSnapshot();
	CommitTransactionCommand();
}
