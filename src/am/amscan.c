/*-------------------------------------------------------------------------
 *
 * amscan.c
 *	  Index scans: the rows nearest to a vector, nearest first.
 *
 * A search by codes (graph/) gives candidates in order of their estimated
 * distance.  Here they become rows in order of the exact one: candidates are
 * measured again by their exact vectors and kept in a heap, and a row leaves
 * the heap when no candidate that is not measured yet can be nearer.  How far
 * an estimate may be off is observed on the candidates measured so far.  So as
 * many are measured as the order needs, whatever LIMIT is, which an index does
 * not get to know.
 *
 * When the executor wants more rows than the search found, the search goes on
 * with twice the effort.  When to measure every node would be no more work, that
 * is what is done (sweep.c), so that a scan to its end has every row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/relscan.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/am.h"
#include "am/bare_rows.h"
#include "am/inserter.h"
#include "am/returned.h"
#include "am/row_heap.h"
#include "am/row_reader.h"
#include "am/search_memory.h"
#include "am/sweep.h"
#include "base/debug_point.h"
#include "base/loaded.h"
#include "base/settings.h"
#include "capacity/limit.h"
#include "capacity/meter.h"
#include "capacity/room.h"
#include "replica/dispatch.h"
#include "session/client.h"
#include "session/cold.h"
#include "session/rows.h"

/* Candidates to be measured before the estimates' error is judged. */
#define MIN_MEASURED	16

/*
 * Standard deviations that an estimate is taken to be off at most, and how
 * many more when one is judged by: of few, the deviation is not known well.
 */
#define ERROR_MARGIN	6.0
#define FEW_MARGIN		16.0

/* So many rows before its turn a row of the table is asked for, and as many before that its node. */
#define SWEPT_AHEAD		6

/* Nodes that a search measures for each candidate that it keeps: to measure all may be less. */
#define MEASURED_PER_CANDIDATE	14

/*
 * How many rows a worker is asked for, as LIMIT is not known: as many as the last scan of this process
 * returned, within limits; and the second time, when these were too few.
 */
#define MIN_HANDED		16
#define MORE_HANDED		256

static int	usual_rows = MIN_HANDED;

typedef enum ScanPhase
{
	SCAN_START,
	SCAN_HANDED,				/* rows that a worker has found */
	SCAN_SEARCH,				/* the graph */
	SCAN_SWEEP,					/* all nodes, each measured */
	SCAN_LATE,					/* rows that were put off */
	SCAN_BARE,					/* rows without a vector */
	SCAN_DONE
} ScanPhase;

typedef struct VpScan
{
	MemoryContext context;
	MemoryContext rows;			/* emptied by each rescan */
	VpIndex    *index;
	VpNodeSource source;
	VpSearch   *search;
	VpQuery		query;
	const void *vector;			/* the query's elements, as given; in `rows` */
	void	   *rotated;
	void	   *scratch;		/* an exact vector that is on two pages */
	VpRowReader *reader;		/* where those are in the table; NULL: not yet */
	Snapshot	snapshot;
	VpTableEnd	table;			/* whose rows are returned */
	VpRows		coming;			/* those that are likely to be */
	bool		cold;			/* exact vectors had to be read from the disk */

	ScanPhase	phase;
	int			ef;				/* of the present round */
	int			rounds;
	int64		kept;			/* candidates of all rounds */
	VpSweep    *sweep;			/* in `rows`; NULL before SCAN_SWEEP */
	VpRowHeap	heap;			/* measured rows, in `rows` */

	/* estimates' errors: exact - estimate */
	double		error_sum;
	double		error_sum2;
	int64		measured;

	double		farthest;		/* of the rows returned */
	double		last_dist;		/* of the last row returned */
	int64		nreturned;
	VpReturned	returned;		/* in `rows` */
	bool		vectors_only;	/* rows without a vector do not come */
	bool		with_bare;		/* they come: all others were found */
	VpBareRows *bare;			/* in `rows`; NULL before SCAN_BARE */

	VpMeter    *meter;
	uint64		busy_since;		/* 0: nothing to be done but to hand out a row */
	uint64		busy_ns;

	VpHit	   *handed;			/* in `rows` */
	bool		stranger;		/* this process is cold: an idle worker is asked, too */
	int			asked;			/* how many rows a worker was asked for */
	int			nhanded;
	int			next_handed;
} VpScan;

