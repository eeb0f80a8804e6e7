/*-------------------------------------------------------------------------
 *
 * graph.h
 *	  HNSW over an abstract node source: search, select, link, repair.
 *
 * Malkov and Yashunin, "Efficient and robust approximate nearest neighbor
 * search using hierarchical navigable small world graphs" (TPAMI 2020).  What
 * differs: levels are arithmetic (base/levels.h); equal vectors hang on one
 * node as a chain and are not in the graph; a search can go on after its end
 * with everything that it has met.
 *
 * The room knows no pages and no PostgreSQL.  Nodes are reached through
 * VpSource; one algorithm serves the pages of an index and the graph that is
 * built in memory.  Memory comes from VpAlloc.  A callback may leave by
 * longjmp (ereport): nothing here needs to be unwound, the caller frees the
 * memory by its context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_GRAPH_H
#define VP_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/landmarks.h"
#include "base/levels.h"
#include "graph/stop.h"
#include "kernel/codec.h"

/* Links a node may have at a level. */
static inline int
vp_level_links(int m, int level)
{
	return level == 0 ? 2 * m : m;
}

/*
 * How many a new node chooses.  At level 0 room is left for those to come: half
 * of the list, of which a build, which has a sweep at its end, takes half
 * again.  But a graph of few links is not connected well enough for that.
 */
#define VP_ENOUGH_LINKS 16

static inline int
vp_level_choice(int m, int level, bool build)
{
	int			max = vp_level_links(m, level);
	int			choice = build ? max - max / 4 : m;

	if (level > 0)
		return m;
	if (choice < VP_ENOUGH_LINKS)
		choice = VP_ENOUGH_LINKS;
	return choice < max ? choice : max;
}

typedef struct VpAlloc
{
	void	   *(*alloc) (size_t size); /* never NULL; not zeroed */
	void		(*free) (void *p);
} VpAlloc;

typedef struct VpCandidate
{
	float		dist;
	uint32_t	id;				/* the highest bit: already expanded */
} VpCandidate;

static inline VpCandidate
vp_candidate(float dist, VpId id)
{
	VpCandidate candidate;

	candidate.dist = dist;
	candidate.id = id;
	return candidate;
}

#define VP_EXPANDED UINT32_C(0x80000000)

#define VP_MAX_ENTRY_POINTS 8

/* Nodes out of a list that are measured together. */
#define VP_LISTED 64

/*
 * Where nodes live.  Ids that the callbacks get come from links or from the
 * caller; a node may be freed or reused between two calls, so every callback
 * must give an answer that is harmless for any id.  One thread at a time uses
 * a source; several sources may lead to the same nodes.
 */
typedef struct VpSource VpSource;
struct VpSource
{
	/*
	 * Copies the links of a node at a level; returns how many, 0 when it is
	 * not in the graph.
	 */
	int			(*links) (VpSource *source, VpId id, int level, VpId *links);

	/*
	 * dist[i] = distance of the query to node ids[i]; NaN for one that holds
	 * no vector. n <= VP_MAX_LINKS + 1
	 */
	void		(*distances) (VpSource *source, const VpQuery *query,
							  const VpId *ids, int n, float *dist);

	/*
	 * The same for a search that knows what it will ask for next: while dist
	 * is computed, what the distances of `ahead` need is loaded.  The ids of
	 * a call are those that were ahead in the one before; in a search's first
	 * call n is 0, whatever was ahead in a search that did not come to its
	 * end.  Each are of one list of links, or of none.
	 */
	void		(*distances_ahead) (VpSource *source, const VpQuery *query,
									const VpId *ids, int n, float *dist,
									const VpId *ahead, int nahead);

	/*
	 * The same of nodes out of VpMatches, in their order; up to VP_LISTED at
	 * once.
	 */
	void		(*distances_listed) (VpSource *source, const VpQuery *query,
									 const VpId *ids, int n, float *dist,
									 const VpId *ahead, int nahead);

	/* Makes a node's own code the query; false when it holds no vector. */
	bool		(*query_of) (VpSource *source, VpId id, VpQuery *query);

