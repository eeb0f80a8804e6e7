/*-------------------------------------------------------------------------
 *
 * cells.c
 *	  Cells on their pages; see cells.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "base/debug_point.h"
#include "page/cells.h"
#include "page/node.h"
#include "page/page_pool.h"

#define VpPageGetCells(page) ((VpCellsPage *) VpPageData(page))

void
vp_cell_shape(const VpGeometry *geo, uint32 cell_ids, VpCellShape *shape)
{
	Assert(cell_ids % 64 == 0);
	shape->factors = geo->code_bytes;
	shape->spread = shape->factors + VP_FACTORS_BYTES;
	shape->strangers = shape->spread + 2 * sizeof(float);
	shape->size = shape->strangers + cell_ids / 8;
	shape->per_page = VP_CELLS_ROOM / shape->size;
}

/*----------
 * Writing
 *----------
 */

/*
 * Says in the metapage that there are cells.  Locks the metapage exclusively
 * and unlocks it.
 */
static void
publish(const VpStore *store, BlockNumber first, uint32 cell_ids, uint32 nids)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	uint32		words[3] = {first, cell_ids, nids};
	VpChange	change;

	StaticAssertStmt(offsetof(VpMeta, celled_ids) == offsetof(VpMeta, cells) + 2 * sizeof(uint32),
					 "what the metapage says of cells is one patch");
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	vp_change_words(&change, &meta->cells, words, lengthof(words));
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

void
vp_cells_write(const VpStore *store, Relation heap, const char *cells, uint32 cell_ids, uint32 nids)
{
	uint32		ncells = (nids + cell_ids - 1) / cell_ids;
	BlockNumber first = vp_pool_take_page(store, heap);
	BlockNumber block = first;
	VpCellShape shape;
	union
	{
		VpCellsPage head;
		char		data[VP_PAGE_ROOM];
	}			page;

	vp_cell_shape(&store->geo, cell_ids, &shape);
	for (uint32 cell = 0; cell < ncells; cell += shape.per_page)
	{
		bool		is_last = ncells - cell <= shape.per_page;

		CHECK_FOR_INTERRUPTS();
		memset(&page, 0, sizeof(page));
		page.head.head.use = VP_POOL_CELLS;
		page.head.head.next = is_last ? 0 : vp_pool_take_page(store, heap);
		page.head.first = cell;
		page.head.count = Min(ncells - cell, shape.per_page);
		memcpy(page.data + sizeof(VpCellsPage), cells + (Size) cell * shape.size,
			   (Size) page.head.count * shape.size);
		vp_pool_write(store, block, &page);
		block = page.head.head.next;
	}
	publish(store, first, cell_ids, nids);
}

/*----------
 * Reading
 *----------
 */

/* Is a page of cells the one that begins with cell `first`? */
static bool
goes_on(const VpMeta *meta, const VpCellShape *shape, const VpCellsPage *cells, uint32 first)
{
	uint32		left = vp_cell_count(meta) - first;

	return cells->head.use == VP_POOL_CELLS && cells->first == first &&
		cells->count == Min(left, shape->per_page) &&
		(cells->head.next == 0) == (left <= shape->per_page);
}

/*
 * Pins the page that begins with cell `first`, and locks it for reading.  Raises
 * an error if it is none.
 */
static Buffer
read_page(const VpStore *store, const VpMeta *meta, const VpCellShape *shape,
		  BlockNumber block, uint32 first)
{
	Buffer		buffer = vp_pool_read(store, block, VP_POOL_CELLS);

	if (!goes_on(meta, shape, VpPageGetCells(BufferGetPage(buffer)), first))
		vp_report_damage(store->rel, block, "A page of cells does not go on where the one before it ends.");
	return buffer;
}

