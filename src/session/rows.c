/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  A scan's rows, fetched by the executor from where they were seen last;
 *	  see rows.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/itemptr.h"

#include "base/settings.h"
#include "session/rows.h"

void
vp_rows_begin(VpRows *rows, Relation table)
{
	rows->table = table;
	rows->enabled = vp_server_internals && table != NULL &&
		table->rd_rel->relam == HEAP_TABLE_AM_OID && !RelationUsesLocalBuffers(table);
	if (rows->enabled)
		vp_peek_init(&rows->peek, table);
	ItemPointerSetInvalid(&rows->coming[0]);
	ItemPointerSetInvalid(&rows->coming[1]);
	rows->unknown = InvalidBlockNumber;
}

/*
 * The page of a row, wherever the hint says; NULL: nowhere.  Unverified: to be
 * loaded only.
 */
static const char *
likely_page(const VpRows *rows, const ItemPointerData *tid)
{
	Buffer		hint = InvalidBuffer;

	if (ItemPointerIsValid(tid))
		hint = vp_peek_hint(&rows->peek, ItemPointerGetBlockNumber(tid));
	return hint == InvalidBuffer ? NULL : vp_window_page(hint);
}

static const ItemIdData *
line_pointer(const char *page, const ItemPointerData *tid)
{
	return PageGetItemId(unconstify(char *, page),
						 Min(ItemPointerGetOffsetNumber(tid), MaxHeapTuplesPerPage));
}

/*
 * Begins to read a row's page from the disk.  A dead node's row may be where
 * the table ends no more: to ask for a block of a file that is gone would be an
 * error.
 */
static void
read_ahead(const VpRows *rows, BlockNumber block)
{
	if (block < RelationGetNumberOfBlocks(rows->table))
		(void) PrefetchBuffer(rows->table, MAIN_FORKNUM, block);
}

/*
 * Each thing to be loaded leads to the next: of the newest row the hint, of the
 * one before it the page's start and line pointer, of the one before that the
 * row.
 */
void
vp_rows_expect(VpRows *rows, const ItemPointerData *tid, bool cold)
{
	const char *page;

	if (!rows->enabled || !ItemPointerIsValid(tid))
		return;
	if (cold)
		read_ahead(rows, ItemPointerGetBlockNumber(tid));
	vp_peek_prefetch_hint(&rows->peek, ItemPointerGetBlockNumber(tid));
	page = likely_page(rows, &rows->coming[0]);
	if (page != NULL)
	{
		__builtin_prefetch(page);
		__builtin_prefetch(line_pointer(page, &rows->coming[0]));
	}
	page = likely_page(rows, &rows->coming[1]);
	if (page != NULL)
		__builtin_prefetch(page + line_pointer(page, &rows->coming[1])->lp_off % BLCKSZ);
	rows->coming[1] = rows->coming[0];
	rows->coming[0] = *tid;
}

void
vp_rows_pin(VpRows *rows, IndexScanDesc scan)
{
	IndexFetchHeapData *fetch = (IndexFetchHeapData *) scan->xs_heapfetch;
	BlockNumber block = ItemPointerGetBlockNumber(&scan->xs_heaptid);
	BufferDesc *desc;
	Buffer		buffer;

	if (!rows->enabled)
		return;
	if (BufferIsValid(fetch->xs_cbuf))
	{
		BlockNumber last = BufferGetBlockNumber(fetch->xs_cbuf);

		if (last == block)
			return;
		if (last == rows->unknown)
			vp_peek_remember(&rows->peek, last, fetch->xs_cbuf);
	}
	rows->unknown = block;
	desc = vp_peek(&rows->peek, block, vp_peek_hint(&rows->peek, block));
	if (desc == NULL)
		return;
	buffer = BufferDescriptorGetBuffer(desc);
	if (!ReadRecentBuffer(VpLocator(rows->table), MAIN_FORKNUM, block, buffer))
		return;
	/* what heapam does when it comes to another page */
	vp_buffer_touch(desc);
	if (BufferIsValid(fetch->xs_cbuf))
		ReleaseBuffer(fetch->xs_cbuf);
	VpHeapFetchSet(fetch, block, buffer);
	rows->unknown = InvalidBlockNumber;
	VpHeapFetchPrune(fetch, rows->table);
}
