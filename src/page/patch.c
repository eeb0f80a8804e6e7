/*-------------------------------------------------------------------------
 *
 * patch.c
 *	  Changes to pages, and their WAL; see patch.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/bufmask.h"
#include "access/xlog_internal.h"
#include "access/xloginsert.h"
#include "access/xlogreader.h"
#include "access/xlogutils.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/bufmgr.h"
#include "storage/standby.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/change_counter.h"
#include "page/patch.h"

/*
 * Whole words, ascending; the compiler may not merge, split or reorder them.
 * The page is locked exclusively, and readers may peek at it; the caller is in
 * a critical section or redoes WAL.
 */
static void
store_words(Page page, uint16 offset, const char *words, int nwords)
{
	volatile uint32 *to = (volatile uint32 *) ((char *) page + offset);

	for (int i = 0; i < nwords; i++)
	{
		uint32		word;

		/* in a WAL record words are not aligned */
		memcpy(&word, words + i * sizeof(uint32), sizeof(word));
		pg_write_barrier();
		to[i] = word;
	}
}

void
vp_change_begin(VpChange *change, uint8 kind)
{
	change->kind = kind;
	change->npages = 0;
	change->npatches = 0;
}

void
vp_change_page(VpChange *change, Buffer buffer)
{
	Assert(change->npages < VP_CHANGE_PAGES);
	change->pages[change->npages].buffer = buffer;
	change->pages[change->npages].first = change->npatches;
	change->npages++;
}

void
vp_change_words(VpChange *change, const void *address, const uint32 *words, int nwords)
{
	Page		page = BufferGetPage(change->pages[change->npages - 1].buffer);
	VpWalWords *head = &change->heads[change->npatches];

	Assert(change->npatches < VP_CHANGE_PATCHES);
	head->offset = (const char *) address - (const char *) page;
	head->nwords = nwords;
	Assert(head->offset % sizeof(uint32) == 0 && head->offset >= VP_PAGE_START);
	Assert(head->offset + nwords * sizeof(uint32) <= VP_PAGE_END);
	change->words[change->npatches] = words;
	change->npatches++;
}

void
vp_change_diff(VpChange *change, const void *address, const uint32 *words, int nwords)
{
	const uint32 *page = address;
	int			first = 0;

	while (first < nwords && page[first] == words[first])
		first++;
	while (nwords > first && page[nwords - 1] == words[nwords - 1])
		nwords--;
	if (nwords > first)
		vp_change_words(change, page + first, words + first, nwords - first);
}

/* First patch after those of a page. */
static int
patches_end(const VpChange *change, int page)
{
	return page + 1 < change->npages ? change->pages[page + 1].first : change->npatches;
}

/*
 * The words are taken from the pages, so that what is redone is what was done.
 */
static XLogRecPtr
log_change(VpChange *change)
{
	XLogBeginInsert();
	for (int p = 0; p < change->npages; p++)
	{
		Page		page = BufferGetPage(change->pages[p].buffer);

		XLogRegisterBuffer(p, change->pages[p].buffer, REGBUF_STANDARD);
		for (int i = change->pages[p].first; i < patches_end(change, p); i++)
		{
			XLogRegisterBufData(p, (char *) &change->heads[i], sizeof(VpWalWords));
			XLogRegisterBufData(p, (char *) page + change->heads[i].offset,
								change->heads[i].nwords * sizeof(uint32));
		}
	}
	return XLogInsert(VP_RMGR_ID, change->kind);
}

