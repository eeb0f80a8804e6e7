/*-------------------------------------------------------------------------
 *
 * amscan.c
 *	  Index scans: who searches, and what is done with the rows.
 *
 * A scan is a search (search/), run in this process within the index's capacity
 * (replica/seated.c), or begun by a worker where this process is new to the
 * index or would have to wait for a seat.  What it adds is the executor's row,
 * and what can be done for it and for the client while the search is under way.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/relscan.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/amkeyscan.h"
#include "am/amscan.h"
#include "am/plan_limit.h"
#include "key/filter.h"
#include "replica/seated.h"
#include "replica/seats.h"
#include "replica/worker_search.h"
#include "search/table_end.h"
#include "session/client.h"
#include "session/cold.h"
#include "session/rows.h"

/*
 * How many rows a worker is asked for, within limits: as many as LIMIT wants, or
 * if that is not known as the last scan of this process took.  When these were
 * too few, since rows are not seen, for so many times as many.
 */
#define MIN_HANDED		16
#define MORE_HANDED		256
#define MANY_MORE		4

/* How much a distance may be off, of one, that another extension computes. */
#define RADIUS_ROUNDING	1e-5

static int	usual_rows = MIN_HANDED;

typedef enum ScanPhase
{
	SCAN_START,
	SCAN_HANDED,				/* rows that a worker has found */
	SCAN_SEARCH					/* those of our own search */
} ScanPhase;

typedef struct VpScan
{
	VpSeated	seated;			/* first */
	VpRows		rows;			/* whose rows are returned */
	MemoryContext filters;		/* of `filter` and `unordered`; NULL: none yet */
	VpFilter   *filter;			/* NULL: there are no conditions */
	ScanPhase	phase;
	VpEffortBy	by;				/* who decided how much effort the search is */
	const VpTidSet *tids;		/* rows to search among; NULL: all */
	VpUnordered *unordered;		/* NULL: not begun, or there is an order */

	/* what a worker has found */
	bool		stranger;		/* this process is cold: an idle worker is
								 * asked, too */
	VpTableEnd	table;
	VpHit	   *handed;			/* NULL: not yet */
	int			asked;			/* how many rows a worker was asked for */
	int			nhanded;
	int			next_handed;
} VpScan;

/*----------
 * While a search is under way
 *----------
 */

static void
rows_come(void *arg)
{
	vp_client_rows_come();
}

static int
lead(void *arg)
{
	return vp_client_lead();
}

static void
expect(void *arg, const ItemPointerData *tid, bool cold)
{
	vp_rows_expect(&((VpScan *) arg)->rows, tid, cold);
}

static const VpSearchHooks hooks = {
	.works = vp_seated_works,
	.round = vp_seated_round,
	.rows_come = rows_come,
	.lead = lead,
	.expect = expect,
	.ends = vp_seated_ends
};

/*----------
 * Begin and end
 *----------
 */

IndexScanDesc
vp_begin_scan(Relation rel, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(rel, nkeys, norderbys);

	scan->opaque = vp_seated_open(rel, &hooks, sizeof(VpScan));
	return scan;
}

/* The scan's search is over. */
static void
end_search(VpScan *state)
{
	if (state->phase != SCAN_START)
		usual_rows = Max(MIN_HANDED, Min(vp_ranked_counts(state->seated.search).rows, MORE_HANDED));
	vp_seated_end(&state->seated);
	if (state->unordered != NULL)
		vp_unordered_end(state->unordered);
	state->unordered = NULL;
	state->phase = SCAN_START;
}

void
vp_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderbys && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
	end_search(scan->opaque);
}

void
vp_end_scan(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	vp_seated_close(&state->seated);
	scan->opaque = NULL;
}

/* A distance of the operator's, as the index measures it. */
static double
as_measured(const VpMeta *meta, double distance)
{
	if (meta->metric != VP_METRIC_L2)
		return distance;
	return distance < 0 ? distance : distance * distance;
}

/*
 * The radius that conditions of radius.c give.  The distances that they are
 * about may be computed by another extension, which rounds otherwise; they are
 * checked again.
 */
