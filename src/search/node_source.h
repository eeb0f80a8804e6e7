/*-------------------------------------------------------------------------
 *
 * node_source.h
 *	  The nodes of an index as a graph's source: VpSource over pages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NODE_SOURCE_H
#define VP_NODE_SOURCE_H

#include "graph/graph.h"
#include "key/filter.h"
#include "search/hooks.h"
#include "search/index.h"
#include "search/tid_set.h"

/* Its nodes for graph/.  Everything that it points at must outlive it. */
typedef struct VpNodeSource
{
	VpSource	source;			/* first */
	const VpIndex *index;
	uint32		nids;			/* all ids below are known to have pages */
	int			vectors;		/* of so many more expanded nodes, exact
								 * vectors are loaded too */
	int			rows_come;		/* after so many of them hooks->rows_come is
								 * called; 0: it is not */
	const VpSearchHooks *hooks;
	void	   *hooks_arg;
	const VpFilter *filter;		/* of a search for matches; NULL: none */
	const VpTidSet *tids;		/* that it is to go among; NULL: all */
	int			shard;			/* landmarks are to be of this one; -1: of any */
	VpId		own;			/* an insert: the node that it links; else
								 * VP_NO_ID */
	void	   *code;			/* one code, 64-byte aligned */
	struct VpTarget *targets[2];	/* of the present call of distances_ahead,
									 * and of the next */
	int			naimed;			/* of the next */
	struct VpListedNodes *listed;	/* two: of the present call of
									 * distances_listed, and of the next */
	int			now;			/* which of them is of the present one */
	char	   *held;			/* codes that are compared with one another;
								 * NULL until there are some */
	Size		held_bytes;		/* of each */
	char	   *pair;			/* two codes or vectors; NULL until they are
								 * compared */
} VpNodeSource;

extern void vp_node_source_init(VpNodeSource *source, const VpIndex *index);

/*
 * Is there a page for this id?  Links may lead to nodes that came after the
 * search began; a word that makes no sense is no node.
 */
static inline bool
vp_id_exists(VpNodeSource *source, VpId id)
{
	if (likely(id < source->nids))
		return true;
	source->nids = Max(source->nids, vp_graph_state(&source->index->store).next_id);
	return id < source->nids;
}

/* A node's slot; a page that no buffer holds, for an id that there is no page for. */
static inline VpPlace
vp_source_place(VpNodeSource *source, VpId id)
{
	VpPlace		nowhere = {.block = InvalidBlockNumber};

	if (likely(vp_id_exists(source, id)))
		return vp_code_place(&source->index->store.geo, id);
	return nowhere;
}

#define VP_CACHE_LINE		64

/* Where the factors of a slot are, seen from its code. */
static inline int
vp_source_factors(const VpNodeSource *source)
{
	const VpGeometry *geo = &source->index->store.geo;

	return (int) geo->factors_at - (int) geo->code_at;
}

/* Lines of a slot that are loaded ahead; the processor goes on by itself. */
#define VP_PREFETCH_LINES	8

/* Bytes of a slot that a distance needs, from its start on, as far as they are loaded ahead. */
static inline uint32
vp_source_bytes(const VpNodeSource *source)
{
	return Min(vp_slot_bytes(&source->index->store.geo), VP_PREFETCH_LINES * VP_CACHE_LINE);
}

/*
 * The distance of the first of n nodes, which is not where its hint says.  *missed: one of the nodes before
 * had to be read; then the others have been asked for.
 */
extern float vp_source_distance(VpNodeSource *source, const VpQuery *query, const VpId *ids, int n, bool *missed);

/* Makes a linked node a landmark of its query's terms, where an index has landmarks. */
extern void vp_mark_terms(VpNodeSource *source, VpId id, const VpQuery *query);

#endif							/* VP_NODE_SOURCE_H */
