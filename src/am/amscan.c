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
 * with twice the effort; when the graph has no more, nodes that no search
 * reaches are looked for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/relscan.h"
#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/am.h"
#include "am/client.h"
#include "am/inserter.h"
#include "am/row_reader.h"
#include "am/rows.h"
#include "am/serve.h"
#include "base/debug_point.h"
#include "base/settings.h"
#include "capacity/limit.h"
#include "capacity/room.h"
#include "replica/dispatch.h"

/* Candidates to be measured before the estimates' error is judged. */
#define MIN_MEASURED	16

/*
 * Standard deviations that an estimate is taken to be off at most, and how
 * many more when one is judged by: of few, the deviation is not known well.
 */
#define ERROR_MARGIN	6.0
#define FEW_MARGIN		16.0

/* So many rows are compared with each other; more are looked up in a table. */
#define FEW_ROWS		32

/*
 * How many rows a worker is asked for, as LIMIT is not known: as many as the last scan of this process
 * returned, within limits; and the second time, when these were too few.
 */
#define MIN_HANDED		16
#define MORE_HANDED		256

static int	usual_rows = MIN_HANDED;

/* A node whose row is on its way to the executor. */
typedef struct Row
{
	pairingheap_node node;		/* first */
	double		dist;
	VpId		id;				/* or the first of a chain that may have one */
} Row;

typedef enum ScanPhase
{
	SCAN_START,
	SCAN_HANDED,				/* rows that a worker has found */
	SCAN_SEARCH,				/* the graph */
	SCAN_SWEEP,					/* nodes that no search has met are in the heap */
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
	VpRows		table;			/* whose rows are returned */
	bool		cold;			/* exact vectors had to be read from the disk */

	ScanPhase	phase;
	int			ef;				/* of the present round */
	int			rounds;
	pairingheap *heap;			/* measured rows */
	int			nheap;
	Row		   *unused;			/* chained by their first child pointer */

	/* estimates' errors: exact - estimate */
	double		error_sum;
	double		error_sum2;
	int64		measured;

	double		last_dist;		/* of the last row returned */
	int64		returned;
	int64		late;			/* not returned: nearer than one returned before */

	VpMeter    *meter;
	uint64		busy_since;		/* 0: nothing to be done but to hand out a row */
	uint64		busy_ns;
	/* rows returned: few of them, or all in a table, in `rows` */
	ItemPointerData tids[FEW_ROWS];
	int			ntids;
	HTAB	   *seen;

	VpHit	   *handed;			/* in `rows` */
	bool		stranger;		/* this process is cold: an idle worker is asked, too */
	int			asked;			/* how many rows a worker was asked for */
	int			nhanded;
	int			next_handed;
} VpScan;

/*----------
 * A search's memory is kept from one scan to the next: what it holds for each
 * id of the index is dear to make.
 *----------
 */
static VpSearch *idle_search = NULL;

static void *
alloc_for_ever(size_t size)
{
	return MemoryContextAllocHuge(TopMemoryContext, size);
}

static void
free_memory(void *p)
{
	pfree(p);
}

static const VpAlloc search_alloc = {alloc_for_ever, free_memory};

static void
give_search_back(VpScan *scan)
{
	if (scan->search == NULL)
		return;
	if (idle_search != NULL)
		vp_search_destroy(scan->search);
	else
		idle_search = scan->search;
	scan->search = NULL;
}

static void
take_search(VpScan *scan)
{
	scan->search = idle_search != NULL ? idle_search : vp_search_create(&search_alloc, VP_MAX_M);
	idle_search = NULL;
}

void
vp_scan_reserve(uint32 nids)
{
	if (idle_search == NULL)
		idle_search = vp_search_create(&search_alloc, VP_MAX_M);
	vp_search_reserve(idle_search, vp_ef_search, nids);
}

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
	usual_rows = Max(MIN_HANDED, Min(scan->returned, MORE_HANDED));
	stop_clock(scan);
	vp_meter_search(scan->meter, scan->busy_ns);
	scan->busy_ns = 0;
}

