/*-------------------------------------------------------------------------
 *
 * kept_ids.c
 *	  The ids that conditions on keys leave, kept from one search to the next;
 *	  see kept_ids.h.
 *
 * To read the posting lists of a condition that half of all rows satisfy takes
 * as long as the rest of a search.  Their runs do not change: a manifest of a
 * later generation lists others.  So a process keeps the ids of the conditions
 * that it was asked for last.  The first time that a condition comes only the
 * condition is remembered, since many come once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/memutils.h"

#include "base/debug_point.h"
#include "search/kept_ids.h"

/* Conditions that are remembered, and bytes of all their ids. */
#define MOST_KEPT		16
#define MOST_BYTES		(8 * 1024 * 1024)

/* A condition that is a longer list of keys is not remembered. */
#define MOST_SPANS		64

typedef struct KeptIds
{
	uint64		opened;			/* the index: VpIndex.opened; 0: unused */
	uint32		generation;
	int			column;
	int			nspans;
	VpKeySpan  *spans;
	uint64	   *bits;			/* NULL: not kept */
	uint32		words;
	bool		again;			/* asked for more than once */
	uint64		asked;			/* the how many-th question was the last */
} KeptIds;

static KeptIds kept[MOST_KEPT];
static Size total = 0;			/* bytes of bits */
static uint64 questions = 0;

static void
drop_bits(KeptIds *ids)
{
	if (ids->bits == NULL)
		return;
	pfree(ids->bits);
	ids->bits = NULL;
	total -= ids->words * sizeof(uint64);
}

static void
forget(KeptIds *ids)
{
	drop_bits(ids);
	if (ids->spans != NULL)
		pfree(ids->spans);
	memset(ids, 0, sizeof(*ids));
}

/* Those of another generation are none. */
static KeptIds *
find(const VpIndex *index, uint32 generation, const VpKeyCondition *condition)
{
	for (int i = 0; i < MOST_KEPT; i++)
	{
		KeptIds    *ids = &kept[i];

		if (ids->opened != index->opened || ids->column != condition->column ||
			ids->nspans != condition->nspans ||
			memcmp(ids->spans, condition->spans, ids->nspans * sizeof(VpKeySpan)) != 0)
			continue;
		if (ids->generation != generation)
			drop_bits(ids);
		ids->generation = generation;
		return ids;
	}
	return NULL;
}

/* The one that was not asked for for the longest time; of all, or of those that have bits. */
static KeptIds *
oldest(bool with_bits)
{
	KeptIds    *ids = NULL;

	for (int i = 0; i < MOST_KEPT; i++)
		if ((!with_bits || kept[i].bits != NULL) && (ids == NULL || kept[i].asked < ids->asked))
			ids = &kept[i];
	return ids;
}

bool
vp_kept_ids_ask(const VpIndex *index, uint32 generation, const VpKeyCondition *condition)
{
	KeptIds    *ids = find(index, generation, condition);
	bool		known = ids != NULL;
	Size		bytes = condition->nspans * sizeof(VpKeySpan);

	if (condition->nspans > MOST_SPANS)
		return false;
	if (!known)
	{
		ids = oldest(false);
		forget(ids);
		VP_POINT("allocation");
		ids->spans = MemoryContextAlloc(TopMemoryContext, Max(bytes, 1));
		memcpy(ids->spans, condition->spans, bytes);
		ids->opened = index->opened;
		ids->generation = generation;
		ids->column = condition->column;
		ids->nspans = condition->nspans;
	}
	ids->again = known;
	ids->asked = ++questions;
	return known;
}

const uint64 *
vp_kept_ids_get(const VpIndex *index, uint32 generation, const VpKeyCondition *condition, uint32 *words)
{
	const KeptIds *ids = find(index, generation, condition);

	if (ids == NULL)
		return NULL;
	*words = ids->words;
	return ids->bits;
}

void
vp_kept_ids_put(const VpIndex *index, uint32 generation, const VpKeyCondition *condition,
				const uint64 *bits, uint32 words)
{
	KeptIds    *ids = find(index, generation, condition);
	Size		bytes = words * sizeof(uint64);
	KeptIds    *least;

	if (ids == NULL || !ids->again || bytes > MOST_BYTES)
		return;
	drop_bits(ids);
	while (total + bytes > MOST_BYTES && (least = oldest(true)) != NULL)
		drop_bits(least);
	VP_POINT("allocation");
	ids->bits = MemoryContextAlloc(TopMemoryContext, bytes);
	memcpy(ids->bits, bits, bytes);
	ids->words = words;
	total += bytes;
}