static void
find_radius(IndexScanDesc scan, VpEffort *effort)
{
	const VpMeta *meta = &vp_ranked_index(((VpScan *) scan->opaque)->seated.search)->meta;

	effort->radius = INFINITY;
	for (int i = 0; i < scan->numberOfKeys; i++)
	{
		ScanKey		key = &scan->keyData[i];
		double		radius;

		if (!vp_is_radius(key))
			continue;
		radius = key->sk_flags & SK_ISNULL ? -INFINITY : DatumGetFloat8(key->sk_argument);
		if (isnan(radius))
			continue;			/* nothing is farther */
		if (!effort->bounded)
			effort->nan_inside = true;
		effort->bounded = true;
		effort->nan_inside &= key->sk_strategy == VP_RADIUS_OR_NAN_STRATEGY;
		radius = as_measured(meta, radius);
		if (!isinf(radius))
			radius += fabs(radius) * RADIUS_ROUNDING;
		effort->radius = Min(effort->radius, radius);
	}
}

bool
vp_scan_counts(IndexScanDesc scan, VpSeatedCounts *counts)
{
	VpScan	   *state = scan->opaque;

	if (state->phase == SCAN_START)
		return false;
	*counts = vp_seated_counts(&state->seated);
	return true;
}

VpEffortBy
vp_scan_effort_by(IndexScanDesc scan)
{
	return ((VpScan *) scan->opaque)->by;
}

void
vp_scan_restrict(IndexScanDesc scan, const VpTidSet *tids)
{
	((VpScan *) scan->opaque)->tids = tids;
}

static MemoryContext
filter_context(VpScan *state)
{
	if (state->filters == NULL)
		state->filters = AllocSetContextCreate(state->seated.context, "vecprov filter",
											   ALLOCSET_SMALL_SIZES);
	return state->filters;
}

/*
 * Makes the filter of the scan's conditions, if there are any.  The filter
 * lives in a context of its own, which is emptied for each.
 */
static void
make_filter(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	MemoryContext old;

	state->filter = NULL;
	MemoryContextReset(filter_context(state));
	if (scan->numberOfKeys == 0)
		return;
	old = MemoryContextSwitchTo(filter_context(state));
	state->filter = vp_filter_make(scan->indexRelation,
								   &vp_ranked_index(state->seated.search)->meta,
								   scan->keyData, scan->numberOfKeys);
	MemoryContextSwitchTo(old);
}

/* If others than the scan drop rows, it may be asked for any number of them. */
static VpEffort
effort_of(IndexScanDesc scan)
{
	bool		exact;
	VpEffort	effort = vp_effort_of(scan->indexRelation, vp_limit_of(scan, &exact));

	if (!exact)
		effort.rows = 0;
	return effort;
}

static void
begin_search(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	ScanKey		key = &scan->orderByData[0];
	const VpValue *query = NULL;
	VpEffort	effort = effort_of(scan);

	/* rows of nodes that are used again must be invisible to this scan */
	if (!IsMVCCSnapshot(scan->xs_snapshot))
		elog(ERROR, "non-MVCC snapshots are not supported with vecprov");
	state->by = effort.by;
	find_radius(scan, &effort);
	VpCountSearch(scan);
	vp_client_search_begins();
	if (!(key->sk_flags & SK_ISNULL))
		query = vp_value_get(key->sk_argument);
	make_filter(scan);
	vp_seated_begin(&state->seated, query, &effort, state->filter, scan->heapRelation,
					scan->xs_snapshot);
	if (state->tids != NULL)
		vp_ranked_restrict(state->seated.search, state->tids);
	if (query != NULL)
		vp_value_free(query, key->sk_argument);
	vp_rows_begin(&state->rows, scan->heapRelation);
}

/*----------
 * Searches by a worker
 *----------
 */

/*
 * Has a worker search for so many rows, and up to `more` that it finds beside
 * them: an idle one if this process is a stranger, or any while no seat is
 * free.  False: there is none, or there are no rows.
 */
static bool
hand_over(IndexScanDesc scan, int rows, int more)
{
	VpScan	   *state = scan->opaque;
	Datum		query = scan->orderByData[0].sk_argument;
	VpAsk		ask = {
		.effort = effort_of(scan),
		.rows = rows,
		.more = more,
		.query = PointerGetDatum(vp_value_get(query))
	};
	VpHandedCounts cost;

	if (state->handed == NULL)
		state->handed = MemoryContextAlloc(state->seated.context, MORE_HANDED * sizeof(VpHit));
	state->asked = rows;
	state->nhanded = vp_search_by_worker(scan->indexRelation, &ask, state->handed,
										 state->stranger ? vp_warm_up : NULL,
										 scan->indexRelation->rd_amcache, &cost);
	if (state->nhanded >= 0)
		vp_seated_handed(&state->seated, &cost.counts, cost.waited_ns);
	else
		state->seated.waited_ns += cost.waited_ns;
	state->next_handed = 0;
	for (int i = 0; i < state->nhanded; i++)
		vp_rows_expect(&state->rows, &state->handed[i].tid, false);
	vp_value_free((VpValue *) DatumGetPointer(ask.query), query);
	return state->nhanded > 0;
}

