/*-------------------------------------------------------------------------
 *
 * remeasure.c
 *	  For VACUUM: records whose sizes have changed without the index being told.
 *
 * A HOT update changes columns that no index has, and tells none.  So the rows of pages that were
 * changed since the last VACUUM are measured.  Which pages these are, the WAL positions on them
 * say: a version that is gone is pruned before its page counts as visible to all, and that is
 * logged.  A page that is not visible to all may have versions that are not committed yet, and is
 * looked at each time.
 *
 * To find that out the page must be read.  Pages of the table are spared that for which the
 * visibility map says so: its own page, which stands for 32,672 of them, has the position of the
 * last VACUUM that has found one of them visible to all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/visibilitymap.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "commands/vacuum.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/remeasure.h"
#include "capacity/measure.h"
#include "page/resize.h"
#include "search/index.h"

/* Pages of the table whose rows are to be measured. */
typedef struct Changed
{
	Relation	heap;
	XLogRecPtr	since;
	bool		logged;			/* else positions say nothing */
	BlockNumber nblocks;
	uint8	   *bits;
	BlockNumber n;
	bool		looked;			/* at any page */
} Changed;

/*
 * Has a page of the table changed since the last time?  Pins it without a
 * lock: its LSN is read atomically.
 */
static bool
page_is_newer(const Changed *changed, BlockNumber block, BufferAccessStrategy strategy)
{
	Buffer		buffer = ReadBufferExtended(changed->heap, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	bool		newer = BufferGetLSNAtomic(buffer) > changed->since;

	ReleaseBuffer(buffer);
	return newer;
}

/*
 * Notes the pages of the table that may have rows of another size.  The
 * visibility map spares reading most.  Pins one page at a time, besides one of
 * the map.
 */
static void
find_changed(Changed *changed)
{
	BufferAccessStrategy strategy = GetAccessStrategy(BAS_VACUUM);
	Buffer		map = InvalidBuffer;
	bool		map_is_newer = true;

	for (BlockNumber block = 0; block < changed->nblocks; block++)
	{
		Buffer		before = map;
		bool		is_visible;

		/* for pages that are passed over, too: there are millions */
		vacuum_delay_point(false);
		is_visible = (visibilitymap_get_status(changed->heap, block, &map) &
					  VISIBILITYMAP_ALL_VISIBLE) != 0;
		if (map != before)
			map_is_newer = !BufferIsValid(map) || BufferGetLSNAtomic(map) > changed->since;
		if (is_visible && changed->logged && !map_is_newer)
			continue;
		changed->looked = true;
		if (is_visible && changed->logged && !page_is_newer(changed, block, strategy))
			continue;
		changed->bits[block / 8] |= 1 << block % 8;
		changed->n++;
	}
	if (BufferIsValid(map))
		ReleaseBuffer(map);
	FreeAccessStrategy(strategy);
}

/* What sizes of rows are measured with. */
typedef struct Sizes
{
	const Changed *changed;
	VpMeasure	measure;
	uint32		vector_bytes;	/* of each row; 0: it is the row's */
	AttrNumber	column;			/* of the vector then */
	TupleTableSlot *slot;
	IndexFetchTableData *fetch;
	MemoryContext scratch;
} Sizes;

/*
 * Is there a row that is alive?  Its record has these bytes of vector.  No
 * value is fetched from the toast table: the row may be deleted meanwhile, and
 * what it has there be gone.
 */
static bool
fetch_row(Sizes *sizes, ItemPointer tid, uint32 *vector_bytes)
{
	ItemPointerData at = *tid;
	bool		again = false;
	bool		isnull;
	Datum		datum;

	if (!table_index_fetch_tuple(sizes->fetch, &at, SnapshotSelf, sizes->slot, &again, NULL))
		return false;
	*vector_bytes = sizes->vector_bytes;
	if (sizes->column == 0)
		return true;
	datum = slot_getattr(sizes->slot, sizes->column, &isnull);
	if (isnull)
		return false;
	*vector_bytes = (uint32) vp_measure_sparse(datum);
	return true;
}

/*
 * A VpRowSize, with no page locked: the present size of a row's record.
 * False: the row is on no page that changed, or it is gone.  The scratch
 * context is empty on entry and on exit.
 */
static bool
size_of_row(ItemPointer tid, uint32 *size, void *arg)
{
	Sizes	   *sizes = arg;
	BlockNumber block = ItemPointerGetBlockNumber(tid);
	MemoryContext old;
	uint32		vector_bytes;
	bool		found;

	if (block >= sizes->changed->nblocks ||
		!(sizes->changed->bits[block / 8] & 1 << block % 8))
		return false;
	old = MemoryContextSwitchTo(sizes->scratch);
	found = fetch_row(sizes, tid, &vector_bytes);
	if (found)
		*size = vp_measure_slot(&sizes->measure, sizes->slot, vector_bytes);
	ExecClearTuple(sizes->slot);
	MemoryContextSwitchTo(old);
	MemoryContextReset(sizes->scratch);
	return found;
}

static uint32
dense_bytes(const VpMeta *meta)
{
	switch (meta->form)
	{
		case VP_FORM_HALFVEC:
			return meta->dims * sizeof(VpHalf);
		case VP_FORM_BIT:
			return (meta->dims + BITS_PER_BYTE - 1) / BITS_PER_BYTE;
		default:
			return meta->dims * sizeof(float);
	}
}

/*
 * Vectors of one index are of one length, but sparse ones.  These are read from the row, and
 * where they are an expression's they are not: VACUUM does not compute it.  False then.
 */
static bool
init_sizes(Sizes *sizes, const VpStore *store, const VpMeta *meta, const Changed *changed)
{
	memset(sizes, 0, sizeof(*sizes));
	sizes->changed = changed;
	if (meta->form == VP_FORM_SPARSEVEC)
	{
		sizes->column = store->rel->rd_index->indkey.values[0];
		if (sizes->column == 0)
			return false;
	}
	else
		sizes->vector_bytes = dense_bytes(meta);
	vp_measure_init(&sizes->measure, store->rel);
	sizes->slot = table_slot_create(changed->heap, NULL);
	sizes->fetch = VpTableFetchBegin(changed->heap);
	sizes->scratch = AllocSetContextCreate(CurrentMemoryContext, "vecprov sizes of rows",
										   ALLOCSET_DEFAULT_SIZES);
	return true;
}

/*
 * Stores the sizes of records whose rows are on pages that changed.  On entry
 * the move lock is held.
 */
static void
measure_changed(const VpStore *store, const VpMeta *meta, const Changed *changed)
{
	uint32		npages = vp_node_page_count(&store->geo, meta->next_id);
	Sizes		sizes;

	if (changed->n == 0 || !init_sizes(&sizes, store, meta, changed))
		return;
	for (uint32 page = 0; page < npages; page++)
	{
		vacuum_delay_point(false);
		vp_resize_page(store, page, size_of_row, &sizes);
	}
	table_index_fetch_end(sizes.fetch);
	ExecDropSingleTupleTableSlot(sizes.slot);
	MemoryContextDelete(sizes.scratch);
}

void
vp_remeasure(const VpStore *store)
{
	/* VACUUM has it locked */
	Relation	heap = table_open(store->rel->rd_index->indrelid, NoLock);

	/* what is changed from now on is looked at the next time */
	XLogRecPtr	now = GetXLogInsertRecPtr();
	VpMeta		meta;
	Changed		changed = {.heap = heap};

	if (heap->rd_rel->relam == HEAP_TABLE_AM_OID)
	{
		vp_meta_read(store->rel, &meta);
		changed.since = vp_measured(&meta);
		changed.logged = RelationNeedsWAL(heap);
		changed.nblocks = RelationGetNumberOfBlocks(heap);
		changed.bits = MemoryContextAllocExtended(CurrentMemoryContext, changed.nblocks / 8 + 1,
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		find_changed(&changed);
		measure_changed(store, &meta, &changed);
		if (changed.looked)
			vp_set_measured(store, now);
		pfree(changed.bits);
	}
	table_close(heap, NoLock);
}
