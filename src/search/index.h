/*-------------------------------------------------------------------------
 *
 * index.h
 *	  An index opened: its pages and its codec.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_INDEX_H
#define VP_INDEX_H

#include "utils/relcache.h"

#include "kernel/codec.h"
#include "page/store.h"
#include "search/form.h"

/*
 * Facts of an index that hold for ever, but for the mean: when that changes,
 * meta.mean_due does.  One piece of memory, `size` bytes, with what codec
 * points at.
 */
typedef struct VpIndex
{
	Size		size;
	uint64		opened;			/* its number among those that this process
								 * has made; its copies have the same */
	VpMeta		meta;			/* as read; what changes in it is out of date */
	const VpForm *form;
	VpStore		store;
	VpCodec		codec;

	/*
	 * of what is kept with the relation: how well this process knows it (see
	 * cold.c)
	 */
	int			searches;		/* begun, while it is cold */
	BlockNumber touched;		/* blocks, from the first one on */
	bool		warm;			/* all of them */
} VpIndex;

/* Makes a VpIndex for a metapage; mean: NULL, or mean_floats floats. */
extern VpIndex *vp_index_make(Relation rel, const VpMeta *meta, const float *mean,
							  MemoryContext context);

/*
 * ereports if there is nothing in the index: a concurrent build has made its
 * file, and not got further yet, or has failed.  Such a file does not look
 * damaged to whoever asks before vp_index_get.
 */
extern void vp_index_check_built(Relation rel);

/*
 * The opened index, kept with the relation.  Valid until the next time that
 * invalidation messages are accepted; a copy, in the current memory context,
 * for as long as rel is open.
 */
extern const VpIndex *vp_index_get(Relation rel);
extern VpIndex *vp_index_copy(const VpIndex *index);

/* Forgets what is kept: the index is being built anew in the same file. */
extern void vp_index_forget(Relation rel);

/*
 * A memory chunk that is aligned to 64 bytes, or a zeroed one; freed with its
 * context.
 */
extern void *vp_palloc_aligned(Size size);
extern void *vp_palloc0_aligned(Size size);

#endif							/* VP_INDEX_H */
