/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Recent rows become runs, and runs become fewer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MERGE_H
#define VP_MERGE_H

#include "page/store.h"

/* At the end of a build: runs of all rows of an index that is not known to others yet. */
extern void vp_runs_build(const VpStore *store, Relation heap);

/*
 * After an insert, which holds no lock of the index but the relation's: makes a run of recent
 * rows if there are many and nobody else is at it.
 */
extern void vp_runs_keep(const VpStore *store, Relation heap);

/* For VACUUM, which holds the move lock: the same; of all rows anew if many entries are of no row. */
extern void vp_runs_vacuum(const VpStore *store, Relation heap);

#endif							/* VP_MERGE_H */
