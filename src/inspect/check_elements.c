/*-------------------------------------------------------------------------
 *
 * check_elements.c
 *	  vecprov_check: does a posting list lead to each element of an array?
 *
 * Nodes do not store element keys, only signatures, by which check_runs.c looks at
 * the lists.  So the element keys of each row of the table are put into a sort,
 * later the entries of runs and recent pages into another one, both by node, and
 * the two are compared.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "inspect/check.h"
#include "page/key_sort.h"
#include "page/manifest.h"
#include "page/page_pool.h"
#include "page/recent.h"
#include "page/run.h"

/* Entries that are copied from a run at a time. */
#define COPIED	1024

/* Kilobytes of one sort: there is one for each column of arrays, and one more. */
static int
sort_memory(const VpGeometry *geo)
{
	int			n = 1;

	for (uint32 i = 0; i < geo->nkeys; i++)
		n += vp_is_of_arrays(&geo->keys[i]);
	return Max(maintenance_work_mem / n, 64);
}

void
vp_check_elements_begin(Check *check)
{
	const VpGeometry *geo = &check->store->geo;

	for (uint32 i = 0; i < geo->nkeys; i++)
		if (vp_is_of_arrays(&geo->keys[i]))
			check->elements[i] = vp_key_sort_begin(sort_memory(geo));
}

void
vp_check_elements_row(Check *check, VpId id, const VpRowKeys *keys)
{
	const VpGeometry *geo = &check->store->geo;
	uint32		posted[VP_POSTED_MOST];

	for (uint32 i = 0; i < geo->nkeys; i++)
		if (vp_is_of_arrays(&geo->keys[i]))
		{
			int			n = vp_posted_keys(vp_stored_key((const char *) keys->stored, &geo->keys[i]), &keys->elements[i], posted);

			for (int j = 0; j < n; j++)
				vp_key_sort_put(check->elements[i], id, posted[j]);
		}
}

/*----------
 * What lists have
 *----------
 */

static void
add_run(const Check *check, const VpRun *run, VpKeySort *found)
{
	VpRunCursor cursor;
	VpId		ids[COPIED];
	int			n;

	vp_run_open(&cursor, check->store, run);
	for (uint32 at = 0; at < run->entries; at += n)
	{
		CHECK_FOR_INTERRUPTS();
		n = vp_run_copy(&cursor, at, lengthof(ids), ids);
		for (int i = 0; i < n; i++)
			vp_key_sort_put(found, ids[i], (uint32) vp_run_fence(&cursor, at + i));
	}
	vp_run_close(&cursor);
}

typedef struct RecentRows
{
	const Check *check;
	int			column;
	VpKeySort  *found;
} RecentRows;

/*
 * A VpPoolCall: puts the entries of a recent page, which is locked, share,
 * into the sort.
 */
static bool
add_recent(BlockNumber block, Page page, void *arg)
{
	RecentRows *rows = arg;
	const VpStore *store = rows->check->store;
	uint32		n = vp_recent_count(store, block, page);

	for (uint32 i = 0; i < n; i++)
		vp_key_sort_put(rows->found, vp_recent_row(&store->geo, page, i),
						(uint32) vp_recent_key(&store->geo, page, i, rows->column));
	return true;
}

static VpKeySort *
find_entries(const Check *check, const VpManifest *manifest, int column)
{
	VpKeySort  *found = vp_key_sort_begin(sort_memory(&check->store->geo));
	RecentRows	rows = {.check = check,.column = column,.found = found};

	for (int i = 0; i < manifest->nruns; i++)
		if (manifest->runs[i].kind == column + 1)
			add_run(check, &manifest->runs[i], found);
	vp_pool_walk(check->store, manifest->recent_first, add_recent, &rows);
	return found;
}

/*----------
 * The comparison
 *----------
 */

/* A sort that is read one node at a time. */
typedef struct Entries
{
	VpKeySort  *sort;
	uint32		left;			/* entries that were not got */
	uint64		id;				/* the next one; PG_UINT64_MAX: there is none */
	uint32		key;
} Entries;

static void
advance(Entries *entries)
{
	if (entries->left == 0)
		entries->id = PG_UINT64_MAX;
	else
	{
		vp_key_sort_get(entries->sort, &entries->id, &entries->key);
		entries->left--;
	}
}

static void
begin_entries(Entries *entries, VpKeySort *sort)
{
	entries->sort = sort;
	entries->left = vp_key_sort_done(sort);
	advance(entries);
}

/*
 * Does this entry of a node's row lead to what the array has?  Where another process
 * put the row at the node, as VACUUM and movers do, only bits are known.
 */
static bool
leads_to(uint32 posted, uint32 wanted)
{
	return posted == wanted ||
		(wanted <= VP_POSTED_LAST && (posted == VP_POSTED_ANY || posted == vp_first_of_bit(vp_bit_number(wanted))));
}

/*
 * What the row of the next node in `wanted` has: is there an entry for each?
 * Nodes come in order.
 */
static void
check_node(Check *check, int column, Entries *wanted, Entries *found)
{
	uint64		id = wanted->id;
	uint32		keys[VP_POSTED_MOST];
	bool		led[VP_POSTED_MOST] = {0};
	int			n = 0;

	for (; wanted->id == id; advance(wanted))
		if (n < VP_POSTED_MOST)
			keys[n++] = wanted->key;
	while (found->id < id)
		advance(found);
	for (; found->id == id; advance(found))
		for (int i = 0; i < n; i++)
			led[i] |= leads_to(found->key, keys[i]);
	for (int i = 0; i < n; i++)
		if (!led[i])
		{
			vp_check_report(check, vp_check_block(check, (VpId) id), id, "every row in a run",
							"neither a run of column %d nor a recent page leads from element key %08X to the node",
							column + 1, keys[i]);
			return;
		}
}

void
vp_check_elements(Check *check)
{
	VpManifest	manifest;

	if (check->store->geo.nkeys == 0)
		return;
	vp_manifest_read(check->store, &manifest);
	for (uint32 column = 0; column < check->store->geo.nkeys; column++)
	{
		Entries		wanted;
		Entries		found;

		if (check->elements[column] == NULL)
			continue;
		begin_entries(&wanted, check->elements[column]);
		begin_entries(&found, find_entries(check, &manifest, column));
		while (wanted.id != PG_UINT64_MAX)
		{
			CHECK_FOR_INTERRUPTS();
			check_node(check, column, &wanted, &found);
		}
		vp_key_sort_end(wanted.sort);
		vp_key_sort_end(found.sort);
	}
}
