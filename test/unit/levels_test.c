/*-------------------------------------------------------------------------
 *
 * levels_test.c
 *	  Levels by arithmetic: each group has its nodes, each list one place.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "base/levels.h"

#include "unit.h"

/* Every list of a stripe has a slot of its own, and the slot's owner is it. */
static void
check_stripe(const VpLevels *levels, uint32_t stripe)
{
	uint32_t	nslots = vp_level_slots(levels);
	bool	   *taken = calloc(nslots, sizeof(bool));
	int			owner_level = 0;

	for (uint32_t offset = 0; offset < levels->stripe; offset++)
	{
		VpId		id = stripe * levels->stripe + offset;
		int			top = vp_level(levels, id);

		VP_CHECK(top >= 0 && top <= VP_MAX_LEVEL, "level of %u is %d", id, top);
		for (int level = 1; level <= top; level++)
		{
			uint32_t	slot = vp_level_slot(levels, id, level);

			VP_CHECK(slot < nslots, "slot %u of %u", slot, nslots);
			if (slot >= nslots)
				continue;
			VP_CHECK(!taken[slot], "slot %u of stripe %u twice", slot, stripe);
			taken[slot] = true;
			VP_CHECK(vp_level_owner(levels, stripe, slot, &owner_level) == id,
					 "owner of slot %u of stripe %u", slot, stripe);
			VP_CHECK(owner_level == level, "level of slot %u is %d", slot, owner_level);
		}
	}
	for (uint32_t slot = 0; slot < nslots; slot++)
		VP_CHECK(taken[slot] == (vp_level_owner(levels, stripe, slot, &owner_level) != VP_NO_ID),
				 "slot %u of stripe %u without owner", slot, stripe);
	/* each level's lists stand together */
	for (int level = 1; level <= VP_MAX_LEVEL; level++)
	{
		uint32_t	n;
		uint32_t	first = vp_level_lists(levels, level, &n);

		VP_CHECK(n > 0 && first + n <= nslots, "%u lists of level %d from %u on", n, level, first);
		for (uint32_t slot = 0; slot < nslots; slot++)
			if (vp_level_owner(levels, stripe, slot, &owner_level) != VP_NO_ID)
				VP_CHECK((owner_level == level) == (slot >= first && slot < first + n),
						 "slot %u is of level %d", slot, owner_level);
	}
	free(taken);
}

/* One of each group of m ids is above level 0. */
static void
check_groups(const VpLevels *levels, uint32_t stripe)
{
	for (uint32_t first = 0; first < levels->stripe; first += levels->m)
	{
		int			above = 0;

		for (uint32_t i = first; i < first + levels->m && i < levels->stripe; i++)
			above += vp_level(levels, stripe * levels->stripe + i) > 0;
		VP_CHECK(above == 1, "%d above level 0 in group %u of stripe %u", above, first, stripe);
	}
}

/* Level by level the nodes get fewer by m; with whole groups exactly. */
static void
check_counts(const VpLevels *levels, uint32_t nstripes)
{
	uint32_t	count[VP_MAX_LEVEL + 1] = {0};

	for (VpId id = 0; id < nstripes * levels->stripe; id++)
	{
		for (int level = vp_level(levels, id); level >= 0; level--)
			count[level]++;
	}
	VP_CHECK(count[1] == nstripes * levels->groups, "%u nodes at level 1", count[1]);
	VP_CHECK(count[3] == nstripes, "%u nodes at level 3", count[3]);
	for (int level = 4; level <= VP_MAX_LEVEL; level++)
		VP_CHECK(count[level] >= count[level - 1] / levels->m &&
				 count[level] <= count[level - 1] / levels->m + 1,
				 "%u nodes at level %d", count[level], level);
}

/* Which stripes have nodes of a level, in their order. */
static void
check_level_stripes(const VpLevels *levels, uint32_t nstripes)
{
	for (int level = 1; level <= VP_MAX_LEVEL; level++)
	{
		uint32_t	n;
		uint32_t	first = vp_level_lists(levels, level, &n);
		uint32_t	k = 0;

		for (uint32_t stripe = 0; stripe < nstripes; stripe++)
		{
			int			owner_level;

			if (vp_level_owner(levels, stripe, first, &owner_level) == VP_NO_ID)
				continue;
			VP_CHECK(vp_level_stripe(levels, level, k) == stripe, "stripe %u of level %d is %u, not %u", k, level,
					 vp_level_stripe(levels, level, k), stripe);
			k++;
		}
		VP_CHECK(vp_level_stripe(levels, level, k) >= nstripes, "%u stripes of level %d", k, level);
	}
}

int
main(void)
{
	static const uint32_t ms[] = {2, 3, 5, 16, 64, 100};

	for (int i = 0; i < (int) (sizeof(ms) / sizeof(ms[0])); i++)
	{
		for (uint32_t groups = 1; groups <= 3 * ms[i] && groups <= 130; groups += 1 + groups / 3)
		{
			/* stripes that end with a whole group, and in the middle of one */
			for (uint32_t less = 0; less < ms[i] && less <= 1; less++)
			{
				VpLevels	levels = {ms[i], groups, ms[i] * groups - less, 42 + i};

				for (uint32_t stripe = 0; stripe < 20; stripe++)
				{
					check_stripe(&levels, stripe);
					check_groups(&levels, stripe);
				}
				check_stripe(&levels, VP_MAX_ID / levels.stripe - 1);
				check_counts(&levels, 4 * ms[i]);
				check_level_stripes(&levels, 4 * ms[i]);
			}
		}
	}
	return vp_unit_report();
}
