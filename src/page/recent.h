/*-------------------------------------------------------------------------
 *
 * recent.h
 *	  Recent pages: rows that are in no run yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RECENT_H
#define VP_RECENT_H

#include "page/patch.h"
#include "page/store.h"
#include "page/stored_key.h"

/*
 * Entries that a recent page has room for.  A row has one, with arrays some, as
 * many as its longest one has; where columns have fewer different ones, they
 * have some of theirs again.
 */
extern uint32 vp_recent_room(const VpGeometry *geo);

/*
 * How many entries a row has with these keys; and at most.  elements: as in
 * vp_recent_add.
 */
extern uint32 vp_recent_entries(const VpGeometry *geo, const void *keys, const VpElements *elements);
extern uint32 vp_recent_most(const VpGeometry *geo);

/*
 * Makes room for a row of so many entries in the last recent page, which
 * becomes the first if there is none, with the first manifest.  The caller has
 * the metapage locked exclusively, keeps it so, and has changed nothing yet.
 * Leaves no other page locked.
 */
extern void vp_recent_prepare(const VpStore *store, Relation heap, Buffer metabuf, uint32 entries);

/* A row on its way into the last recent page. */
typedef struct VpRecentRow
{
	Buffer		buffer;
	uint32		words[VP_POSTED_MOST * (2 * VP_MAX_KEYS + 1) + 1];
} VpRecentRow;

/*
 * Adds it to a change, after vp_recent_prepare.  The caller still has the
 * metapage locked exclusively.  Leaves the recent page, row->buffer, pinned and
 * locked exclusively; the caller applies the change, and then releases that
 * page by vp_recent_done.  elements: of columns of
 * arrays, by their numbers; NULL: they are not known.
 */
extern void vp_recent_add(const VpStore *store, const VpMeta *meta, VpId id, const void *keys,
						  const VpElements *elements, VpRecentRow *row, VpChange *change);
extern void vp_recent_done(VpRecentRow *row);

/* Ids that were found, in memory that grows. */
typedef struct VpIdList
{
	VpId	   *ids;
	Size		n;
	Size		room;
} VpIdList;

/*
 * Adds to a list the recent rows from a page on whose keys in a column are in
 * some spans; column -1: all.  Ends before the page `end`, if that is not 0.
 * Returns the last page that was read; 0: none.
 */
extern BlockNumber vp_recent_find(const VpStore *store, BlockNumber first, BlockNumber end, int column,
								  const VpKeySpan *spans, int nspans, VpIdList *found);

/* A row on a recent page, for checks. */
extern uint32 vp_recent_count(const VpStore *store, BlockNumber block, Page page);
extern VpId vp_recent_row(const VpGeometry *geo, Page page, uint32 i);
extern uint64 vp_recent_key(const VpGeometry *geo, Page page, uint32 i, int column);

#endif							/* VP_RECENT_H */