/*
 * The time of searches: that of calls in which there is more to be done than to hand
 * out a row that is ready.  To look at the clock for those would take 1 % of a search.
 */
static inline void
start_clock(VpScan *scan)
{
	if (scan->busy_since == 0)
		scan->busy_since = vp_now();
}

static inline void
stop_clock(VpScan *scan)
{
	if (scan->busy_since == 0)
		return;
	scan->busy_ns += vp_now() - scan->busy_since;
	scan->busy_since = 0;
}

/* A search is over, be it that an error ended it. */
static void
count_search(VpScan *scan)
{
	if (scan->phase == SCAN_START)
		return;
	usual_rows = Max(MIN_HANDED, Min(scan->nreturned, MORE_HANDED));
	stop_clock(scan);
	vp_meter_search(scan->meter, scan->busy_ns);
	scan->busy_ns = 0;
}

/* The scan's memory goes away: at its end, or after an error. */
static void
leave_scan(void *arg)
{
	VpScan	   *scan = arg;

	count_search(scan);
	if (scan->search != NULL)
		vp_search_give(scan->search);
}

/*----------
 * Measuring
 *----------
 */

/*
 * Goes on in the chain, to a node that has been fetched not yet.  A damaged chain may come back
 * to where it was: then it meets a node that was remembered twice as many steps ago
 * each time (Brent, BIT 1980).
 */
static void
step_on(const VpStore *store, VpRow *row, VpId next)
{
	if (next == row->mark)
		vp_chain_damage(store, row->id);
	if ((row->steps & (row->steps + 1)) == 0)
		row->mark = next;
	row->steps++;
	row->before = row->id;
	row->id = next;
}

/*
 * The row of a node, or of the first behind it in the chain of equal vectors that has
 * one.  Sets row->id to the next in the chain, VP_NO_ID if there is none.  False when
 * there is no row.  Raises an error for a chain, or a row, that cannot be.
 */
static bool
find_tid(VpScan *scan, VpRow *row, ItemPointer tid)
{
	const VpStore *store = &scan->index->store;

	while (row->id != VP_NO_ID)
	{
		VpId		at = row->id;
		VpNodeTail	tail;
		bool		chained;

		CHECK_FOR_INTERRUPTS();
		if (row->before == VP_NO_ID)
			vp_node_fetch(store, at, &tail);
		else
			vp_chain_fetch(store, row->before, at, &tail);
		/* a node in the waiting list keeps its chain only if it was in one */
		chained = !(tail.flags & VP_NODE_LISTED) || (tail.flags & VP_NODE_CHAINED);
		if (tail.flags != 0 && chained && tail.next != 0)
			step_on(store, row, vp_deref(tail.next));
		else
			row->id = VP_NO_ID;
		*tid = tail.tid;
		if (tail.flags == 0 || vp_is_gone(tail.flags))
			continue;
		if (!vp_table_has(&scan->table, tid))
			vp_report_damage(store->rel, vp_node_place(&store->geo, at).block,
							 "A record is of a row behind the end of the table.");
		return true;
	}
	return false;
}

/*
 * The exact distance of a node by the vector of its row, or of the first behind it that the
 * snapshot sees; false when there is none.
 */
