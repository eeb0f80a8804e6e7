/*-------------------------------------------------------------------------
 *
 * change_counter.c
 *	  Counters in shared memory that tell whether a page has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/buf_internals.h"
#include "storage/shmem.h"

#include "base/settings.h"
#include "page/change_counter.h"

pg_atomic_uint32 *vp_change_counters = NULL;

Size
vp_change_counter_size(void)
{
	return vp_server_internals ? VP_CHANGE_COUNTERS * sizeof(pg_atomic_uint32) : 0;
}

void
vp_change_counter_startup(void)
{
	bool		found;

	if (!vp_server_internals)
		return;
	vp_change_counters = ShmemInitStruct("vecprov page changes", vp_change_counter_size(), &found);
	for (int i = 0; i < VP_CHANGE_COUNTERS && !found; i++)
		pg_atomic_init_u32(&vp_change_counters[i], 0);
}

void
vp_mark_dirty(Buffer buffer)
{
	MarkBufferDirty(buffer);
	if (vp_change_counters != NULL && !BufferIsLocal(buffer))
	{
		const BufferTag *tag = &GetBufferDescriptor(buffer - 1)->tag;

		pg_atomic_fetch_add_u32(vp_change_counter(vp_peek_hash(tag), tag->blockNum), 1);
	}
}
