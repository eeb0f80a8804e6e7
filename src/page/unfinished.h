/*-------------------------------------------------------------------------
 *
 * unfinished.h
 *	  What an index holds, whatever becomes of those who are writing.
 *
 * The shards' totals count each node from its insert until VACUUM marks it.  So they also
 * have what aborted writers left, and rows whose newer versions are there.  The metapage lists
 * writers; vp_held() asks what became of each, to know what the index holds: README.md,
 * Unfinished writers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_UNFINISHED_H
#define VP_UNFINISHED_H

#include "base/compat.h"

#include "access/transam.h"
#include "utils/relcache.h"

#include "page/patch.h"
#include "page/store.h"

/* How a record that is to be written counts, and whether there is room for it. */
typedef struct VpRoom
{
	uint64		limit;			/* of the sizes of all records */
	FullTransactionId seen;		/* the limit was read when this one's change
								 * of it was known to have ended; 0: not known */
	FullTransactionId writer;	/* that writes it; 0: none that may abort */
	bool		replaces;		/* another version of the row, ... */
	uint32		replaced;		/* ... whose record has this size */
	uint64		holds;			/* out: the limit as it holds now */
	bool		stale;			/* out: there is no telling, since the limit
								 * was changed */
} VpRoom;

/* Records, and the sum of their sizes. */
typedef struct VpHeld
{
	uint64		records;
	uint64		bytes;
} VpHeld;

/*
 * What an index holds: as this transaction sees its own rows; of others under way, what is
 * more: that they commit, or that they abort.
 */
extern VpHeld vp_held(const VpMeta *meta);

/*
 * Is there room for a record of `size` bytes, in the metapage that the caller has locked?  A
 * version that is not larger than the one it replaces always has room.
 */
extern bool vp_room_has(const VpMeta *meta, uint32 size, VpRoom *room);

/* Which writers a change has changed, in a copy of the metapage. */
typedef struct VpUnfinishedPatch
{
	int			first;
	int			n;
	bool		folded;			/* the sums, too */
} VpUnfinishedPatch;

/*
 * Counts a record of this size as its writer's, in a copy of the metapage; the caller counts the
 * shard's totals.  vp_patch_unfinished() then adds that to a change that is at the metapage, which
 * the caller has locked exclusively since it made the copy.
 */
extern void vp_unfinished_count(VpMeta *copy, uint32 size, const VpRoom *room, VpUnfinishedPatch *writers);
extern void vp_patch_unfinished(VpChange *change, VpMeta *meta, const VpMeta *copy,
								const VpUnfinishedPatch *writers);

/*
 * This transaction takes room away: the index may hold so many bytes from now on, for all writers,
 * unless it aborts.  False, and nothing is changed: it holds more, *held.
 */
extern bool vp_bound_set(const VpStore *store, uint64 bytes, uint64 *held);

/*
 * For the end of VACUUM: forgets writers of whom it has left nothing.  marked: it has marked all
 * rows of the index that it has found dead.
 */
extern void vp_unfinished_forget(const VpStore *store, bool marked);

#endif							/* VP_UNFINISHED_H */
