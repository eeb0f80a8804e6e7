/*-------------------------------------------------------------------------
 *
 * pins.h
 *	  The pinned pages of one index.
 *
 * Whoever calls has the index locked, and is sure of its file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PINS_H
#define VP_PINS_H

#include "base/compat.h"

#include "utils/resowner.h"

#include "page/geometry.h"
#include "page/peek.h"

typedef struct VpPins
{
	VpRelFileLocator locator;
	bool		permanent;
	bool		vectors;		/* exact vectors too */
	ResourceOwner owner;		/* NULL: nothing is pinned */
	VpGeometry	geo;
	VpPeekRel	peek;
	BlockNumber next;			/* to be looked at */
	BlockNumber end;			/* blocks below are to be kept, of the kinds
								 * that are */
	BlockNumber filled;			/* blocks below have been read, pinned or not */
	BlockNumber pinned;			/* how many */
	BlockNumber wanted;
} VpPins;

/* Blocks that the file has; 0 while it is not there. */
extern BlockNumber vp_pins_file_blocks(const VpPins *pins);

/*
 * Reads what an index is from its metapage.  False: there is none yet.
 * ereports when it is damaged.
 */
extern bool vp_pins_begin(VpPins *pins);

/* Of a file of so many blocks, how many are kept? */
extern BlockNumber vp_pins_of(const VpPins *pins, BlockNumber nblocks);

/* Pins a portion of what is missing.  True: more is. */
extern bool vp_pins_more(VpPins *pins);

/*
 * Reads a portion of what is not pinned, while there are buffers that nobody
 * uses.  True: there is more.
 */
extern bool vp_pins_fill(VpPins *pins);

/* Lets all go. */
extern void vp_pins_end(VpPins *pins);

#endif							/* VP_PINS_H */