static bool
row_distance(VpScan *scan, VpId id, double *dist)
{
	const VpIndex *index = scan->index;
	VpRow		at;
	ItemPointerData tid;
	const VpValue *value = NULL;

	if (scan->reader == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(scan->context);

		scan->reader = vp_row_reader_begin(scan->table.table, index->store.rel, scan->snapshot);
		MemoryContextSwitchTo(old);
	}
	vp_row_start(&at, id);
	while (value == NULL && find_tid(scan, &at, &tid))
		value = vp_row_reader_get(scan->reader, &tid);
	if (value == NULL)
		return false;
	*dist = index->form->distance(&index->meta, scan->vector, index->form->elements(value));
	return true;
}

static double
exact_distance(const void *vector, void *arg)
{
	VpScan	   *scan = arg;

	return scan->index->form->distance(&scan->index->meta, scan->vector, vector);
}

static double
vector_distance(VpScan *scan, VpId id)
{
	return vp_vector_measure(&scan->index->store, id, scan->scratch, exact_distance, scan);
}

/* The same for a sweep; false if no row of the node can be returned: in a list, it can be used again. */
static bool
node_distance(void *arg, VpId id, double *dist)
{
	VpScan	   *scan = arg;

	if ((vp_node_flags(&scan->index->store, id) & (VP_NODE_LINKED | VP_NODE_LISTED)) != VP_NODE_LINKED)
		return false;
	if (scan->index->form->in_table)
		return row_distance(scan, id, dist);
	*dist = vector_distance(scan, id);
	return true;
}

/* Measures a node, and puts it into the heap; NaN if none of its rows can be returned. */
static double
measure(VpScan *scan, VpId id)
{
	const VpStore *store = &scan->index->store;
	bool		in_table = scan->index->form->in_table;
	double		dist;
	ItemPointerData tid;

	if (!in_table)
		dist = vector_distance(scan, id);
	else if (!row_distance(scan, id, &dist))
		return NAN;
	vp_row_push(&scan->heap, vp_row_new(&scan->heap, dist, id));
	if (!in_table)
	{
		vp_node_tid(store, id, &tid);
		vp_rows_expect(&scan->coming, &tid, scan->cold && scan->measured < MIN_MEASURED);
	}
	return dist;
}

static void
measure_candidate(VpScan *scan, const VpCandidate *candidate)
{
	VpCandidate later;
	double		error;

	if (scan->cold && vp_search_peek(scan->search, MIN_MEASURED - 1, &later))
		(void) vp_vector_read_ahead(&scan->index->store, later.id);
	error = measure(scan, candidate->id) - candidate->dist;

	if (isnan(error) || isinf(error))
		return;
	scan->error_sum += error;
	scan->error_sum2 += error * error;
	scan->measured++;
}

/* Below what exact distance a candidate of this estimated one, or any after it, will not be. */
static double
lower_bound(const VpScan *scan, float estimate)
{
	double		mean;
	double		variance;

	if (scan->measured < MIN_MEASURED)
		return -INFINITY;
	mean = scan->error_sum / scan->measured;
	variance = scan->error_sum2 / scan->measured - mean * mean;
	return estimate + mean - (ERROR_MARGIN + FEW_MARGIN / scan->measured) * sqrt(Max(variance, 0.0));
}

/*
 * Asks for all that will be measured at least, before the first is waited for; and
 * is the index seen to be cold, from then on for one more with each that is measured.
 */
static void
read_ahead(VpScan *scan)
{
	VpCandidate candidate;

	for (int i = 0; i < MIN_MEASURED && vp_search_peek(scan->search, i, &candidate); i++)
		scan->cold |= vp_vector_read_ahead(&scan->index->store, candidate.id);
}

/*----------
 * The scan
 *----------
 */

/* Lets go of the table. */
static void
end_reading(VpScan *scan)
{
	if (scan->reader != NULL)
		vp_row_reader_end(scan->reader);
	scan->reader = NULL;
}

