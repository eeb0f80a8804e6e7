/*-------------------------------------------------------------------------
 *
 * node_matches.c
 *	  The nodes of an index that may match a filter: VpMatches over posting
 *	  lists.
 *
 * Those of the condition that leaves the fewest rows.  Where there is no condition, or an index has no
 * posting lists, all nodes may match.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "search/narrowest.h"
#include "search/node_matches.h"

static int
next_ids(VpMatches *base, VpId *ids, int max)
{
	VpNodeMatches *matches = (VpNodeMatches *) base;
	int			n = 0;

	CHECK_FOR_INTERRUPTS();
	matches->at_start = false;
	if (matches->postings != NULL)
		return vp_postings_next(matches->postings, ids, max);
	while (n < max && matches->next < matches->matches.bound)
		ids[n++] = matches->next++;
	return n;
}

static void
again(VpMatches *base)
{
	VpNodeMatches *matches = (VpNodeMatches *) base;

	if (matches->postings != NULL && !matches->at_start)
		(void) vp_scan_narrowest(matches->postings, matches->filter);
	matches->next = 0;
	matches->at_start = true;
}

/* All ids: by a generator whose numbers need not be hard to guess (Marsaglia's xorshift). */
static int
sample_ids(VpMatches *base, VpId *ids, int n)
{
	VpNodeMatches *matches = (VpNodeMatches *) base;

	if (matches->postings != NULL)
		return vp_postings_sample(matches->postings, ids, n);
	for (int i = 0; i < n && matches->matches.bound > 0; i++)
	{
		matches->random ^= matches->random << 13;
		matches->random ^= matches->random >> 7;
		matches->random ^= matches->random << 17;
		ids[i] = (VpId) (matches->random % matches->matches.bound);
	}
	return matches->matches.bound > 0 ? n : 0;
}

void
vp_node_matches_begin(VpNodeMatches *matches, const VpStore *store, const VpFilter *filter,
					  uint32 nids)
{
	matches->matches.next = next_ids;
	matches->matches.again = again;
	matches->matches.sample = sample_ids;
	matches->filter = filter;
	matches->postings = filter != NULL && filter->nconditions > 0 ? vp_postings_open(store) : NULL;
	matches->matches.listed = matches->postings != NULL;
	matches->matches.bound = matches->postings != NULL ?
		vp_scan_narrowest(matches->postings, filter) : nids;
	matches->at_start = true;
	matches->next = 0;
	matches->random = UINT64CONST(0x9E3779B97F4A7C15);
}
