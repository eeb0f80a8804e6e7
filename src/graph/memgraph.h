/*-------------------------------------------------------------------------
 *
 * memgraph.h
 *	  The graph in memory, as memgraph.c (access) and membuild.c (work) see it.
 *
 * One mapping, of anonymous memory or of a file: nodes of a fixed size, then
 * upper lists at the places that base/levels.h computes, pages of landmarks for
 * sparse vectors, then one id a node for the work.
 *
 *	  node:  head | links at level 0 | factors | code
 *	  list:  count, links (upper lists; level 0 has its count in the head)
 *
 * Where the lists and ids begin is settled when nodes are ordered or linked, by
 * their number; until then there are zeroes behind the nodes, and more nodes may
 * take their place.
 *
 * Codes, factors and hashes are written by vp_mem_add alone, before threads
 * link.  Lists change under their node's lock, a word at a time; readers take no
 * lock and may see a mix of old and new links.  Landmarks change
 * without a lock: what two threads make of one leads to a node as well.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MEMGRAPH_H
#define VP_MEMGRAPH_H

#include "graph/graph.h"
#include "graph/threads.h"

typedef struct VpMemNode
{
	uint64_t	hash;
	VpId		chain;			/* next of the equal ones */
	uint8_t		lock;
	uint8_t		chained;		/* in the chain of another one */
	uint8_t		reached;		/* by the sweep that ends a build */
	uint8_t		shard;
	VpId		origin;			/* its id before all got others (order.c) */
	uint32_t	list[];			/* count, links at level 0 */
} VpMemNode;

/* The graph as a source, for one thread. */
typedef struct VpMemSource
{
	VpSource	source;			/* first: callbacks get it */
	VpMemGraph *graph;
	int			shard;			/* landmarks are to be of this one; -1: of any */
} VpMemSource;

/* Places in `order`, from one to another. */
typedef struct VpMemPlaces
{
	uint32_t	at;
	uint32_t	end;
} VpMemPlaces;

/* The linking of a graph, as far as it has come. */
typedef struct VpMemWork
{
	struct VpMemGraph *graph;	/* NULL: not begun */
	uint32_t	next;			/* in `order`: the first that no thread has
								 * taken */
	uint32_t	level0;			/* there nodes begin that are on level 0 alone */
	uint32_t	portion;		/* how many of these a thread takes at a time */
	VpMemPlaces left[VP_MAX_THREADS];	/* taken by threads that were stopped */
	uint32_t	nleft;
	uint32_t	done;
	bool		stop;
	bool		failed;			/* for want of memory; cannot go on */
	bool		(*poll) (void *arg, uint32_t done);
	void	   *arg;
} VpMemWork;

typedef struct VpMemOrder VpMemOrder;

struct VpMemGraph
{
	VpMemSource source;
	VpCodec		codec;
	VpLevels	levels;
	int			m;
	int			ef_construction;
	uint32_t	capacity;
	uint32_t	count;
	int			shards;
	VpEntry    *entries;		/* of each */

	size_t		bytes;			/* of the mapping */
	size_t		node_bytes;
	size_t		factors_at;		/* in a node; the code follows */
	size_t		prefetch_bytes; /* of factors and code */
	uint32_t	list_words;		/* of an upper list */
	uint32_t	stripe_lists;
	char	   *nodes;			/* the mapping */
	uint32_t   *upper;			/* this and what follows: since linking began */
	VpLandmarkPage *landmarks;
	uint32_t	nlandmarks;		/* pages */
	VpId	   *order;
	bool		ordered;		/* are ids in an order of locality? */
	VpMemOrder *ordering;		/* as far as it has come; NULL: not begun, or
								 * done */
	VpMemWork	work;
};

static inline VpMemNode *
vp_mem_node(const VpMemGraph *graph, VpId id)
{
	return (VpMemNode *) (graph->nodes + id * graph->node_bytes);
}

static inline VpCoded *
vp_mem_coded(const VpMemGraph *graph, VpId id)
{
	return (VpCoded *) (graph->nodes + id * graph->node_bytes + graph->factors_at);
}

extern void vp_mem_source_init(VpMemSource *source, VpMemGraph *graph);

/* Makes a node that is linked a landmark of the terms of its query. */
extern void vp_mem_add_landmarks(VpMemGraph *graph, VpId id, const VpQuery *query);

/* Settles where upper lists and order are: no node is added any more. */
extern void vp_mem_settle(VpMemGraph *graph);

#endif							/* VP_MEMGRAPH_H */
