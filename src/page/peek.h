/*-------------------------------------------------------------------------
 *
 * peek.h
 *	  Reading pages in shared buffers directly: no pin, no lock, no mapping.
 *
 * What a search pays for is the page access.  ReadBuffer takes about a
 * microsecond for a random page; a peek a tenth of it, and next to nothing
 * when it was prefetched.  A table in shared memory remembers in which buffer
 * each block was last seen.  A peek
 *
 *	1. takes the buffer from the table,
 *	2. checks that its tag is the wanted block, then that it is valid and its header
 *	   is not locked, and on a standby that nobody has the page locked exclusively,
 *	3. uses the page,
 *	4. checks the tag and validity again.
 *
 * Why this order, and what may be concluded: page/README.md.
 *
 * Hints are never invalidated: a stale one fails in step 2.  If the buffer was
 * given to another page meanwhile, step 4 fails and what was read is thrown
 * away.  That it was given away and came back between the checks cannot be
 * told; so a peek only ever steers a search: what is returned to the user,
 * and all that a change relies on, is read again under a pin.
 *
 * Concurrent changes of the page itself are no matter of this file: see the
 * rules in page/README.md.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PEEK_H
#define VP_PEEK_H

#include "base/compat.h"

#if !VP_SERVER_INTERNALS
#include "page/no_peek.h"
#else

#include "port/atomics.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "page/format.h"
#include "page/window.h"

/* Hints a buffer: enough that two blocks seldom want the same. */
#define VP_HINTS_PER_BUFFER 4

/*
 * In shared memory: buffer numbers, 0 for none.  NULL before start-up is done.
 */
extern uint32 *vp_hints;
extern uint32 vp_hint_mask;		/* entries - 1, a power of two */

/*
 * Size of the table, and its making; for the shared memory hooks.  There is
 * none, and no peek is enabled, while vecprov.server_internals is off.
 */
extern Size vp_hint_size(void);
extern void vp_hint_startup(void);

/* What identifies a relation's main fork to a peek. */
typedef struct VpPeekRel
{
	BufferTag	tag;			/* blockNum is not used */
	uint32		hash[2];		/* where its hints begin */
	bool		enabled;		/* false: pages of a temporary table are not
								 * shared, or nobody peeks */
	bool		standby;		/* WAL is being redone, or was when this was
								 * made */
} VpPeekRel;

/* A relation's hash[0]: of a tag all but the block counts. */
extern uint32 vp_peek_hash(const BufferTag *tag);

extern void vp_peek_init(VpPeekRel *peek, Relation rel);

/* The same of a file that is in shared buffers. */
extern void vp_peek_init_file(VpPeekRel *peek, const VpRelFileLocator *locator);

/*
 * The two entries where a block's hint may be.  A relation's hints stand side
 * by side, twice, so that they are in few memory pages; where another
 * relation's are in the way in one place they are not likely to be in the
 * other.
 */
static inline uint32
vp_hint_slot(const VpPeekRel *peek, BlockNumber block, int which)
{
	return (peek->hash[which] + block) & vp_hint_mask;
}

/*
 * Of the two halves of the check, zero means that the buffer passes.  First the
 * tag, then
 */
static inline uint64
vp_tag_differs(const BufferDesc *desc, const VpPeekRel *peek, BlockNumber block)
{
	uint64		is[2];
	uint64		want[2];

	/* in the innermost loop of a search: few instructions, and no jump */
	StaticAssertStmt(offsetof(BufferTag, blockNum) == sizeof(is), "a tag is 16 bytes and the block");
	memcpy(is, &desc->tag, sizeof(is));
	memcpy(want, &peek->tag, sizeof(want));
	return (is[0] ^ want[0]) | (is[1] ^ want[1]) | (desc->tag.blockNum ^ block);
}

/*
 * After a read barrier, the state.  A process that has the header locked may be
 * about to change the tag.
 */
