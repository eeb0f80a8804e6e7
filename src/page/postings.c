/*-------------------------------------------------------------------------
 *
 * postings.c
 *	  The posting lists of key columns, as one search takes them; see postings.h.
 *
 * What is in the spans is, of each run, some slices: whole blocks of entries,
 * in the block at either end of which there may be others.  Of the recent pages
 * it is a list of ids.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "page/manifest.h"
#include "page/postings.h"
#include "page/recent.h"
#include "page/run.h"

/* So many lists, each in order of ids, are as good as one. */
#define FEW_SLICES	4

/* Entries of a run, from one to another. */
typedef struct Slice
{
	const VpRun *run;
	uint32		from;
	uint32		to;
	uint64		end;			/* entries of the slices up to this one */
} Slice;

struct VpPostings
{
	MemoryContext context;
	VpStore		store;
	VpManifest	manifest;
	uint32		nids;			/* all ids below are known to have pages */
	uint32		seed;			/* of samples */

	/* of the present column and spans */
	int			column;			/* -1: none yet */
	VpKeySpan  *spans;
	int			nspans;
	Slice	   *slices;
	int			nslices;
	int			slice_room;
	VpIdList	recent;

	/* where the scan is */
	Size		recent_at;
	int			slice_at;
	uint32		entry_at;
};

VpPostings *
vp_postings_open(const VpStore *store)
{
	VpPostings *postings;

	if (store->geo.nkeys == 0)
		return NULL;
	postings = palloc0(sizeof(VpPostings));
	postings->context = CurrentMemoryContext;
	postings->store = *store;
	postings->column = -1;
	postings->seed = 1;
	vp_manifest_read(store, &postings->manifest);
	return postings;
}

/*----------
 * Slices
 *----------
 */

static uint64
entries_of(const VpPostings *postings)
{
	return postings->nslices == 0 ? 0 : postings->slices[postings->nslices - 1].end;
}

static void
add_slice(VpPostings *postings, const VpRun *run, uint32 from, uint32 to)
{
	uint64		end = entries_of(postings) + (to - from);
	Slice	   *slice;

	if (postings->nslices == postings->slice_room)
	{
		postings->slice_room = Max(2 * postings->slice_room, 16);
		postings->slices = postings->slices == NULL ?
			palloc(postings->slice_room * sizeof(Slice)) :
			repalloc_huge(postings->slices, postings->slice_room * sizeof(Slice));
	}
	slice = &postings->slices[postings->nslices++];
	slice->run = run;
	slice->from = from;
	slice->to = to;
	slice->end = end;
}

/*
 * The block before the first whose fence is not below a span may have keys of
 * it, too, if it has several.  A block that one span has is not taken for the
 * next again.
 */
static void
slice_run(VpPostings *postings, const VpRun *run)
{
	VpRunCursor cursor;
	uint32		done = 0;		/* entries that are in a slice or before one */
	uint32		block;

	vp_run_open(&cursor, &postings->store, run);
	block = cursor.shape.block;
	for (int i = 0; i < postings->nspans && done < run->entries; i++)
	{
		uint32		below = vp_run_seek(&cursor, postings->spans[i].first, false);
		uint32		above = vp_run_seek(&cursor, postings->spans[i].last, true);
		uint32		from = Max((below > 0 && block > 1 ? below - 1 : below) * block, done);
		uint32		to = Min((uint64) above * block, run->entries);

		if (from < to)
		{
			add_slice(postings, run, from, to);
			done = to;
		}
	}
	vp_run_close(&cursor);
}

static bool
is_same(const VpPostings *postings, int column, const VpKeySpan *spans, int nspans)
{
	return postings->column == column && postings->nspans == nspans &&
		memcmp(postings->spans, spans, nspans * sizeof(VpKeySpan)) == 0;
}

/*
 * Finds what is in some spans, unless that was done last.  What is found lives
 * in postings->context.  Locks pages of runs and recent pages one at a time,
 * share.
 */
static void
find(VpPostings *postings, int column, const VpKeySpan *spans, int nspans)
{
	MemoryContext old = MemoryContextSwitchTo(postings->context);
	const VpManifest *manifest = &postings->manifest;

	Assert(column >= 0 && column < postings->store.geo.nkeys);
	if (!is_same(postings, column, spans, nspans))
	{
		if (postings->spans != NULL)
			pfree(postings->spans);
		postings->spans = palloc(Max(nspans, 1) * sizeof(VpKeySpan));
		memcpy(postings->spans, spans, nspans * sizeof(VpKeySpan));
		postings->nspans = nspans;
		/* not complete, should the following fail */
		postings->column = -1;
		postings->nslices = 0;
		postings->recent.n = 0;
		for (int i = 0; i < manifest->nruns; i++)
			if (manifest->runs[i].kind == column + 1)
				slice_run(postings, &manifest->runs[i]);
		(void) vp_recent_find(&postings->store, manifest->recent_first, 0, column, spans, nspans,
							  &postings->recent);
		postings->column = column;
	}
	MemoryContextSwitchTo(old);
}

uint64
vp_postings_count(VpPostings *postings, int column, const VpKeySpan *spans, int nspans)
{
	find(postings, column, spans, nspans);
	return entries_of(postings) + postings->recent.n;
}

