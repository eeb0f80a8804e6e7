/*-------------------------------------------------------------------------
 *
 * landmarks.c
 *	  Sets of landmarks; see landmarks.h.
 *
 *-------------------------------------------------------------------------
 */
#include "base/landmarks.h"

/* In a full set so many slots are looked at for one that can be spared. */
#define TRIES 4

/* Knuth's multiplier: terms that differ in few bits go far from each other. */
static inline uint32_t
scatter(uint32_t x)
{
	x *= UINT32_C(0x9E3779B1);
	return x ^ (x >> 15);
}

static inline uint32_t
load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

uint32_t
vp_landmark_page(uint32_t term, uint32_t npages)
{
	uint32_t	size = 1;
	uint32_t	page;

	while (size < npages)
		size *= 2;
	page = scatter(VpTermHash(term)) & (size - 1);
	return page < npages ? page : page & (size / 2 - 1);
}

uint32_t
vp_landmark_parent(uint32_t page)
{
	uint32_t	size = 1;

	while (size <= page / 2)
		size *= 2;
	return page - size;
}

uint32_t
vp_landmark_set(uint32_t term)
{
	return scatter(VpTermHash(term)) >> 24 & (VP_PAGE_SETS - 1);
}

int
vp_landmarks_get(const VpLandmarkSet *set, uint32_t term, VpId *ids)
{
	int			n = 0;

	for (int i = 0; i < VP_SET_LANDMARKS && n < VP_TERM_LANDMARKS; i++)
	{
		uint32_t	ref;

		if (VpTermHash(load(&set->terms[i])) != VpTermHash(term))
			continue;
		ref = load(&set->refs[i]);
		if (ref != 0)
			ids[n++] = ref - 1;
	}
	return n;
}

/*
 * How many landmarks a term has; *weakest: the one with the least weight, -1 if
 * none.
 */
static int
count_term(const VpLandmarkSet *set, uint32_t term, int *weakest)
{
	uint32_t	least = UINT32_MAX;
	int			n = 0;

	*weakest = -1;
	for (int i = 0; i < VP_SET_LANDMARKS; i++)
	{
		uint32_t	other = load(&set->terms[i]);

		if (VpTermHash(other) != VpTermHash(term) || load(&set->refs[i]) == 0)
			continue;
		n++;
		if (other <= least)
		{
			least = other;
			*weakest = i;
		}
	}
	return n;
}

/*
 * In a full set: a landmark of a term that has at least two more than `own`;
 * -1: none is found.
 */
static int
find_spare(const VpLandmarkSet *set, int own, VpId id)
{
	int			most = own + 1;
	int			spare = -1;

	for (uint32_t try = 0; try < TRIES; try++)
	{
		uint32_t	slot = scatter(id * TRIES + try) % VP_SET_LANDMARKS;
		int			weakest;
		int			n = count_term(set, load(&set->terms[slot]), &weakest);

		if (n > most)
		{
			most = n;
			spare = weakest;
		}
	}
	return spare;
}

int
vp_landmarks_place(const VpLandmarkSet *set, uint32_t term, VpId id)
{
	int			unused = -1;
	int			weakest;
	int			own = count_term(set, term, &weakest);

	for (int i = 0; i < VP_SET_LANDMARKS; i++)
	{
		uint32_t	ref = load(&set->refs[i]);

		if (ref == 0 && unused < 0)
			unused = i;
		if (ref == id + 1 && VpTermHash(load(&set->terms[i])) == VpTermHash(term))
			return i;
	}
	if (own < VP_TERM_LANDMARKS)
	{
		if (unused < 0)
			unused = find_spare(set, own, id);
		if (unused >= 0)
			return unused;
	}
	if (own > 0 && load(&set->terms[weakest]) < term)
		return weakest;
	return -1;
}
