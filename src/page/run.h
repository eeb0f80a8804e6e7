/*-------------------------------------------------------------------------
 *
 * run.h
 *	  Runs: references sorted by a key column; see format.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RUN_H
#define VP_RUN_H

#include "storage/bufmgr.h"

#include "page/store.h"
#include "page/stored_key.h"

/* Levels of a run's pages, at most: more entries than there are ids. */
#define VP_RUN_LEVELS	4

/* What follows from a run's column, and from its number of entries. */
typedef struct VpRunShape
{
	uint32		key_bytes;		/* of a fence */
	uint32		block;			/* entries of a block */
	uint32		blocks;			/* of a full leaf */
	uint32		children;		/* of a full inner page */
	uint32		pages[VP_RUN_LEVELS];	/* of each level; the last is 1 */
	int			levels;			/* of pages; 0: no entries */
} VpRunShape;

extern void vp_run_shape(const VpKeyColumn *column, uint32 entries, VpRunShape *shape);

/* What is wrong with a run that a manifest lists; NULL: nothing. */
extern const char *vp_run_problem(const VpGeometry *geo, const VpRun *run, BlockNumber nblocks);

/*----------
 * Reading
 *----------
 */

/* A way into a run: the pages that were read last stay pinned. */
typedef struct VpRunCursor
{
	const VpStore *store;
	const VpRun *run;
	VpRunShape	shape;
	BlockNumber blocks[VP_RUN_LEVELS];
	Buffer		buffers[VP_RUN_LEVELS];
} VpRunCursor;

extern void vp_run_open(VpRunCursor *cursor, const VpStore *store, const VpRun *run);
extern void vp_run_close(VpRunCursor *cursor);

/*
 * The number of the run's blocks of entries whose first key is below a key, or
 * not above it.
 */
extern uint32 vp_run_seek(VpRunCursor *cursor, uint64 key, bool not_above);

/*
 * Copies entries from a number on, at most n, and not beyond a leaf's end; how
 * many.
 */
extern int	vp_run_copy(VpRunCursor *cursor, uint32 from, int n, VpId *ids);

/* The fence of a block of entries. */
extern uint64 vp_run_fence(VpRunCursor *cursor, uint32 block);

/*----------
 * Writing
 *----------
 */

/* Gives the next entry of n that are sorted by key. */
typedef void (*VpRunNext) (void *arg, uint64 *key, VpId *id);

/*
 * Writes a run of n > 0 entries to pages of the pool; all of *run but its
 * level.  Nobody knows of it.  column: from 0 on.
 */
extern void vp_run_write(const VpStore *store, Relation heap, int column, uint32 n,
						 VpRunNext next, void *arg, VpRun *run);

#endif							/* VP_RUN_H */