IndexScanDesc
vp_begin_scan(Relation rel, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(rel, nkeys, norderbys);
	MemoryContext context;
	MemoryContext old;
	VpScan	   *state;
	MemoryContextCallback *callback;

	vp_loaded_need();
	vp_room_check_awake(rel);
	context = AllocSetContextCreate(CurrentMemoryContext, "vecprov scan", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(VpScan));
	callback = palloc0(sizeof(MemoryContextCallback));

	state->context = context;
	state->rows = AllocSetContextCreate(context, "vecprov rows", ALLOCSET_DEFAULT_SIZES);
	state->index = vp_index_copy(vp_index_get(rel));
	vp_node_source_init(&state->source, state->index);
	state->source.rows_near = vp_client_rows_come;
	state->scratch = palloc(state->index->store.geo.exact_words * sizeof(uint32));
	state->rotated = vp_palloc_aligned(state->index->codec.rotated_bytes);
	state->query.planes = vp_palloc0_aligned(vp_query_bytes(&state->index->codec));
	vp_row_heap_init(&state->heap, state->rows);

	state->meter = vp_meter_find(rel);

	state->search = vp_search_take();
	callback->func = leave_scan;
	callback->arg = state;
	MemoryContextRegisterResetCallback(context, callback);

	MemoryContextSwitchTo(old);
	scan->opaque = state;
	return scan;
}

void
vp_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
	VpScan	   *state = scan->opaque;

	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderbys && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));

	count_search(state);
	end_reading(state);
	MemoryContextReset(state->rows);
	vp_row_heap_reset(&state->heap);
	state->phase = SCAN_START;
	state->sweep = NULL;
	state->with_bare = false;
	state->bare = NULL;
	state->error_sum = state->error_sum2 = 0;
	state->measured = 0;
	state->farthest = -INFINITY;
	state->nreturned = 0;
	vp_returned_begin(&state->returned, state->rows);
	state->handed = NULL;
}

/* The vector to search for; nothing is nearer to NULL than anything else, so any will do. */
static void
get_query(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	const VpMeta *meta = &state->index->meta;
	const VpForm *form = state->index->form;
	Size		bytes = state->index->store.geo.exact_words * sizeof(uint32);
	ScanKey		key = &scan->orderByData[0];
	VpValue    *value;

	if (key->sk_flags & SK_ISNULL)
	{
		/* of a sparse vector this is one without elements */
		state->vector = MemoryContextAllocZero(state->rows, bytes);
		return;
	}
	value = PG_DETOAST_DATUM(key->sk_argument);
	if (form->dims(value) != (int) meta->dims)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different %s %u and %d", form->lengths, meta->dims, form->dims(value))));
	state->vector = form->elements(memcpy(MemoryContextAlloc(state->rows, VARSIZE(value)),
										  value, VARSIZE(value)));
	vp_value_free(value, key->sk_argument);
}

/* The index has got another mean since the scan began. */
static void
reopen_index(VpScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);

	scan->index = vp_index_copy(vp_index_get(scan->index->store.rel));
	scan->source.index = scan->index;
	MemoryContextSwitchTo(old);
}

/* Where to begin in all shards that are not empty; how many.  Dead or not, these are LINKED. */
static int
get_entries(const VpStore *store, VpGraphState *graph, VpEntry *entries)
{
	VpId		ids[VP_MAX_SHARDS];
	int			n = vp_graph_entries(store, graph, ids);

	for (int i = 0; i < n; i++)
	{
		if (!(vp_node_flags(store, ids[i]) & VP_NODE_LINKED))
			vp_report_damage(store->rel, VP_META_BLOCK, "An entry point is not in the graph.");
		entries[i].id = ids[i];
		entries[i].level = vp_level(&store->geo.levels, ids[i]);
	}
	return n;
}

/* Tells once what a scan that was not to go on has left out. */
static void
tell_cut_off(VpScan *scan)
{
	ereport(NOTICE,
			(errmsg("index scan of \"%s\" stopped after %lld rows",
					RelationGetRelationName(scan->index->store.rel), (long long) scan->nreturned),
			 errdetail("There may be more rows that satisfy the query."),
			 errhint("Increase vecprov.max_scan_tuples to look at more rows.")));
}