static inline VpBufferState
vp_state_differs(const BufferDesc *desc)
{
	VpBufferState state = VpBufferStateRead(desc);

	return (state & (BM_VALID | BM_TAG_VALID | BM_LOCKED)) ^ (BM_VALID | BM_TAG_VALID);
}

static inline bool
vp_buffer_holds(const BufferDesc *desc, const VpPeekRel *peek, BlockNumber block)
{
	uint64		differs = vp_tag_differs(desc, peek, block);

	pg_read_barrier();
	return (differs | vp_state_differs(desc)) == 0;
}

/*
 * Redo makes a buffer valid that is all zeroes, and then fills it, with its
 * page locked all the while.  False: the page may be one of these.  To be
 * called after vp_buffer_holds and a read barrier; ends with one, so that the
 * page is read after its lock.
 */
static inline bool
vp_page_is_filled(const BufferDesc *desc, const VpPeekRel *peek)
{
	bool		locked;

	if (likely(!peek->standby))
		return true;
	locked = VpPageIsLocked(desc);
	pg_read_barrier();
	return !locked;
}

/*
 * Tells the clock sweep that the buffer is in use, as pinning it would.  Costs
 * nothing while the sweep has not been there.  Should the buffer be given to
 * another page just now, that one stays a little longer.
 */
static inline void
vp_buffer_touch(BufferDesc *desc)
{
	VpBufferState state = VpBufferStateRead(desc);

	if (unlikely(BUF_STATE_GET_USAGECOUNT(state) < BM_MAX_USAGE_COUNT) && !(state & BM_LOCKED))
		(void) VpBufferStateExchange(desc, &state, state + BUF_USAGECOUNT_ONE);
}

/*
 * Loads the hints of a block into the cache.
 *
 * A function that only prefetches must be inlined by force: gcc takes it for
 * one without effects, and leaves out calls of it.
 */
static pg_attribute_always_inline void
vp_peek_prefetch_hint(const VpPeekRel *peek, BlockNumber block)
{
	__builtin_prefetch(&vp_hints[vp_hint_slot(peek, block, 0)]);
}

/*
 * The buffer where the block was last seen; unverified.  InvalidBuffer:
 * nowhere.
 */
static inline Buffer
vp_peek_hint(const VpPeekRel *peek, BlockNumber block)
{
	return (Buffer) vp_hints[vp_hint_slot(peek, block, 0)];
}

/*
 * The descriptor of the buffer that holds the block now, trying `hint` and the
 * block's second entry.  NULL: read it in the ordinary way.
 */
static inline BufferDesc *
vp_peek(const VpPeekRel *peek, BlockNumber block, Buffer hint)
{
	BufferDesc *desc;

	if (hint != InvalidBuffer)
	{
		desc = GetBufferDescriptor(hint - 1);
		if (vp_buffer_holds(desc, peek, block))
		{
			pg_read_barrier();
			return vp_page_is_filled(desc, peek) ? desc : NULL;
		}
	}
	hint = (Buffer) vp_hints[vp_hint_slot(peek, block, 1)];
	if (hint != InvalidBuffer)
	{
		desc = GetBufferDescriptor(hint - 1);
		if (vp_buffer_holds(desc, peek, block))
		{
			pg_read_barrier();
			return vp_page_is_filled(desc, peek) ? desc : NULL;
		}
	}
	return NULL;
}

/* Was the page that vp_peek returned the wanted one until now? */
static inline bool
vp_peek_done(const VpPeekRel *peek, BlockNumber block, const BufferDesc *desc)
{
	pg_read_barrier();
	return vp_buffer_holds(desc, peek, block);
}

static inline const char *
vp_peek_page(const BufferDesc *desc)
{
	return vp_window_page(BufferDescriptorGetBuffer(desc));
}

/* Remembers where a block, pinned by the caller and found sound, is. */
extern void vp_peek_remember(const VpPeekRel *peek, BlockNumber block, Buffer buffer);

/* Is there a buffer that nobody uses? */
extern bool vp_buffer_is_free(void);

#endif							/* VP_SERVER_INTERNALS */

#endif							/* VP_PEEK_H */
