/*-------------------------------------------------------------------------
 *
 * window.h
 *	  A second mapping of shared buffers, made of huge pages where there is need.
 *
 * Reads without a pin (peek.h) go through it.  Where a region of it is wide,
 * one page fault maps 2 MB of it into a process; else it is like shared
 * buffers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WINDOW_H
#define VP_WINDOW_H

#include "base/compat.h"

#if !VP_SERVER_INTERNALS
#include "page/no_peek.h"
#else

#include "storage/bufmgr.h"

/*
 * Where the first buffer is.  Until the process has mapped the window, and
 * where there is none, that is in shared buffers themselves.
 */
extern const char *vp_window;

/*
 * Size of what is known of the window's regions, and its making; for the shared
 * memory hooks.
 */
extern Size vp_window_size(void);
extern void vp_window_startup(void);

/* A buffer's page; any number above 0 gives some address. */
static inline const char *
vp_window_page(Buffer buffer)
{
	return vp_window + (Size) (buffer - 1) * BLCKSZ;
}

/* A pinned buffer's page, for reading. */
static inline Page
vp_page_to_read(Buffer buffer)
{
	return BufferIsLocal(buffer) ? BufferGetPage(buffer) :
		unconstify(char *, vp_window_page(buffer));
}

/*
 * Maps the window into this process; never raises.  Only through
 * vp_window_enter.
 */
extern bool vp_window_is_due;
extern void vp_window_open(void);

/*
 * Maps the window if that is still to be done: before an index is read.  Is it
 * other than shared buffers, so that regions can be made wide?
 */
static inline bool
vp_window_enter(void)
{
	if (unlikely(vp_window_is_due))
		vp_window_open();
	return vp_window != BufferBlocks;
}

/*
 * Makes a region wide that is in use, or is next, if the kernel can.  True:
 * there may be more.  Takes up to some milliseconds, for which processes wait
 * that read a page there.  Only the keeper calls it.
 */
extern bool vp_window_widen(void);

extern bool vp_window_is_wide(Buffer buffer);

#endif							/* VP_SERVER_INTERNALS */

#endif							/* VP_WINDOW_H */
