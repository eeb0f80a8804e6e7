/*-------------------------------------------------------------------------
 *
 * cold.c
 *	  Processes that have not seen an index yet.
 *
 * Shared buffers are mapped into a process page by page, as it touches them.  A
 * search touches a thousand pages at random places, and each fault takes
 * microseconds: the first searches of a connection take 20 times as long as later
 * ones.
 *
 * Where the keeper could make the regions wide that an index is in (page/window.h),
 * or the server has huge pages, a fault maps 2 MB, and a search may as well take it.
 *
 * Elsewhere a cold process has a worker search, and touches the index's pages
 * while it waits: in their order, in which one fault maps 16.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"

#include "base/settings.h"
#include "session/cold.h"

/* After so many searches a process is warm, whatever it has touched. */
#define COLD_SEARCHES	64

/* Blocks that are touched at a time: some 10 microseconds. */
#define PORTION			8

/* Pages that are looked at to tell what the others are like. */
#define SAMPLE			16

/* The unit in which shared buffers are mapped, or part of it. */
#define MAP_BYTES		4096

/*
 * Is the graph mapped by huge pages, so that there is little to be touched?  The keeper makes
 * all of it so, or nothing: some pages tell.
 */
static bool
is_wide(const VpIndex *index)
{
	const VpStore *store = &index->store;
	uint32		count = vp_node_page_count(&store->geo, vp_graph_state(store).next_id);

	for (int i = 0; i < SAMPLE; i++)
	{
		uint32		number = (uint64) count * i / SAMPLE;
		Buffer		buffer = vp_peek_hint(&store->peek, vp_node_page(&store->geo, number).block);

		if (buffer == InvalidBuffer || !vp_window_is_wide(buffer))
			return false;
	}
	return true;
}

bool
vp_is_cold(VpIndex *index)
{
	if (index == NULL || !vp_server_internals)
		return false;
	if (index->searches == 0)
		index->warm = is_wide(index);
	return !index->warm && index->searches++ < COLD_SEARCHES;
}

/*
 * Touches a page in shared buffers, so that this process has it mapped.  No
 * pin: nothing is made of what is read.
 */
static void
touch(Buffer buffer)
{
	const volatile char *page = vp_window_page(buffer);

	(void) VpBufferStateRead(GetBufferDescriptor(buffer - 1));
	for (int i = 0; i < BLCKSZ; i += MAP_BYTES)
		(void) page[i];
}

bool
vp_warm_up(void *arg)
{
	VpIndex    *index = arg;
	const VpPeekRel *peek = &index->store.peek;
	uint32		next_id = vp_graph_state(&index->store).next_id;
	BlockNumber nblocks = next_id > 0 ? vp_blocks_for(&index->store.geo, next_id - 1) : 0;
	BlockNumber end = Min(nblocks, index->touched + PORTION);

	for (; index->touched < end; index->touched++)
	{
		Buffer		buffer = vp_peek_hint(peek, index->touched);

		if (buffer != InvalidBuffer)
			touch(buffer);
	}
	index->warm = index->touched >= nblocks;
	return !index->warm;
}
