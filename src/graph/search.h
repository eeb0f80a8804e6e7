/*-------------------------------------------------------------------------
 *
 * search.h
 *	  A search's working memory, for the files that search.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SEARCH_H
#define VP_SEARCH_H

#include "graph/overflow_heap.h"
#include "graph/pool.h"
#include "graph/stop.h"
#include "graph/visited.h"

/*
 * The level above the one that is searched is searched best first too, and
 * gives so many nodes to begin with: in clustered data one would often be in
 * the wrong cluster, with no way out.
 */
#define VP_SEEDS 8

/* Where the search of a graph begins at level 0. */
typedef struct VpSeeds
{
	VpId		start;			/* holds no vector if there are no seeds */
	int			n;
	VpCandidate entries[VP_SEEDS];
} VpSeeds;

/* Of a search for matches; see filtered.c. */
typedef struct VpFiltered
{
	VpMatches  *matches;		/* NULL: the search has no filter */
	bool		(*more) (VpSearch *search, int ef); /* as vp_search_more */
	int			ef;
	int			least;			/* so many matches must be found, if there are */
	int			floor;			/* the pool has no fewer places */
	uint32_t	nids;
	VpOverflow	frontier;		/* met and not expanded; see frontier.h */
	VpOverflow	far;			/* may match, not tested: not near enough */
	VpOverflow	parked;			/* several graphs: other graphs' frontiers */
	VpVisited	listed;			/* two hops: whose links were read */
	uint64_t	asked;			/* nodes tested in the graph, and */
	uint64_t	matched;		/* those that match */
	float		sampled;		/* the share of matches by a sample; < 0: none
								 * taken */
	bool		complete;		/* all ids of `matches` were measured */
	bool		begun;			/* some were */
	bool		unmet;			/* they come once, and no other was met */
	bool		match[VP_MAX_LINKS];
} VpFiltered;

struct VpSearch
{
	VpAlloc		alloc;
	VpPool		pool;
	int			taken;			/* the first so many of the pool are the
								 * caller's */
	VpStop		stop;			/* rule of searches; ef 0: none */
	bool		stopping;		/* by it, this search */
	bool		stopped;		/* and not all in the pool are expanded */
	int			expanded;		/* at level 0 */
	VpOverflow	overflow;
	VpVisited	visited;
	VpSearchCounts counts;

	/* of the search in progress, for vp_search_more */
	VpSource   *source;
	const VpQuery *query;
	int			level;
	int			ngraphs;
	VpFiltered	filtered;

	/* of several graphs */
	VpSeeds    *seeds;
	int			nseeds;			/* allocated */

	/* one expansion, or the landmarks */
	VpId		links[VP_MAX_LINKS];
	VpId		fresh[2][VP_MAX_LINKS];
	float		dist[VP_MAX_LINKS];
};

/*
 * What each of several graphs gets beyond its share of the candidates: shares
 * are not the same for all queries, and a graph of fewer nodes has fewer ways
 * to the nearest.
 */
static inline int
vp_graph_margin(int ef)
{
	return ef / 4 + 16;
}

/* Begins a search, which has met nothing yet. */
extern void vp_search_begin(VpSearch *search, VpSource *source, const VpQuery *query);

/* Empties the pool and gives it room for ef candidates. */
extern void vp_search_reset_pool(VpSearch *search, int ef);

/*
 * Puts into the pool, of `ef` candidates, where a search of a level begins.
 * Returns a node to begin with if there is none that holds a vector.
 */
extern VpId vp_search_find_seeds(VpSearch *search, VpEntry entry, int level, int ef, uint32_t nids);

/*
 * The same for level 0 of several graphs: search->seeds.  Then nothing is met
 * yet.
 */
extern void vp_search_find_all_seeds(VpSearch *search, const VpEntry *entries, int nentries,
									 int ef, uint32_t nids);

/*
 * The neighbours of a node that were not met, with their distances: fresh[0],
 * dist.
 */
extern int	vp_search_look_around(VpSearch *search, VpId id, int level);

/* The landmarks of the query, likewise. */
extern int	vp_search_look_at_landmarks(VpSearch *search);

/*
 * As vp_search_start at level 0, but begins at these nodes, 1 to VP_MAX_LINKS,
 * which have vectors; `ef` is at most VP_POOL_DIRECT.  False, and nothing is
 * searched, if all of them are farther from the query than `within`.
 */
extern bool vp_search_start_near(VpSearch *search, VpSource *source, const VpQuery *query,
								 const VpId *near, int nnear, float within, int ef, uint32_t nids);

/* Moves to the overflow what is in the pool and not taken. */
extern void vp_search_leave_pool(VpSearch *search);

#endif							/* VP_SEARCH_H */