bool
vp_postings_in_order(const VpPostings *postings)
{
	for (int i = 0; i < postings->nspans; i++)
		if (postings->spans[i].first != postings->spans[i].last)
			return false;
	return postings->nslices <= FEW_SLICES;
}

/*----------
 * Ids
 *----------
 */

void
vp_postings_scan(VpPostings *postings, int column, const VpKeySpan *spans, int nspans)
{
	find(postings, column, spans, nspans);
	postings->recent_at = 0;
	postings->slice_at = 0;
	postings->entry_at = postings->nslices > 0 ? postings->slices[0].from : 0;
}

uint32
vp_postings_generation(const VpPostings *postings)
{
	return postings->manifest.generation;
}

void
vp_postings_leave_runs(VpPostings *postings)
{
	postings->slice_at = postings->nslices;
}

static void
next_slice(VpPostings *postings)
{
	postings->slice_at++;
	if (postings->slice_at < postings->nslices)
		postings->entry_at = postings->slices[postings->slice_at].from;
}

/*
 * Raises an error unless all ids that were read below a block are below
 * next_id.  Entries may be out of date, but ids never become fewer.
 */
static void
check_ids(VpPostings *postings, BlockNumber block, const VpId *ids, int n)
{
	VpId		largest = 0;

	for (int i = 0; i < n; i++)
		largest = Max(largest, ids[i]);
	if (n == 0 || likely(largest < postings->nids))
		return;
	postings->nids = vp_graph_state(&postings->store).next_id;
	if (largest >= postings->nids)
		vp_report_damage(postings->store.rel, block, "A posting list leads to a node that there is not.");
}

/* Ids of the run of the present slice, and of its next slices. */
static int
copy_of_run(VpPostings *postings, VpId *ids, int max)
{
	const VpRun *run = postings->slices[postings->slice_at].run;
	VpRunCursor cursor;
	int			n = 0;

	CHECK_FOR_INTERRUPTS();
	vp_run_open(&cursor, &postings->store, run);
	while (n < max && postings->slice_at < postings->nslices)
	{
		const Slice *slice = &postings->slices[postings->slice_at];
		int			got;

		if (slice->run != run)
			break;
		got = vp_run_copy(&cursor, postings->entry_at,
						  Min((uint32) (max - n), slice->to - postings->entry_at), ids + n);
		n += got;
		postings->entry_at += got;
		if (postings->entry_at == slice->to)
			next_slice(postings);
	}
	vp_run_close(&cursor);
	check_ids(postings, run->root, ids, n);
	return n;
}

/* The newest first. */
int
vp_postings_next(VpPostings *postings, VpId *ids, int max)
{
	int			n = Min((Size) max, postings->recent.n - postings->recent_at);

	if (n > 0)
		memcpy(ids, postings->recent.ids + postings->recent_at, n * sizeof(VpId));
	check_ids(postings, postings->manifest.recent_first, ids, n);
	postings->recent_at += n;
	while (n < max && postings->slice_at < postings->nslices)
		n += copy_of_run(postings, ids + n, max - n);
	return n;
}

/*
 * Xorshift (Marsaglia, 2003): which entries are looked at need not be hard to
 * guess.
 */
static uint64
draw(VpPostings *postings, uint64 n)
{
	uint64		number;

	postings->seed ^= postings->seed << 13;
	postings->seed ^= postings->seed >> 17;
	postings->seed ^= postings->seed << 5;
	number = (uint64) postings->seed * n;
	return number >> 32;
}

/* The slice that has an entry, counted through all slices. */
static const Slice *
slice_at(const VpPostings *postings, uint64 entry)
{
	int			low = 0;
	int			high = postings->nslices - 1;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (postings->slices[middle].end <= entry)
			low = middle + 1;
		else
			high = middle;
	}
	return &postings->slices[low];
}

int
vp_postings_sample(VpPostings *postings, VpId *ids, int n)
{
	uint64		all = entries_of(postings) + postings->recent.n;

	for (int i = 0; i < n && all > 0; i++)
	{
		uint64		at = draw(postings, all);
		const Slice *slice;
		VpRunCursor cursor;

		if (at < postings->recent.n)
		{
			ids[i] = postings->recent.ids[at];
			check_ids(postings, postings->manifest.recent_first, &ids[i], 1);
			continue;
		}
		at -= postings->recent.n;
		slice = slice_at(postings, at);
		vp_run_open(&cursor, &postings->store, slice->run);
		(void) vp_run_copy(&cursor, (uint32) (slice->to - (slice->end - at)), 1, &ids[i]);
		vp_run_close(&cursor);
		check_ids(postings, slice->run->root, &ids[i], 1);
	}
	return all > 0 ? n : 0;
}

void
vp_postings_close(VpPostings *postings)
{
	if (postings->spans != NULL)
		pfree(postings->spans);
	if (postings->slices != NULL)
		pfree(postings->slices);
	if (postings->recent.ids != NULL)
		pfree(postings->recent.ids);
	if (postings->manifest.runs != NULL)
		pfree(postings->manifest.runs);
	pfree(postings);
}
