/*-------------------------------------------------------------------------
 *
 * amvacuum.c
 *	  VACUUM: nodes of rows that are gone leave the graph, and their ids are
 *	  used again.
 *
 * ambulkdelete only marks nodes, and empties the entries of rows without a vector,
 * which is all that must be done before the rows' places are given to others.  amvacuumcleanup then has the marked ones taken
 * out (write/clean.c).
 *
 * All that is to be known is on the pages: a VACUUM that is interrupted, or
 * dies, leaves marked nodes to the next.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/amvacuum.h"
#include "am/remeasure.h"
#include "base/debug_point.h"
#include "base/loaded.h"
#include "capacity/scaling.h"
#include "page/alloc.h"
#include "page/bare.h"
#include "page/merge.h"
#include "page/page_locks.h"
#include "page/reclaim.h"
#include "page/unfinished.h"
#include "replica/mover.h"
#include "search/index.h"
#include "write/clean.h"
#include "write/exponent.h"

IndexBulkDeleteResult *
vp_bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
			   IndexBulkDeleteCallback callback, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov bulk delete",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	VpIndex    *index;
	uint32		npages;
	VpMarkCounts counts = {0, 0, 0};

	vp_loaded_need();
	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	old = MemoryContextSwitchTo(context);
	LockPage(info->index, VP_MOVE_LOCK_BLOCK, ExclusiveLock);
	vp_move_settle(info->index, VpVacuumHeap(info));
	index = vp_index_copy(vp_index_get(info->index));
	npages = vp_node_page_count(&index->store.geo, vp_graph_state(&index->store).next_id);
	for (uint32 page = 0; page < npages; page += VP_PAGES_TOGETHER)
	{
		vacuum_delay_point(false);
		vp_mark_dead(&index->store, page, Min(npages - page, VP_PAGES_TOGETHER), callback, arg, &counts);
	}
	/* told to the next VACUUM, should this one not come to its end */
	if (counts.dead > 0)
		vp_meta_set_dead(&index->store, (uint32) counts.dead);
	UnlockPage(info->index, VP_MOVE_LOCK_BLOCK, ExclusiveLock);
	VP_POINT("vacuum-marked");

	stats->num_index_tuples = counts.alive;
	stats->estimated_count = false;
	stats->tuples_removed += counts.marked;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return stats;
}

IndexBulkDeleteResult *
vp_vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	VpMeta		meta;
	VpStore		store;
	bool		marked = stats != NULL;

	/*
	 * without shared memory the index stays as it is: nothing is to be taken
	 * out
	 */
	if (info->analyze_only || !vp_preloaded)
		return stats;
	if (stats == NULL)
	{
		stats = palloc0(sizeof(IndexBulkDeleteResult));
		stats->num_index_tuples = info->num_heap_tuples;
		stats->estimated_count = info->estimated_count;
	}
	LockPage(info->index, VP_MOVE_LOCK_BLOCK, ExclusiveLock);
	vp_move_settle(info->index, VpVacuumHeap(info));
	vp_meta_read(info->index, &meta);
	vp_store_init(&store, info->index, &meta);
	vp_waiting_to_free(&store, VpVacuumHeap(info));

	/*
	 * before what takes long, and may be cancelled: until then the writers'
	 * dead rows are subtracted twice
	 */
	vp_unfinished_forget(&store, marked);
	if (meta.ndead > 0)
	{
		vp_clean_graph(info->index);
		stats->pages_free = 0;
	}
	else if (vp_bare_is_thin(&meta))
		vp_clean_bare(&store);
	vp_runs_vacuum(&store, VpVacuumHeap(info));
	vp_remeasure(&store);
	UnlockPage(info->index, VP_MOVE_LOCK_BLOCK, ExclusiveLock);
	vp_exponent_keep(vp_index_get(info->index));
	(void) vp_scaling_wake(info->index);
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	return stats;
}
