/*-------------------------------------------------------------------------
 *
 * ranges.c
 *	  Sets of stored keys, as ranges; see ranges.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "key/ranges.h"

#define FIRST_ROOM	4

void
vp_ranges_init(VpKeyRanges *set)
{
	set->n = 0;
	set->room = FIRST_ROOM;
	set->ranges = palloc(set->room * sizeof(VpKeyRange));
}

void
vp_ranges_add(VpKeyRanges *set, uint64 first, uint64 last, bool sure)
{
	VpKeyRange *range;

	Assert(first <= last);
	if (set->n == set->room)
	{
		set->room *= 2;
		set->ranges = repalloc_huge(set->ranges, set->room * sizeof(VpKeyRange));
	}
	range = &set->ranges[set->n++];
	range->first = first;
	range->last = last;
	range->sure = sure;
}

/* The sure ones first. */
static int
compare(const void *a, const void *b)
{
	const VpKeyRange *left = a;
	const VpKeyRange *right = b;

	if (left->sure != right->sure)
		return left->sure ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
}

static int
compare_first(const void *a, const void *b)
{
	const VpKeyRange *left = a;
	const VpKeyRange *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

/*
 * Joins ranges that are sorted and as sure as one another, where they meet.
 * How many are left.
 */
static int
join(VpKeyRange *ranges, int n)
{
	int			left = 0;

	for (int i = 0; i < n; i++)
	{
		/* the last key has none behind it */
		if (left > 0 && (ranges[left - 1].last == PG_UINT64_MAX ||
						 ranges[i].first <= ranges[left - 1].last + 1))
			ranges[left - 1].last = Max(ranges[left - 1].last, ranges[i].last);
		else
			ranges[left++] = ranges[i];
	}
	return left;
}

/* Adds what of a range that is not sure lies in none of n sure ones. */
static void
add_uncovered(VpKeyRanges *set, VpKeyRange range, const VpKeyRange *sure, int n)
{
	int			low = 0;
	int			high = n;

	/* the first that does not end before it */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (sure[middle].last < range.first)
			low = middle + 1;
		else
			high = middle;
	}
	for (int i = low; i < n && sure[i].first <= range.last; i++)
	{
		if (sure[i].first > range.first)
			vp_ranges_add(set, range.first, sure[i].first - 1, false);
		if (sure[i].last >= range.last)
			return;
		range.first = sure[i].last + 1;
	}
	vp_ranges_add(set, range.first, range.last, false);
}

void
vp_ranges_order(VpKeyRanges *set)
{
	VpKeyRange *given = set->ranges;
	int			n = set->n;
	int			nsure = 0;
	int			nunsure;

	if (n < 2)
		return;
	qsort(given, n, sizeof(VpKeyRange), compare);
	while (nsure < n && given[nsure].sure)
		nsure++;
	nunsure = join(given + nsure, n - nsure);
	if (nunsure == 0 || nsure == 0)
	{
		set->n = nunsure + join(given, nsure);
		return;
	}
	vp_ranges_init(set);
	for (int i = 0, joined = join(given, nsure); i < joined; i++)
		vp_ranges_add(set, given[i].first, given[i].last, true);
	n = set->n;
	for (int i = 0; i < nunsure; i++)
		/* what is added lies behind the n */
		add_uncovered(set, given[nsure + i], given, n);
	qsort(set->ranges, set->n, sizeof(VpKeyRange), compare_first);
	pfree(given);
}

void
vp_ranges_intersect(VpKeyRanges *set, const VpKeyRanges *other)
{
	VpKeyRanges both;
	int			i = 0;
	int			j = 0;

	vp_ranges_init(&both);
	while (i < set->n && j < other->n)
	{
		const VpKeyRange *a = &set->ranges[i];
		const VpKeyRange *b = &other->ranges[j];
		uint64		first = Max(a->first, b->first);
		uint64		last = Min(a->last, b->last);

		if (first <= last)
			vp_ranges_add(&both, first, last, a->sure && b->sure);
		if (a->last < b->last)
			i++;
		else
			j++;
	}
	pfree(set->ranges);
	*set = both;
}
