/*-------------------------------------------------------------------------
 *
 * merger.c
 *	  A background worker that merges the runs of an index.
 *
 * The launcher starts it when a flush has asked for it (page/merge_queue.h).
 * It merges one column's runs in a transaction, until no merge is due, and
 * ends.  README.md says what it waits for, and for whom it makes way.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/background.h"
#include "page/merge.h"
#include "page/store.h"

extern VP_EXPORT void vecprov_merger_main(Datum arg);

/*
 * Opens a relation and locks it (AccessShareLock).  NULL, and no lock: it is
 * gone, or somebody has it locked.
 */
static Relation
try_open(Oid relid)
{
	Relation	rel;

	if (!OidIsValid(relid) || !ConditionalLockRelationOid(relid, AccessShareLock))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		UnlockRelationOid(relid, AccessShareLock);
	return rel;
}

/*
 * Opens the table and the index, locked as try_open() does; false: neither.
 * The lock keeps them from being dropped and made anew, and nothing else:
 * neither VACUUM nor CREATE INDEX waits for it.
 */
static bool
open_index(Oid index, Relation *heap, Relation *rel)
{
	*heap = try_open(IndexGetRelation(index, true));
	if (*heap == NULL)
		return false;
	*rel = try_open(index);
	if (*rel != NULL && (*rel)->rd_index->indisready)
		return true;
	if (*rel != NULL)
		relation_close(*rel, AccessShareLock);
	table_close(*heap, AccessShareLock);
	return false;
}

/*
 * Merges once; false: no more is to be done.  A transaction of its own, at
 * whose end table and index are unlocked.
 */
static bool
merge_once(Oid index)
{
	bool		merged = false;
	Relation	heap;
	Relation	rel;
	VpMeta		meta;
	VpStore		store;

	StartTransactionCommand();

	/*
	 * a snapshot makes known which others are gone; it is not kept, so that
	 * VACUUM may remove what becomes dead meanwhile
	 */
	PushActiveSnapshot(GetTransactionSnapshot());
	PopActiveSnapshot();
	if (open_index(index, &heap, &rel))
	{
		pgstat_report_activity(STATE_RUNNING, psprintf("merging posting lists of index %s",
													   RelationGetRelationName(rel)));
		vp_meta_read(rel, &meta);
		vp_store_init(&store, rel, &meta);
		merged = vp_runs_merge(&store, heap);
		relation_close(rel, NoLock);
		table_close(heap, NoLock);
	}
	CommitTransactionCommand();
	return merged;
}

void
vecprov_merger_main(Datum arg)
{
	vp_job_connect();
	vp_worker_watch_postmaster();
	while (merge_once(DatumGetObjectId(arg)))
		CHECK_FOR_INTERRUPTS();
}