void
vp_change_apply(VpChange *change, Relation rel, bool wal)
{
	if (change->npatches == 0)
		return;

	/* each patch is two pieces of data; the default room is for 20 */
	if (wal && (change->npatches > 8 || change->npages > XLR_NORMAL_MAX_BLOCK_ID + 1))
		XLogEnsureRecordSpace(VP_CHANGE_PAGES - 1, 2 * change->npatches);

	START_CRIT_SECTION();
	for (int p = 0; p < change->npages; p++)
	{
		Page		page = BufferGetPage(change->pages[p].buffer);

		for (int i = change->pages[p].first; i < patches_end(change, p); i++)
			store_words(page, change->heads[i].offset,
						(const char *) change->words[i], change->heads[i].nwords);
		vp_mark_dirty(change->pages[p].buffer);
	}
	VP_POINT("change-before-wal");
	if (wal)
	{
		XLogRecPtr	lsn = log_change(change);

		for (int p = 0; p < change->npages; p++)
			PageSetLSN(BufferGetPage(change->pages[p].buffer), lsn);
	}
	END_CRIT_SECTION();
}

void
vp_page_format(Page page, VpPageKind kind, uint32 number)
{
	VpPageSpecial *special;

	PageInit(page, BLCKSZ, sizeof(VpPageSpecial));
	/* fixed places instead of line pointers: to others the page is full */
	((PageHeader) page)->pd_lower = ((PageHeader) page)->pd_upper;
	special = VpPageGetSpecial(page);
	special->number = number;
	special->kind = kind;
	special->version = VP_FORMAT_VERSION;
	special->page_id = VP_PAGE_ID;
}

void
vp_page_init(Buffer buffer, VpPageKind kind, uint32 number, bool wal)
{
	VpWalInit	init = {.number = number,.kind = kind};

	START_CRIT_SECTION();
	vp_page_format(BufferGetPage(buffer), kind, number);
	vp_mark_dirty(buffer);
	VP_POINT("change-before-wal");
	if (wal)
	{
		XLogRecPtr	lsn;

		XLogBeginInsert();
		XLogRegisterBuffer(0, buffer, REGBUF_WILL_INIT);
		XLogRegisterData((char *) &init, sizeof(init));
		lsn = XLogInsert(VP_RMGR_ID, VP_WAL_INIT);
		PageSetLSN(BufferGetPage(buffer), lsn);
	}
	END_CRIT_SECTION();
}

void
vp_log_reuse(Relation rel, FullTransactionId xid)
{
	VpWalReuse	reuse;

	memset(&reuse, 0, sizeof(reuse));
	reuse.locator = VpLocator(rel);
	reuse.xid = xid;
	XLogBeginInsert();
	XLogRegisterData((char *) &reuse, sizeof(reuse));
	XLogInsert(VP_RMGR_ID, VP_WAL_REUSE);
}

/*----------
 * Resource manager
 *----------
 */

/* Makes an empty page.  Locks the block exclusively and unlocks it. */
static void
redo_init(XLogReaderState *record)
{
	VpWalInit	init;
	Buffer		buffer = XLogInitBufferForRedo(record, 0);

	memcpy(&init, XLogRecGetData(record), sizeof(init));
	vp_page_format(BufferGetPage(buffer), init.kind, init.number);
	PageSetLSN(BufferGetPage(buffer), record->EndRecPtr);
	vp_mark_dirty(buffer);
	UnlockReleaseBuffer(buffer);
}

/*
 * Calls for each patch of a block in a record; `arg` is the page for redo or
 * the string for desc.
 */
static void
each_patch(XLogReaderState *record, int block,
		   void (*call) (void *arg, VpWalWords head, const char *words), void *arg)
{
	Size		len;
	char	   *data = XLogRecGetBlockData(record, block, &len);
	char	   *end = data + len;

	while (data != NULL && data < end)
	{
		VpWalWords	head;

		memcpy(&head, data, sizeof(head));
		data += sizeof(head);
		call(arg, head, data);
		data += head.nwords * sizeof(uint32);
	}
}

static void
redo_words(void *arg, VpWalWords head, const char *words)
{
	store_words((Page) arg, head.offset, words, head.nwords);
}

/*
 * Blocks are redone one after another, each under its own lock: a reader may
 * see the first changed and the second not, as nothing needs both at once.
 */
