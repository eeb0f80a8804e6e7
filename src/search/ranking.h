/*-------------------------------------------------------------------------
 *
 * ranking.h
 *	  Candidates of a search by codes become rows in their exact order.
 *
 * Over anything that can be searched and measured: this knows no pages, and is
 * tested without a server (test/unit/ranking_test.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RANKING_H
#define VP_RANKING_H

#include "base/effort.h"
#include "graph/graph.h"
#include "search/hit.h"
#include "search/hooks.h"
#include "search/returned.h"
#include "search/row_heap.h"
#include "search/sweep.h"

/* Candidates to be measured before the estimates' error is judged. */
#define VP_MIN_MEASURED	16

/* How much a search may do, and in what order it returns rows. */
typedef struct VpEffort
{
	int			ef_search;		/* candidates kept in the first round */
	int			rows;			/* that are wanted, no more; 0: not known */
	VpEffortBy	by;				/* who decided that */
	int			iterative_scan; /* VpIterativeScan */
	int			max_rows;		/* the search does not go on when it has
								 * returned so many; 0: no bound */
	bool		vectors_only;	/* rows without a vector do not come */
	bool		bounded;		/* no row farther than radius is wanted, nor
								 * one without a distance */
	bool		uncoded;		/* estimates do not tell which rows are inside */
	double		radius;
	bool		nan_inside;		/* but rows at no distance that is a number
								 * are */
} VpEffort;

/*
 * The nodes whose rows are ranked.  Each function gets the ranking's `nodes`;
 * all may raise errors, none leaves a lock or a pin.
 */
typedef struct VpRankable
{
	/*
	 * The exact distance of a candidate, NaN if it has none; false if none of
	 * its rows can be returned.  *coded: an estimate is of the same distance,
	 * so that its error says something about others.
	 */
	bool		(*measure) (void *nodes, VpId id, double *dist, bool *coded);

	/* The same for any id, of which nobody knows that a search finds it. */
	bool		(*measure_any) (void *nodes, VpId id, double *dist);

	/*
	 * The row of row->id, or of the first behind it in the chain of equal
	 * vectors that has one. Sets row->id to the next in the chain, VP_NO_ID
	 * if there is none; and the hit's TID and recheck.  False: no row.
	 */
	bool		(*find_row) (void *nodes, VpRow *row, VpHit *hit);

	/*
	 * This candidate will be measured next: begins to load what that needs
	 * into the CPU's cache.
	 */
	void		(*prefetch) (void *nodes, VpId id);

	/*
	 * This candidate will be measured: begins to read it from disk.  True if
	 * that is necessary.
	 */
	bool		(*read_ahead) (void *nodes, VpId id);

	/*
	 * The row of `next` will be returned soon, that of `later` after it.
	 * Either may be VP_NO_ID.
	 */
	void		(*expect) (void *nodes, VpId next, VpId later);

	/*
	 * The next row without a vector, in the order in which they are returned:
	 * TID and recheck; false: no more.
	 */
	bool		(*next_bare) (void *nodes, VpHit *hit);

	/* All ids are below this. */
	uint32		(*count) (void *nodes);
} VpRankable;

typedef enum VpRankingPhase
{
	VP_RANKING_GRAPH,			/* what the search of the graph has found */
	VP_RANKING_SWEEP,			/* all nodes, each measured */
	VP_RANKING_LATE,			/* rows that were put off */
	VP_RANKING_BARE,			/* rows without a vector */
	VP_RANKING_DONE
} VpRankingPhase;

typedef struct VpRanking
{
	/* set by who makes it */
	const VpRankable *rankable;
	void	   *nodes;
	const VpSearchHooks *hooks;
	void	   *hooks_arg;
	VpSearch   *search;			/* of graph/ */
	VpMatches  *matches;		/* what a search with a filter is of; NULL:
								 * all nodes */

	VpRankingPhase phase;
	VpEffort	effort;
	int			ef;				/* of the present round */
	int			rounds;
	int64		kept;			/* candidates of all rounds */
	int			reach;			/* so many rows the present round has looked
								 * for */
	bool		cold;			/* exact vectors had to be read from disk */
	bool		with_bare;		/* rows without a vector come: all others were
								 * found */
	bool		working;		/* hooks->works was called in this call */
	VpSweep    *sweep;			/* NULL before VP_RANKING_SWEEP */
	VpRowHeap	heap;			/* measured rows */

	/* estimates' errors: exact - estimate */
	double		error_sum;
	double		error_sum2;
	int64		measured;

	double		farthest;		/* of the rows returned in order */
	int64		nreturned;
	VpReturned	returned;
} VpRanking;

/* An empty ranking in the current memory context.  Rows go into `rows`. */
extern void vp_ranking_init(VpRanking *ranking, MemoryContext rows);

/* Forgets all, for another search.  The caller has reset `rows`. */
extern void vp_ranking_begin(VpRanking *ranking, const VpEffort *effort);

/*
 * The first round of ranking->search has come to its end: there are candidates.
 * Or there are no nodes.
 */
extern void vp_ranking_searched(VpRanking *ranking);
extern void vp_ranking_is_empty(VpRanking *ranking);

/*
 * The next row, nearest first as far as they were found in time; false: no
 * more.  The current memory context is `rows`.  Goes on with the search when
 * what it has found is used up.
 */
extern bool vp_ranking_next(VpRanking *ranking, VpHit *hit);

/*
 * A row that somebody else has found is next, before the search or during it.
 * False if it is not to be returned now: it was before, or is put off.
 */
extern bool vp_ranking_take(VpRanking *ranking, const VpHit *hit);

/* Is there more to be returned of what has been found already? */
extern bool vp_ranking_has_more(const VpRanking *ranking);

/* hooks->works is due, if it was not called in this call. */
static inline void
vp_ranking_works(VpRanking *ranking)
{
	if (ranking->working)
		return;
	ranking->working = true;
	ranking->hooks->works(ranking->hooks_arg);
}

#endif							/* VP_RANKING_H */