	/*
	 * Of some nodes, n <= VP_MAX_LINKS + 1, the distances from one another
	 * are going to be asked for: copies their codes, to be known by their
	 * places in `ids` until the next call.  The other two are query_of, of
	 * one that holds a vector, and distances of these.  NULL, all three:
	 * codes are as near as copies would be.
	 */
	void		(*hold) (VpSource *source, const VpId *ids, int n);
	void		(*held_query) (VpSource *source, int place, VpQuery *query);
	void		(*held_distances) (VpSource *source, const VpQuery *query,
								   const int *places, int n, float *dist);

	/* May this node be linked to?  (In the graph, alive.) */
	bool		(*linkable) (VpSource *source, VpId id);

	/*
	 * Makes `to` the links of a node at a level if they still are `from` (in
	 * this order); false when they changed meanwhile or the node is gone.
	 * Other readers may see any mix of both lists while this goes on.
	 */
	bool		(*replace_links) (VpSource *source, VpId id, int level,
								  const VpId *from, int nfrom,
								  const VpId *to, int nto);

	/* Do the two nodes hold the same vector? */
	bool		(*same_vector) (VpSource *source, VpId a, VpId b);

	/*
	 * Hangs `id` into the chain of equal vectors behind `first`; false when
	 * `first` may not be linked to any more.
	 */
	bool		(*chain) (VpSource *source, VpId first, VpId id);

	/*
	 * Nodes near a query, found otherwise than by links, from which a search
	 * of the graph that `entry` belongs to is to begin instead of there; all
	 * are at least on `level`, which it sets. NULL, or returns 0: there are
	 * none.  At most VP_MAX_ENTRY_POINTS, in any order.
	 */
	int			(*entry_points) (VpSource *source, const VpQuery *query, VpId entry,
								 VpCandidate *found, int *level);

	/*
	 * Nodes from which a search of level 0 for a query is to begin, besides
	 * those that it comes to by itself; NULL: there are none.  Returns how
	 * many, at most VP_MAX_LANDMARKS.
	 */
	int			(*landmarks) (VpSource *source, const VpQuery *query, VpId *ids);

	/*
	 * match[i] = may a row of node ids[i] satisfy the search's filter?  Of
	 * the node itself, or of one of those chained behind it; `alone`: of the
	 * node itself. n <= VP_MAX_LINKS.  NULL: all match.
	 */
	void		(*matches) (VpSource *source, const VpId *ids, int n, bool alone, bool *match);

	/*
	 * These will be asked for next, not alone: what that needs is loaded.
	 * NULL: there is no need.
	 */
	void		(*expect_matches) (VpSource *source, const VpId *ids, int n);

	/*
	 * A hint that a search gives with each call of these two: the node whose
	 * links it will probably ask for next, to be prefetched.  Nobody has to
	 * set it first or to use it; it may hold anything.
	 */
	VpId		next;
};

/*----------
 * Search
 *----------
 */
typedef struct VpSearch VpSearch;

/* How a search for matches found them: the last way that it took. */
typedef enum VpWay
{
	VP_WAY_PLAIN,				/* without a filter */
	VP_WAY_VISIT,				/* through all nodes, keeping those that match */
	VP_WAY_HOP,					/* through matches, over others between them */
	VP_WAY_MEASURE,				/* all that may match were measured */
	VP_WAY_NEAREST				/* those in the nearest cells were */
} VpWay;

/* What the last search cost. */
typedef struct VpSearchCounts
{
	uint64_t	expansions;		/* lists of links that were read */
	uint64_t	distances;
	uint64_t	tests;			/* nodes of which it asked whether they match */
	VpWay		way;
} VpSearchCounts;

/*
 * The nodes that may match a filter, for searches that look for matches only:
 * of a list, or all nodes there are.  A node that may match is never missing;
 * one may come twice, and one may come that does not match or is none.
 */
typedef struct VpMatches VpMatches;
struct VpMatches
{
	uint64_t	bound;			/* no more ids come */
	bool		listed;			/* they are of a list: hardly one does not
								 * match */
	bool		once;			/* each comes once */

