/*-------------------------------------------------------------------------
 *
 * tid_set.c
 *	  Rows to which a search is restricted, by their TIDs; see tid_set.h.
 *
 * A search asks some hundred times whether a row is in the set, so a bitmap of
 * PostgreSQL's, of which nothing can be asked but the next page, is copied: a
 * bitmap of offsets for each page, the pages in order, and a table that leads
 * from a block to its page.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "search/tid_set.h"

#define OFFSET_WORDS ((MaxHeapTuplesPerPage + 64) / 64)

/* The rows of one page of the table; bit i stands for offset i. */
typedef struct TidPage
{
	BlockNumber block;
	uint64		offsets[OFFSET_WORDS];
} TidPage;

typedef struct TidPageEntry
{
	BlockNumber block;
	char		status;			/* simplehash's */
	uint32		page;
} TidPageEntry;

#define SH_PREFIX tid_pages
#define SH_ELEMENT_TYPE TidPageEntry
#define SH_KEY_TYPE BlockNumber
#define SH_KEY block
#define SH_HASH_KEY(table, key) murmurhash32(key)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct VpTidSet
{
	MemoryContext context;
	TidPage    *pages;
	uint32		npages;
	uint32		room;
	tid_pages_hash *by_block;
	uint64		size;
};

/* A page that the set has not yet. */
static TidPage *
add_page(VpTidSet *set, BlockNumber block)
{
	bool		found;

	if (set->npages == set->room)
	{
		set->room *= 2;
		set->pages = repalloc_huge(set->pages, set->room * sizeof(TidPage));
	}
	tid_pages_insert(set->by_block, block, &found)->page = set->npages;
	set->pages[set->npages].block = block;
	memset(set->pages[set->npages].offsets, 0, sizeof(set->pages->offsets));
	return &set->pages[set->npages++];
}

static void
add_result(VpTidSet *set, const VpTbmPage *from)
{
	TidPage    *page = add_page(set, from->block);

	for (int i = 0; i < from->n; i++)
		if (from->offsets[i] <= MaxHeapTuplesPerPage)
			page->offsets[from->offsets[i] / 64] |= UINT64CONST(1) << from->offsets[i] % 64;
	set->size += from->n;
}

/* All rows that a page can have. */
static void
add_lossy(VpTidSet *set, BlockNumber block)
{
	TidPage    *page = add_page(set, block);

	for (uint32 i = FirstOffsetNumber; i <= MaxHeapTuplesPerPage; i++)
		page->offsets[i / 64] |= UINT64CONST(1) << i % 64;
	set->size += MaxHeapTuplesPerPage;
}

VpTidSet *
vp_tid_set_make(TIDBitmap *bitmap)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov TIDs",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	VpTidSet   *set = palloc0(sizeof(VpTidSet));
	VpTbmIterator *iterator = VpTbmBegin(bitmap);
	VpTbmPage	page;

	set->context = context;
	set->room = 64;
	set->pages = palloc(set->room * sizeof(TidPage));
	set->by_block = tid_pages_create(context, set->room, NULL);
	while (vp_tbm_next(iterator, &page))
	{
		if (set->npages % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (page.n < 0)
			add_lossy(set, page.block);
		else if (page.n > 0)
			add_result(set, &page);
	}
	VpTbmEnd(iterator);
	MemoryContextSwitchTo(old);
	return set;
}

void
vp_tid_set_free(VpTidSet *set)
{
	MemoryContextDelete(set->context);
}

uint64
vp_tid_set_size(const VpTidSet *set)
{
	return set->size;
}

bool
vp_tid_set_has(const VpTidSet *set, const ItemPointerData *tid)
{
	const TidPageEntry *entry = tid_pages_lookup(set->by_block, ItemPointerGetBlockNumberNoCheck(tid));
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);

	return entry != NULL && offset <= MaxHeapTuplesPerPage &&
		(set->pages[entry->page].offsets[offset / 64] >> offset % 64 & 1) != 0;
}

bool
vp_tid_set_next(const VpTidSet *set, VpTidSetWalk *at, ItemPointer tid)
{
	for (; at->page < set->npages; at->page++, at->offset = 0)
	{
		const TidPage *page = &set->pages[at->page];

		while (at->offset < OFFSET_WORDS * 64)
		{
			uint64		rest = page->offsets[at->offset / 64] >> at->offset % 64;

			if (rest == 0)
			{
				at->offset = (at->offset / 64 + 1) * 64;
				continue;
			}
			at->offset += pg_rightmost_one_pos64(rest);
			ItemPointerSet(tid, page->block, at->offset++);
			return true;
		}
	}
	return false;
}
