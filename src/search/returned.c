/*-------------------------------------------------------------------------
 *
 * returned.c
 *	  Which rows a scan has returned, and which it still has to; see returned.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/float.h"
#include "utils/memutils.h"

#include "search/returned.h"

/* Rows by their TIDs, in one number. */
typedef struct SeenRow
{
	uint64		row;
	char		status;			/* of simplehash */
} SeenRow;

#define SH_PREFIX rows
#define SH_ELEMENT_TYPE SeenRow
#define SH_KEY_TYPE uint64
#define SH_KEY row
#define SH_HASH_KEY(table, key) ((uint32) ((key) * UINT64CONST(0x9E3779B97F4A7C15) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

void
vp_returned_begin(VpReturned *returned, MemoryContext context)
{
	memset(returned, 0, sizeof(*returned));
	returned->context = context;
}

static uint64
number_of(const ItemPointerData *tid)
{
	return (uint64) ItemPointerGetBlockNumberNoCheck(tid) << 16 | ItemPointerGetOffsetNumberNoCheck(tid);
}

/* From now on rows are looked up: there are too many to be compared. */
static void
look_up_rows(VpReturned *returned)
{
	rows_hash  *seen = rows_create(returned->context, 8 * VP_FEW_ROWS, NULL);
	bool		found;

	for (int i = 0; i < returned->ntids; i++)
		(void) rows_insert(seen, number_of(&returned->tids[i]), &found);
	returned->seen = seen;
}

bool
vp_returned_before(VpReturned *returned, const ItemPointerData *tid)
{
	bool		found = false;

	if (returned->seen == NULL && returned->ntids == VP_FEW_ROWS)
		look_up_rows(returned);
	if (returned->seen != NULL)
	{
		(void) rows_insert(returned->seen, number_of(tid), &found);
		return found;
	}
	for (int i = 0; i < returned->ntids; i++)
		if (ItemPointerEquals(&returned->tids[i], unconstify(ItemPointerData *, tid)))
			return true;
	returned->tids[returned->ntids++] = *tid;
	return false;
}

void
vp_returned_put_off(VpReturned *returned, const VpHit *hit)
{
	if (returned->nlate == returned->room)
	{
		int			room = Max(2 * returned->room, VP_FEW_ROWS);
		VpHit	   *late = MemoryContextAllocHuge(returned->context, room * sizeof(VpHit));

		if (returned->nlate > 0)
		{
			memcpy(late, returned->late, returned->nlate * sizeof(VpHit));
			pfree(returned->late);
		}
		returned->late = late;
		returned->room = room;
	}
	returned->late[returned->nlate++] = *hit;
}

static int
compare_hits(const void *a, const void *b)
{
	return float8_cmp_internal(((const VpHit *) a)->dist, ((const VpHit *) b)->dist);
}

bool
vp_returned_late(VpReturned *returned, VpHit *hit)
{
	if (returned->next_late == 0)
		qsort(returned->late, returned->nlate, sizeof(VpHit), compare_hits);
	if (returned->next_late == returned->nlate)
		return false;
	*hit = returned->late[returned->next_late++];
	return true;
}
