/*-------------------------------------------------------------------------
 *
 * debug_page.c
 *	  For tests: an index's pages as they are in shared buffers, damaged and mended.
 *
 * No SQL function of the extension calls these.  A test that wants them makes
 * functions of its own, which takes a superuser:
 *
 *	CREATE FUNCTION pages(index regclass) RETURNS bytea
 *		AS 'vecprov', 'vecprov_debug_pages' LANGUAGE C STRICT;
 *	CREATE FUNCTION put_pages(index regclass, pages bytea) RETURNS void
 *		AS 'vecprov', 'vecprov_debug_put_pages' LANGUAGE C STRICT;
 *	CREATE FUNCTION flip_bit(index regclass, block int, nr int) RETURNS void
 *		AS 'vecprov', 'vecprov_debug_flip_bit' LANGUAGE C STRICT;
 *
 * What is changed is not logged, as damage is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "page/change_counter.h"

#include "capacity/rights.h"
#include "write/inserter.h"

VP_FUNCTION(vecprov_debug_pages);
VP_FUNCTION(vecprov_debug_put_pages);
VP_FUNCTION(vecprov_debug_flip_bit);

/*
 * Opens an index for a superuser, locked as for an insert until the transaction
 * ends.
 */
static Relation
open_index(Oid relid)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to look at pages")));
	(void) vp_right_check(relid, VP_RIGHT_OWN);
	return relation_open(relid, RowExclusiveLock);
}

/* Closes it; this process forgets what it knows of the index. */
static void
close_changed(Relation rel)
{
	vp_inserter_forget(rel);
	CacheInvalidateRelcache(rel);
	relation_close(rel, NoLock);
}

/* Copies a page, under its share lock. */
static void
copy_page(Relation rel, BlockNumber block, char *to)
{
	Buffer		buffer = ReadBuffer(rel, block);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(to, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
}

/* All pages, one after another. */
Datum
vecprov_debug_pages(PG_FUNCTION_ARGS)
{
	Relation	rel = open_index(PG_GETARG_OID(0));
	BlockNumber nblocks = RelationGetNumberOfBlocks(rel);
	bytea	   *pages = palloc(VARHDRSZ + (Size) nblocks * BLCKSZ);

	SET_VARSIZE(pages, VARHDRSZ + (Size) nblocks * BLCKSZ);
	for (BlockNumber block = 0; block < nblocks; block++)
		copy_page(rel, block, VARDATA(pages) + (Size) block * BLCKSZ);
	relation_close(rel, NoLock);
	PG_RETURN_BYTEA_P(pages);
}

/* Makes pages what they were; those that have come since are zeroes. */
Datum
vecprov_debug_put_pages(PG_FUNCTION_ARGS)
{
	Relation	rel = open_index(PG_GETARG_OID(0));
	bytea	   *pages = PG_GETARG_BYTEA_PP(1);
	BlockNumber nblocks = RelationGetNumberOfBlocks(rel);
	BlockNumber nkept = VARSIZE_ANY_EXHDR(pages) / BLCKSZ;

	for (BlockNumber block = 0; block < nblocks; block++)
	{
		Buffer		buffer = ReadBuffer(rel, block);

		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		if (block < nkept)
			memcpy(BufferGetPage(buffer), VARDATA_ANY(pages) + (Size) block * BLCKSZ, BLCKSZ);
		else
			memset(BufferGetPage(buffer), 0, BLCKSZ);
		vp_mark_dirty(buffer);
		UnlockReleaseBuffer(buffer);
	}
	close_changed(rel);
	PG_RETURN_VOID();
}

/* Flips a bit of a page, counted from its start. */
Datum
vecprov_debug_flip_bit(PG_FUNCTION_ARGS)
{
	Relation	rel = open_index(PG_GETARG_OID(0));
	int32		bit = PG_GETARG_INT32(2);
	Buffer		buffer;

	if (bit < 0 || bit >= BLCKSZ * BITS_PER_BYTE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a page has no bit %d", bit)));
	buffer = ReadBuffer(rel, PG_GETARG_INT32(1));
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	((uint8 *) BufferGetPage(buffer))[bit / BITS_PER_BYTE] ^= 1 << bit % BITS_PER_BYTE;
	vp_mark_dirty(buffer);
	UnlockReleaseBuffer(buffer);
	close_changed(rel);
	PG_RETURN_VOID();
}