/*
 * Has a worker begun the scan, because this process is new to the index, or has
 * to wait?
 */
static bool
is_handed_over(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	int			rows;

	/* a worker does not read the table, nor does it know conditions */
	if (!vp_has_seats(scan->indexRelation) || scan->numberOfKeys > 0 || state->tids != NULL ||
		vp_ranked_index(state->seated.search)->form->in_table ||
		(scan->orderByData[0].sk_flags & SK_ISNULL))
		return false;
	state->stranger = vp_is_cold(scan->indexRelation->rd_amcache);
	if (!state->stranger && !vp_seats_are_taken(scan->indexRelation))
		return false;
	vp_table_end_init(&state->table, scan->heapRelation);
	rows = effort_of(scan).rows;
	rows = rows > 0 ? Min(rows, MORE_HANDED) : usual_rows;
	return hand_over(scan, rows, Max(usual_rows - rows, 0));
}

/*
 * There may be more than a worker has found: has one find more.  False: this
 * process searches.
 */
static bool
hand_over_again(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	return state->asked < MORE_HANDED && state->nhanded >= state->asked &&
		scan->indexRelation->rd_amcache != NULL &&
		hand_over(scan, Min(MANY_MORE * state->nhanded, MORE_HANDED), 0);
}

/*
 * The next of the rows that a worker has found.  False: this process searches.
 */
static bool
next_handed(IndexScanDesc scan, VpHit *hit)
{
	VpScan	   *state = scan->opaque;

	do
	{
		while (state->next_handed < state->nhanded)
		{
			*hit = state->handed[state->next_handed++];

			/*
			 * the worker does not know the table: the search here will name
			 * what is damaged
			 */
			if (!vp_table_has(&state->table, &hit->tid))
				return false;
			if (vp_ranked_take(state->seated.search, hit))
				return true;
		}
		vp_seated_works(&state->seated);
	} while (hand_over_again(scan));
	return false;
}

/*----------
 * Rows
 *----------
 */

/*
 * Sets the scan's TID to the next row's; false: no more.  A VpSeatedStep:
 * leaves a seat taken.
 */
static bool
next_row(VpSeated *seated, void *arg)
{
	IndexScanDesc scan = arg;
	VpScan	   *state = scan->opaque;
	VpHit		hit;
	bool		found = false;

	if (state->phase == SCAN_START)
	{
		begin_search(scan);
		state->phase = is_handed_over(scan) ? SCAN_HANDED : SCAN_SEARCH;
	}
	if (state->phase == SCAN_HANDED)
	{
		found = next_handed(scan, &hit);
		if (!found)
			state->phase = SCAN_SEARCH;
	}
	if (!found)
		found = vp_ranked_next(seated->search, &hit);
	vp_store_test_snapshot(&vp_ranked_index(seated->search)->store, scan->xs_snapshot);
	if (!found)
		return false;
	scan->xs_heaptid = hit.tid;
	scan->xs_recheck = hit.recheck;
	scan->xs_recheckorderby = false;
	vp_rows_pin(&state->rows, scan);
	return true;
}

/*
 * The same of a scan for conditions alone.  Nothing is searched: it takes no
 * seat, and is not counted.
 */
static bool
next_unordered(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	if (state->unordered == NULL)
	{
		MemoryContext old;

		make_filter(scan);
		old = MemoryContextSwitchTo(filter_context(state));
		state->unordered = vp_unordered_begin(scan, vp_ranked_index(state->seated.search),
											  state->filter);
		MemoryContextSwitchTo(old);
	}
	return vp_unordered_next(state->unordered, scan);
}

int64
vp_get_bitmap(IndexScanDesc scan, TIDBitmap *bitmap)
{
	VpScan	   *state = scan->opaque;
	MemoryContext old;
	int64		n;

	make_filter(scan);
	old = MemoryContextSwitchTo(filter_context(state));
	n = vp_unordered_bitmap(scan, vp_ranked_index(state->seated.search), state->filter, bitmap);
	MemoryContextSwitchTo(old);
	vp_store_test_snapshot(&vp_ranked_index(state->seated.search)->store, scan->xs_snapshot);
	return n;
}

bool
vp_get_tuple(IndexScanDesc scan, ScanDirection direction)
{
	VpScan	   *state = scan->opaque;

	Assert(ScanDirectionIsForward(direction));
	if (scan->numberOfOrderBys == 0)
		return next_unordered(scan);
	return vp_seated_run(&state->seated, next_row, scan);
}
