/*-------------------------------------------------------------------------
 *
 * node_matches.c
 *	  The nodes of an index that may match a filter: VpMatches over posting
 *	  lists.
 *
 * Those of the condition that leaves the fewest rows.  Where there is no
 * condition, or an index has no posting lists, all nodes may match.
 *
 * Ids come in the order of keys.  Where they are many, of many keys, they are
 * put into their own order first, by a bitmap, so that a page is come to once,
 * or into the order of cells, so that the search need not come to all; and where a second condition would leave far fewer of them, they are those
 * that both lists have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "graph/filter_rule.h"
#include "page/cells.h"
#include "search/node_matches.h"

#define IDS_AT_A_TIME	2048

/* Fewer than one id in so many are hardly ever two on a page. */
#define SPARSE			64

/*
 * Nanoseconds: an id is taken from a posting list, a word of a bitmap is made
 * and looked at.
 */
#define COST_POSTED		3.0
#define COST_WORD		1.0

/*----------
 * In their order
 *----------
 */

typedef uint64 *Bits;

static inline bool
test_bit(const Bits bits, VpId id)
{
	return (bits[id / 64] >> id % 64 & 1) != 0;
}

static inline void
set_bit(Bits bits, uint32 nids, VpId id)
{
	if (likely(id < nids))
		bits[id / 64] |= UINT64CONST(1) << id % 64;
}

/*
 * Sets the bits of ids, which mostly rise: those that come one after another are
 * of the same word, and each would wait for the one before.  So it takes them
 * from four places by turns.
 */
static void
set_bits(Bits bits, uint32 nids, const VpId *ids, int n)
{
	int			part = n / 4;

	for (int i = 0; i < part; i++)
		for (int j = 0; j < 4; j++)
			set_bit(bits, nids, ids[j * part + i]);
	for (int i = 4 * part; i < n; i++)
		set_bit(bits, nids, ids[i]);
}

/* The same of those ids that are in `among`, without a jump by what cannot be foretold. */
static void
set_common_bits(Bits bits, const Bits among, uint32 nids, const VpId *ids, int n)
{
	for (int i = 0; i < n; i++)
		if (likely(ids[i] < nids))
			bits[ids[i] / 64] |= (uint64) test_bit(among, ids[i]) << ids[i] % 64;
}

