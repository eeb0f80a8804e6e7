/*-------------------------------------------------------------------------
 *
 * change_counter.h
 *	  Counters in shared memory that tell whether a page has changed.
 *
 * Who reads a page without a lock or a pin (bypass.c) compares its counter
 * before and after.  Pages that share a counter cost each other a read, no
 * more.  By the metapage's, searches learn how much an index has changed
 * (search/entry_points.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CHANGE_COUNTER_H
#define VP_CHANGE_COUNTER_H

#include "base/compat.h"

#if !VP_SERVER_INTERNALS
#include "page/no_peek.h"
#else

#include "port/atomics.h"
#include "storage/bufmgr.h"

#include "page/peek.h"

#define VP_CHANGE_COUNTERS	65536

/* NULL before start-up is done, and while vecprov.server_internals is off. */
extern pg_atomic_uint32 *vp_change_counters;

/* For the shared memory hooks; nothing while vecprov.server_internals is off. */
extern Size vp_change_counter_size(void);
extern void vp_change_counter_startup(void);

/*
 * As the server marks a page dirty; and those who read the page past shared
 * buffers learn that it is another.  On entry and on return the page is locked
 * exclusively.  All changes of a page that a search can meet come by here,
 * those of redo, too.
 */
extern void vp_mark_dirty(Buffer buffer);

/* Counters are there. */
static inline pg_atomic_uint32 *
vp_change_counter(uint32 relation_hash, BlockNumber block)
{
	return &vp_change_counters[(relation_hash + block) % VP_CHANGE_COUNTERS];
}

/* Counts changes of a page of a file, and of those that share its counter. */
static inline uint32
vp_page_changes(const VpPeekRel *peek, BlockNumber block)
{
	return vp_change_counters == NULL ? 0 :
		pg_atomic_read_u32(vp_change_counter(peek->hash[0], block));
}

#endif							/* VP_SERVER_INTERNALS */

#endif							/* VP_CHANGE_COUNTER_H */
