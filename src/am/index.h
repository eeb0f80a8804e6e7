/*-------------------------------------------------------------------------
 *
 * index.h
 *	  An index opened: its pages, its codec, and its nodes as a graph's source.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_INDEX_H
#define VP_INDEX_H

#include "utils/relcache.h"

#include "am/form.h"
#include "graph/graph.h"
#include "kernel/codec.h"
#include "page/store.h"

/*
 * Facts of an index that hold for ever, but for the mean: when that changes,
 * meta.mean_due does.  One piece of memory, `size` bytes, with what codec
 * points at.
 */
typedef struct VpIndex
{
	Size		size;
	VpMeta		meta;			/* as read; what changes in it is out of date */
	const VpForm *form;
	VpStore		store;
	VpCodec		codec;

	/* of what is kept with the relation: how well this process knows it; see session/cold.c */
	int			searches;		/* begun, while it is cold */
	BlockNumber touched;		/* blocks, from the first one on */
	bool		warm;			/* all of them */
} VpIndex;

/* Makes a VpIndex for a metapage; mean: NULL, or mean_floats floats. */
extern VpIndex *vp_index_make(Relation rel, const VpMeta *meta, const float *mean,
							  MemoryContext context);

/*
 * The opened index, kept with the relation.  Valid until the next time that
 * invalidation messages are accepted; a copy, in the current memory context,
 * for as long as rel is open.
 */
extern const VpIndex *vp_index_get(Relation rel);
extern VpIndex *vp_index_copy(const VpIndex *index);

/* Forgets what is kept: the index is being built anew in the same file. */
extern void vp_index_forget(Relation rel);

/*----------
 * recode.c: the mean
 *----------
 */

/* Makes a mean of the sum of n vectors: zero if that is not finite, and then false. */
extern bool vp_mean_finish(const double *sum, double n, int padded, float *mean);

/* Has an index grown so much that its mean is to be taken again? */
extern bool vp_mean_is_due(const VpIndex *index);

/* Takes it, if it still is due.  The caller does not hold the insert lock. */
extern void vp_mean_take(Relation rel);

/* Its nodes for graph/.  Everything that it points at must outlive it. */
typedef struct VpNodeSource
{
	VpSource	source;			/* first */
	const VpIndex *index;
	uint32		nids;			/* all ids below are known to have pages */
	int			vectors;		/* of so many more expanded nodes, exact vectors are loaded too */
	int			rows_come;		/* after so many of them rows_near is called; 0: never */
	void		(*rows_near) (void);
	int			shard;			/* landmarks are to be of this one; -1: of any */
	void	   *code;			/* one code, 64-byte aligned */
	struct VpTarget *targets[2];	/* of the present call of distances_ahead, and of the next */
	int			naimed;			/* of the next */
	char	   *pair;			/* two codes or vectors; NULL until they are compared */
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

/* Makes a linked node a landmark of its query's terms, where an index has landmarks. */
extern void vp_mark_terms(VpNodeSource *source, VpId id, const VpQuery *query);

/* The heavyweight page lock that inserts hold shared, and VACUUM takes to wait for them. */
#define VP_INSERT_LOCK_BLOCK 0

/* A memory chunk that is aligned to 64 bytes, or a zeroed one; freed with its context. */
extern void *vp_palloc_aligned(Size size);
extern void *vp_palloc0_aligned(Size size);

#endif							/* VP_INDEX_H */
