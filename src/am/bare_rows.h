/*-------------------------------------------------------------------------
 *
 * bare_rows.h
 *	  Rows without a vector, of the indexed column: NULL, or zero under cosine.
 *
 * They are kept in the index so that a scan can return them after all others
 * (page/bare.h).  They are no records: neither their number nor their size counts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BARE_ROWS_H
#define VP_BARE_ROWS_H

#include "am/am.h"
#include "page/bare.h"

struct BufFile;

/*
 * Inserts a row that has no vector.  Not in an index of an older version, which has no such
 * rows.  The caller holds the insert lock.
 */
extern void vp_bare_insert(Relation rel, Relation heap, const VpIndex *index, VpBareKind kind,
						   ItemPointer tid);

/* The same for a row whose value is NULL; takes the insert lock. */
extern void vp_bare_insert_null(Relation rel, Relation heap, ItemPointer tid);

/*----------
 * Build
 *----------
 */

/* Rows that were met; zero to begin with, but for the context. */
typedef struct VpBareBuild
{
	MemoryContext context;		/* of the build: for the files' buffers */
	struct BufFile *files[VP_NBARE];	/* TIDs, in temporary files; NULL: there are none yet */
	uint64		rows[VP_NBARE];
} VpBareBuild;

extern void vp_bare_build_add(VpBareBuild *build, VpBareKind kind, const ItemPointerData *tid);

/*
 * Writes them into nodes of an index whose graph has been written, unlogged; `first`: the ids
 * from here on are free.
 */
extern void vp_bare_build_finish(VpBareBuild *build, const VpStore *store, VpId first);

/*----------
 * Scan
 *----------
 */

/* All rows without a vector, in the order in which a scan returns them. */
typedef struct VpBareRows
{
	VpBareWalk	walk;
	ItemPointerData *tids;		/* of the present node */
	int			n;
	int			next;
	VpId		id;				/* the present node */
} VpBareRows;

/* The store must stay; palloc'd. */
extern VpBareRows *vp_bare_rows(const VpStore *store);

/* The next row; false: there are no more. */
extern bool vp_bare_rows_next(VpBareRows *rows, ItemPointerData *tid);

/*----------
 * VACUUM
 *----------
 */

/* Has VACUUM emptied any entries of late? */
extern bool vp_bare_is_thin(const VpMeta *meta);

#endif							/* VP_BARE_ROWS_H */
