/*-------------------------------------------------------------------------
 *
 * bare_insert.h
 *	  Writes rows without a vector, of the indexed column: NULL, or zero under cosine.
 *
 * They are kept in the index so that a scan can return them after all others
 * (page/bare.h).  They are no records: neither their number nor their size
 * counts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BARE_INSERT_H
#define VP_BARE_INSERT_H

#include "utils/relcache.h"

#include "page/bare.h"

struct BufFile;

/*
 * Inserts a row that has no vector.  Not in an index of an older version, which
 * has no such rows.  Takes the insert lock and gives it back.
 */
extern void vp_bare_insert(Relation rel, Relation heap, VpBareKind kind, ItemPointer tid);

/*----------
 * Build
 *----------
 */

/* Rows that were met; zero to begin with, but for the context. */
typedef struct VpBareBuild
{
	MemoryContext context;		/* of the build: for the files' buffers */
	struct BufFile *files[VP_NBARE];	/* TIDs, in temporary files; NULL:
										 * there are none yet */
	uint64		rows[VP_NBARE];
} VpBareBuild;

extern void vp_bare_build_add(VpBareBuild *build, VpBareKind kind, const ItemPointerData *tid);

/*
 * Writes them into nodes of an index whose graph has been written, unlogged;
 * `first`: the ids from here on are free.
 */
extern void vp_bare_build_finish(VpBareBuild *build, const VpStore *store, VpId first);

#endif							/* VP_BARE_INSERT_H */