	/*
	 * So many cells are measured, so that ids come in the order of their
	 * cells, the nearest first; 0: in any order.  in_order: from the next ids
	 * on; some may come before that.
	 */
	uint32_t	cells;
	bool		in_order;
	double		reading;		/* where they are: nanoseconds that it takes
								 * to find out which ids there are */

	/* The next ids, up to max; returns how many, 0 at their end. */
	int			(*next) (VpMatches *matches, VpId *ids, int max);

	/* The next id is the first again. */
	void		(*again) (VpMatches *matches);

	/*
	 * Where they are in order: which of n nodes are to come yet, at the
	 * beginning of ids; now they do not.  Returns how many; *nmatches: may
	 * match, whether they have come or not.
	 */
	int			(*pick) (VpMatches *matches, VpId *ids, int n, int *nmatches);

	/* Up to n of them drawn at random; returns how many. */
	int			(*sample) (VpMatches *matches, VpId *ids, int n);

	double		falsely;		/* of the nodes that do not match, the share
								 * that source->matches takes for matches */
};

/*
 * A search's working memory, to be used for many searches one after another.
 * max_id: ids below it are expected (more are met without harm).
 */
extern VpSearch *vp_search_create(const VpAlloc *alloc, int m);

extern void vp_search_destroy(VpSearch *search);

/*
 * Finds the `ef` nearest nodes of level `level`, from an entry point at
 * `entry_level` >= level (greedily down to level + 1, then best first).
 * `nids`: all ids are below it now (it chooses how visited ids are remembered).
 * Results are read with vp_search_next or vp_search_found.
 */
extern void vp_search_start(VpSearch *search, VpSource *source, const VpQuery *query,
							VpId entry, int entry_level, int level, int ef, uint32_t nids);

/*
 * Searches of one graph that begin from now on, for all nodes, with
 * vp_search_start_all and the rule's effort, stop by this rule.
 */
extern void vp_search_stop_by(VpSearch *search, const VpStop *stop);

/* Where searches of a graph begin; VP_NO_ID: it is empty. */
typedef struct VpEntry
{
	VpId		id;
	int			level;			/* vp_level of the node */
} VpEntry;

static inline VpEntry
vp_entry(VpId id, int level)
{
	VpEntry		entry;

	entry.id = id;
	entry.level = level;
	return entry;
}

/*
 * The same for several graphs that no link ties together: the `ef` nearest
 * nodes of level 0 of all of them.
 */
extern void vp_search_start_all(VpSearch *search, VpSource *source, const VpQuery *query,
								const VpEntry *entries, int nentries, int ef, uint32_t nids);

/*
 * The same of those nodes alone that match: source->matches says which ones do,
 * and `matches` which may.  The `ef` nearest are found as well as without a
 * filter, or better, and at least `least` of them if there are so many (at most
 * ef).  `matches` must stay as long as the search goes on.
 */
extern void vp_search_start_matching(VpSearch *search, VpSource *source, const VpQuery *query,
									 const VpEntry *entries, int nentries, int ef, int least,
									 uint32_t nids, VpMatches *matches);

/*
 * Of a search for matches: how many of the nearest its present round has looked
 * for, which is as many as the pool has places.  INT_MAX: all.
 */
extern int	vp_search_reach(const VpSearch *search);

/*
 * Has a search for matches measured all that may match?  Then all that is left
 * is to order them.
 */
extern bool vp_search_is_complete(const VpSearch *search);

/*
 * Goes on: the `ef` nearest of all that was not yet taken with vp_search_next.
 * False when there is nothing left.
 */
extern bool vp_search_more(VpSearch *search, int ef);

/* Takes the next nearest result; false when the present ones are used up. */
extern bool vp_search_next(VpSearch *search, VpCandidate *result);

/*
 * Of the results not taken yet, the one behind the `skip` nearest, not taking
 * it; false when there is none.
 */
extern bool vp_search_peek(VpSearch *search, int skip, VpCandidate *result);

