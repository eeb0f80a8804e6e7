/*-------------------------------------------------------------------------
 *
 * recent.c
 *	  Recent pages: rows that are in no run yet; see recent.h and format.h.
 *
 * A row is added to the last page, in the record that creates its node, under
 * the metapage's lock, with all its entries.  Pages before the last one stay as
 * they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "page/page_pool.h"
#include "page/recent.h"

#define RecentPage(page)	((VpRecentPage *) VpPageData(page))

static uint32
entry_bytes(const VpGeometry *geo)
{
	uint32		bytes = sizeof(uint32);

	for (uint32 i = 0; i < geo->nkeys; i++)
		bytes += vp_posted_bytes(&geo->keys[i]);
	return bytes;
}

uint32
vp_recent_room(const VpGeometry *geo)
{
	return VP_RECENT_ROOM / entry_bytes(geo);
}

/*
 * Where a column begins, of this number, or (nkeys) that of references: the
 * widest come first.
 */
static char *
column_start(const VpGeometry *geo, Page page, uint32 column)
{
	uint32		bytes = column < geo->nkeys ? vp_posted_bytes(&geo->keys[column]) : 0;
	uint32		before = 0;

	for (uint32 i = 0; i < geo->nkeys; i++)
	{
		uint32		other = vp_posted_bytes(&geo->keys[i]);

		if (other > bytes || (other == bytes && i < column))
			before += other;
	}
	return (char *) (RecentPage(page) + 1) + before * vp_recent_room(geo);
}

uint32
vp_recent_count(const VpStore *store, BlockNumber block, Page page)
{
	uint32		count = RecentPage(page)->count;

	if (unlikely(count > vp_recent_room(&store->geo)))
		vp_report_damage(store->rel, block, "A page of recent rows has more than there is room for.");
	return count;
}

VpId
vp_recent_row(const VpGeometry *geo, Page page, uint32 i)
{
	return ((const uint32 *) column_start(geo, page, geo->nkeys))[i];
}

uint64
vp_recent_key(const VpGeometry *geo, Page page, uint32 i, int column)
{
	const char *start = column_start(geo, page, column);

	if (vp_posted_bytes(&geo->keys[column]) == 8)
		return ((const uint64 *) start)[i];
	return ((const uint32 *) start)[i];
}

/*----------
 * Rows that come
 *----------
 */

/*
 * Adds an empty page behind the last one, which leads to it.
 *
 * On entry the metapage is locked exclusively, and no other page.  Locks the
 * new page and the last one, both exclusively, and unlocks them.
 */
static void
add_page(const VpStore *store, Relation heap, Buffer metabuf)
{
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpPool		pool = meta->pool;
	uint32		block = vp_pool_take(store, heap, metabuf, &pool);
	VpRecentPage empty = {.head = {.use = VP_POOL_RECENT}};
	Buffer		buffer = vp_pool_lock(store, block);
	Buffer		last = InvalidBuffer;
	VpChange	change;

	vp_change_begin(&change, VP_WAL_POOL);
	vp_change_page(&change, buffer);
	vp_change_words(&change, RecentPage(BufferGetPage(buffer)), (const uint32 *) &empty,
					sizeof(empty) / sizeof(uint32));
	if (pool.recent_last != 0)
	{
		if (pool.recent_last == block)
			vp_report_damage(store->rel, block, "A list of free pages leads to a page that is in use.");
		last = vp_pool_lock(store, pool.recent_last);
		vp_change_page(&change, last);
		vp_change_words(&change, &RecentPage(BufferGetPage(last))->head.next, &block, 1);
	}
	pool.recent_last = block;
	pool.recent_pages++;
	vp_change_page(&change, metabuf);
	vp_patch_pool(&change, meta, &pool);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
	if (BufferIsValid(last))
		UnlockReleaseBuffer(last);
}

/*
 * Makes the first manifest, which leads to the first recent page and to no
 * run.  On entry the metapage is locked exclusively; locks the new page and
 * unlocks it.
 */
