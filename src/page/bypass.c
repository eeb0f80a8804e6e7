/*-------------------------------------------------------------------------
 *
 * bypass.c
 *	  Reading pages past shared buffers; see bypass.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/buf_internals.h"
#include "storage/smgr.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/bypass.h"
#include "page/change_counter.h"

/*
 * Pages that a process keeps of the search that it is in, each in the place
 * that follows from its block.
 */
#define FRAMES	128

/* As direct reads of the device want it; 4096 in all versions. */
#define FRAME_ALIGNMENT	4096

typedef struct BypassFrame
{
	BufferTag	tag;
	uint64		made;			/* its number among all that were; 0: nothing
								 * is here */
	uint32		changes;		/* of the page's counter, when it was read */
} BypassFrame;

static BypassFrame frames[FRAMES];
static char frame_pages[FRAMES][BLCKSZ] pg_attribute_aligned(FRAME_ALIGNMENT);

/* The number of the last frame that was made. */
static uint64 last_made = 0;

/* Pages that this process asked for, and that were in no buffer. */
static uint32 asked = 0;

void
vp_bypass_enable(VpStore *store)
{
	/* a frame of an earlier search may be of another relation's file */
	store->bypass_after = last_made;
	store->bypass = store->peek.enabled && vp_change_counters != NULL;
}

/* Is a page in shared buffers, or being read into them? */
static bool
is_buffered(BufferTag *tag)
{
	uint32		hash = BufTableHashCode(tag);
	LWLock	   *lock = BufMappingPartitionLock(hash);
	bool		found;

	LWLockAcquire(lock, LW_SHARED);
	found = BufTableLookup(tag, hash) >= 0;
	LWLockRelease(lock);
	return found;
}

/* Shall a page that is in no buffer get one? */
static bool
is_admitted(void)
{
	return vp_buffer_is_free() || ++asked % VP_BYPASS_ADMIT == 0;
}

/* Is what a frame holds the page as it is now? */
static bool
is_current(const VpStore *store, const BypassFrame *frame, const BufferTag *tag, uint32 changes)
{
	return frame->made > store->bypass_after && frame->changes == changes &&
		memcmp(&frame->tag, tag, sizeof(*tag)) == 0;
}

/* Is a page that was read from the file what it should be? */
static bool
is_sound(const VpStore *store, BlockNumber block, char *page)
{
	uint32		number;
	VpPageKind	kind = vp_block_kind(&store->geo, block, &number);

	return VpPageIsVerified(page, block) &&
		vp_page_fault(page, block, kind, number) == VP_PAGE_SOUND;
}

const char *
vp_bypass_read(const VpStore *store, BlockNumber block)
{
	BypassFrame *frame = &frames[block % FRAMES];
	char	   *page = frame_pages[block % FRAMES];
	pg_atomic_uint32 *counter = vp_change_counter(store->peek.hash[0], block);
	BufferTag	tag = store->peek.tag;
	uint32		changes;

	tag.blockNum = block;

	/* what led here was read before the counter */
	pg_read_barrier();
	changes = pg_atomic_read_u32(counter);
	if (is_current(store, frame, &tag, changes))
		return page;
	pg_read_barrier();
	if (!vp_store_has(store, block) || is_buffered(&tag) || is_admitted())
		return NULL;

	frame->made = 0;
	vp_store_read_file(store, block, page);
	VP_POINT("bypass-read");
	pg_read_barrier();
	if (pg_atomic_read_u32(counter) != changes || !is_sound(store, block, page))
		return NULL;
	frame->tag = tag;
	frame->changes = changes;
	frame->made = ++last_made;
	return page;
}
