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

/* Pages that are pinned, and blocks that are passed over, before others have their turn. */
#define PORTION			128
#define PORTION_LOOKED	8192

BlockNumber
vp_pins_file_blocks(const VpPins *pins)
{
	SMgrRelation smgr = VpSmgrOpen(pins->locator);

	return smgrexists(smgr, MAIN_FORKNUM) ? smgrnblocks(smgr, MAIN_FORKNUM) : 0;
}

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
	pins->next = 1;				/* the metapage is pinned */
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

bool
vp_pins_more(VpPins *pins)
{
	BlockNumber blocks[PORTION];
	BlockNumber last = Min(pins->end, pins->next + PORTION_LOOKED);
	SMgrRelation smgr = VpSmgrOpen(pins->locator);
	int			n = 0;

	for (; pins->next < last && n < PORTION; pins->next++)
		if (is_kept(pins, pins->next))
		{
			(void) PrefetchSharedBuffer(smgr, MAIN_FORKNUM, pins->next);
			blocks[n++] = pins->next;
		}
	CurrentResourceOwner = pins->owner;
	for (int i = 0; i < n; i++)
	{
		(void) read_block(pins, blocks[i]);
		pins->pinned++;
	}
	CurrentResourceOwner = NULL;
	return pins->next < pins->end;
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
