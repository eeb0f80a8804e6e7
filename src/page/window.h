/*-------------------------------------------------------------------------
 *
 * window.h
 *	  A second mapping of shared buffers, made of huge pages where there is need.
 *
 * Reads without a pin (peek.h) go through it.  Where a region of it is wide, one
 * page fault maps 2 MB of it into a process; else it is like shared buffers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WINDOW_H
#define VP_WINDOW_H

#include "base/compat.h"

#include "storage/bufmgr.h"

/* Where the first buffer is; in each process from its start on. */
extern const char *vp_window;

/* Size of what is known of the window's regions, and its making; for the shared memory hooks. */
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

/* Is it other than shared buffers, so that regions can be made wide? */
static inline bool
vp_window_is_open(void)
{
	return vp_window != BufferBlocks;
}

/*
 * Makes a region wide that is in use, or is next, if the kernel can.  True: there may be more.
 * Takes up to some milliseconds; who wants a page there waits so long.  One process does
 * so, the keeper.
 */
extern bool vp_window_widen(void);

extern bool vp_window_is_wide(Buffer buffer);

/* The number of a buffer's region. */
extern int	vp_window_region(Buffer buffer);

#endif							/* VP_WINDOW_H */
