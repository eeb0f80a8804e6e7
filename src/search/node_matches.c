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

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "graph/filter_rule.h"
#include "page/cells.h"
#include "search/kept_ids.h"
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

/*
 * The ids of a condition, as bits; those of its runs are kept, if it is not the
 * first time that it comes.
 */
static Bits
read_bits(VpNodeMatches *matches, const VpKeyCondition *condition)
{
	uint32		words = matches->nids / 64 + 1;
	uint32		nkept;
	uint32		generation = vp_postings_generation(matches->postings);
	const uint64 *kept = vp_kept_ids_get(matches->index, generation, condition, &nkept);
	Bits		bits = MemoryContextAllocExtended(matches->context, words * sizeof(uint64),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	VpId		ids[IDS_AT_A_TIME];
	int			n;

	vp_scan_condition(matches->postings, condition);
	if (kept != NULL)
	{
		memcpy(bits, kept, Min(nkept, words) * sizeof(uint64));
		vp_postings_leave_runs(matches->postings);
	}
	while ((n = vp_postings_next(matches->postings, ids, IDS_AT_A_TIME)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		set_bits(bits, matches->nids, ids, n);
	}
	if (kept == NULL)
		vp_kept_ids_put(matches->index, generation, condition, bits, words);
	return bits;
}

static uint64
count_bits(const VpNodeMatches *matches, const Bits bits)
{
	return pg_popcount((const char *) bits, (matches->nids / 64 + 1) * sizeof(uint64));
}

static void
list_bits(VpNodeMatches *matches, const Bits bits)
{
	uint32		words = matches->nids / 64 + 1;

	matches->ids = MemoryContextAllocHuge(matches->context, Max(count_bits(matches, bits), 1) * sizeof(VpId));
	matches->n = 0;
	for (uint32 i = 0; i < words; i++)
		for (uint64 rest = bits[i]; rest != 0; rest &= rest - 1)
			matches->ids[matches->n++] = i * 64 + pg_rightmost_one_pos64(rest);
	matches->matches.bound = matches->n;
}

static void
put_in_order(VpNodeMatches *matches)
{
	Bits		bits = read_bits(matches, matches->counted[0].condition);

	list_bits(matches, bits);
	pfree(bits);
	matches->next = 0;
}

/* Reads the ids that so many of the narrowest conditions leave together. */
static void
read_common_bits(VpNodeMatches *matches, int nconditions)
{
	uint32		words = matches->nids / 64 + 1;

	matches->bits = read_bits(matches, matches->counted[0].condition);
	for (int i = 1; i < nconditions; i++)
	{
		Bits		more = read_bits(matches, matches->counted[i].condition);

		for (uint32 j = 0; j < words; j++)
			matches->bits[j] &= more[j];
		pfree(more);
	}
	matches->matches.bound = count_bits(matches, matches->bits);
}

static inline bool
has_room(uint64 ids)
{
	return ids * sizeof(VpId) <= (uint64) work_mem * 1024;
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
		matches->bits = read_bits(matches, matches->counted[0].condition);
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

/* What it takes to read the ids of one of the conditions into bits. */
static double
reading_cost(const VpNodeMatches *matches, int at)
{
	double		words = COST_WORD * matches->nids / 64;

	return matches->known[at] ? words : words + COST_POSTED * matches->counted[at].rows;
}

/*
 * Of n ids that begin with the nearest cells.  The list must be of all that the
 * filter asks for: what only seems to match would end the search before it has
 * enough.
 */
static double
cells_cost(const VpNodeMatches *matches, double n, int ef)
{
	double		cells = matches->more || matches->matches.falsely > 0 || !has_room(matches->nids / 16) ?
	0 : vp_cell_count(&matches->index->meta);

	return cells > 0 ? vp_nearest_cost(n, cells, ef, Max(matches->nids, 1)) : INFINITY;
}

/*
 * Of how many of the narrowest conditions is it worth while to read the lists,
 * and to look only at what they have in common?  By the shares of rows that the
 * conditions leave, as if they had nothing to do with one another.
 */
static int
conditions_to_read(const VpNodeMatches *matches, int ef)
{
	double		nids = Max(matches->nids, 1);
	double		share = Min(matches->counted[0].rows / nids, 1);
	double		reading = reading_cost(matches, 0);
	double		least = VP_COST_LISTED * matches->counted[0].rows;
	int			n = 1;

	if (!has_room(matches->counted[0].rows))
		return 1;
	for (int i = 1; i < matches->nconditions; i++)
	{
		double		cost;

		share *= Min(matches->counted[i].rows / nids, 1);
		reading += reading_cost(matches, i);
		cost = VP_COST_LISTED * share * nids;
		if (i == matches->nconditions - 1)
			cost = Min(cost, cells_cost(matches, share * nids, ef));
		cost += reading;
		if (cost >= least || cost >= vp_visit_cost(ef, share, nids))
			continue;
		least = cost;
		n = i + 1;
	}
	return n;
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
		vp_scan_condition(matches->postings, matches->counted[0].condition);
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
static uint64
draw(VpNodeMatches *matches, uint64 below)
{
	matches->random ^= matches->random << 13;
	matches->random ^= matches->random >> 7;
	matches->random ^= matches->random << 17;
	return matches->random % below;
}

/* One of the ids whose bits are set; any, if there is none. */
static VpId
draw_bit(VpNodeMatches *matches)
{
	uint32		words = matches->nids / 64 + 1;
	uint32		at = draw(matches, words);
	uint64		rest;

	for (uint32 i = 1; i < words && matches->bits[at] == 0; i++)
		at = at + 1 < words ? at + 1 : 0;
	rest = matches->bits[at];
	if (rest == 0)
		return draw(matches, matches->nids);
	for (uint64 skip = draw(matches, pg_popcount64(rest)); skip > 0; skip--)
		rest &= rest - 1;
	return at * 64 + pg_rightmost_one_pos64(rest);
}

static int
sample_ids(VpMatches *base, VpId *ids, int n)
{
	VpNodeMatches *matches = (VpNodeMatches *) base;

	if (matches->postings != NULL && matches->ids == NULL && matches->bits == NULL)
		return vp_postings_sample(matches->postings, ids, n);
	for (int i = 0; i < n && base->bound > 0; i++)
	{
		if (matches->ids != NULL)
			ids[i] = matches->ids[draw(matches, base->bound)];
		else
			ids[i] = matches->bits != NULL ? draw_bit(matches) : draw(matches, base->bound);
	}
	return base->bound > 0 ? n : 0;
}

/*
 * Which conditions are there, and which of them did earlier searches ask for?
 */
static void
count_conditions(VpNodeMatches *matches, const VpFilter *filter)
{
	uint32		generation = vp_postings_generation(matches->postings);

	matches->nconditions = filter->nconditions;
	matches->counted = vp_count_conditions(matches->postings, filter);
	matches->known = palloc(filter->nconditions * sizeof(bool));
	for (int i = 0; i < filter->nconditions; i++)
		matches->known[i] = vp_kept_ids_ask(matches->index, generation, matches->counted[i].condition);
	matches->matches.bound = matches->counted[0].rows;
}

/* Chooses where ids come from, and in which order. */
static void
choose_order(VpNodeMatches *matches, int ef)
{
	int			nread = conditions_to_read(matches, ef);
	uint64	   *bound = &matches->matches.bound;

	if (nread > 1)
		read_common_bits(matches, nread);
	else
		vp_scan_condition(matches->postings, matches->counted[0].condition);
	matches->matches.reading = nread > 1 ? 0 : reading_cost(matches, 0);
	if (nread == matches->nconditions &&
		matches->matches.reading + cells_cost(matches, *bound, ef) < VP_COST_LISTED * *bound)
		matches->matches.cells = vp_cell_count(&matches->index->meta);
	else if (nread > 1)
		list_bits(matches, matches->bits);
	matches->matches.once = matches->ids != NULL || matches->matches.cells > 0;
}

void
vp_node_matches_begin(VpNodeMatches *matches, const VpIndex *index, const VpQuery *query,
					  const VpFilter *filter, bool more, int ef, uint32 nids)
{
	memset(matches, 0, sizeof(*matches));
	matches->index = index;
	matches->query = query;
	matches->more = more;
	matches->matches.next = next_ids;
	matches->matches.again = again;
	matches->matches.pick = pick_ids;
	matches->matches.sample = sample_ids;
	matches->matches.bound = matches->nids = nids;
	matches->context = CurrentMemoryContext;
	matches->at_start = true;
	matches->random = UINT64CONST(0x9E3779B97F4A7C15);
	matches->postings = filter != NULL && filter->nconditions > 0 ? vp_postings_open(&index->store) : NULL;
	matches->matches.listed = matches->postings != NULL;
	if (matches->postings == NULL)
		return;
	if (has_wide(filter))
		matches->matches.falsely = false_share(matches, filter);
	count_conditions(matches, filter);
	choose_order(matches, ef);
}
