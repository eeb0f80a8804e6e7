/*-------------------------------------------------------------------------
 *
 * ranked_search.h
 *	  A search of an index: the rows nearest to a vector, nearest first.
 *
 *	search = vp_ranked_open(rel, hooks, arg);
 *	for each query:
 *		vp_ranked_begin(search, query, &effort, table, snapshot);
 *		while (vp_ranked_next(search, &hit))
 *			...
 *	vp_ranked_close(search);
 *
 * It takes no seat, obeys no limit and counts nothing: that is its user's
 * business, who is told by the hooks (hooks.h) when there is something to be
 * done.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RANKED_SEARCH_H
#define VP_RANKED_SEARCH_H

#include "utils/snapshot.h"

#include "key/filter.h"
#include "search/index.h"
#include "search/ranking.h"
#include "search/tid_set.h"

typedef struct VpRankedSearch VpRankedSearch;

/*
 * For searches of an index that stays open and locked, in a child of the
 * current memory context: when that is deleted or reset, as after an error, the
 * search is closed.
 */
extern VpRankedSearch *vp_ranked_open(Relation rel, const VpSearchHooks *hooks, void *arg);
extern void vp_ranked_close(VpRankedSearch *search);

/* The index as the search knows it: until the next begin or next. */
extern const VpIndex *vp_ranked_index(const VpRankedSearch *search);

/*
 * Begins another search; nothing is searched yet.  query: a value of the
 * indexed type, copied; NULL: any vector will do, as nothing is nearer to NULL
 * than anything else.  table: NULL if nobody is going to fetch rows; it must be
 * given, with an MVCC snapshot, where the exact vectors are in the table alone
 * (VpForm's in_table).  filter: NULL, or conditions that rows must satisfy;
 * then the snapshot that the rows are for is registered or active, and
 * effort->max_rows is no bound.  All three stay until the next begin, or the
 * end.  ereports when the query has the wrong dimensions.
 */
extern void vp_ranked_begin(VpRankedSearch *search, const VpValue *query, const VpEffort *effort,
							const VpFilter *filter, Relation table, Snapshot snapshot);

/*
 * Between begin and the first call of next: only rows of a set are wanted,
 * which must stay until the next begin, or the end.  The table and a snapshot
 * have been given.
 */
extern void vp_ranked_restrict(VpRankedSearch *search, const VpTidSet *tids);

/*
 * The next row; false: no more.  The first call searches the graph, others may
 * go on with that.  Each row comes once, nearest first; those that were found
 * too late for their places come after all others.  Leaves no lock; a pin on
 * the table where it is read.  May be cancelled.
 */
extern bool vp_ranked_next(VpRankedSearch *search, VpHit *hit);

/*
 * Between begin and the first call of next: a row that another process has
 * found for the same query is returned now, and will not be returned again.
 * False: it is not to be, it was before, or comes at the end.  Rows come in the
 * order in which they were found.
 */
extern bool vp_ranked_take(VpRankedSearch *search, const VpHit *hit);

/* Is there more to be returned of what has been found already? */
extern bool vp_ranked_has_more(const VpRankedSearch *search);

/*
 * What the settings of now and the options of an opened index say, if so many
 * rows are wanted; 0: that is not known.
 */
extern VpEffort vp_effort_of(Relation index, double rows);

/* What the present search has cost so far. */
typedef struct VpRankedCounts
{
	int			ef;				/* of the last round */
	int			rounds;
	uint64		expansions;
	uint64		distances;
	int64		measured;		/* exact distances, but for those of a sweep */
	int64		rows;			/* returned */
	uint64		tests;			/* nodes whose keys were tested by the search
								 * of the graph */
	const char *way;			/* how it found rows that satisfy a filter;
								 * NULL: there was none */
} VpRankedCounts;

extern VpRankedCounts vp_ranked_counts(const VpRankedSearch *search);

#endif							/* VP_RANKED_SEARCH_H */
