/*-------------------------------------------------------------------------
 *
 * ranking.c
 *	  Candidates of a search by codes become rows in their exact order.
 *
 * A search by codes (graph/) gives candidates in order of their estimated
 * distance.  Here they become rows in order of the exact one: candidates are
 * measured again by their exact vectors and kept in a heap, and a row leaves
 * the heap when no candidate that is not measured yet can be nearer.  How far
 * an estimate may be off is observed on the candidates measured so far.  So as
 * many are measured as the order needs, whatever LIMIT is, which an index does
 * not get to know.
 *
 * When the user wants more rows than the search found, the search goes on
 * with twice the effort.  When to measure every node would be no more work,
 * that is what is done (sweep.c), so that a search to its end has every row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "base/settings.h"
#include "search/ranking.h"

/*
 * Standard deviations that an estimate is taken to be off at most, and how
 * many more when one is judged by: of few, the deviation is not known well.
 * Each vector that is measured may be a page to read, and most searches want
 * few rows.  But the more rows a scan returns, the more chances it has to
 * return one too early: so the margin grows with each row, to its largest at
 * 64 rows.
 */
#define ERROR_MARGIN	4.0
#define ROW_MARGIN		(1.0 / 32)
#define MOST_MARGIN		6.0
#define FEW_MARGIN		16.0

/*
 * What a distance in single precision may be off by, where codes are the
 * vectors: so far behind a radius a candidate may still be inside.
 */
#define RADIUS_SLACK	1e-5

/*
 * So many rows before its turn a row of the table is asked for, and as many
 * before that its node.
 */
#define SWEPT_AHEAD		6

/*
 * Nodes that a search measures for each candidate that it keeps: to measure all
 * may be less.
 */
#define MEASURED_PER_CANDIDATE	14

void
vp_ranking_init(VpRanking *ranking, MemoryContext rows)
{
	memset(ranking, 0, sizeof(*ranking));
	vp_row_heap_init(&ranking->heap, rows);
}

void
vp_ranking_begin(VpRanking *ranking, const VpEffort *effort)
{
	vp_row_heap_reset(&ranking->heap);
	ranking->phase = VP_RANKING_GRAPH;
	ranking->effort = *effort;
	ranking->ef = effort->ef_search;
	ranking->rounds = 1;
	ranking->kept = ranking->ef;
	ranking->reach = ranking->ef;
	ranking->matches = NULL;
	ranking->cold = false;
	ranking->working = false;
	ranking->sweep = NULL;
	ranking->with_bare = false;
	ranking->error_sum = ranking->error_sum2 = 0;
	ranking->measured = 0;
	ranking->farthest = -INFINITY;
	ranking->nreturned = 0;
	vp_returned_begin(&ranking->returned, ranking->heap.context);
}

/*----------
 * Measuring
 *----------
 */

/*
 * Measures a node, and puts it into the heap.  NaN if none of its rows can be
 * returned, or an estimate is of another distance.
 */
static double
measure(VpRanking *ranking, VpId id)
{
	double		dist;
	bool		coded;

	if (!ranking->rankable->measure(ranking->nodes, id, &dist, &coded))
		return NAN;
	vp_row_push(&ranking->heap, vp_row_new(&ranking->heap, dist, id));
	return coded ? dist : NAN;
}

static void
measure_candidate(VpRanking *ranking, const VpCandidate *candidate)
{
	VpCandidate later;
	double		error;

	if (ranking->cold && vp_search_peek(ranking->search, VP_MIN_MEASURED - 1, &later))
		(void) ranking->rankable->read_ahead(ranking->nodes, later.id);
	error = measure(ranking, candidate->id) - candidate->dist;

	if (isnan(error) || isinf(error))
		return;
	ranking->error_sum += error;
	ranking->error_sum2 += error * error;
	ranking->measured++;
}

/*
 * Below what exact distance a candidate of this estimated one, or any after it,
 * will not be, when estimates are off by no more than `margin` deviations.
 */
