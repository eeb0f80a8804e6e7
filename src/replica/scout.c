/*-------------------------------------------------------------------------
 *
 * scout.c
 *	  Reads which indexes of a database are provisioned, and ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/settings.h"
#include "capacity/tier.h"
#include "replica/registry.h"
#include "replica/worker.h"

/* False: the index is on demand. */
static bool
get_facts(HeapTuple tuple, TupleDesc desc, VpFacts *facts)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	bytea	   *options = extractRelOptions(tuple, desc, vp_options);
	Oid			tablespace = form->reltablespace;
	VpTier		tier;

	memset(facts, 0, sizeof(*facts));
	vp_get_wish((VpOptions *) options, &facts->wish);
	if (!VpIsProvisioned(&facts->wish))
		return false;
	facts->database = MyDatabaseId;
	facts->index = form->oid;
	facts->locator = VpLocatorMake(OidIsValid(tablespace) ? tablespace : MyDatabaseTableSpace,
								   MyDatabaseId, form->relfilenode);
	facts->permanent = form->relpersistence == RELPERSISTENCE_PERMANENT;
	facts->there = facts->permanent || !RecoveryInProgress();
	facts->known = vp_tier_find(facts->wish.tier, &tier);
	if (facts->known)
	{
		facts->keeps_vectors = tier.keeps_vectors;
		facts->units = tier.units;
	}
	return true;
}

/* Reads the facts of all; returns how many. */
static int
get_all_facts(Oid am, VpFacts **all)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	int			size = 16;
	int			n = 0;

	*all = palloc(size * sizeof(VpFacts));
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relam != am || form->relkind != RELKIND_INDEX ||
			form->relpersistence == RELPERSISTENCE_TEMP)
			continue;
		if (n == size)
		{
			size *= 2;
			*all = repalloc(*all, size * sizeof(VpFacts));
		}
		if (get_facts(tuple, RelationGetDescr(classes), &(*all)[n]))
			n++;
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
	return n;
}

void
vecprov_scout_main(Datum arg)
{
	VpTicket	ticket;
	VpFacts    *facts = NULL;
	int			nfacts = 0;
	Oid			am;

	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);

	vp_registry_enter(&ticket);
	/* the snapshot is newer than the ticket */
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	am = vp_own_am();
	if (OidIsValid(am))
		nfacts = get_all_facts(am, &facts);
	vp_registry_post(MyDatabaseId, facts, nfacts, &ticket);
	PopActiveSnapshot();
	CommitTransactionCommand();
}
