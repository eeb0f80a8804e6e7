/*-------------------------------------------------------------------------
 *
 * damage.h
 *	  What a page must hold to be used: checks of what was read from disk.
 *
 * A page may hold anything: a disk, a controller or memory flipped a bit, a
 * file was restored from elsewhere.  Nothing that is read from a page is used
 * as an index, a size, a bound or a pointer before one of the functions here,
 * or a comparison beside its use, has found it in range.  What is damaged is
 * reported as ERRCODE_INDEX_CORRUPTED, with index, block, and the hint to
 * REINDEX.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_DAMAGE_H
#define VP_DAMAGE_H

#include "base/compat.h"

#include "utils/relcache.h"

#include "page/format.h"

typedef enum VpPageFault
{
	VP_PAGE_SOUND,
	VP_PAGE_ZEROES,				/* never initialised */
	VP_PAGE_HEADER,				/* PostgreSQL's header is not that of a page
								 * of ours */
	VP_PAGE_SPECIAL,			/* nor the size of the special space */
	VP_PAGE_ALIEN,				/* not a page of a vecprov index */
	VP_PAGE_VERSION,			/* of another format version */
	VP_PAGE_PLACE				/* a page of another place */
} VpPageFault;

/*
 * Is this the page of a kind and number at its block?  Where a node or a vector
 * is to be it may be one of the pool.  Pinned by the caller; never raises.
 */
extern VpPageFault vp_page_fault(Page page, BlockNumber block, VpPageKind kind, uint32 number);

/* The same; raises an error when it is not. */
extern void vp_page_check(Relation rel, BlockNumber block, Page page,
						  VpPageKind kind, uint32 number);

/* Raises the error that a page is damaged; `what`: a sentence. */
pg_noreturn extern void vp_report_damage(Relation rel, BlockNumber block, const char *what);

/*
 * What is wrong with the metapage of a relation of so many blocks, as a
 * sentence; NULL: nothing.  rel: to compare with the catalogue, NULL where that
 * is not at hand.  Never raises for what the metapage holds.
 */
extern const char *vp_meta_problem(Relation rel, const VpMeta *meta, BlockNumber nblocks);

/*
 * Says how to compare a metapage's constant part, which is in range, with the
 * catalogue: returns what is wrong, as a sentence, or NULL.  For module.c.
 */
typedef const char *(*VpMetaCompare) (Relation rel, const VpMeta *meta);

extern void vp_meta_define(VpMetaCompare compare);

/* The hash of a metapage's constant part, VpMeta.constants_hash. */
extern uint32 vp_meta_hash(const VpMeta *meta);

/*
 * Can this be a row's place?  Tables other than heaps may use offsets that no
 * heap page has.
 */
static inline bool
vp_tid_is_sound(const ItemPointerData *tid)
{
	return ItemPointerIsValid(tid) &&
		ItemPointerGetOffsetNumberNoCheck(tid) <= MaxOffsetNumber &&
		ItemPointerGetBlockNumberNoCheck(tid) <= MaxBlockNumber;
}

/*
 * Raises an error unless a metapage in a buffer, which may have been damaged
 * since it was read, has numbers of shards that can be used.
 */
static inline void
vp_shards_check(Relation rel, const VpMeta *meta)
{
	if (unlikely(meta->shards < 1 || meta->shards > VP_MAX_SHARDS ||
				 meta->target < 1 || meta->target > meta->shards))
		vp_report_damage(rel, VP_META_BLOCK, "The number of shards makes no sense.");
}

#endif							/* VP_DAMAGE_H */