static double
lower_bound(const VpRanking *ranking, float estimate, double margin)
{
	double		mean;
	double		variance;

	if (ranking->measured < VP_MIN_MEASURED)
		return -INFINITY;
	mean = ranking->error_sum / ranking->measured;
	variance = ranking->error_sum2 / ranking->measured - mean * mean;
	return estimate + mean -
		(margin + FEW_MARGIN / ranking->measured) * sqrt(Max(variance, 0.0));
}

/* The margin that the order of the next row needs. */
static inline double
order_margin(const VpRanking *ranking)
{
	return Min(ERROR_MARGIN + ROW_MARGIN * ranking->nreturned, MOST_MARGIN);
}

/*
 * Asks for all that will be measured at least, before the first is waited for;
 * and is the index seen to be cold, from then on for one more with each that is
 * measured.
 */
static void
read_ahead(VpRanking *ranking)
{
	VpCandidate candidate;

	for (int i = 0; i < VP_MIN_MEASURED && vp_search_peek(ranking->search, i, &candidate); i++)
		ranking->cold |= ranking->rankable->read_ahead(ranking->nodes, candidate.id);
}

/* A round of the search has come to its end. */
static void
take_round(VpRanking *ranking)
{
	ranking->reach = ranking->matches != NULL ? vp_search_reach(ranking->search) : ranking->ef;
	read_ahead(ranking);
}

void
vp_ranking_searched(VpRanking *ranking)
{
	take_round(ranking);
}

/*----------
 * Rounds
 *----------
 */

/* Has the search returned as many rows as the effort allows? */
static inline bool
is_cut_off(const VpRanking *ranking)
{
	return ranking->effort.max_rows > 0 && ranking->nreturned >= ranking->effort.max_rows;
}

/*
 * All rows have been returned but those that were put off.  more: and others
 * that there may be.
 */
static void
end_in_order(VpRanking *ranking, bool more)
{
	VpSearchEnd end = {
		.cut_off = more && is_cut_off(ranking) &&
		ranking->effort.iterative_scan != VP_ITERATIVE_OFF,
		.nlate = ranking->returned.nlate,
		.nreturned = ranking->nreturned
	};

	ranking->hooks->ends(ranking->hooks_arg, &end);
	ranking->phase = VP_RANKING_LATE;
	ranking->with_bare = !more && !ranking->effort.vectors_only &&
		ranking->effort.iterative_scan != VP_ITERATIVE_OFF;
}

void
vp_ranking_is_empty(VpRanking *ranking)
{
	end_in_order(ranking, false);
}

/*
 * Measures all nodes from now on; what was found and not returned will be found
 * once more.
 */
static void
begin_sweep(VpRanking *ranking)
{
	vp_row_heap_reset(&ranking->heap);
	ranking->phase = VP_RANKING_SWEEP;
	ranking->sweep = vp_sweep_begin(ranking->rankable->count(ranking->nodes), ranking->matches,
									ranking->rankable->measure_any, ranking->nodes);
}

/*
 * Shall the search of the graph go on, rather than that all nodes are measured?
 * Where it has measured all that match, by their codes, what it has not
 * returned yet is at hand.
 */
static bool
shall_search(const VpRanking *ranking)
{
	uint64		all = ranking->rankable->count(ranking->nodes);

	if (ranking->matches != NULL)
	{
		if (vp_search_is_complete(ranking->search))
			return true;
		all = Min(all, ranking->matches->bound);
	}
	return ranking->kept * MEASURED_PER_CANDIDATE < all;
}

/* Gets more rows into the heap, or ends the search. */
static void
go_on(VpRanking *ranking)
{
	if (ranking->effort.iterative_scan == VP_ITERATIVE_OFF || is_cut_off(ranking))
	{
		end_in_order(ranking, true);
		return;
	}
	ranking->hooks->round(ranking->hooks_arg);
	ranking->ef = Min(ranking->ef * 2, VP_MAX_EF_SEARCH);
	ranking->kept += ranking->ef;
	ranking->rounds++;
	if (shall_search(ranking) && vp_search_more(ranking->search, ranking->ef))
		take_round(ranking);
	else
		begin_sweep(ranking);
}

