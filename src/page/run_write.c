/*-------------------------------------------------------------------------
 *
 * run_write.c
 *	  Writes a run; see run.h and format.h.
 *
 * How many pages it takes follows from the number of entries.  The root's block
 * is taken first: its page leads the chain, in which the others stand as they
 * are written, leaves first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "page/page_pool.h"
#include "page/run.h"

typedef struct Writer
{
	const VpStore *store;
	Relation	heap;
	VpRunShape	shape;
	BlockNumber root;
	BlockNumber first;			/* of the pages below it; 0: there are none */
	BlockNumber ahead;			/* taken for the next page; 0: it was the last */
	BlockNumber last;			/* that was written */
	uint32		left;			/* pages that are still to be taken */
	union
	{
		VpRunPage	head;
		char		data[VP_PAGE_ROOM];
	}			page;
	uint64	   *keys;			/* of the pages of the level below, the first
								 * of each */
	uint32	   *blocks;
} Writer;

/* Takes the page that is to be written after the next. */
static BlockNumber
look_ahead(Writer *writer)
{
	if (writer->left == 0)
		return 0;
	writer->left--;
	return vp_pool_take_page(writer->store, writer->heap);
}

static void
begin_page(Writer *writer, int level, uint32 count)
{
	memset(&writer->page, 0, sizeof(writer->page));
	writer->page.head.head.use = level == 0 ? VP_POOL_LEAF : VP_POOL_INNER;
	writer->page.head.count = count;
	writer->page.head.level = level;
}

static void
put_key(Writer *writer, uint32 i, uint64 key)
{
	char	   *keys = (char *) (&writer->page.head + 1);
	uint32		short_key = (uint32) key;

	if (writer->shape.key_bytes == 8)
		memcpy(keys + i * sizeof(key), &key, sizeof(key));
	else
		memcpy(keys + i * sizeof(short_key), &short_key, sizeof(short_key));
}

/* A word behind the keys, for which there is room for so many. */
static void
put_word(Writer *writer, uint32 keys, uint32 i, uint32 word)
{
	char	   *words = (char *) (&writer->page.head + 1) + keys * writer->shape.key_bytes;

	memcpy(words + i * sizeof(word), &word, sizeof(word));
}

/* Writes the page; returns its block. */
static BlockNumber
end_page(Writer *writer, bool is_root)
{
	BlockNumber block = is_root ? writer->root : writer->ahead;

	if (!is_root)
		writer->ahead = look_ahead(writer);
	writer->page.head.head.next = is_root ? writer->first : writer->ahead;
	vp_pool_write(writer->store, block, &writer->page);
	if (!is_root)
		writer->last = block;
	return block;
}

static void
write_leaves(Writer *writer, const VpKeyColumn *column, uint32 n, VpRunNext next, void *arg, VpRun *run)
{
	uint32		leaf_entries = writer->shape.blocks * writer->shape.block;

	for (uint32 leaf = 0; leaf < writer->shape.pages[0]; leaf++)
	{
		uint32		count = Min(n - leaf * leaf_entries, leaf_entries);

		CHECK_FOR_INTERRUPTS();
		begin_page(writer, 0, count);
		for (uint32 i = 0; i < count; i++)
		{
			uint64		key;
			VpId		id;

			next(arg, &key, &id);
			run->stated += key != vp_largest_posted(column);
			if (i == 0)
				writer->keys[leaf] = key;
			if (i % writer->shape.block == 0)
				put_key(writer, i / writer->shape.block, key);
			put_word(writer, writer->shape.blocks, i, id);
		}
		writer->blocks[leaf] = end_page(writer, writer->shape.levels == 1);
	}
}

/*
 * Writes a level of inner pages; what there is of the level below becomes what
 * there is of it.
 */
static void
write_inner(Writer *writer, int level)
{
	uint32		below = writer->shape.pages[level - 1];
	uint32		most = writer->shape.children;

	for (uint32 number = 0; number < writer->shape.pages[level]; number++)
	{
		uint32		first = number * most;
		uint32		count = Min(below - first, most);

		CHECK_FOR_INTERRUPTS();
		begin_page(writer, level, count);
		for (uint32 i = 0; i < count; i++)
		{
			put_key(writer, i, writer->keys[first + i]);
			put_word(writer, most, i, writer->blocks[first + i]);
		}
		writer->keys[number] = writer->keys[first];
		writer->blocks[number] = end_page(writer, level == writer->shape.levels - 1);
	}
}

void
vp_run_write(const VpStore *store, Relation heap, int column, uint32 n,
			 VpRunNext next, void *arg, VpRun *run)
{
	const VpKeyColumn *key = &store->geo.keys[column];
	Writer	   *writer = palloc0(sizeof(Writer));

	writer->store = store;
	writer->heap = heap;
	vp_run_shape(key, n, &writer->shape);
	for (int level = 0; level < writer->shape.levels; level++)
		writer->left += writer->shape.pages[level];
	writer->keys = palloc(writer->shape.pages[0] * sizeof(uint64));
	writer->blocks = palloc(writer->shape.pages[0] * sizeof(uint32));
	writer->root = look_ahead(writer);
	writer->first = writer->ahead = look_ahead(writer);
	writer->last = writer->root;

	memset(run, 0, sizeof(*run));
	run->entries = n;
	run->leaves = writer->shape.pages[0];
	run->kind = column + 1;
	run->fanout = writer->shape.levels - 1;
	write_leaves(writer, key, n, next, arg, run);
	for (int level = 1; level < writer->shape.levels; level++)
		write_inner(writer, level);
	run->root = writer->root;
	run->last = writer->last;
	pfree(writer->keys);
	pfree(writer->blocks);
	pfree(writer);
}
