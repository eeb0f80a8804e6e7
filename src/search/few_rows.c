/*-------------------------------------------------------------------------
 *
 * few_rows.c
 *	  A few rows, known by their TIDs, measured in their table; see few_rows.h.
 *
 * From TIDs no way leads to nodes.  So where there are few, their vectors are
 * read from the table, as an ordinary plan would do that sorts what a bitmap
 * heap scan returns; here it is decided when their number is known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "search/few_rows.h"

/* Rows that have no distance, by what they are sorted. */
typedef struct FewRow
{
	VpHit		hit;
	bool		bare;			/* no vector */
} FewRow;

static inline int
compare(const FewRow *a, const FewRow *b)
{
	if (a->hit.dist < b->hit.dist)
		return -1;
	if (a->hit.dist > b->hit.dist)
		return 1;
	if (isnan(a->hit.dist) != isnan(b->hit.dist))
		return isnan(a->hit.dist) ? 1 : -1;
	return (int) a->bare - (int) b->bare;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE FewRow
#define ST_COMPARE(a, b) compare(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* One that is not seen is none: who asks for it will find nothing. */
static bool
measure(VpRowReader *reader, const VpIndex *index, const void *vector, FewRow *row)
{
	const VpValue *value = vp_row_reader_get(reader, &row->hit.tid);

	row->bare = value == NULL;
	row->hit.recheck = true;
	/* zero, under cosine: there is a vector, and no distance */
	row->hit.dist = value != NULL && vp_value_accepted(&index->meta, value) ?
		index->form->distance(&index->meta, vector, index->form->elements(value)) : NAN;
	return vp_row_reader_seen(reader);
}

VpFewRows *
vp_few_rows_measure(VpRowReader *reader, const VpIndex *index, const void *vector, const VpTidSet *tids)
{
	VpFewRows  *rows = palloc0(sizeof(VpFewRows));
	FewRow	   *all = MemoryContextAllocHuge(CurrentMemoryContext,
											 Max(vp_tid_set_size(tids), 1) * sizeof(FewRow));
	VpTidSetWalk walk = {0};

	vp_row_reader_expect_others(reader);
	while (vp_tid_set_next(tids, &walk, &all[rows->n].hit.tid))
	{
		CHECK_FOR_INTERRUPTS();
		rows->n += measure(reader, index, vector, &all[rows->n]);
	}
	sort_rows(all, rows->n);
	rows->hits = MemoryContextAllocHuge(CurrentMemoryContext, Max(rows->n, 1) * sizeof(VpHit));
	for (int64 i = 0; i < rows->n; i++)
		rows->hits[i] = all[i].hit;
	pfree(all);
	return rows;
}

bool
vp_few_rows_next(VpFewRows *rows, VpHit *hit)
{
	if (rows->next == rows->n)
		return false;
	*hit = rows->hits[rows->next++];
	return true;
}