/*
 * Is it time to go on?  When the first round is used up, or half of it where it
 * has looked for fewer than ef matches, which are as good as ef for the first
 * of them only.  Later rounds go on while half of what they found is left: what
 * comes at a round's end is the least complete, and then the next round still
 * finds what was missed.
 */
static bool
must_go_on(VpRanking *ranking)
{
	int			n;

	if (ranking->effort.iterative_scan == VP_ITERATIVE_OFF || is_cut_off(ranking))
		return ranking->heap.n == 0;
	if (ranking->rounds == 1)
		return ranking->heap.n <= (ranking->reach < ranking->ef ? ranking->reach / 2 : 0);
	(void) vp_search_found(ranking->search, &n);
	return n + ranking->heap.n <= ranking->ef / 2;
}

/*----------
 * The next row
 *----------
 */

/*
 * The next row of the sweep, or of the heap, where the rest of chains is.
 * NULL: no more.
 */
static VpRow *
next_swept(VpRanking *ranking)
{
	VpSwept		next;
	bool		more;

	if (ranking->heap.n > 0)
		return vp_row_pop(&ranking->heap);
	vp_ranking_works(ranking);
	more = vp_sweep_peek(ranking->sweep, &next);
	if (!more || is_cut_off(ranking))
	{
		end_in_order(ranking, more);
		return NULL;
	}
	vp_sweep_take(ranking->sweep);
	ranking->rankable->expect(ranking->nodes, vp_sweep_ahead(ranking->sweep, SWEPT_AHEAD),
							  vp_sweep_ahead(ranking->sweep, 2 * SWEPT_AHEAD));
	return vp_row_new(&ranking->heap, next.dist, next.id);
}

/* Are a candidate and all that come after it outside the radius? */
static inline bool
is_beyond_radius(const VpRanking *ranking, const VpCandidate *candidate)
{
	double		radius = ranking->effort.radius;

	return ranking->effort.bounded && !ranking->effort.nan_inside && !ranking->effort.uncoded &&
		lower_bound(ranking, candidate->dist, MOST_MARGIN) > radius + RADIUS_SLACK * fabs(radius);
}

/*
 * The next row of the search, in exact order as far as it has found them.
 * NULL: there are none now.
 */
static VpRow *
next_found(VpRanking *ranking)
{
	for (;;)
	{
		VpCandidate candidate;
		bool		more = vp_search_peek(ranking->search, 0, &candidate);
		bool		beyond = more && is_beyond_radius(ranking, &candidate);
		VpRow	   *first = ranking->heap.n > 0 ? vp_row_first(&ranking->heap) : NULL;

		if (more && !beyond &&
			(first == NULL || !(first->dist <= lower_bound(ranking, candidate.dist, order_margin(ranking)))))
		{
			VpCandidate following;

			vp_ranking_works(ranking);
			(void) vp_search_next(ranking->search, &candidate);
			if (vp_search_peek(ranking->search, 0, &following))
				ranking->rankable->prefetch(ranking->nodes, following.id);
			measure_candidate(ranking, &candidate);
		}
		else if (beyond ? first == NULL : !more && must_go_on(ranking))
			return NULL;
		else if (first != NULL)
			return vp_row_pop(&ranking->heap);
	}
}

/*
 * None of what was found and not returned is inside the radius.  What a search
 * finds at its end is the least complete: so it has to look as far as twice the
 * rows that are inside; and at all nodes if estimates do not tell which these
 * are.
 */
static bool
has_looked_behind(const VpRanking *ranking)
{
	return ranking->phase == VP_RANKING_SWEEP ||
		(!ranking->effort.uncoded &&
		 2 * (ranking->nreturned + ranking->returned.nlate) <= ranking->reach) ||
		ranking->effort.iterative_scan == VP_ITERATIVE_OFF || is_cut_off(ranking);
}

/*
 * There is no row in the heap: gets more into it, or ends the search, if what is
 * left to be measured is outside the radius.
 */