/* The ids of a condition, of those in `among`, if that is not NULL. */
static Bits
read_bits(VpNodeMatches *matches, const VpKeyCondition *condition, const Bits among)
{
	Bits		bits = MemoryContextAllocExtended(matches->context,
												  (matches->nids / 64 + 1) * sizeof(uint64),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	VpId		ids[IDS_AT_A_TIME];
	int			n;

	vp_scan_condition(matches->postings, condition);
	while ((n = vp_postings_next(matches->postings, ids, IDS_AT_A_TIME)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (among == NULL)
			set_bits(bits, matches->nids, ids, n);
		else
			set_common_bits(bits, among, matches->nids, ids, n);
	}
	return bits;
}

static void
list_bits(VpNodeMatches *matches, const Bits bits)
{
	uint32		words = matches->nids / 64 + 1;
	uint64		n = pg_popcount((const char *) bits, words * sizeof(uint64));

	matches->ids = MemoryContextAllocHuge(matches->context, Max(n, 1) * sizeof(VpId));
	matches->n = 0;
	for (uint32 i = 0; i < words; i++)
		for (uint64 rest = bits[i]; rest != 0; rest &= rest - 1)
			matches->ids[matches->n++] = i * 64 + pg_rightmost_one_pos64(rest);
	matches->matches.bound = matches->n;
}

static void
put_in_order(VpNodeMatches *matches)
{
	Bits		bits = read_bits(matches, matches->narrowest.condition[0], NULL);

	list_bits(matches, bits);
	pfree(bits);
	matches->next = 0;
}

/* Those of the two narrowest conditions. */
static void
take_both(VpNodeMatches *matches)
{
	Bits		first = read_bits(matches, matches->narrowest.condition[0], NULL);

	matches->bits = read_bits(matches, matches->narrowest.condition[1], first);
	pfree(first);
	list_bits(matches, matches->bits);
}

static inline bool
has_room(uint64 ids)
{
	return ids * sizeof(VpId) <= (uint64) work_mem * 1024;
}

/*
 * Is it worth while to begin with the nearest cells?  The list must be of all
 * that the filter asks for: what only seems to match would end the search before
 * it has enough.
 */
static bool
are_cells_better(const VpNodeMatches *matches, const VpFilter *filter, int ef)
{
	double		cells = vp_cell_count(&matches->index->meta);
	double		n = (double) matches->matches.bound;
	int			nlisted = matches->bits != NULL ? 2 : 1;

	return cells > 0 && filter->nconditions == nlisted && matches->matches.falsely == 0 &&
		has_room(matches->nids / 16) &&
		vp_nearest_cost(n, cells, ef, Max(matches->nids, 1)) < VP_COST_LISTED * n;
}

/*
 * The first is that of the nearest cell.  What lasts is allocated in
 * matches->context.
 */
static void
begin_cells(VpNodeMatches *matches)
{
	MemoryContext old = MemoryContextSwitchTo(matches->context);

	if (matches->near != NULL)
		vp_near_cells_end(matches->near);
	if (matches->bits == NULL)
		matches->bits = read_bits(matches, matches->narrowest.condition[0], NULL);
	matches->near = vp_near_cells_begin(matches->index, matches->query, matches->bits, matches->nids);
	MemoryContextSwitchTo(old);
}

/* Is it worth while to put the ids of a posting list into their order? */
static bool
are_to_be_ordered(const VpNodeMatches *matches)
{
	return matches->matches.bound > matches->nids / SPARSE && has_room(matches->matches.bound) &&
		!vp_postings_in_order(matches->postings);
}

/*
 * Is it worth while to read two lists?  If all that both have will be measured,
 * by the shares of rows that the conditions leave, and that costs less with
 * their reading than to measure those of one.
 */
static bool
are_both_better(const VpNodeMatches *matches, int ef)
{
	const uint64 *rows = matches->narrowest.rows;
	double		nids = Max(matches->nids, 1);
	double		share = Min(rows[0] / nids, 1) * Min(rows[1] / nids, 1);
	double		cost = COST_POSTED * (rows[0] + rows[1]) + COST_WORD * 2 * (nids / 64) +
	VP_COST_LISTED * share * nids;

	return matches->narrowest.condition[1] != NULL && has_room(rows[0]) &&
		cost < VP_COST_LISTED * rows[0] && cost < vp_visit_cost(ef, share, nids);
}

/* The share of all rows that some posting lists have. */
static double
listed_share(const VpNodeMatches *matches, int column, const VpKeySpan *spans, int nspans)
{
	return Min(vp_postings_count(matches->postings, column, spans, nspans) / (double) Max(matches->nids, 1), 1);
}

/*
 * Of the rows that do not match, the share that a test does not tell from
 * others, by what posting lists have, as if conditions had nothing to do with
 * one another.
 */
static double
false_share(const VpNodeMatches *matches, const VpFilter *filter)
{
	double		match = 1;
	double		pass = 1;

	for (int i = 0; i < filter->nconditions; i++)
	{
		const VpKeyCondition *condition = &filter->conditions[i];
		double		share = listed_share(matches, condition->column, condition->spans, condition->nspans);
		double		wide = condition->nwide > 0 ?
		listed_share(matches, condition->column, condition->wide, condition->nwide) : share;

		match *= share;
		pass *= Max(share, wide);
	}
	return match < 1 ? (pass - match) / (1 - match) : 0;
}

static bool
has_wide(const VpFilter *filter)
{
	for (int i = 0; i < filter->nconditions; i++)
		if (filter->conditions[i].nwide > 0)
			return true;
	return false;
}

/*----------
 * VpMatches
 *----------
 */

static int
next_ids(VpMatches *base, VpId *ids, int max)
{
	VpNodeMatches *matches = (VpNodeMatches *) base;
	int			n = 0;

	CHECK_FOR_INTERRUPTS();
	matches->at_start = false;
	if (matches->near != NULL)
		return vp_near_cells_next(matches->near, ids, max, &base->in_order);
	if (matches->ids != NULL)
	{
		n = Min((uint32) max, matches->n - matches->next);
		memcpy(ids, matches->ids + matches->next, n * sizeof(VpId));
		matches->next += n;
		return n;
	}
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

	matches->next = 0;
	base->in_order = false;
	if (base->cells > 0)
	{
		begin_cells(matches);
		return;
	}
	if (matches->postings == NULL || matches->ids != NULL)
		return;
	if (are_to_be_ordered(matches))
		put_in_order(matches);
	else if (!matches->at_start)
		vp_scan_condition(matches->postings, matches->narrowest.condition[0]);
	matches->at_start = true;
}

static int
pick_ids(VpMatches *base, VpId *ids, int n, int *nmatches)
{
	return vp_near_cells_pick(((VpNodeMatches *) base)->near, ids, n, nmatches);
}

/*
 * By a generator whose numbers need not be hard to guess (Marsaglia's
 * xorshift).
 */
static int
sample_ids(VpMatches *base, VpId *ids, int n)
{
	VpNodeMatches *matches = (VpNodeMatches *) base;

	if (matches->postings != NULL && matches->ids == NULL)
		return vp_postings_sample(matches->postings, ids, n);
	for (int i = 0; i < n && matches->matches.bound > 0; i++)
	{
		uint32		at;

		matches->random ^= matches->random << 13;
		matches->random ^= matches->random >> 7;
		matches->random ^= matches->random << 17;
		at = (uint32) (matches->random % matches->matches.bound);
		ids[i] = matches->ids != NULL ? matches->ids[at] : at;
	}
	return matches->matches.bound > 0 ? n : 0;
}

void
vp_node_matches_begin(VpNodeMatches *matches, const VpIndex *index, const VpQuery *query,
					  const VpFilter *filter, bool more, int ef, uint32 nids)
{
	matches->index = index;
	matches->query = query;
	matches->bits = NULL;
	matches->near = NULL;
	matches->matches.next = next_ids;
	matches->matches.again = again;
	matches->matches.pick = pick_ids;
	matches->matches.sample = sample_ids;
	matches->matches.bound = matches->nids = nids;
	matches->context = CurrentMemoryContext;
	matches->ids = NULL;
	matches->next = 0;
	matches->at_start = true;
	matches->random = UINT64CONST(0x9E3779B97F4A7C15);
	matches->postings = filter != NULL && filter->nconditions > 0 ? vp_postings_open(&index->store) : NULL;
	matches->matches.listed = matches->postings != NULL;
	matches->matches.falsely = 0;
	matches->matches.once = matches->matches.in_order = false;
	matches->matches.cells = 0;
	if (matches->postings == NULL)
		return;
	if (has_wide(filter))
		matches->matches.falsely = false_share(matches, filter);
	vp_find_narrowest(matches->postings, filter, &matches->narrowest);
	matches->matches.bound = matches->narrowest.rows[0];
	if (are_both_better(matches, ef))
		take_both(matches);
	else
		vp_scan_condition(matches->postings, matches->narrowest.condition[0]);
	if (!more && are_cells_better(matches, filter, ef))
		matches->matches.cells = vp_cell_count(&index->meta);
	matches->matches.once = matches->ids != NULL || matches->matches.cells > 0;
}