/* The scan's memory goes away: at its end, or after an error. */
static void
leave_scan(void *arg)
{
	count_search(arg);
	give_search_back(arg);
}

/*----------
 * The heap of rows
 *----------
 */

/* NaN, as the cosine distance of a zero vector is, sorts last. */
static int
compare_rows(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	double		x = ((const Row *) a)->dist;
	double		y = ((const Row *) b)->dist;

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y) > 0 ? -1 : isnan(x) - isnan(y) < 0 ? 1 : 0;
	return x < y ? 1 : x > y ? -1 : 0;
}

static Row *
new_row(VpScan *scan)
{
	Row		   *row = scan->unused;

	if (row != NULL)
		scan->unused = (Row *) row->node.first_child;
	else
		row = MemoryContextAlloc(scan->rows, sizeof(Row));
	return row;
}

static void
push_row(VpScan *scan, Row *row)
{
	pairingheap_add(scan->heap, &row->node);
	scan->nheap++;
}

static void
free_row(VpScan *scan, Row *row)
{
	row->node.first_child = (pairingheap_node *) scan->unused;
	scan->unused = row;
}

/*----------
 * Measuring
 *----------
 */

/*
 * The row of a node, or of the first behind it in the chain of equal vectors that has
 * one.  Sets row->id to the next in the chain, VP_NO_ID if there is none.  False when
 * there is no row.
 */
static bool
find_tid(VpScan *scan, Row *row, ItemPointer tid)
{
	while (row->id != VP_NO_ID)
	{
		VpNodeTail	tail;
		bool		chained;

		CHECK_FOR_INTERRUPTS();
		vp_node_fetch(&scan->index->store, row->id, &tail);
		/* a node in the waiting list keeps its chain only if it was in one */
		chained = !(tail.flags & VP_NODE_LISTED) || (tail.flags & VP_NODE_CHAINED);
		row->id = tail.flags != 0 && chained && tail.next != 0 ? vp_deref(tail.next) : VP_NO_ID;
		*tid = tail.tid;
		if (tail.flags != 0 && !vp_is_gone(tail.flags))
			return true;
	}
	return false;
}

/*
 * Measures a node by the vector of its row, or of the first behind it that the
 * snapshot sees, and puts it into the heap.
 */
static double
measure_row(VpScan *scan, VpId id)
{
	const VpIndex *index = scan->index;
	Row			at = {.id = id};
	Row		   *row;
	ItemPointerData tid;
	const VpValue *value = NULL;

	if (scan->reader == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(scan->context);

		scan->reader = vp_row_reader_begin(scan->table.table, index->store.rel, scan->snapshot);
		MemoryContextSwitchTo(old);
	}
	while (value == NULL && find_tid(scan, &at, &tid))
		value = vp_row_reader_get(scan->reader, &tid);
	if (value == NULL)
		return NAN;
	row = new_row(scan);
	row->dist = index->form->distance(&index->meta, scan->vector, index->form->elements(value));
	row->id = id;
	push_row(scan, row);
	return row->dist;
}

static double
exact_distance(const void *vector, void *arg)
{
	VpScan	   *scan = arg;

	return scan->index->form->distance(&scan->index->meta, scan->vector, vector);
}

/* Measures a node by its exact vector, and puts it into the heap. */
static double
measure_vector(VpScan *scan, VpId id)
{
	const VpStore *store = &scan->index->store;
	Row		   *row = new_row(scan);
	ItemPointerData tid;

	row->dist = vp_vector_measure(store, id, scan->scratch, exact_distance, scan);
	row->id = id;
	push_row(scan, row);
	vp_node_tid(store, id, &tid);
	vp_rows_expect(&scan->table, &tid, scan->cold && scan->measured < MIN_MEASURED);
	return row->dist;
}

