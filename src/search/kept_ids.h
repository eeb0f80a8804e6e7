/*-------------------------------------------------------------------------
 *
 * kept_ids.h
 *	  The ids that conditions on keys leave, kept from one search to the next.
 *
 * Of each process by itself.  README.md, *Filters*, says why what is kept misses
 * no row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEPT_IDS_H
#define VP_KEPT_IDS_H

#include "key/condition.h"
#include "search/index.h"

/*
 * Was a condition asked for by one of the last searches, so that its ids are
 * worth keeping?  From now on it was.  generation: of the manifest that the
 * search reads posting lists by.
 */
extern bool vp_kept_ids_ask(const VpIndex *index, uint32 generation, const VpKeyCondition *condition);

/*
 * The ids as bits, `*words` of them: all that the runs of this generation have,
 * perhaps others.  NULL: they are not kept.  Valid until the next call here.
 */
extern const uint64 *vp_kept_ids_get(const VpIndex *index, uint32 generation,
									 const VpKeyCondition *condition, uint32 *words);

/* Keeps a copy, if the condition was asked for before and there is room. */
extern void vp_kept_ids_put(const VpIndex *index, uint32 generation,
							const VpKeyCondition *condition, const uint64 *bits, uint32 words);

#endif							/* VP_KEPT_IDS_H */
