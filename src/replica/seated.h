/*-------------------------------------------------------------------------
 *
 * seated.h
 *	  A search in this process as the index's capacity allows it: within limits, in a
 *	  seat, and counted.
 *
 * What index scans, batches, workers and measurements have in common.  Rows
 * come from vp_seated_next.  A caller that has more to do for a row than to
 * search gives vp_seated_run a step of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SEATED_H
#define VP_SEATED_H

#include "capacity/meter.h"
#include "search/ranked_search.h"

/* May be the first member of a larger struct; the hooks' argument. */
typedef struct VpSeated
{
	MemoryContext context;		/* of this and of the search */
	Relation	rel;
	VpRankedSearch *search;
	VpMeter    *meter;			/* NULL: somebody else counts the searches */
	bool		begun;			/* a search has begun, and is not counted yet */
	uint64		busy_since;		/* 0: nothing to be done but to hand out a row */
	uint64		busy_ns;
	uint64		waited_ns;		/* for a seat */
	bool		searches;		/* this process has begun a round */
	int			handed;			/* how many searches workers have done for it */
	VpRankedCounts handed_counts;	/* what these cost together */
} VpSeated;

/* What the present search has cost so far, by whomever. */
typedef struct VpSeatedCounts
{
	VpRankedCounts ranked;
	bool		by_worker;
	bool		by_self;
	uint64		waited_ns;		/* for a seat */
} VpSeatedCounts;

/*
 * For searches of an index that stays open: `size` zeroed bytes, of which the
 * first are a VpSeated.  In a child of the current memory context; when that
 * goes away, as after an error, what was begun is counted.  hooks: NULL, or a
 * table whose works, round and ends are, or call, those here.  ereports when
 * the library is not loaded as it must be, or the index is suspended.
 */
extern void *vp_seated_open(Relation rel, const VpSearchHooks *hooks, Size size);
extern void vp_seated_close(VpSeated *seated);

/*
 * As vp_ranked_begin; the last search is over.  ereports when a limit does not
 * allow another.  From here until the next row is returned the clock runs.
 */
extern void vp_seated_begin(VpSeated *seated, const VpValue *query, const VpEffort *effort,
							const VpFilter *filter, Relation table, Snapshot snapshot);

/* A worker has searched for it, too. */
extern void vp_seated_handed(VpSeated *seated, const VpRankedCounts *counts, uint64 waited_ns);

extern VpSeatedCounts vp_seated_counts(const VpSeated *seated);

/* Who did it, in words. */
extern const char *vp_searched_by(const VpSeatedCounts *counts);

/* The search is over, for now at least: counts it. */
extern void vp_seated_end(VpSeated *seated);

/*
 * As vp_ranked_next.  Gives the seat back before it returns, so the caller may
 * take its time with the row.
 */
extern bool vp_seated_next(VpSeated *seated, VpHit *hit);

/* The same for a step of the caller's own; what it returns. */
typedef bool (*VpSeatedStep) (VpSeated *seated, void *arg);

extern bool vp_seated_run(VpSeated *seated, VpSeatedStep step, void *arg);

/* Hooks.  `works` is also for steps that do more than to hand out a row. */
extern void vp_seated_works(void *seated);
extern void vp_seated_round(void *seated);
extern void vp_seated_ends(void *seated, const VpSearchEnd *end);

#endif							/* VP_SEATED_H */
