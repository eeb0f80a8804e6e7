/*-------------------------------------------------------------------------
 *
 * array_run.h
 *	  Makes a run of a column of arrays.
 *
 * Nodes do not store the element keys.  So such a run is not made of nodes, as
 * others are, but of entries: those of older runs and of recent rows, or those
 * of rows as a build reads them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ARRAY_RUN_H
#define VP_ARRAY_RUN_H

#include "page/recent.h"
#include "page/store.h"

/* Node pages that a merge reads before it asks again whether somebody waits. */
#define VP_PATIENCE		256

typedef struct VpArrayRun VpArrayRun;

/*
 * In the current memory context.  column: from 0 on.  It may take so much
 * memory, and temporary files besides.
 */
extern VpArrayRun *vp_array_run_begin(const VpStore *store, int column, int kilobytes);

/* Adds a row of a build, all its entries; rows come in any order. */
extern void vp_array_run_add_row(VpArrayRun *run, VpId id, const void *keys, const VpElements *elements);

/*
 * Adds the entries of an older run, or of the recent pages from `first` on, up
 * to the page `end`.
 */
extern void vp_array_run_add_run(VpArrayRun *run, const VpRun *older);
extern void vp_array_run_add_recent(VpArrayRun *run, BlockNumber first, BlockNumber end);

/*
 * Leaves out entries that are of no row of a node below nids.  False: it had to
 * give way, and all that was begun is freed.
 */
extern bool vp_array_run_sort(VpArrayRun *run, uint32 nids, bool (*must_give_way) (void *arg), void *arg);

/*
 * Writes what was sorted as a run, all of *written but its level, and frees it.
 * False: it would be empty.
 */
extern bool vp_array_run_write(VpArrayRun *run, const VpStore *store, Relation heap, VpRun *written);

#endif							/* VP_ARRAY_RUN_H */