/* Tells once that strict order was not kept to the end. */
static void
tell_late(VpScan *scan)
{
	ereport(NOTICE,
			(errmsg("index scan of \"%s\" found rows too late for their places",
					RelationGetRelationName(scan->index->store.rel)),
			 errdetail("%d rows come after all others.", scan->returned.nlate),
			 errhint("Increase vecprov.ef_search to find more of them in time.")));
}

/* Has the scan returned as many rows as the setting allows? */
static inline bool
is_cut_off(const VpScan *scan)
{
	return vp_max_scan_tuples > 0 && scan->nreturned >= vp_max_scan_tuples;
}

/* All rows have been returned but those that were put off.  more: and others that there may be. */
static void
end_in_order(VpScan *scan, bool more)
{
	if (is_cut_off(scan) && more && vp_iterative_scan != VP_ITERATIVE_OFF)
		tell_cut_off(scan);
	if (scan->returned.nlate > 0)
		tell_late(scan);
	scan->phase = SCAN_LATE;
	scan->with_bare = !more && !scan->vectors_only && vp_iterative_scan != VP_ITERATIVE_OFF;
}

static void
start_search(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	VpGraphState graph;
	VpEntry		entries[VP_MAX_SHARDS];
	int			nentries;

	if (scan->numberOfOrderBys == 0)
		elog(ERROR, "cannot scan vecprov index without order");
	/* rows of nodes that are used again must be invisible to this scan */
	if (!IsMVCCSnapshot(scan->xs_snapshot))
		elog(ERROR, "non-MVCC snapshots are not supported with vecprov");
	pgstat_count_index_scan(scan->indexRelation);

	state->snapshot = scan->xs_snapshot;
	nentries = get_entries(&state->index->store, &graph, entries);
	if (graph.mean_due != state->index->meta.mean_due)
		reopen_index(state);
	get_query(scan);
	state->index->form->rotate(&state->index->codec, &state->index->meta, state->vector,
							   state->rotated, false);
	vp_query_prepare(&state->index->codec, state->rotated, &state->query);

	vp_table_end_begin(&state->table, scan->heapRelation);
	vp_rows_begin(&state->coming, scan->heapRelation);
	state->cold = false;
	state->ef = vp_ef_search;
	state->rounds = 1;
	state->kept = state->ef;
	state->phase = SCAN_SEARCH;
	if (nentries == 0)
	{
		end_in_order(state, false);
		return;
	}
	state->source.nids = graph.next_id;
	/* most of those that are expanded early stay among the nearest */
	state->source.vectors = state->index->store.geo.vector_words > 0 ? 2 * MIN_MEASURED : 0;
	/* of one graph about ef nodes are expanded */
	state->source.rows_come = nentries == 1 ? Max(state->ef - vp_client_lead(), 1) : 0;
	vp_seat_take(scan->indexRelation);
	VP_POINT("search-seated");
	vp_search_start_all(state->search, &state->source.source, &state->query,
						entries, nentries, state->ef, graph.next_id);
	vp_client_rows_come();
	VP_POINT("search-found");
	read_ahead(state);
}

/* Measures all nodes from now on; what was found and not returned will be found once more. */
static void
begin_sweep(VpScan *scan)
{
	vp_row_heap_reset(&scan->heap);
	scan->phase = SCAN_SWEEP;
	scan->sweep = vp_sweep_begin(vp_graph_state(&scan->index->store).next_id, node_distance, scan);
}

/* Gets more rows into the heap, or ends the scan. */
static void
go_on(VpScan *scan)
{
	if (vp_iterative_scan == VP_ITERATIVE_OFF || is_cut_off(scan))
	{
		end_in_order(scan, true);
		return;
	}
	vp_seat_take(scan->index->store.rel);
	scan->ef = Min(scan->ef * 2, VP_MAX_EF_SEARCH);
	scan->kept += scan->ef;
	scan->rounds++;
	if (scan->kept * MEASURED_PER_CANDIDATE < scan->source.nids && vp_search_more(scan->search, scan->ef))
		read_ahead(scan);
	else
		begin_sweep(scan);
}