/*
 * All present results that are not taken, nearest first; `expanded` bits
 * cleared.
 */
extern const VpCandidate *vp_search_found(VpSearch *search, int *n);

/* Was this id met? */
extern bool vp_search_met(const VpSearch *search, VpId id);

extern VpSearchCounts vp_search_counts(const VpSearch *search);

/*----------
 * Changing the graph
 *----------
 */

/* What a writer needs, to be used for many writes one after another. */
typedef struct VpWriter VpWriter;

extern VpWriter *vp_writer_create(const VpAlloc *alloc, const VpCodec *codec, const VpLevels *levels,
								  int m, int ef_construction);
extern void vp_writer_destroy(VpWriter *writer);

/*
 * Chooses up to `max` of the candidates (sorted, nearest first): those that are
 * nearer to the base than to one another (Algorithm 4 of the paper), then, as
 * long as a quarter stays free, those of which it is nearly true.
 * Returns how many; candidates are afterwards as they were.
 */
extern int	vp_select(VpWriter *writer, VpSource *source, VpCandidate *candidates, int n,
					  int max, VpId *chosen);

typedef enum VpLinked
{
	VP_LINKED,					/* in the graph, at levels 0 ... vp_level(id) */
	VP_CHAINED					/* an equal vector was there: in its chain */
} VpLinked;

/*
 * Links node `id`, whose record is complete but that nobody links to yet, into
 * the graph.  `query`: its vector as a query.  Entry as in vp_search_start (the
 * caller makes `id` the entry point itself when there is none, or when its
 * level is higher).  Levels above entry_level stay without links.
 */
extern VpLinked vp_link(VpWriter *writer, VpSource *source, VpId id, const VpQuery *query,
						VpId entry, int entry_level, uint32_t nids);

/*
 * Looks at level 0 for a node with the query's own vector, by a short search: `own` is the
 * distance of that vector's code, and `equal` says of a node at this distance whether it has the
 * vector.  VP_NO_ID: none was found.  Entry as in vp_search_start.
 */
extern VpId vp_link_find_equal(VpWriter *writer, VpSource *source, const VpQuery *query, float own,
							   VpId entry, int entry_level, uint32_t nids,
							   bool (*equal) (void *arg, VpId id), void *arg);

/*
 * Gives the links of a node at a level that may not be linked to any more other
 * ends: chooses, beside the links that stay, among the linkable links of those
 * that do not.  Returns whether the node's links were changed.
 */
extern bool vp_repair(VpWriter *writer, VpSource *source, VpId id, int level);

/*
 * Makes node `id` be found by a search for its own vector: when ef_construction
 * candidates do not include it, the nearest of them gets a link to it, by
 * preference one with room.  Nobody gets out of reach by that.  Returns whether
 * a link was added.
 */
extern bool vp_regain(VpWriter *writer, VpSource *source, VpId id, VpId entry, int entry_level,
					  uint32_t nids);

/*
 * Makes node `id` reachable at level 0 when it is not: a near node that is
 * (`reached(arg, id)`) gets a link to it, by preference one with room.  Where
 * all are full, it comes in between: it takes over the link that makes room, so
 * that whoever was reached still is.  Returns false when there is none.
 */
extern bool vp_rescue(VpWriter *writer, VpSource *source, VpId id, VpId entry, int entry_level,
					  uint32_t nids, bool (*reached) (void *arg, VpId id), void *arg);

/*----------
 * The graph in memory: what a build makes before it is written to pages
 *----------
 */
typedef struct VpMemGraph VpMemGraph;

/* Bytes that each node takes in it, but for landmarks. */
extern size_t vp_mem_node_bytes(const VpCodec *codec, int m);

/*
 * An empty graph with room for `capacity` nodes, which are added with ids
 * 0, 1, 2 ...  It consists of so many shards (1 ... 256), graphs that no link
 * ties together.  The memory is taken from the operating system in one piece.
 * NULL when there is none.
 */
extern VpMemGraph *vp_mem_create(const VpCodec *codec, const VpLevels *levels,
								 int m, int ef_construction, int shards, uint32_t capacity);
