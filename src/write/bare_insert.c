/*-------------------------------------------------------------------------
 *
 * bare_insert.c
 *	  Writes rows without a vector; see bare_insert.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/buffile.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/landmark.h"
#include "page/page_locks.h"
#include "search/index.h"
#include "write/bare_insert.h"

/*
 * The insert lock keeps away who codes all nodes anew by another mean: a node
 * that was found to be of another kind would become a bare one before it is
 * written.
 */
void
vp_bare_insert(Relation rel, Relation heap, VpBareKind kind, ItemPointer tid)
{
	const VpIndex *index;

	LockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	index = vp_index_get(rel);
	if (index->meta.complete != 0)
	{
		VpStore		store = index->store;

		store.rel = rel;
		store.wal = RelationNeedsWAL(rel);
		vp_bare_add(&store, heap, kind, tid);
		VP_POINT("insert-bare");
	}
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
}

/*----------
 * Build
 *----------
 */

void
vp_bare_build_add(VpBareBuild *build, VpBareKind kind, const ItemPointerData *tid)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);

	if (build->files[kind] == NULL)
		build->files[kind] = BufFileCreateTemp(false);
	BufFileWrite(build->files[kind], unconstify(ItemPointerData *, tid), sizeof(*tid));
	build->rows[kind]++;
	MemoryContextSwitchTo(old);
}

static void
read_tids(BufFile *file, ItemPointerData *tids, int n)
{
	Size		bytes = n * sizeof(ItemPointerData);

	if (BufFileRead(file, tids, bytes) != bytes)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file: read too few bytes")));
}

/*
 * Writes the rows of a kind into nodes from `first` on; returns the id behind
 * the last one.
 */
static VpId
write_chain(VpBareBuild *build, const VpStore *store, VpBareKind kind, VpId first)
{
	int			room = vp_bare_room(store);
	ItemPointerData *tids = palloc(room * sizeof(ItemPointerData));
	VpId		id = first;

	if (BufFileSeek(build->files[kind], 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek to block %ld of temporary file", 0L)));
	for (uint64 left = build->rows[kind]; left > 0; id++)
	{
		int			n = Min(left, room);

		CHECK_FOR_INTERRUPTS();
		read_tids(build->files[kind], tids, n);
		vp_store_extend(store, id, id + 1);
		if (id % store->geo.levels.stripe == 0)
			vp_landmarks_spread(store, id / store->geo.levels.stripe);
		vp_bare_write(store, id, kind, tids, n, id == first ? VP_NO_ID : id - 1);
		left -= n;
	}
	BufFileClose(build->files[kind]);
	pfree(tids);
	return id;
}

void
vp_bare_build_finish(VpBareBuild *build, const VpStore *store, VpId first)
{
	VpBareChain chains[VP_NBARE] = {0};
	VpId		next = first;

	for (VpBareKind kind = 0; kind < VP_NBARE; kind++)
	{
		if (build->rows[kind] == 0)
			continue;
		next = write_chain(build, store, kind, next);
		chains[kind].head = vp_ref(next - 1);
		chains[kind].rows = (uint32) build->rows[kind];
	}
	if (next > first)
		vp_bare_finish(store, next, chains);
}