/*
 * Is it time to go on?  When the first round is used up.  Later rounds go on
 * while half of what they found is left: what comes at a round's end is the
 * least complete, and then the next round still finds what was missed.
 */
static bool
must_go_on(VpScan *scan)
{
	int			n;

	if (scan->rounds == 1 || vp_iterative_scan == VP_ITERATIVE_OFF || is_cut_off(scan))
		return scan->heap.n == 0;
	(void) vp_search_found(scan->search, &n);
	return n + scan->heap.n <= scan->ef / 2;
}

/* Loads what the next rows of the sweep need: their nodes, and then the rows. */
static void
expect_swept(VpScan *scan)
{
	const VpStore *store = &scan->index->store;
	VpId		node = vp_sweep_ahead(scan->sweep, 2 * SWEPT_AHEAD);
	VpId		next = vp_sweep_ahead(scan->sweep, SWEPT_AHEAD);
	ItemPointerData tid;

	if (node != VP_NO_ID)
		vp_node_prefetch(store, node);
	if (next == VP_NO_ID)
		return;
	vp_node_tid(store, next, &tid);
	vp_rows_expect(&scan->coming, &tid, false);
}

/* The next row of the sweep, or of the heap, where the rest of chains is.  NULL: no more. */
static VpRow *
next_swept(VpScan *scan)
{
	VpSwept		next;
	bool		more;

	if (scan->heap.n > 0)
		return vp_row_pop(&scan->heap);
	start_clock(scan);
	more = vp_sweep_peek(scan->sweep, &next);
	if (!more || is_cut_off(scan))
	{
		end_in_order(scan, more);
		return NULL;
	}
	vp_sweep_take(scan->sweep);
	expect_swept(scan);
	return vp_row_new(&scan->heap, next.dist, next.id);
}

/* The next row of the search, in exact order as far as it has found them.  NULL: there are none now. */
static VpRow *
next_found(VpScan *scan)
{
	for (;;)
	{
		VpCandidate candidate;
		bool		more = vp_search_peek(scan->search, 0, &candidate);
		VpRow	   *first = scan->heap.n > 0 ? vp_row_first(&scan->heap) : NULL;

		if (more && (first == NULL || !(first->dist <= lower_bound(scan, candidate.dist))))
		{
			VpCandidate following;

			start_clock(scan);
			(void) vp_search_next(scan->search, &candidate);
			if (vp_search_peek(scan->search, 0, &following))
				vp_vector_prefetch(&scan->index->store, following.id);
			measure_candidate(scan, &candidate);
		}
		else if (!more && must_go_on(scan))
			return NULL;
		else if (first != NULL)
			return vp_row_pop(&scan->heap);
	}
}

/* The next row, in exact order as far as they were found in time.  NULL: no more. */
static VpRow *
next_row(VpScan *scan)
{
	VpRow	   *row = NULL;

	while (row == NULL && scan->phase == SCAN_SEARCH)
	{
		row = next_found(scan);
		if (row == NULL)
		{
			start_clock(scan);
			go_on(scan);
		}
	}
	return row == NULL && scan->phase == SCAN_SWEEP ? next_swept(scan) : row;
}

/* The scan returns this row. */
static void
set_row(IndexScanDesc scan, double dist, const ItemPointerData *tid)
{
	VpScan	   *state = scan->opaque;

	state->last_dist = dist;
	state->nreturned++;
	scan->xs_heaptid = *tid;
	scan->xs_recheck = false;
	scan->xs_recheckorderby = false;
	vp_rows_pin(&state->coming, scan);
}

