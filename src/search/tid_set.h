/*-------------------------------------------------------------------------
 *
 * tid_set.h
 *	  Rows to which a search is restricted, by their TIDs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_TID_SET_H
#define VP_TID_SET_H

#include "nodes/tidbitmap.h"
#include "storage/itemptr.h"

typedef struct VpTidSet VpTidSet;

/*
 * What a bitmap has, in the current memory context, in a child of which all of
 * it is.  A page that the bitmap knows only as a whole (it is lossy) has all
 * TIDs.
 */
extern VpTidSet *vp_tid_set_make(TIDBitmap *bitmap);
extern void vp_tid_set_free(VpTidSet *set);

/*
 * How many TIDs; of a lossy page, as many as there can be.  0: the set is
 * empty.
 */
extern uint64 vp_tid_set_size(const VpTidSet *set);

/* Any TID may be asked for, one that makes no sense, too. */
extern bool vp_tid_set_has(const VpTidSet *set, const ItemPointerData *tid);

/* All of them in their order: `at` begins as {0}; false: no more. */
typedef struct VpTidSetWalk
{
	uint32		page;
	uint32		offset;
} VpTidSetWalk;

extern bool vp_tid_set_next(const VpTidSet *set, VpTidSetWalk *at, ItemPointer tid);

#endif							/* VP_TID_SET_H */
