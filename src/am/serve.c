/*-------------------------------------------------------------------------
 *
 * serve.c
 *	  What replicas' workers run: searches for other processes, and once the reading of the table.
 *
 * The searches are index scans like others.  What the worker's snapshot sees does not
 * matter, as rows are not looked at here: the asker's snapshot is older than the
 * search, and it is the asker who looks whether it sees them, and who counts the search.  Rows
 * without a vector are left to the asker, who goes on with a search of its own if it wants them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "access/relscan.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"

#include "am/am.h"
#include "am/serve.h"
#include "base/settings.h"

/* Blocks of a table that are read at a time. */
#define PORTION		128

typedef struct Opened
{
	Relation	rel;
	IndexScanDesc scan;
} Opened;

static void *
open_index(Oid index)
{
	Opened	   *opened;

	StartTransactionCommand();
	if (!ConditionalLockRelationOid(index, AccessShareLock))
	{
		AbortCurrentTransaction();
		return NULL;
	}
	opened = palloc(sizeof(Opened));
	opened->rel = try_relation_open(index, NoLock);
	if (opened->rel == NULL)
	{
		AbortCurrentTransaction();
		return NULL;
	}
	PushActiveSnapshot(GetTransactionSnapshot());
	opened->scan = vp_begin_scan(opened->rel, 0, 1);
	opened->scan->xs_snapshot = GetActiveSnapshot();
	vp_scan_uncounted(opened->scan);
	vp_scan_vectors_only(opened->scan);
	return opened;
}

static int
search(void *arg, const VpAsk *ask, VpHit *hits)
{
	IndexScanDesc scan = ((Opened *) arg)->scan;
	ScanKeyData key;
	int			n = 0;

	vp_ef_search = ask->ef_search;
	vp_iterative_scan = ask->iterative_scan;
	vp_max_scan_tuples = ask->max_scan_tuples;
	vp_order_key(&key, ask->query);
	vp_rescan(scan, NULL, 0, &key, 1);
	while ((n < ask->rows || (n < ask->rows + ask->more && vp_scan_has_more(scan))) &&
		   vp_get_tuple(scan, ForwardScanDirection))
	{
		hits[n].tid = scan->xs_heaptid;
		hits[n].dist = vp_scan_distance(scan);
		n++;
	}
	return n;
}

static void
close_index(void *arg)
{
	Opened	   *opened = arg;

	vp_end_scan(opened->scan);
	IndexScanEnd(opened->scan);
	relation_close(opened->rel, AccessShareLock);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Reads a portion of blocks, and tells searches where they are. */
static void
read_blocks(Relation table, BlockNumber first, BlockNumber end)
{
	VpPeekRel	peek;

	vp_peek_init(&peek, table);
	for (BlockNumber block = first; block < end; block++)
		(void) PrefetchBuffer(table, MAIN_FORKNUM, block);
	for (BlockNumber block = first; block < end; block++)
	{
		Buffer		buffer = ReadBuffer(table, block);

		vp_peek_remember(&peek, block, buffer);
		ReleaseBuffer(buffer);
	}
}

/* The lock goes with the transaction, which is one for each portion. */
static bool
warm_table(Oid index, BlockNumber *next)
{
	Oid			oid;
	Relation	table = NULL;
	bool		more = false;

	StartTransactionCommand();
	oid = IndexGetRelation(index, true);
	if (OidIsValid(oid) && ConditionalLockRelationOid(oid, AccessShareLock))
		table = try_relation_open(oid, NoLock);
	if (table != NULL && table->rd_rel->relam == HEAP_TABLE_AM_OID && vp_buffer_is_free())
	{
		BlockNumber nblocks = RelationGetNumberOfBlocks(table);
		BlockNumber end = Min(nblocks, *next + PORTION);

		read_blocks(table, *next, end);
		*next = end;
		more = end < nblocks;
	}
	if (table != NULL)
		relation_close(table, NoLock);
	CommitTransactionCommand();
	return more;
}

void
vp_serve_define(void)
{
	static const VpServer server = {open_index, search, close_index, warm_table};

	vp_server_define(&server);
}
