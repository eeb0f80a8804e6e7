/*-------------------------------------------------------------------------
 *
 * no_peek.h
 *	  What stands for peek.h and window.h in a library without server internals.
 *
 * No peek is ever enabled, so that every page is read by ReadBuffer
 * (vp_store_read); there are no hints and no window.  What callers do after
 * they have asked whether peeks are enabled is compiled, and never runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NO_PEEK_H
#define VP_NO_PEEK_H

#include "base/compat.h"

#include "access/xlog.h"
#include "port/atomics.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "page/format.h"

typedef struct VpNoBuffer VpNoBuffer;
#define BufferDesc VpNoBuffer
#define GetBufferDescriptor(number) ((BufferDesc *) NULL)
#define BufferDescriptorGetBuffer(desc) InvalidBuffer

typedef struct VpPeekRel
{
	bool		enabled;		/* false */
	bool		standby;
} VpPeekRel;

static inline void
vp_peek_init_file(VpPeekRel *peek, const VpRelFileLocator *locator)
{
	peek->enabled = false;
	peek->standby = RecoveryInProgress();
}

static inline void
vp_peek_init(VpPeekRel *peek, Relation rel)
{
	vp_peek_init_file(peek, &VpLocator(rel));
}

static inline Page
vp_page_to_read(Buffer buffer)
{
	return BufferGetPage(buffer);
}

static inline const char *
vp_window_page(Buffer buffer)
{
	return NULL;
}

static inline const char *
vp_peek_page(const BufferDesc *desc)
{
	return NULL;
}

#define vp_hint_size() ((Size) 0)
#define vp_hint_startup() ((void) 0)
#define vp_window_size() ((Size) 0)
#define vp_window_startup() ((void) 0)
#define vp_window_enter() false
#define vp_window_widen() false
#define vp_buffer_is_free() false

#define vp_change_counter_size() ((Size) 0)
#define vp_change_counter_startup() ((void) 0)
#define vp_page_changes(peek, block) 0
#define vp_bypass_enable(store) ((void) 0)
#define vp_bypass_read(store, block) ((const char *) NULL)
#define vp_mark_dirty(buffer) MarkBufferDirty(buffer)

#define vp_peek_prefetch_hint(peek, block) ((void) 0)
#define vp_peek_hint(peek, block) InvalidBuffer
#define vp_peek_remember(peek, block, buffer) ((void) 0)
#define vp_peek(peek, block, hint) ((BufferDesc *) NULL)
#define vp_peek_done(peek, block, desc) false
#define vp_buffer_touch(desc) ((void) 0)
#define vp_tag_differs(desc, peek, block) UINT64_C(1)
#define vp_state_differs(desc) 1
#define vp_page_is_filled(desc, peek) false

#endif							/* VP_NO_PEEK_H */
