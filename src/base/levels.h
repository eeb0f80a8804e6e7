/*-------------------------------------------------------------------------
 *
 * levels.h
 *	  Which node lives on which level of the graph: arithmetic, not chance.
 *
 * HNSW draws each node's level at random, one in m going one level higher.
 * Here the level is a function of the node's id: among each m consecutive ids
 * one, picked by a hash, is on level 1; among each m of those, one is on level
 * 2; and so on.  The sample is as random as a drawn one, but a node's links
 * of every level have a place that can be computed, with nothing to allocate,
 * free or log, and a recycled id keeps its level.
 *
 * Ids are grouped in stripes of `groups` groups of m ids.  Inside a stripe
 * there are level-1 nodes (one a group) and level-2 nodes (one for each m
 * groups, the last of them for what is left); level 3 has one node a stripe,
 * and level 3 + j one node for each m^j stripes.
 *
 * Pure C: used by page/ (where links are) and graph/ (in-memory build).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LEVELS_H
#define VP_LEVELS_H

#include <stdint.h>

/*
 * A node's number in its index.  Below 2^31, so that a search has a bit to
 * spare.
 */
typedef uint32_t VpId;

#define VP_NO_ID	UINT32_MAX
#define VP_MAX_ID	UINT32_C(0x7FFFFFFE)

/*
 * Links that a node chooses at each level; at level 0 it has room for twice as
 * many.
 */
#define VP_MIN_M	2
#define VP_MAX_M	100
#define VP_MAX_LINKS (2 * VP_MAX_M)

/* The highest level there is. */
#define VP_MAX_LEVEL 6

typedef struct VpLevels
{
	uint32_t	m;				/* ids in a group */
	uint32_t	groups;			/* level-1 groups in a stripe */
	uint32_t	stripe;			/* ids in a stripe: at most m * groups, more
								 * than m * (groups - 1) */
	uint32_t	seed;
} VpLevels;

/* The level of a node, 0 ... VP_MAX_LEVEL. */
extern int	vp_level(const VpLevels *levels, VpId id);

/* Link lists above level 0 that a stripe has room for. */
extern uint32_t vp_level_slots(const VpLevels *levels);

/* Which of them is that of this node at this level (1 ... vp_level(id)). */
extern uint32_t vp_level_slot(const VpLevels *levels, VpId id, int level);

/*
 * The first of a stripe's lists of a level above 0, and how many there are, one
 * after another.
 */
extern uint32_t vp_level_lists(const VpLevels *levels, int level, uint32_t *n);

/*
 * The k-th stripe, in their order, that has nodes of a level above 0: up to
 * level 3 all have.
 */
extern uint32_t vp_level_stripe(const VpLevels *levels, int level, uint32_t k);

/*
 * The reverse of a slot: the node whose list stands in a slot, and the level.
 */
extern VpId vp_level_owner(const VpLevels *levels, uint32_t stripe, uint32_t slot, int *level);

#endif							/* VP_LEVELS_H */
