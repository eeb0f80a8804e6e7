/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Recent rows become runs, and runs become fewer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MERGE_H
#define VP_MERGE_H

#include "page/array_run.h"
#include "page/store.h"

/*
 * At the end of a build: runs of all rows of an index that is not known to
 * others yet.  arrays: by their columns' numbers what is to become runs of
 * arrays.
 */
extern void vp_runs_build(const VpStore *store, Relation heap, VpArrayRun **arrays);

/*
 * After an insert, which holds no lock of the index but the relation's: if many rows are recent and
 * nobody else writes runs, makes a run of each column of them.  Of what is to be merged then it
 * only tells the launcher, unless others cannot open the index, or nobody has merged for long.
 */
extern void vp_runs_keep(const VpStore *store, Relation heap);

/*
 * For a merger, which holds AccessShareLock on table and index and no other lock: makes one run of
 * those of a column that should be one.  False: none should, somebody else is at it, or somebody
 * waits for the table or the index.
 */
extern bool vp_runs_merge(const VpStore *store, Relation heap);

/*
 * For a catalogue reader, which holds AccessShareLock on the index: tells the
 * launcher if a merge is due, since an earlier request may be lost.  Waits for
 * nobody: a process that writes runs asks by itself.  ereports when pages are
 * damaged.
 */
extern void vp_runs_ask(const VpStore *store);

/*
 * For VACUUM, which holds the move lock: makes a run of recent rows if there
 * are many; merges all runs of each column of which many entries are of no row,
 * and leaves these out; then merges what is due.
 */
extern void vp_runs_vacuum(const VpStore *store, Relation heap);

/*
 * Takes the merge lock, so that no other process merges; and releases it.  The
 * second one is called with no other lock of a page held.  It tells the
 * launcher if a merge has become due meanwhile.
 */
extern void vp_runs_lock(const VpStore *store);
extern void vp_runs_unlock(const VpStore *store, Relation heap);

#endif							/* VP_MERGE_H */