static void
redo_patch(XLogReaderState *record)
{
	for (int block = 0; block <= XLogRecMaxBlockId(record); block++)
	{
		Buffer		buffer;
		XLogRedoAction action = XLogReadBufferForRedo(record, block, &buffer);

		if (action == BLK_NEEDS_REDO)
		{
			Page		page = BufferGetPage(buffer);

			each_patch(record, block, redo_words, page);
			PageSetLSN(page, record->EndRecPtr);
		}
		/* restored from an image: another page all the same */
		if (action == BLK_NEEDS_REDO || action == BLK_RESTORED)
			vp_mark_dirty(buffer);
		if (BufferIsValid(buffer))
			UnlockReleaseBuffer(buffer);
	}
}

static void
redo_reuse(XLogReaderState *record)
{
	VpWalReuse	reuse;

	memcpy(&reuse, XLogRecGetData(record), sizeof(reuse));
	if (InHotStandby)
		VpResolveConflict(reuse.xid, reuse.locator);
}

static void
vp_redo(XLogReaderState *record)
{
	uint8		kind = XLogRecGetInfo(record) & ~XLR_INFO_MASK;

	if (kind > VP_WAL_LAST)
		elog(PANIC, "vecprov: unknown WAL record kind %u", kind);
	if (kind == VP_WAL_INIT)
		redo_init(record);
	else if (kind == VP_WAL_REUSE)
		redo_reuse(record);
	else
		redo_patch(record);
}

static void
desc_words(void *arg, VpWalWords head, const char *words)
{
	appendStringInfo((StringInfo) arg, " %u+%u", head.offset, head.nwords);
}

static void
vp_desc(StringInfo buf, XLogReaderState *record)
{
	uint8		kind = XLogRecGetInfo(record) & ~XLR_INFO_MASK;

	if (kind == VP_WAL_INIT)
	{
		VpWalInit	init;

		memcpy(&init, XLogRecGetData(record), sizeof(init));
		appendStringInfo(buf, "kind %u number %u", init.kind, init.number);
		return;
	}
	if (kind == VP_WAL_REUSE)
	{
		VpWalReuse	reuse;

		memcpy(&reuse, XLogRecGetData(record), sizeof(reuse));
		appendStringInfo(buf, "xid %u:%u", EpochFromFullTransactionId(reuse.xid),
						 XidFromFullTransactionId(reuse.xid));
		return;
	}
	for (int block = 0; block <= XLogRecMaxBlockId(record); block++)
	{
		appendStringInfo(buf, "%swords", block > 0 ? "; " : "");
		each_patch(record, block, desc_words, buf);
	}
}

static const char *
vp_identify(uint8 info)
{
	static const char *const names[] = {
		"INIT", "NODE", "VECTOR", "LINKS", "CHAIN", "DEAD", "UNLINK", "META", "REUSE",
		"LANDMARK", "BARE", "POOL", "RUNS", "CELLS"
	};
	uint8		kind = (info & ~XLR_INFO_MASK) >> 4;

	return kind < lengthof(names) ? names[kind] : NULL;
}

/* wal_consistency_checking: all is logged but the header's usual exceptions. */
static void
vp_mask(char *page, BlockNumber block)
{
	mask_page_lsn_and_checksum(page);
	mask_page_hint_bits(page);
}

void
vp_rmgr_register(void)
{
	static RmgrData rmgr = {
		.rm_name = VP_RMGR_NAME,
		.rm_redo = vp_redo,
		.rm_desc = vp_desc,
		.rm_identify = vp_identify,
		.rm_mask = vp_mask
	};

	RegisterCustomRmgr(VP_RMGR_ID, &rmgr);
}

bool
vp_rmgr_is_registered(void)
{
	return RmgrIdExists(VP_RMGR_ID) && strcmp(GetRmgr(VP_RMGR_ID).rm_name, VP_RMGR_NAME) == 0;
}
