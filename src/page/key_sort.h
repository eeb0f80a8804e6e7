/*-------------------------------------------------------------------------
 *
 * key_sort.h
 *	  Sorts references by stored keys, and by number where keys are equal: in
 *	  memory, and in temporary files what does not fit there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEY_SORT_H
#define VP_KEY_SORT_H

#include "base/levels.h"

typedef struct VpKeySort VpKeySort;

/* In the current memory context, and in so much memory. */
extern VpKeySort *vp_key_sort_begin(int kilobytes);
extern void vp_key_sort_put(VpKeySort *sort, uint64 key, VpId id);

/* All have been put: how many.  So many may be got, in order. */
extern uint32 vp_key_sort_done(VpKeySort *sort);
extern void vp_key_sort_get(VpKeySort *sort, uint64 *key, VpId *id);

extern void vp_key_sort_end(VpKeySort *sort);

#endif							/* VP_KEY_SORT_H */