/* The scan returns this row, if it has not done so and may do so now. */
static bool
return_row(IndexScanDesc scan, double dist, const ItemPointerData *tid)
{
	VpScan	   *state = scan->opaque;

	if (vp_returned_before(&state->returned, tid))
		return false;
	if (dist < state->farthest && vp_iterative_scan != VP_ITERATIVE_RELAXED)
	{
		vp_returned_put_off(&state->returned, dist, tid);
		return false;
	}
	state->farthest = dist;
	set_row(scan, dist, tid);
	return true;
}

/* The same for rows that were put off, when all others have been returned. */
static bool
return_late_row(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	VpHit		hit;

	if (state->phase == SCAN_LATE && vp_returned_late(&state->returned, &hit))
	{
		set_row(scan, hit.dist, &hit.tid);
		return true;
	}
	if (state->phase == SCAN_LATE)
		state->phase = state->with_bare ? SCAN_BARE : SCAN_DONE;
	return false;
}

/* The same for rows without a vector, at the very end. */
static bool
return_bare_row(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	const VpStore *store = &state->index->store;
	ItemPointerData tid;

	if (state->phase == SCAN_BARE && state->bare == NULL)
		state->bare = vp_bare_rows(store);
	while (state->phase == SCAN_BARE && vp_bare_rows_next(state->bare, &tid))
	{
		if (!vp_table_has(&state->table, &tid))
			vp_report_damage(store->rel, vp_node_place(&store->geo, state->bare->id).block,
							 "A record is of a row behind the end of the table.");
		if (vp_returned_before(&state->returned, &tid))
			continue;
		if (is_cut_off(state))
		{
			tell_cut_off(state);
			break;
		}
		set_row(scan, NAN, &tid);
		return true;
	}
	state->phase = SCAN_DONE;
	return false;
}

/* Sets the scan's TID to the next row's; false: no more. */
static bool
next_tid(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	for (;;)
	{
		VpRow	   *row = next_row(state);
		ItemPointerData tid;
		double		dist;
		bool		found;

		if (row == NULL)
			return return_late_row(scan) || return_bare_row(scan);
		dist = row->dist;
		found = find_tid(state, row, &tid);

		/* more rows of the same vector come next */
		if (row->id != VP_NO_ID)
			vp_row_push(&state->heap, row);
		else
			vp_row_free(&state->heap, row);

		if (found && return_row(scan, dist, &tid))
			return true;
	}
}

/*
 * Has a worker search for so many rows: an idle one if this process is a stranger, or any while no seat
 * is free.  False: there is none, or there are no rows.
 */
static bool
hand_over(IndexScanDesc scan, int rows)
{
	VpScan	   *state = scan->opaque;
	VpAsk		ask = {.ef_search = vp_ef_search,.iterative_scan = vp_iterative_scan,
		.max_scan_tuples = vp_max_scan_tuples,.rows = rows};
	MemoryContext old = MemoryContextSwitchTo(state->rows);

	ask.query = PointerGetDatum(PG_DETOAST_DATUM(scan->orderByData[0].sk_argument));
	state->asked = rows;
	state->handed = palloc(rows * sizeof(VpHit));
	state->nhanded = vp_search_elsewhere(scan->indexRelation, &ask, state->handed,
										 state->stranger ? vp_warm_up : NULL,
										 scan->indexRelation->rd_amcache);
	state->next_handed = 0;
	for (int i = 0; i < state->nhanded; i++)
		vp_rows_expect(&state->coming, &state->handed[i].tid, false);
	MemoryContextSwitchTo(old);
	return state->nhanded > 0;
}