static void
add_manifest(const VpStore *store, Relation heap, Buffer metabuf)
{
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpPool		pool = meta->pool;
	uint32		block = vp_pool_take(store, heap, metabuf, &pool);
	VpManifestPage empty = {.head = {.use = VP_POOL_MANIFEST},.generation = 1};
	Buffer		buffer = vp_pool_lock(store, block);
	VpChange	change;

	empty.recent_first = pool.recent_last;
	pool.manifest = block;
	vp_change_begin(&change, VP_WAL_RUNS);
	vp_change_page(&change, buffer);
	vp_change_words(&change, VpPageData(BufferGetPage(buffer)), (const uint32 *) &empty,
					sizeof(empty) / sizeof(uint32));
	vp_change_page(&change, metabuf);
	vp_patch_pool(&change, meta, &pool);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

/*
 * Has the last page room for so many entries more?  Locks the page, share, and
 * unlocks it.
 */
static bool
has_room(const VpStore *store, BlockNumber block, uint32 entries)
{
	Buffer		buffer = vp_pool_read(store, block, VP_POOL_RECENT);
	bool		room;

	room = vp_recent_count(store, block, BufferGetPage(buffer)) + entries <= vp_recent_room(&store->geo);
	UnlockReleaseBuffer(buffer);
	return room;
}

/*
 * What the lists of a column are to have of a row: one key, or some; how many.
 */
static uint32
posted_keys(const VpKeyColumn *column, int number, const void *keys, const VpElements *elements,
			uint64 *posted)
{
	uint32		some[VP_POSTED_MOST];
	uint32		n;

	posted[0] = vp_stored_key(keys, column);
	if (!vp_is_of_arrays(column))
		return 1;
	n = vp_posted_keys(posted[0], elements != NULL ? &elements[number] : NULL, some);
	for (uint32 i = 0; i < n; i++)
		posted[i] = some[i];
	return n;
}

uint32
vp_recent_entries(const VpGeometry *geo, const void *keys, const VpElements *elements)
{
	uint64		posted[VP_POSTED_MOST];
	uint32		most = 1;

	for (uint32 i = 0; i < geo->nkeys; i++)
		if (vp_is_of_arrays(&geo->keys[i]))
			most = Max(most, posted_keys(&geo->keys[i], i, keys, elements, posted));
	return most;
}

uint32
vp_recent_most(const VpGeometry *geo)
{
	for (uint32 i = 0; i < geo->nkeys; i++)
		if (vp_is_of_arrays(&geo->keys[i]))
			return VP_POSTED_MOST;
	return 1;
}

void
vp_recent_prepare(const VpStore *store, Relation heap, Buffer metabuf, uint32 entries)
{
	const VpPool *pool = &VpPageGetMeta(BufferGetPage(metabuf))->pool;

	if (pool->recent_last == 0)
		add_page(store, heap, metabuf);
	if (pool->manifest == 0)
		add_manifest(store, heap, metabuf);
	if (!has_room(store, pool->recent_last, entries))
		add_page(store, heap, metabuf);
}

/*
 * Writes keys of a column behind one another, from the first again when all are
 * written; the word behind them.
 */
static uint32 *
put_keys(uint32 *word, const uint64 *posted, uint32 nposted, uint32 entries, uint32 bytes)
{
	for (uint32 i = 0; i < entries; i++)
	{
		uint64		key = posted[i % nposted];

		word[0] = (uint32) key;
		if (bytes == sizeof(key))
			memcpy(word, &key, sizeof(key));
		word += bytes / sizeof(uint32);
	}
	return word;
}

void
vp_recent_add(const VpStore *store, const VpMeta *meta, VpId id, const void *keys,
			  const VpElements *elements, VpRecentRow *row, VpChange *change)
{
	const VpGeometry *geo = &store->geo;
	uint32		entries = vp_recent_entries(geo, keys, elements);
	uint32	   *word = row->words;
	uint64		posted[VP_POSTED_MOST];
	Page		page;
	uint32		n;

	row->buffer = vp_pool_lock(store, meta->pool.recent_last);
	page = BufferGetPage(row->buffer);
	n = RecentPage(page)->count;
	vp_change_page(change, row->buffer);
	for (uint32 i = 0; i < geo->nkeys; i++)
	{
		uint32		bytes = vp_posted_bytes(&geo->keys[i]);
		uint32		nposted = posted_keys(&geo->keys[i], i, keys, elements, posted);
		uint32	   *end = put_keys(word, posted, nposted, entries, bytes);

		vp_change_words(change, column_start(geo, page, i) + n * bytes, word, end - word);
		word = end;
	}
	for (uint32 i = 0; i < entries; i++)
		word[i] = id;
	vp_change_words(change, column_start(geo, page, geo->nkeys) + n * sizeof(uint32), word, entries);
	word += entries;
	*word = n + entries;
	vp_change_words(change, &RecentPage(page)->count, word, 1);
}

void
vp_recent_done(VpRecentRow *row)
{
	UnlockReleaseBuffer(row->buffer);
}

/*----------
 * Rows that are looked for
 *----------
 */

/* Entries of a row stand together: it is added once. */
static void
add_id(VpIdList *list, VpId id)
{
	if (list->n > 0 && list->ids[list->n - 1] == id)
		return;
	if (list->n == list->room)
	{
		list->room = Max(2 * list->room, 256);
		list->ids = list->ids == NULL ? palloc(list->room * sizeof(VpId)) :
			repalloc_huge(list->ids, list->room * sizeof(VpId));
	}
	list->ids[list->n++] = id;
}

/* Keys that are compared together before any of them is looked at. */
#define KEYS_TOGETHER	16

/*
 * Up to so many spans are looked for one after another: an element's are three.
 */
#define FEW_SPANS		4

/*
 * The rows of a page whose keys of 4 bytes are in one span, which is what most
 * conditions are.  Hardly one is: so the compiler makes a few instructions of a
 * loop over some keys, and most such loops find none.
 */
static void
find_in_span(const uint32 *keys, const uint32 *refs, uint32 n, const VpKeySpan *span, VpIdList *found)
{
	uint32		first = (uint32) span->first;
	uint32		width = (uint32) (Min(span->last, PG_UINT32_MAX) - span->first);

	if (span->first > span->last || span->first > PG_UINT32_MAX)
		return;
	for (uint32 i = 0; i < n; i += KEYS_TOGETHER)
	{
		uint32		end = Min(n, i + KEYS_TOGETHER);
		uint32		any = 0;

		if (end == i + KEYS_TOGETHER)
		{
			for (uint32 j = 0; j < KEYS_TOGETHER; j++)
				any |= keys[i + j] - first <= width;
			if (!any)
				continue;
		}
		for (uint32 j = i; j < end; j++)
			if (keys[j] - first <= width)
				add_id(found, refs[j]);
	}
}

/*
 * Adds the ids of a recent page, which is locked, share, whose keys are in
 * some spans; column -1: all ids.
 */
static void
find_on_page(const VpStore *store, BlockNumber block, Page page, int column,
			 const VpKeySpan *spans, int nspans, VpIdList *found)
{
	const VpGeometry *geo = &store->geo;
	uint32		n = vp_recent_count(store, block, page);
	const uint32 *refs = (const uint32 *) column_start(geo, page, geo->nkeys);
	const void *keys = column >= 0 ? column_start(geo, page, column) : NULL;
	bool		are_long = column >= 0 && vp_posted_bytes(&geo->keys[column]) == 8;

	if (column >= 0 && !are_long && nspans <= FEW_SPANS)
	{
		for (int i = 0; i < nspans; i++)
			find_in_span(keys, refs, n, &spans[i], found);
		return;
	}
	for (uint32 i = 0; i < n; i++)
		if (column < 0 ||
			vp_in_spans(are_long ? ((const uint64 *) keys)[i] : ((const uint32 *) keys)[i], spans, nspans))
			add_id(found, refs[i]);
}

BlockNumber
vp_recent_find(const VpStore *store, BlockNumber first, BlockNumber end, int column,
			   const VpKeySpan *spans, int nspans, VpIdList *found)
{
	BlockNumber nblocks = first != 0 ? RelationGetNumberOfBlocks(store->rel) : 0;
	BlockNumber block = first;
	BlockNumber last = 0;

	for (BlockNumber n = 0; block != 0 && block != end; n++)
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (n > nblocks)
			vp_report_damage(store->rel, block, "A list of pages leads back to itself.");
		buffer = vp_pool_read(store, block, VP_POOL_RECENT);
		find_on_page(store, block, vp_page_to_read(buffer), column, spans, nspans, found);
		last = block;
		block = RecentPage(vp_page_to_read(buffer))->head.next;
		UnlockReleaseBuffer(buffer);
	}
	return last;
}
