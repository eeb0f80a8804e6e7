/*-------------------------------------------------------------------------
 *
 * array_run.c
 *	  Makes a run of a column of arrays; see array_run.h.
 *
 * Entries are sorted twice.  First by node: each node is asked whether its row
 * can have such an element.  Then by element key.  An entry that does not fit
 * is of a row that is gone.  Some entries of such rows fit by chance; they stay
 * until the node gets a row that they do not fit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "page/array_run.h"
#include "page/code_page.h"
#include "page/key_sort.h"
#include "page/page_pool.h"
#include "page/record.h"
#include "page/run.h"

/* One node page: the signatures of its nodes that have a row. */
typedef struct NodePage
{
	VpPageIds	ids;
	bool		posted[VP_MAX_PAGE_NODES];
	uint64		signature[VP_MAX_PAGE_NODES];
} NodePage;

struct VpArrayRun
{
	const VpStore *store;
	int			column;
	VpKeySort  *found;			/* by id: what is to be tested; NULL: all are
								 * sound */
	VpKeySort  *sound;			/* by element key */
	VpId		last;			/* the last row of these, and how many rows */
	uint32		rows;
	int			kilobytes;
	uint32		nread;			/* node pages since it was asked whether to
								 * give way */
	NodePage	page;
};

VpArrayRun *
vp_array_run_begin(const VpStore *store, int column, int kilobytes)
{
	VpArrayRun *run = palloc0(sizeof(VpArrayRun));

	run->store = store;
	run->column = column;
	run->kilobytes = kilobytes;
	run->sound = vp_key_sort_begin(kilobytes / 2);
	run->last = VP_NO_ID;
	return run;
}

/*----------
 * Entries that come
 *----------
 */

/* All entries of an id come one after the other. */
static void
add_sound(VpArrayRun *run, VpId id, uint32 key)
{
	vp_key_sort_put(run->sound, key, id);
	run->rows += id != run->last;
	run->last = id;
}

void
vp_array_run_add_row(VpArrayRun *run, VpId id, const void *keys, const VpElements *elements)
{
	uint32		posted[VP_POSTED_MOST];
	int			n = vp_posted_keys(vp_stored_key(keys, &run->store->geo.keys[run->column]), elements, posted);

	for (int i = 0; i < n; i++)
		add_sound(run, id, posted[i]);
}

static void
add_found(VpArrayRun *run, VpId id, uint32 key)
{
	if (run->found == NULL)
		run->found = vp_key_sort_begin(run->kilobytes / 2);
	vp_key_sort_put(run->found, id, key);
}

void
vp_array_run_add_run(VpArrayRun *run, const VpRun *older)
{
	VpRunCursor cursor;
	VpId		ids[VP_PAGE_ROOM / sizeof(VpId)];
	int			n;

	vp_run_open(&cursor, run->store, older);
	for (uint32 at = 0; at < older->entries; at += n)
	{
		CHECK_FOR_INTERRUPTS();
		n = vp_run_copy(&cursor, at, lengthof(ids), ids);
		for (int i = 0; i < n; i++)
			add_found(run, ids[i], (uint32) vp_run_fence(&cursor, at + i));
	}
	vp_run_close(&cursor);
}

typedef struct RecentRows
{
	VpArrayRun *run;
	BlockNumber end;
} RecentRows;

/*
 * A VpPoolCall: adds the rows of a recent page, which is locked, share.
 * False: it is the first one that is not wanted.
 */
static bool
add_page(BlockNumber block, Page page, void *arg)
{
	RecentRows *rows = arg;
	const VpStore *store = rows->run->store;
	uint32		n;

	if (block == rows->end)
		return false;
	n = vp_recent_count(store, block, page);
	for (uint32 i = 0; i < n; i++)
		add_found(rows->run, vp_recent_row(&store->geo, page, i),
				  (uint32) vp_recent_key(&store->geo, page, i, rows->run->column));
	return true;
}

void
vp_array_run_add_recent(VpArrayRun *run, BlockNumber first, BlockNumber end)
{
	RecentRows	rows = {.run = run,.end = end};

	vp_pool_walk(run->store, first, add_page, &rows);
}

/*----------
 * Entries that stay
 *----------
 */

/* What is read under the page's lock is complete, and logged. */
static void
read_page(VpArrayRun *run, VpId id)
{
	const VpStore *store = run->store;
	const VpKeyColumn *column = &store->geo.keys[run->column];
	NodePage   *page = &run->page;
	Buffer		buffer;

	page->ids = vp_page_of(&store->geo, &store->geo.node, id);
	buffer = vp_store_read(store, page->ids.block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	vp_keys_of_page(store, &page->ids, buffer, column, page->signature);
	for (uint32 i = 0; i < page->ids.count; i++)
		page->posted[i] = !vp_is_pool_page(BufferGetPage(buffer)) &&
			vp_is_posted(vp_record_tail(store, vp_page_record(store, buffer, i))->flags);
	UnlockReleaseBuffer(buffer);
	run->nread++;
}

/* Can the row of a node have such an element?  Nodes are asked in order. */
static bool
is_sound(VpArrayRun *run, VpId id, uint32 key)
{
	const NodePage *page = &run->page;

	/* before the first is read, its count is 0 */
	if (id - page->ids.first >= page->ids.count)
	{
		CHECK_FOR_INTERRUPTS();
		read_page(run, id);
	}
	return page->posted[id - page->ids.first] &&
		vp_posted_fits(key, page->signature[id - page->ids.first]);
}

/* What was found and is sound, each entry once.  False: it gave way. */
static bool
test_found(VpArrayRun *run, uint32 nids, bool (*must_give_way) (void *arg), void *arg)
{
	uint32		n = vp_key_sort_done(run->found);
	uint64		last = PG_UINT64_MAX;

	for (uint32 i = 0; i < n; i++)
	{
		uint64		id;
		uint32		key;
		uint64		entry;

		vp_key_sort_get(run->found, &id, &key);
		entry = id << 32 | key;
		/* ids that come from a page may be anything */
		if (entry != last && id < nids && is_sound(run, (VpId) id, key))
			add_sound(run, (VpId) id, key);
		last = entry;
		if (run->nread >= VP_PATIENCE)
		{
			run->nread = 0;
			if (must_give_way(arg))
				return false;
		}
	}
	vp_key_sort_end(run->found);
	run->found = NULL;
	return true;
}

static void
free_run(VpArrayRun *run)
{
	if (run->found != NULL)
		vp_key_sort_end(run->found);
	vp_key_sort_end(run->sound);
	pfree(run);
}

static void
next_sorted(void *arg, uint64 *key, VpId *id)
{
	vp_key_sort_get(arg, key, id);
}

bool
vp_array_run_sort(VpArrayRun *run, uint32 nids, bool (*must_give_way) (void *arg), void *arg)
{
	if (run->found == NULL || test_found(run, nids, must_give_way, arg))
		return true;
	free_run(run);
	return false;
}

bool
vp_array_run_write(VpArrayRun *run, const VpStore *store, Relation heap, VpRun *written)
{
	uint32		n = vp_key_sort_done(run->sound);

	if (n > 0)
	{
		/* not run->store: a build has laid the index out since it began */
		vp_run_write(store, heap, run->column, n, next_sorted, run->sound, written);
		written->rows = run->rows;
	}
	free_run(run);
	return n > 0;
}