/* Has a worker begun the scan, because this process is new to the index, or has to wait? */
static bool
is_handed_over(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	/* a worker does not read the table */
	if (state->index->form->in_table || !vp_has_seats(scan->indexRelation) ||
		scan->numberOfOrderBys == 0 || (scan->orderByData[0].sk_flags & SK_ISNULL))
		return false;
	state->stranger = vp_is_cold(scan->indexRelation->rd_amcache);
	if (!state->stranger && !vp_seats_are_taken(scan->indexRelation))
		return false;
	get_query(scan);
	vp_table_end_begin(&state->table, scan->heapRelation);
	vp_rows_begin(&state->coming, scan->heapRelation);
	return hand_over(scan, usual_rows);
}

/* There may be more than a worker has found: has one find more, or begins the search here. */
static void
go_on_handed(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	if (state->asked < MORE_HANDED && state->nhanded == state->asked &&
		scan->indexRelation->rd_amcache != NULL && hand_over(scan, MORE_HANDED))
		return;
	start_search(scan);
}

/* The next row, of those that a worker has found first. */
static bool
next_handed_tid(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	while (state->phase == SCAN_HANDED)
	{
		while (state->next_handed < state->nhanded)
		{
			VpHit	   *hit = &state->handed[state->next_handed++];

			/* the worker does not know the table: the search here will name what is damaged */
			if (!vp_table_has(&state->table, &hit->tid))
			{
				start_search(scan);
				return next_tid(scan);
			}
			if (return_row(scan, hit->dist, &hit->tid))
				return true;
		}
		start_clock(state);
		go_on_handed(scan);
	}
	return next_tid(scan);
}

/* The next row, beginning the search if that is to be done.  Leaves a seat taken. */
static bool
get_row(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	MemoryContext old;
	bool		found;

	if (state->phase == SCAN_START)
	{
		VpCountSearch(scan);
		vp_client_search_begins();
		vp_limit_read(&state->index->store);
		start_clock(state);
		if (is_handed_over(scan))
			state->phase = SCAN_HANDED;
		else
			start_search(scan);
	}
	old = MemoryContextSwitchTo(state->rows);
	found = state->phase == SCAN_HANDED ? next_handed_tid(scan) : next_tid(scan);
	MemoryContextSwitchTo(old);
	vp_store_test_snapshot(&state->index->store, scan->xs_snapshot);
	stop_clock(state);
	return found;
}

/* Who goes on to use the row has no seat: it may take its time. */
bool
vp_get_tuple(IndexScanDesc scan, ScanDirection direction)
{
	volatile bool found = false;

	Assert(ScanDirectionIsForward(direction));
	if (!vp_has_seats(scan->indexRelation))
		return get_row(scan);
	PG_TRY();
	{
		found = get_row(scan);
	}
	PG_FINALLY();
	{
		vp_seat_give();
	}
	PG_END_TRY();
	return found;
}

void
vp_scan_uncounted(IndexScanDesc scan)
{
	((VpScan *) scan->opaque)->meter = NULL;
}

void
vp_scan_vectors_only(IndexScanDesc scan)
{
	((VpScan *) scan->opaque)->vectors_only = true;
}

double
vp_scan_distance(IndexScanDesc scan)
{
	return ((VpScan *) scan->opaque)->last_dist;
}

bool
vp_scan_has_more(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;
	VpCandidate candidate;

	return state->heap.n > 0 ||
		(state->phase == SCAN_SEARCH && vp_search_peek(state->search, 0, &candidate));
}

/* What a search cost: SET client_min_messages = debug1. */
static void
tell_counts(VpScan *scan)
{
	VpSearchCounts counts = vp_search_counts(scan->search);

	ereport(DEBUG1,
			(errmsg_internal("vecprov scan: ef %d, %d rounds, %llu expansions, %llu distances, "
							 "%lld exact, %lld rows",
							 scan->ef, scan->rounds,
							 (unsigned long long) counts.expansions,
							 (unsigned long long) counts.distances,
							 (long long) scan->measured, (long long) scan->nreturned)));
}

void
vp_end_scan(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	if (state->phase != SCAN_START)
		tell_counts(state);
	end_reading(state);
	MemoryContextDelete(state->context);
	scan->opaque = NULL;
}
