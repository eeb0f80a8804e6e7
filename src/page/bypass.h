/*-------------------------------------------------------------------------
 *
 * bypass.h
 *	  Reading pages past shared buffers, when these are full.
 *
 * An index larger than shared buffers costs a search some dozens of pages that
 * are not there.  ReadBuffer makes room for each: a sweep of the clock over
 * buffers in use, two changes of the mapping, and a page thrown out that
 * another search would have found.  That takes several times as long as the
 * read itself, where the operating system has the page.  So a search reads such
 * a page into memory of its own process, and only one in VP_BYPASS_ADMIT goes
 * into shared buffers: pages that are asked for again and again get there, and
 * stay (an idea of cache admission by chance; see README.md).
 *
 * The copy is the page as it was at a moment between the call and its return.
 * How that is known without a lock: page/README.md, *Past shared buffers*.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BYPASS_H
#define VP_BYPASS_H

#include "base/compat.h"

#if !VP_SERVER_INTERNALS
#include "page/no_peek.h"
#else

#include "storage/bufmgr.h"

#include "page/store.h"

/* Of so many pages that are not in shared buffers, one is brought there. */
#define VP_BYPASS_ADMIT 8

/* From now on, vp_bypass_read may read pages of this store, for searches. */
extern void vp_bypass_enable(VpStore *store);

/*
 * The page of a block, read past shared buffers.  NULL: it has to be read in
 * the ordinary way, since it is in shared buffers, shall go there, has just
 * changed, or is not sound.  Valid until the next call, of whichever store.
 * ereports if the file cannot be read.
 */
extern const char *vp_bypass_read(const VpStore *store, BlockNumber block);

#endif							/* VP_SERVER_INTERNALS */

#endif							/* VP_BYPASS_H */
