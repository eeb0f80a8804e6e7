/*-------------------------------------------------------------------------
 *
 * cold.c
 *	  Processes that have not seen an index yet.
 *
 * Shared buffers are mapped into a process page by page, as it touches them.  A
 * search touches a thousand pages at random places, and each fault takes
 * microseconds: the first searches of a connection take 20 times as long as later
 * ones (huge pages mend it, where the server has them).  Touched in their order, 16
 * are mapped by one fault.  So a cold process has a worker search, and does
 * that while it waits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"

#include "am/serve.h"

/* After so many searches a process is warm, whatever it has touched. */
#define COLD_SEARCHES	64

/* Blocks that are touched at a time: some 10 microseconds. */
#define PORTION			8

/* The unit in which shared buffers are mapped, or part of it. */
#define MAP_BYTES		4096

bool
vp_is_cold(VpIndex *index)
{
	return index != NULL && !index->warm && index->searches++ < COLD_SEARCHES;
}

static void
touch(Buffer buffer)
{
	const volatile char *page = (const volatile char *) BufferGetBlock(buffer);

	(void) pg_atomic_read_u32(&GetBufferDescriptor(buffer - 1)->state);
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
