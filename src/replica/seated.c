/*-------------------------------------------------------------------------
 *
 * seated.c
 *	  A search in this process as the index's capacity allows it; see seated.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/loaded.h"
#include "capacity/limit.h"
#include "capacity/index_capacity.h"
#include "replica/idle.h"
#include "replica/seated.h"
#include "replica/seats.h"
#include "search/bytes_searched.h"

/*----------
 * Hooks
 *----------
 */

/*
 * The time of searches: that of calls in which there is more to be done than to
 * hand out a row that is ready.  To look at the clock for those would take 1 %
 * of a search.
 */
void
vp_seated_works(void *arg)
{
	VpSeated   *seated = arg;

	if (seated->busy_since == 0)
		seated->busy_since = vp_now();
}

static inline void
stop_clock(VpSeated *seated)
{
	if (seated->busy_since == 0)
		return;
	seated->busy_ns += vp_now() - seated->busy_since;
	seated->busy_since = 0;
}

/* Leaves a seat taken, until the step ends. */
void
vp_seated_round(void *arg)
{
	VpSeated   *seated = arg;
	uint64		before = vp_seat_waited();
	int			slot;

	seated->searches = true;
	slot = vp_seat_take(seated->rel);
	if (slot >= 0)
		vp_idle_end(slot, VP_WAKE_SEARCH);
	seated->waited_ns += vp_seat_waited() - before;
}

/*
 * Tells once what a search that was not to go on has left out, or that strict
 * order was not kept to the end.
 */
void
vp_seated_ends(void *arg, const VpSearchEnd *end)
{
	const char *name = RelationGetRelationName(((VpSeated *) arg)->rel);

	if (end->cut_off)
		ereport(NOTICE,
				(errmsg("index scan of \"%s\" stopped after %lld rows",
						name, (long long) end->nreturned),
				 errdetail("There may be more rows that satisfy the query."),
				 errhint("Increase vecprov.max_scan_tuples to look at more rows.")));
	if (end->nlate > 0)
		ereport(NOTICE,
				(errmsg("index scan of \"%s\" found rows too late for their places", name),
				 errdetail("%d rows come after all others.", end->nlate),
				 errhint("Increase vecprov.ef_search to find more of them in time.")));
}

static void
expect_nothing(void *arg, const ItemPointerData *tid, bool cold)
{
}

static const VpSearchHooks plain_hooks = {
	.works = vp_seated_works,
	.round = vp_seated_round,
	.expect = expect_nothing,
	.ends = vp_seated_ends
};

/*----------
 * Searches
 *----------
 */

void
vp_seated_handed(VpSeated *seated, const VpRankedCounts *counts, uint64 waited_ns)
{
	VpRankedCounts *sum = &seated->handed_counts;

	seated->handed++;
	seated->waited_ns += waited_ns;
	sum->ef = Max(sum->ef, counts->ef);
	sum->rounds += counts->rounds;
	sum->expansions += counts->expansions;
	sum->distances += counts->distances;
	sum->measured += counts->measured;
}

const char *
vp_searched_by(const VpSeatedCounts *counts)
{
	if (!counts->by_worker)
		return "backend";
	return counts->by_self ? "worker, then backend" : "worker";
}

VpSeatedCounts
vp_seated_counts(const VpSeated *seated)
{
	VpSeatedCounts counts = {.ranked = vp_ranked_counts(seated->search)};
	VpRankedCounts *sum = &counts.ranked;
	const VpRankedCounts *handed = &seated->handed_counts;

	counts.by_worker = seated->handed > 0;
	/* rows of workers are returned, and counted, by our search, begun or not */
	counts.by_self = !counts.by_worker || seated->searches;
	counts.waited_ns = seated->waited_ns;
	if (!counts.by_self)
	{
		sum->rounds = 0;
		sum->expansions = sum->distances = 0;
		sum->measured = 0;
	}
	if (counts.by_worker)
	{
		sum->ef = counts.by_self ? Max(sum->ef, handed->ef) : handed->ef;
		sum->rounds += handed->rounds;
		sum->expansions += handed->expansions;
		sum->distances += handed->distances;
		sum->measured += handed->measured;
	}
	return counts;
}

