/*-------------------------------------------------------------------------
 *
 * serve.c
 *	  What a worker runs: searches for other processes, and once the reading of the table.
 *
 * The searches are like any others.  What the worker's snapshot sees does not
 * matter, as rows are not looked at here: the asker's snapshot is older than
 * the search, and it is the asker who looks whether it sees them, and who
 * counts the search.  Rows without a vector are left to the asker, who goes on
 * with a search of its own if it wants them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"

#include "capacity/partitions.h"
#include "page/peek.h"
#include "replica/seated.h"
#include "replica/serve.h"

/* Blocks of a table that are read at a time. */
#define PORTION		128

struct VpServed
{
	Relation	rel;
	VpSeated   *seated;
};

VpServed *
vp_serve_open(Oid index)
{
	VpServed   *served;

	StartTransactionCommand();
	if (!ConditionalLockRelationOid(index, AccessShareLock))
	{
		AbortCurrentTransaction();
		return NULL;
	}
	served = palloc(sizeof(VpServed));
	served->rel = try_relation_open(index, NoLock);
	if (served->rel == NULL)
	{
		AbortCurrentTransaction();
		return NULL;
	}
	/* ids of nodes that the search may be on are not used again */
	PushActiveSnapshot(GetTransactionSnapshot());
	served->seated = vp_seated_open(served->rel, NULL, sizeof(VpSeated));
	served->seated->meter = NULL;
	return served;
}

void
vp_serve_search(VpServed *served, VpRequest *request)
{
	VpSeated   *seated = served->seated;
	const VpAsk *ask = &request->ask;
	VpHit	   *hits = request->hits;
	VpEffort	effort = ask->effort;
	int			n = 0;

	effort.vectors_only = true;
	vp_seated_begin(seated, (const VpValue *) DatumGetPointer(ask->query), &effort, NULL, NULL, NULL);
	while ((n < ask->rows ||
			(n < ask->rows + ask->more && vp_ranked_has_more(seated->search))) &&
		   vp_seated_next(seated, &hits[n]))
		n++;
	request->nhits = n;
	request->counts = vp_ranked_counts(seated->search);
	request->waited_ns = seated->waited_ns;
}

void
vp_serve_close(VpServed *served)
{
	vp_seated_close(served->seated);
	relation_close(served->rel, AccessShareLock);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

bool
vp_serve_turn_to(VpServed **served, Oid index)
{
	if (*served != NULL && RelationGetRelid((*served)->rel) == index)
		return true;
	if (*served != NULL)
		vp_serve_close(*served);
	*served = vp_serve_open(index);
	return *served != NULL;
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

/*
 * Reads a portion of one table.  False: that was the last one, or somebody has
 * the table locked.  The lock on it stays until the transaction ends.
 */
static bool
warm_table(Oid oid, BlockNumber *next)
{
	Relation	table = NULL;
	bool		more = false;

	if (OidIsValid(oid) && ConditionalLockRelationOid(oid, AccessShareLock))
		table = try_relation_open(oid, NoLock);
	if (table != NULL && table->rd_rel->relam == HEAP_TABLE_AM_OID)
	{
		BlockNumber nblocks = RelationGetNumberOfBlocks(table);
		BlockNumber end = Min(nblocks, *next + PORTION);

		read_blocks(table, *next, end);
		*next = end;
		more = end < nblocks;
	}
	if (table != NULL)
		relation_close(table, NoLock);
	return more;
}

/*
 * The lock goes with the transaction, which is one for each portion.  A partition that comes or
 * goes meanwhile may leave a table unread.
 */
bool
vp_serve_warm_tables(Oid index, VpWarmed *warmed)
{
	List	   *leaves;
	bool		more;

	StartTransactionCommand();
	leaves = vp_leaf_indexes(index);
	more = warmed->table < list_length(leaves) && vp_buffer_is_free();
	if (more && !warm_table(IndexGetRelation(list_nth_oid(leaves, warmed->table), true), &warmed->block))
	{
		warmed->table++;
		warmed->block = 0;
	}
	CommitTransactionCommand();
	return more;
}