extern void vp_mem_destroy(VpMemGraph *graph);

/* Bytes of this graph, if it had room for n nodes and no more. */
extern size_t vp_mem_bytes(const VpMemGraph *graph, uint32_t n);

/*
 * What it consists of before it is linked: vp_mem_bytes(graph,
 * vp_mem_count(graph)) bytes, those behind the nodes zero.
 */
extern const char *vp_mem_data(const VpMemGraph *graph);

/*
 * Has the graph live in a file instead, with room for `capacity` nodes; before
 * it is linked, any number of times, the same file each time.  The file begins
 * with the graph's data and goes on with zeroes, vp_mem_bytes(graph, capacity)
 * bytes in all, for which the disk must have given room: where it has none for
 * a page that is touched, the process is killed.  The file may be closed and
 * removed then.  Returns 0, or errno; then the graph is where it was.
 */
extern int	vp_mem_map(VpMemGraph *graph, int fd, uint32_t capacity);

/*
 * Gives the next n nodes their codes, made of n rotated vectors (one after
 * another, codec->rotated_bytes each); `hash` of the exact vectors tells equal
 * ones, `shards` where they belong (NULL: all to the first).  Uses nthreads
 * threads.  Returns the first id.
 */
extern VpId vp_mem_add(VpMemGraph *graph, const void *rotated, const uint64_t *hash,
					   const uint8_t *shards, int n, int nthreads);

extern uint32_t vp_mem_count(const VpMemGraph *graph);

/*
 * Gives all nodes new ids, before they are linked: such that nodes whose ids are near are near one
 * another.  `poll` as below.  Codes of sparse vectors keep their ids.  False: it was left, or there
 * is no memory (vp_mem_link_failed); called again, it goes on.
 */
extern bool vp_mem_order(VpMemGraph *graph, int nthreads, bool (*poll) (void *arg, uint32_t done), void *arg);

/*
 * The id of the node that vp_mem_add gave the id `origin`: since vp_mem_order, and until nodes
 * are linked.  The reverse: at any time.
 */
extern VpId vp_mem_place(const VpMemGraph *graph, VpId origin);
extern VpId vp_mem_origin(const VpMemGraph *graph, VpId id);

/*
 * Links all nodes, with nthreads threads (the caller's is thread 0; the others
 * run with all signals blocked and are gone when this returns).  `poll` (may be
 * NULL) is called by thread 0 every few milliseconds with the number of nodes
 * linked; when it returns false the work is left, and this returns false;
 * called again, it goes on.  It also returns false when there is no memory for
 * the threads' work: then vp_mem_link_failed is true, and the graph of no use.
 * Ends with every unchained node reachable at level 0 from its shard's entry
 * point.
 */
extern bool vp_mem_link(VpMemGraph *graph, int nthreads, bool (*poll) (void *arg, uint32_t done), void *arg);

extern bool vp_mem_link_failed(const VpMemGraph *graph);

/* Memory that each thread needs for that, besides the graph. */
extern size_t vp_mem_thread_bytes(const VpMemGraph *graph);

extern VpEntry vp_mem_entry(const VpMemGraph *graph, int shard);

/*
 * Pages of landmarks, since vp_mem_link; returns how many, none but for codes
 * of sparse vectors.
 */
extern uint32_t vp_mem_landmarks(const VpMemGraph *graph, const VpLandmarkPage **pages);

/* Links of a node, since vp_mem_link; none for a chained one. */
extern int	vp_mem_links(const VpMemGraph *graph, VpId id, int level, VpId *links);

/*
 * Is the node in a chain of equal vectors (not in the graph)?  Next of the
 * chain, VP_NO_ID at its end.
 */
extern bool vp_mem_chained(const VpMemGraph *graph, VpId id);
extern VpId vp_mem_chain_next(const VpMemGraph *graph, VpId id);

/* Its nodes, for the caller's thread: to search it, e.g. in tests. */
extern VpSource *vp_mem_source(VpMemGraph *graph);

#endif							/* VP_GRAPH_H */
