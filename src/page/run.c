/*-------------------------------------------------------------------------
 *
 * run.c
 *	  Runs: references sorted by a key column, read; see run.h and format.h.
 *
 * A run stays as it is while somebody can find it.  So a page is locked once,
 * when it is pinned, and then read without a lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "page/page_pool.h"
#include "page/run.h"

#define RunPage(page)	((const VpRunPage *) VpPageData(page))

void
vp_run_shape(const VpKeyColumn *column, uint32 entries, VpRunShape *shape)
{
	uint32		leaf_entries;
	uint32		n;

	shape->key_bytes = vp_posted_bytes(column);
	shape->block = vp_is_of_arrays(column) ? 1 : VP_RUN_BLOCK;
	shape->blocks = VP_RUN_ROOM / (shape->key_bytes + shape->block * sizeof(uint32));
	shape->children = VP_RUN_ROOM / (shape->key_bytes + sizeof(uint32));
	leaf_entries = shape->blocks * shape->block;
	shape->levels = 0;
	if (entries == 0)
		return;
	for (n = entries / leaf_entries + (entries % leaf_entries != 0); n > 1;
		 n = (n + shape->children - 1) / shape->children)
		shape->pages[shape->levels++] = n;
	shape->pages[shape->levels++] = 1;
}

const char *
vp_run_problem(const VpGeometry *geo, const VpRun *run, BlockNumber nblocks)
{
	VpRunShape	shape;

	if (run->kind < 1 || run->kind > geo->nkeys)
		return "A list of runs has one of a column that there is not.";
	vp_run_shape(&geo->keys[run->kind - 1], run->entries, &shape);
	if (run->entries == 0 || run->stated > run->entries || run->rows > run->entries || run->leaves != shape.pages[0] ||
		run->fanout != shape.levels - 1)
		return "A list of runs has one whose size makes no sense.";
	if (run->root == 0 || run->root >= nblocks || run->last == 0 || run->last >= nblocks)
		return "A list of runs leads behind the end of the relation.";
	return NULL;
}

/*----------
 * Pages
 *----------
 */

void
vp_run_open(VpRunCursor *cursor, const VpStore *store, const VpRun *run)
{
	cursor->store = store;
	cursor->run = run;
	vp_run_shape(&store->geo.keys[run->kind - 1], run->entries, &cursor->shape);
	for (int i = 0; i < VP_RUN_LEVELS; i++)
	{
		cursor->blocks[i] = 0;
		cursor->buffers[i] = InvalidBuffer;
	}
}

void
vp_run_close(VpRunCursor *cursor)
{
	for (int i = 0; i < VP_RUN_LEVELS; i++)
		if (BufferIsValid(cursor->buffers[i]))
			ReleaseBuffer(cursor->buffers[i]);
}

/* What a page of a level must have, by its number there. */
static uint32
count_wanted(const VpRunCursor *cursor, int level, uint32 number)
{
	uint32		each = level == 0 ? cursor->shape.blocks * cursor->shape.block : cursor->shape.children;
	uint32		all = level == 0 ? cursor->run->entries : cursor->shape.pages[level - 1];

	return Min(all - number * each, each);
}

/*
 * The page at a block, of a level, with its number there.  It stays pinned, not
 * locked, until the cursor comes to another page of the level or is closed: a
 * page of a run does not change while the run is in use.
 */
static const VpRunPage *
get_page(VpRunCursor *cursor, int level, uint32 number, BlockNumber block)
{
	const VpRunPage *page;

	if (cursor->blocks[level] == block)
		return RunPage(vp_page_to_read(cursor->buffers[level]));
	if (BufferIsValid(cursor->buffers[level]))
		ReleaseBuffer(cursor->buffers[level]);
	cursor->blocks[level] = 0;
	cursor->buffers[level] = InvalidBuffer;
	cursor->buffers[level] = vp_pool_read(cursor->store, block,
										  level == 0 ? VP_POOL_LEAF : VP_POOL_INNER);
	LockBuffer(cursor->buffers[level], BUFFER_LOCK_UNLOCK);
	page = RunPage(vp_page_to_read(cursor->buffers[level]));
	if (unlikely(page->level != level || page->count != count_wanted(cursor, level, number)))
		vp_report_damage(cursor->store->rel, block, "A page of a posting list is not that of its place.");
	cursor->blocks[level] = block;
	return page;
}

/* Key i of a page, which has room for so many. */
static inline uint64
key_at(const VpRunCursor *cursor, const VpRunPage *page, uint32 i)
{
	if (cursor->shape.key_bytes == 8)
		return ((const uint64 *) (page + 1))[i];
	return ((const uint32 *) (page + 1))[i];
}

/* The words behind the keys: references of a leaf, blocks of an inner page. */
static inline const uint32 *
words_of(const VpRunCursor *cursor, const VpRunPage *page, int level)
{
	uint32		keys = level == 0 ? cursor->shape.blocks : cursor->shape.children;

	return (const uint32 *) ((const char *) (page + 1) + keys * cursor->shape.key_bytes);
}

/* The leaf of a number. */
static const VpRunPage *
get_leaf(VpRunCursor *cursor, uint32 number)
{
	BlockNumber block = cursor->run->root;
	int			level = cursor->shape.levels - 1;
	uint32		below = 1;		/* leaves below a child */

	for (int i = 1; i < level; i++)
		below *= cursor->shape.children;
	for (; level > 0; level--)
	{
		uint32		page_number = number / (below * cursor->shape.children);
		const VpRunPage *page = get_page(cursor, level, page_number, block);

		block = words_of(cursor, page, level)[number / below % cursor->shape.children];
		below /= cursor->shape.children;
	}
	return get_page(cursor, 0, number, block);
}

/* How many of a page's first n keys are below a key, or not above it? */
static uint32
count_below(const VpRunCursor *cursor, const VpRunPage *page, uint32 n, uint64 key, bool not_above)
{
	uint32		low = 0;
	uint32		high = n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		uint64		at = key_at(cursor, page, middle);

		if (at < key || (not_above && at == key))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*----------
 * Entries
 *----------
 */

uint32
vp_run_seek(VpRunCursor *cursor, uint64 key, bool not_above)
{
	BlockNumber block = cursor->run->root;
	uint32		number = 0;		/* of the page on its level */
	const VpRunPage *page;

	for (int level = cursor->shape.levels - 1; level > 0; level--)
	{
		uint32		n;

		page = get_page(cursor, level, number, block);
		n = count_below(cursor, page, page->count, key, not_above);
		/* the first keys of a page and of its first child are the same */
		if (n == 0)
			return 0;
		number = number * cursor->shape.children + n - 1;
		block = words_of(cursor, page, level)[n - 1];
	}
	page = get_page(cursor, 0, number, block);
	return number * cursor->shape.blocks +
		count_below(cursor, page, (page->count + cursor->shape.block - 1) / cursor->shape.block, key, not_above);
}

int
vp_run_copy(VpRunCursor *cursor, uint32 from, int n, VpId *ids)
{
	uint32		leaf_entries = cursor->shape.blocks * cursor->shape.block;
	uint32		at = from % leaf_entries;
	const VpRunPage *page = get_leaf(cursor, from / leaf_entries);

	n = Min((uint32) n, page->count - at);
	memcpy(ids, words_of(cursor, page, 0) + at, n * sizeof(VpId));
	return n;
}

uint64
vp_run_fence(VpRunCursor *cursor, uint32 block)
{
	return key_at(cursor, get_leaf(cursor, block / cursor->shape.blocks),
				  block % cursor->shape.blocks);
}
