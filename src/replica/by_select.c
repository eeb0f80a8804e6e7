/*-------------------------------------------------------------------------
 *
 * by_select.c
 *	  The k nearest rows to many queries, found by what the caller may SELECT; see by_select.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "base/settings.h"
#include "replica/by_select.h"
#include "replica/caller_rows.h"
#include "search/index.h"
#include "search/nearest.h"

static double
distance(const VpIndex *index, Datum query, const VpValue *value)
{
	return index->form->distance(&index->meta,
								 index->form->elements((const VpValue *) DatumGetPointer(query)),
								 index->form->elements(value));
}

/* Reads the table once, for some of the queries. */
static void
read_table(VpCallerRows *rows, const VpIndex *index, const Datum *queries, VpNearest *nearest, int n)
{
	ItemPointerData tid;
	const VpValue *value;

	for (int i = 0; i < n; i++)
		nearest[i].n = 0;
	vp_caller_rows_begin(rows, NULL);
	while ((value = vp_caller_rows_next(rows, &tid)) != NULL)
		for (int i = 0; i < n; i++)
			vp_nearest_offer(&nearest[i], &tid, distance(index, queries[i], value));
}

void
vp_select_by_table(const VpSelectBatch *batch)
{
	Size		room = work_mem * (Size) 1024 / VP_NEAREST_BYTES(batch->k);
	int			at_once = (int) Min(Max(room, 1), (Size) batch->nqueries);
	const VpIndex *index = vp_index_copy(vp_index_get(batch->rel));
	VpCallerRows *rows = vp_caller_rows_open(batch->heap, batch->rel, batch->filter, 0);
	VpNearest  *nearest = palloc(at_once * sizeof(VpNearest));

	for (int i = 0; i < at_once; i++)
		vp_nearest_init(&nearest[i], batch->k);
	for (int first = 0; first < batch->nqueries; first += at_once)
	{
		int			n = Min(at_once, batch->nqueries - first);

		read_table(rows, index, batch->queries + first, nearest, n);
		for (int i = 0; i < n; i++)
		{
			vp_nearest_sort(&nearest[i]);
			for (int j = 0; j < nearest[i].n; j++)
				batch->found(first + i, j + 1, &nearest[i].hits[j], batch->arg);
		}
	}
	vp_caller_rows_close(rows);
}

/* Runs one query by the index. */
static void
search(const VpSelectBatch *batch, VpCallerRows *rows, const VpIndex *index, int query)
{
	int			rank = 0;
	const VpValue *value;
	VpHit		hit;

	vp_caller_rows_begin(rows, (const VpValue *) DatumGetPointer(batch->queries[query]));
	while ((value = vp_caller_rows_next(rows, &hit.tid)) != NULL)
	{
		hit.dist = distance(index, batch->queries[query], value);
		batch->found(query, ++rank, &hit, batch->arg);
	}
}

void
vp_select_by_index(const VpSelectBatch *batch)
{
	const VpIndex *index = vp_index_copy(vp_index_get(batch->rel));
	int			guc_level = NewGUCNestLevel();
	VpCallerRows *rows;

	if (vp_iterative_scan == VP_ITERATIVE_OFF)
		vp_settings_change("vecprov.iterative_scan", "strict_order");
	vp_settings_change("vecprov.max_scan_tuples", "0");
	rows = vp_caller_rows_open(batch->heap, batch->rel, batch->filter, batch->k);
	for (int i = 0; i < batch->nqueries; i++)
		search(batch, rows, index, i);
	vp_caller_rows_close(rows);
	AtEOXact_GUC(false, guc_level);
}
