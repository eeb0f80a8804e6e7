/*-------------------------------------------------------------------------
 *
 * landmarks_test.c
 *	  Landmarks: terms find their pages as these become more, and sets keep the
 *	  nodes in which a term weighs most.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "base/landmarks.h"

#include "unit.h"

/* A page more takes terms of its parent, and changes no others. */
static void
test_pages(void)
{
	static uint32_t page[65536];

	for (uint32_t npages = 1; npages <= 200; npages++)
	{
		uint32_t	moved = 0;
		uint32_t	most = 0;
		uint32_t	count[200] = {0};

		for (uint32_t hash = 0; hash <= UINT16_MAX; hash++)
		{
			uint32_t	now = vp_landmark_page(hash << 16 | (hash & 0xFF), npages);

			VP_CHECK(now < npages, "term %u on page %u of %u", hash, now, npages);
			if (npages > 1 && now != page[hash])
			{
				VP_CHECK(now == npages - 1 && page[hash] == vp_landmark_parent(now),
						 "term %u from page %u to %u of %u", hash, page[hash], now, npages);
				moved++;
			}
			page[hash] = now;
			count[now]++;
		}
		for (uint32_t i = 0; i < npages; i++)
			most = count[i] > most ? count[i] : most;
		VP_CHECK(npages == 1 || moved > 0, "page %u has no terms", npages - 1);
		/* pages that have been divided have half of what the others have */
		VP_CHECK(most * npages < 65536 * 2.5, "%u terms on one of %u pages", most, npages);
	}
}

static bool
put(VpLandmarkSet *set, uint32_t hash, uint32_t weight, VpId id)
{
	int			slot = vp_landmarks_place(set, hash << 16 | weight, id);

	VP_CHECK(slot < VP_SET_LANDMARKS, "slot %d", slot);
	if (slot < 0)
		return false;
	set->terms[slot] = hash << 16 | weight;
	set->refs[slot] = id + 1;
	return true;
}

static bool
has(const VpLandmarkSet *set, uint32_t hash, VpId id)
{
	VpId		ids[VP_TERM_LANDMARKS];
	int			n = vp_landmarks_get(set, hash << 16, ids);

	for (int i = 0; i < n; i++)
	{
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* Of a term the heaviest stay, each once. */
static void
test_heaviest(void)
{
	VpLandmarkSet set;
	VpId		ids[VP_TERM_LANDMARKS];

	memset(&set, 0, sizeof(set));
	for (uint32_t i = 0; i < 100; i++)
		VP_CHECK(put(&set, 7, 1000 + i * 37 % 100, i) == has(&set, 7, i), "node %u", i);
	for (uint32_t i = 0; i < 100; i++)
		VP_CHECK(has(&set, 7, i) == (i * 37 % 100 >= 100 - VP_TERM_LANDMARKS), "node %u", i);
	VP_CHECK(put(&set, 7, 9999, 27), "the heaviest again");
	VP_CHECK(vp_landmarks_get(&set, 7 << 16, ids) == VP_TERM_LANDMARKS, "all places are taken");
	VP_CHECK(vp_landmarks_get(&set, 8 << 16, ids) == 0, "another term");
	VP_CHECK(has(&set, 7, 27) && !put(&set, 7, 1, 55), "the lightest");
}

/* A full set: a term that is new to it takes from one that has many, never from one of one node. */
static void
test_full(void)
{
	VpLandmarkSet set;
	uint32_t	found = 0;
	uint32_t	rare = 60;

	memset(&set, 0, sizeof(set));
	for (uint32_t hash = 0; hash < rare; hash++)
		VP_CHECK(put(&set, hash, 5, 100 + hash), "a rare term");
	for (uint32_t hash = 1000; hash < 1020; hash++)
		for (uint32_t i = 0; i < VP_TERM_LANDMARKS; i++)
			(void) put(&set, hash, 5 + i, 1000 * hash + i);
	for (uint32_t hash = 2000; hash < 2020; hash++)
		found += put(&set, hash, 5, hash) && has(&set, hash, hash);
	VP_CHECK(found >= 15, "%u of 20 new terms", found);
	for (uint32_t hash = 0; hash < rare; hash++)
		VP_CHECK(has(&set, hash, 100 + hash), "rare term %u", hash);
}

int
main(void)
{
	test_pages();
	test_heaviest();
	test_full();
	return vp_unit_report();
}