static void
get_more(VpRanking *ranking)
{
	VpCandidate candidate;

	vp_ranking_works(ranking);
	if (vp_search_peek(ranking->search, 0, &candidate) &&
		is_beyond_radius(ranking, &candidate) && has_looked_behind(ranking))
		end_in_order(ranking, false);
	else
		go_on(ranking);
}

/*
 * The next row, in exact order as far as they were found in time.  NULL: no
 * more.
 */
static VpRow *
next_row(VpRanking *ranking)
{
	VpRow	   *row = NULL;

	while (row == NULL && ranking->phase == VP_RANKING_GRAPH)
	{
		row = next_found(ranking);
		if (row == NULL)
			get_more(ranking);
	}
	return row == NULL && ranking->phase == VP_RANKING_SWEEP ? next_swept(ranking) : row;
}

/* Is a row, or one that no distance is known of, farther than is wanted? */
static inline bool
is_outside(const VpRanking *ranking, double dist)
{
	if (!ranking->effort.bounded)
		return false;
	return isnan(dist) ? !ranking->effort.nan_inside : dist > ranking->effort.radius;
}

/* NaN, where finite elements overflow, is farther than all else. */
static inline bool
is_nearer(double dist, double than)
{
	return dist < than || (isnan(than) && !isnan(dist));
}

bool
vp_ranking_take(VpRanking *ranking, const VpHit *hit)
{
	if (vp_returned_before(&ranking->returned, &hit->tid))
		return false;
	if (is_nearer(hit->dist, ranking->farthest) && ranking->effort.iterative_scan != VP_ITERATIVE_RELAXED)
	{
		vp_returned_put_off(&ranking->returned, hit);
		return false;
	}
	ranking->farthest = hit->dist;
	ranking->nreturned++;
	return true;
}

/* A row that was put off, when all others have been returned. */
static bool
next_late(VpRanking *ranking, VpHit *hit)
{
	if (ranking->phase == VP_RANKING_LATE && vp_returned_late(&ranking->returned, hit))
	{
		ranking->nreturned++;
		return true;
	}
	if (ranking->phase == VP_RANKING_LATE)
		ranking->phase = ranking->with_bare ? VP_RANKING_BARE : VP_RANKING_DONE;
	return false;
}

/* A row without a vector, at the very end. */
static bool
next_bare(VpRanking *ranking, VpHit *hit)
{
	hit->dist = NAN;
	while (ranking->phase == VP_RANKING_BARE &&
		   ranking->rankable->next_bare(ranking->nodes, hit))
	{
		if (vp_returned_before(&ranking->returned, &hit->tid))
			continue;
		if (is_cut_off(ranking))
		{
			VpSearchEnd end = {.cut_off = true,.nreturned = ranking->nreturned};

			ranking->hooks->ends(ranking->hooks_arg, &end);
			break;
		}
		ranking->nreturned++;
		return true;
	}
	ranking->phase = VP_RANKING_DONE;
	return false;
}

bool
vp_ranking_next(VpRanking *ranking, VpHit *hit)
{
	for (;;)
	{
		VpRow	   *row = next_row(ranking);
		bool		found;

		if (row == NULL)
			return next_late(ranking, hit) || next_bare(ranking, hit);
		if (is_outside(ranking, row->dist))
		{
			vp_row_push(&ranking->heap, row);
			if (has_looked_behind(ranking))
				end_in_order(ranking, false);
			else
			{
				vp_ranking_works(ranking);
				go_on(ranking);
			}
			continue;
		}
		hit->dist = row->dist;
		found = ranking->rankable->find_row(ranking->nodes, row, hit);

		/* more rows of the same vector come next */
		if (row->id != VP_NO_ID)
			vp_row_push(&ranking->heap, row);
		else
			vp_row_free(&ranking->heap, row);

		if (found && vp_ranking_take(ranking, hit))
			return true;
	}
}

bool
vp_ranking_has_more(const VpRanking *ranking)
{
	VpCandidate candidate;

	return ranking->heap.n > 0 || (ranking->phase == VP_RANKING_GRAPH &&
								   vp_search_peek(ranking->search, 0, &candidate));
}
