/*-------------------------------------------------------------------------
 *
 * levels.c
 *	  The arithmetic of levels; see levels.h.
 *
 * A pick among n is a hash of (seed, level, number of the group) scaled to n.
 * The owner of a slot is found from the top: the stripe's level-3 node is one
 * of its level-2 nodes, that one of its level-1 groups, that one of m ids.
 *
 *-------------------------------------------------------------------------
 */
#include "base/levels.h"

static uint32_t
pick(const VpLevels *levels, uint32_t level, uint32_t number, uint32_t n)
{
	uint64_t	x;

	x = ((uint64_t) levels->seed << 32 | number) +
		level * UINT64_C(0x9E3779B97F4A7C15);
	/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014) */
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	x ^= x >> 31;
	return (uint32_t) (((x >> 32) * n) >> 32);
}

static inline uint32_t
min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Level-2 nodes in a stripe. */
static inline uint32_t
level2_count(const VpLevels *levels)
{
	return (levels->groups + levels->m - 1) / levels->m;
}

/* The level-1 node of a group, as an offset in its stripe. */
static uint32_t
level1_offset(const VpLevels *levels, uint32_t stripe, uint32_t group)
{
	uint32_t	first = group * levels->m;
	uint32_t	n = min_u32(levels->m, levels->stripe - first);

	return first + pick(levels, 1, stripe * levels->groups + group, n);
}

/* The group whose node is also on level 2. */
static uint32_t
level2_group(const VpLevels *levels, uint32_t stripe, uint32_t number)
{
	uint32_t	first = number * levels->m;
	uint32_t	n = min_u32(levels->m, levels->groups - first);

	return first + pick(levels, 2, stripe * level2_count(levels) + number, n);
}

/* Which of the stripe's level-2 nodes is on level 3. */
static uint32_t
level3_number(const VpLevels *levels, uint32_t stripe)
{
	return pick(levels, 3, stripe, level2_count(levels));
}

/* The level that the stripe's level-3 node reaches. */
static int
stripe_level(const VpLevels *levels, uint32_t stripe)
{
	int			level = 3;

	/*
	 * each m stripes (then: each m of the picked ones) have one that goes
	 * higher
	 */
	while (level < VP_MAX_LEVEL)
	{
		uint32_t	number = stripe / levels->m;

		if (pick(levels, level + 1, number, levels->m) != stripe % levels->m)
			break;
		stripe = number;
		level++;
	}
	return level;
}

int
vp_level(const VpLevels *levels, VpId id)
{
	uint32_t	stripe = id / levels->stripe;
	uint32_t	offset = id - stripe * levels->stripe;
	uint32_t	group = offset / levels->m;

	if (level1_offset(levels, stripe, group) != offset)
		return 0;
	if (level2_group(levels, stripe, group / levels->m) != group)
		return 1;
	if (level3_number(levels, stripe) != group / levels->m)
		return 2;
	return stripe_level(levels, stripe);
}

uint32_t
vp_level_slots(const VpLevels *levels)
{
	return levels->groups + level2_count(levels) + (VP_MAX_LEVEL - 2);
}

uint32_t
vp_level_slot(const VpLevels *levels, VpId id, int level)
{
	uint32_t	group = id % levels->stripe / levels->m;

	if (level == 1)
		return group;
	if (level == 2)
		return levels->groups + group / levels->m;
	return levels->groups + level2_count(levels) + (uint32_t) (level - 3);
}

uint32_t
vp_level_lists(const VpLevels *levels, int level, uint32_t *n)
{
	*n = level == 1 ? levels->groups : level == 2 ? level2_count(levels) : 1;
	return level == 1 ? 0 : level == 2 ? levels->groups :
		levels->groups + level2_count(levels) + (uint32_t) (level - 3);
}

uint32_t
vp_level_stripe(const VpLevels *levels, int level, uint32_t k)
{
	for (; level > 3; level--)
		k = k * levels->m + pick(levels, (uint32_t) level, k, levels->m);
	return k;
}

VpId
vp_level_owner(const VpLevels *levels, uint32_t stripe, uint32_t slot, int *level)
{
	uint32_t	group;

	if (slot < levels->groups)
	{
		*level = 1;
		group = slot;
	}
	else if (slot < levels->groups + level2_count(levels))
	{
		*level = 2;
		group = level2_group(levels, stripe, slot - levels->groups);
	}
	else
	{
		*level = (int) (slot - levels->groups - level2_count(levels)) + 3;
		if (*level > stripe_level(levels, stripe))
			return VP_NO_ID;	/* a slot that stays empty */
		group = level2_group(levels, stripe, level3_number(levels, stripe));
	}
	return stripe * levels->stripe + level1_offset(levels, stripe, group);
}