/* What it cost: SET client_min_messages = debug1. */
static void
tell_counts(const VpSeated *seated)
{
	VpSeatedCounts all = vp_seated_counts(seated);
	const VpRankedCounts *counts = &all.ranked;

	ereport(DEBUG1,
			(errmsg_internal("vecprov scan: ef %d, %d rounds, %llu expansions, %llu distances, "
							 "%lld exact, %lld rows%s%s%s%s",
							 counts->ef, counts->rounds,
							 (unsigned long long) counts->expansions,
							 (unsigned long long) counts->distances,
							 (long long) counts->measured, (long long) counts->rows,
							 counts->way != NULL ? ", filter: " : "", counts->way != NULL ? counts->way : "",
							 all.by_worker ? ", by " : "", all.by_worker ? vp_searched_by(&all) : ""),
			 all.waited_ns > 0 ?
			 errdetail_internal("waited %.3f ms for a seat", all.waited_ns / 1e6) : 0));
}

static void
count_search(void *arg)
{
	VpSeated   *seated = arg;

	if (!seated->begun)
		return;
	seated->begun = false;
	stop_clock(seated);
	vp_meter_search(seated->meter, seated->busy_ns);
	seated->busy_ns = 0;
}

void *
vp_seated_open(Relation rel, const VpSearchHooks *hooks, Size size)
{
	MemoryContext context;
	MemoryContext old;
	VpSeated   *seated;
	MemoryContextCallback *callback;

	vp_loaded_need();
	vp_capacity_check_awake(rel);
	context = AllocSetContextCreate(CurrentMemoryContext, "vecprov scan", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	seated = palloc0(size);
	seated->context = context;
	seated->rel = rel;
	seated->meter = vp_meter_find(rel);
	seated->search = vp_ranked_open(rel, hooks != NULL ? hooks : &plain_hooks, seated);
	callback = palloc0(sizeof(MemoryContextCallback));
	callback->func = count_search;
	callback->arg = seated;
	MemoryContextRegisterResetCallback(context, callback);
	MemoryContextSwitchTo(old);
	return seated;
}

void
vp_seated_close(VpSeated *seated)
{
	if (seated->begun)
		tell_counts(seated);
	count_search(seated);
	vp_ranked_close(seated->search);
	MemoryContextDelete(seated->context);
}

void
vp_seated_begin(VpSeated *seated, const VpValue *query, const VpEffort *effort,
				const VpFilter *filter, Relation table, Snapshot snapshot)
{
	count_search(seated);
	if (vp_limit_reads(seated->rel))
		vp_limit_read(seated->rel, vp_bytes_searched(vp_ranked_index(seated->search), filter));
	seated->busy_since = 0;		/* of one that was refused */
	vp_seated_works(seated);
	seated->waited_ns = 0;
	seated->handed = 0;
	seated->searches = false;
	MemSet(&seated->handed_counts, 0, sizeof(seated->handed_counts));
	vp_ranked_begin(seated->search, query, effort, filter, table, snapshot);
	seated->begun = true;
}

void
vp_seated_end(VpSeated *seated)
{
	count_search(seated);
}

bool
vp_seated_run(VpSeated *seated, VpSeatedStep step, void *arg)
{
	volatile bool found = false;

	if (vp_has_seats(seated->rel))
	{
		PG_TRY();
		{
			found = step(seated, arg);
		}
		PG_FINALLY();
		{
			vp_seat_give();
		}
		PG_END_TRY();
	}
	else
		found = step(seated, arg);
	stop_clock(seated);
	return found;
}

static bool
next(VpSeated *seated, void *hit)
{
	return vp_ranked_next(seated->search, hit);
}

bool
vp_seated_next(VpSeated *seated, VpHit *hit)
{
	return vp_seated_run(seated, next, hit);
}
