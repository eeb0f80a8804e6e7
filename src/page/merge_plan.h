/*-------------------------------------------------------------------------
 *
 * merge_plan.h
 *	  Which runs of a column are to become one.
 *
 * A flush makes a run of level 0.  Four runs of a level become one of the next
 * level, with all runs of lower levels.  So when nothing is due, a column has
 * at most three runs of a level, and each row has been written once a level.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MERGE_PLAN_H
#define VP_MERGE_PLAN_H

#include "page/manifest.h"

/* So many entries are on recent pages, at most, before they become runs. */
#define VP_MOST_RECENT	16384

/* So many runs of a level become one of the next. */
#define VP_MERGED_RUNS	4

/*
 * Runs beyond three of a level that a column may have before an insert merges.
 * README.md says why 12.
 */
#define VP_MOST_BACKLOG	12

/* Above all levels of runs. */
#define VP_ALL_LEVELS	256

/*
 * How many runs of a column are beyond three of their levels; 0: no merge is
 * due.
 */
extern int	vp_plan_backlog(const VpManifest *manifest, int column);

/*
 * The level of a run of so many entries that is not made of runs of the level
 * below it.
 */
extern int	vp_plan_level(uint32 entries);

/*
 * The level of the run that those of lower levels are to become; 0: no merge is
 * due.
 */
extern int	vp_plan_merge(const VpManifest *manifest, int column);

#endif							/* VP_MERGE_PLAN_H */