static inline double
measure(VpScan *scan, VpId id)
{
	return scan->index->form->in_table ? measure_row(scan, id) : measure_vector(scan, id);
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
 * Rows that are met twice: at a node and at its copy in another shard; in a chain, and
 * at its dead first node, to which VACUUM has given the row
 *----------
 */

/* From now on rows are looked up: there are too many to be compared. */
static void
look_up_rows(VpScan *scan)
{
	HASHCTL		control = {.keysize = sizeof(ItemPointerData),.entrysize = sizeof(ItemPointerData),
	.hcxt = scan->rows};

	scan->seen = hash_create("vecprov rows", 8 * FEW_ROWS, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < scan->ntids; i++)
		(void) hash_search(scan->seen, &scan->tids[i], HASH_ENTER, NULL);
}

/* Was this row returned before?  Else remembers it. */
static bool
returned_before(VpScan *scan, ItemPointer tid)
{
	bool		found = false;

	if (scan->seen == NULL && scan->ntids == FEW_ROWS)
		look_up_rows(scan);
	if (scan->seen != NULL)
	{
		(void) hash_search(scan->seen, tid, HASH_ENTER, &found);
		return found;
	}
	for (int i = 0; i < scan->ntids; i++)
		if (ItemPointerEquals(&scan->tids[i], tid))
			return true;
	scan->tids[scan->ntids++] = *tid;
	return false;
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

	vp_room_check_awake(rel);
	context = AllocSetContextCreate(CurrentMemoryContext, "vecprov scan",
												  ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(VpScan));
	callback = palloc0(sizeof(MemoryContextCallback));

	state->context = context;
	state->rows = AllocSetContextCreate(context, "vecprov rows", ALLOCSET_DEFAULT_SIZES);
	state->index = vp_index_copy(vp_index_get(rel));
	vp_node_source_init(&state->source, state->index);
	state->scratch = palloc(state->index->store.geo.exact_words * sizeof(uint32));
	state->rotated = vp_palloc_aligned(state->index->codec.rotated_bytes);
	state->query.planes = vp_palloc0_aligned(vp_query_bytes(&state->index->codec));
	state->heap = pairingheap_allocate(compare_rows, NULL);

	state->meter = vp_meter_find(rel);

	take_search(state);
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
	pairingheap_reset(state->heap);
	state->unused = NULL;
	state->nheap = 0;
	state->phase = SCAN_START;
	state->error_sum = state->error_sum2 = 0;
	state->measured = 0;
	state->last_dist = -INFINITY;
	state->returned = state->late = 0;
	state->ntids = 0;
	state->seen = NULL;
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

/* Where to begin in all shards that are not empty; how many. */
static int
get_entries(const VpStore *store, VpGraphState *graph, VpEntry *entries)
{
	VpId		ids[VP_MAX_SHARDS];
	int			n = vp_graph_entries(store, graph, ids);

	for (int i = 0; i < n; i++)
	{
		entries[i].id = ids[i];
		entries[i].level = vp_level(&store->geo.levels, ids[i]);
	}
	return n;
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

	vp_rows_begin(&state->table, scan->heapRelation);
	state->cold = false;
	state->ef = vp_ef_search;
	state->rounds = 1;
	state->phase = SCAN_SEARCH;
	if (nentries == 0)
	{
		state->phase = SCAN_DONE;
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

/*
 * Measures all living nodes that the search has not met.  There are few if any:
 * those that lost their last link to a better one.
 */
static void
sweep(VpScan *scan)
{
	const VpStore *store = &scan->index->store;
	uint32		next_id = vp_graph_state(store).next_id;

	for (VpId id = 0; id < next_id; id++)
	{
		if (id % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!vp_search_met(scan->search, id) && (vp_node_flags(store, id) & VP_NODE_LINKED))
			measure(scan, id);
	}
}

/* Tells once what a scan that was not to go on has left out. */
static void
tell_cut_off(VpScan *scan)
{
	ereport(NOTICE,
			(errmsg("index scan of \"%s\" stopped after %lld rows",
					RelationGetRelationName(scan->index->store.rel), (long long) scan->returned),
			 errdetail("There may be more rows that satisfy the query."),
			 errhint("Increase vecprov.max_scan_tuples to look at more rows.")));
}

/* Tells once what strict order has left out of a scan that ran to its end. */
static void
tell_late(VpScan *scan)
{
	if (scan->late > 0)
		ereport(NOTICE,
				(errmsg("index scan of \"%s\" left out %lld rows that were found late",
						RelationGetRelationName(scan->index->store.rel), (long long) scan->late),
				 errhint("Increase vecprov.ef_search, or set vecprov.iterative_scan to relaxed_order.")));
}

/* Gets more rows into the heap, or ends the scan. */
static void
go_on(VpScan *scan)
{
	if (scan->phase == SCAN_SWEEP || vp_iterative_scan == VP_ITERATIVE_OFF)
	{
		if (scan->nheap == 0)
		{
			scan->phase = SCAN_DONE;
			tell_late(scan);
		}
		return;
	}
	if (scan->returned >= vp_max_scan_tuples)
	{
		if (scan->nheap == 0)
		{
			scan->phase = SCAN_DONE;
			tell_cut_off(scan);
		}
		return;
	}
	vp_seat_take(scan->index->store.rel);
	scan->ef = Min(scan->ef * 2, VP_MAX_EF_SEARCH);
	scan->rounds++;
	if (vp_search_more(scan->search, scan->ef))
		read_ahead(scan);
	else
	{
		scan->phase = SCAN_SWEEP;
		sweep(scan);
	}
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

	if (scan->phase != SCAN_SEARCH || scan->rounds == 1 ||
		vp_iterative_scan == VP_ITERATIVE_OFF || scan->returned >= vp_max_scan_tuples)
		return scan->nheap == 0;
	(void) vp_search_found(scan->search, &n);
	return n + scan->nheap <= scan->ef / 2;
}

/* The next row, in exact order as far as the search found them.  NULL: no more. */
static Row *
next_row(VpScan *scan)
{
	while (scan->phase != SCAN_DONE)
	{
		VpCandidate candidate;
		bool		more = scan->phase == SCAN_SEARCH && vp_search_peek(scan->search, 0, &candidate);
		Row		   *first = scan->nheap > 0 ? (Row *) pairingheap_first(scan->heap) : NULL;

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
		{
			start_clock(scan);
			go_on(scan);
		}
		else if (first != NULL)
		{
			pairingheap_remove_first(scan->heap);
			scan->nheap--;
			return first;
		}
	}
	return NULL;
}

/* The scan returns this row, if it has not done so. */
static bool
return_row(IndexScanDesc scan, double dist, ItemPointer tid)
{
	VpScan	   *state = scan->opaque;

	if (returned_before(state, tid))
		return false;
	if (dist < state->last_dist && vp_iterative_scan != VP_ITERATIVE_RELAXED)
	{
		state->late++;
		return false;
	}
	state->last_dist = dist;
	state->returned++;
	scan->xs_heaptid = *tid;
	scan->xs_recheck = false;
	scan->xs_recheckorderby = false;
	vp_rows_pin(&state->table, scan);
	return true;
}

/* Sets the scan's TID to the next row's; false: no more. */
static bool
next_tid(IndexScanDesc scan)
{
	VpScan	   *state = scan->opaque;

	for (;;)
	{
		Row		   *row = next_row(state);
		ItemPointerData tid;
		double		dist;
		bool		found;

		if (row == NULL)
			return false;
		dist = row->dist;
		found = find_tid(state, row, &tid);

		/* more rows of the same vector come next */
		if (row->id != VP_NO_ID)
			push_row(state, row);
		else
			free_row(state, row);

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
		vp_rows_expect(&state->table, &state->handed[i].tid, false);
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
	vp_rows_begin(&state->table, scan->heapRelation);
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
		vp_client_search_begins();
		vp_limit_read(&state->index->store, state->meter);
		start_clock(state);
		if (is_handed_over(scan))
			state->phase = SCAN_HANDED;
		else
			start_search(scan);
	}
	old = MemoryContextSwitchTo(state->rows);
	found = state->phase == SCAN_HANDED ? next_handed_tid(scan) : next_tid(scan);
	MemoryContextSwitchTo(old);
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

	return state->nheap > 0 ||
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
							 (long long) scan->measured, (long long) scan->returned)));
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