void
vp_cells_read(const VpStore *store, const VpMeta *meta, VpCellsCall call, void *arg)
{
	BlockNumber block = meta->cells;
	VpCellShape shape;

	vp_cell_shape(&store->geo, meta->cell_ids, &shape);
	for (uint32 first = 0; first < vp_cell_count(meta); first += shape.per_page)
	{
		Buffer		buffer = read_page(store, meta, &shape, block, first);
		const VpCellsPage *cells = VpPageGetCells(BufferGetPage(buffer));

		call((const char *) (cells + 1), first, cells->count, arg);
		block = cells->head.next;
		UnlockReleaseBuffer(buffer);
		/* not under the lock, which would put it off */
		CHECK_FOR_INTERRUPTS();
	}
}

bool
vp_cells_go_on(const VpStore *store, const VpMeta *meta, BlockNumber *block)
{
	VpCellShape shape;
	BlockNumber next = meta->cells;

	vp_cell_shape(&store->geo, meta->cell_ids, &shape);
	for (uint32 first = 0; first < vp_cell_count(meta); first += shape.per_page)
	{
		Buffer		buffer;
		bool		sound;

		*block = next;
		buffer = vp_store_read(store, next);
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		sound = vp_is_pool_page(BufferGetPage(buffer)) &&
			goes_on(meta, &shape, VpPageGetCells(BufferGetPage(buffer)), first);
		next = VpPageGetCells(BufferGetPage(buffer))->head.next;
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
		if (!sound)
			return false;
	}
	return true;
}

/*----------
 * Strangers
 *----------
 */

/* The node that the build made of the id may be gone. */
static bool
is_stranger(const VpStore *store, VpId id)
{
	uint8		flags = vp_node_flags(store, id);

	return (flags & (VP_NODE_LINKED | VP_NODE_CHAINED)) == 0 ||
		(flags & (VP_NODE_DEAD | VP_NODE_UNLINKED)) != 0;
}

/*
 * The strangers of a cell as they are to be; its words are whole bytes of the
 * bitmap, in any byte order.
 */
static void
find_strangers(const VpStore *store, uint32 cell, const VpMeta *meta, uint64 *strangers)
{
	VpId		first = cell * meta->cell_ids;

	for (uint32 i = 0; i < meta->cell_ids && first + i < meta->celled_ids; i++)
		if (is_stranger(store, first + i))
			strangers[i / 64] |= UINT64CONST(1) << i % 64;
}

/*
 * Makes strangers of a page's cells, of which there are `count`.  The nodes are
 * looked at without a lock of the page: VACUUM, which has the move lock, is the
 * only one that changes it.
 */
static void
mark_page(const VpStore *store, const VpMeta *meta, const VpCellShape *shape, Buffer buffer)
{
	VpCellsPage *page = VpPageGetCells(BufferGetPage(buffer));
	char	   *cells = (char *) (page + 1);
	uint32		words = meta->cell_ids / 64;
	uint64	   *strangers = palloc(page->count * words * sizeof(uint64));
	VpChange	change;

	for (uint32 i = 0; i < page->count; i++)
	{
		vacuum_delay_point(false);
		memcpy(strangers + i * words, cells + i * shape->size + shape->strangers, words * sizeof(uint64));
		find_strangers(store, page->first + i, meta, strangers + i * words);
	}
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_CELLS);
	vp_change_page(&change, buffer);
	for (uint32 i = 0; i < page->count; i++)
	{
		char	   *place = cells + i * shape->size + shape->strangers;

		if (memcmp(place, strangers + i * words, words * sizeof(uint64)) != 0)
			vp_change_words(&change, place, (const uint32 *) (strangers + i * words), 2 * words);
	}
	vp_change_apply(&change, store->rel, store->wal);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	pfree(strangers);
}

void
vp_cells_mark_strangers(const VpStore *store, const VpMeta *meta)
{
	BlockNumber block = meta->cells;
	VpCellShape shape;

	if (block == 0)
		return;
	vp_cell_shape(&store->geo, meta->cell_ids, &shape);
	for (uint32 first = 0; first < vp_cell_count(meta); first += shape.per_page)
	{
		Buffer		buffer = read_page(store, meta, &shape, block, first);

		block = VpPageGetCells(BufferGetPage(buffer))->head.next;
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		mark_page(store, meta, &shape, buffer);
		ReleaseBuffer(buffer);
		VP_POINT("vacuum-estranged");
	}
}
