/*-------------------------------------------------------------------------
 *
 * pins.c
 *	  The pinned pages of one index; see pins.h.
 *
 * Each index has a resource owner, which keeps the list of its pins.  They take
 * no room in the code that way, and go together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"
#include "storage/smgr.h"

#include "page/store.h"
#include "replica/pins.h"

/*
 * Pages that are pinned, and blocks that are passed over, before others have
 * their turn.
 */
#define PORTION			128
#define PORTION_LOOKED	8192

BlockNumber
vp_pins_file_blocks(const VpPins *pins)
{
	SMgrRelation smgr = VpSmgrOpen(pins->locator);

	return smgrexists(smgr, MAIN_FORKNUM) ? smgrnblocks(smgr, MAIN_FORKNUM) : 0;
}

/*
 * Pins a block without a lock.  CurrentResourceOwner remembers the pin:
 * pins->owner, until vp_pins_end.
 */
static Buffer
read_block(const VpPins *pins, BlockNumber block)
{
	return ReadBufferWithoutRelcache(pins->locator, MAIN_FORKNUM, block, RBM_NORMAL, NULL,
									 pins->permanent);
}

bool
vp_pins_begin(VpPins *pins)
{
	VpMeta		meta;
	bool		made;

	if (vp_pins_file_blocks(pins) == 0)
		return false;
	pins->owner = ResourceOwnerCreate(NULL, "vecprov pins");
	CurrentResourceOwner = pins->owner;
	made = vp_meta_look(read_block(pins, VP_META_BLOCK), &meta);
	CurrentResourceOwner = NULL;
	if (!made)
	{
		vp_pins_end(pins);
		return false;
	}
	vp_geometry_init(&pins->geo, &meta);
	vp_peek_init_file(&pins->peek, &pins->locator);
	pins->next = 1;				/* the metapage is pinned */
	pins->filled = 0;
	pins->end = 0;
	pins->pinned = 1;
	return true;
}

BlockNumber
vp_pins_of(const VpPins *pins, BlockNumber nblocks)
{
	return pins->vectors ? nblocks : vp_search_blocks(&pins->geo, nblocks);
}

static bool
is_kept(const VpPins *pins, BlockNumber block)
{
	uint32		number;

	return pins->vectors || vp_block_kind(&pins->geo, block, &number) != VP_PAGE_VECTOR;
}

/*
 * Reads blocks from *next on, those that are kept or the others, and tells
 * searches where they are; but for damaged pages, which are for a search to
 * find.  Returns how many.
 */
static int
read_portion(VpPins *pins, BlockNumber *next, bool are_kept)
{
	BlockNumber blocks[PORTION];
	BlockNumber last = Min(pins->end, *next + PORTION_LOOKED);
	SMgrRelation smgr = VpSmgrOpen(pins->locator);
	int			n = 0;

	for (; *next < last && n < PORTION; (*next)++)
		if (is_kept(pins, *next) == are_kept)
		{
			(void) PrefetchSharedBuffer(smgr, MAIN_FORKNUM, *next);
			blocks[n++] = *next;
		}
	CurrentResourceOwner = pins->owner;
	for (int i = 0; i < n; i++)
	{
		Buffer		buffer = read_block(pins, blocks[i]);
		uint32		number;
		VpPageKind	kind = vp_block_kind(&pins->geo, blocks[i], &number);

		if (vp_page_is_sound(buffer, kind, number))
			vp_peek_remember(&pins->peek, blocks[i], buffer);
		if (!are_kept)
			ReleaseBuffer(buffer);
	}
	CurrentResourceOwner = NULL;
	return n;
}

bool
vp_pins_more(VpPins *pins)
{
	pins->pinned += read_portion(pins, &pins->next, true);
	return pins->next < pins->end;
}

bool
vp_pins_fill(VpPins *pins)
{
	if (!vp_buffer_is_free())
		return false;
	(void) read_portion(pins, &pins->filled, false);
	return pins->filled < pins->end;
}

void
vp_pins_end(VpPins *pins)
{
	if (pins->owner != NULL)
	{
		ResourceOwnerRelease(pins->owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, true);
		ResourceOwnerDelete(pins->owner);
	}
	pins->owner = NULL;
	pins->pinned = pins->wanted = 0;
}
