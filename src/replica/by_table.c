/*-------------------------------------------------------------------------
 *
 * by_table.c
 *	  The k nearest rows to many queries, found by reading the table; see by_table.h.
 *
 * Two users act.  The caller runs a plain SELECT of the columns that the index is made of: he
 * needs the right to them, row security filters for him, and no function is called but those of
 * the policies.  With what comes back, the table's owner evaluates the index's expressions: his
 * functions run with his rights, and meet no row that the caller does not see.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/sysattr.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/as_owner.h"
#include "replica/by_table.h"
#include "search/index.h"
#include "search/nearest.h"

/* Rows that are read at a time. */
#define PORTION		100

typedef struct TableSearch
{
	Relation	heap;
	Relation	rel;
	const VpIndex *index;
	AttrNumber *columns;		/* of the SELECT, behind ctid */
	int			ncolumns;

	IndexInfo  *info;
	EState	   *estate;
	ExprState  *predicate;
	TupleTableSlot *row;

	/* those of the present pass */
	const Datum *queries;
	VpNearest  *nearest;
	int			nqueries;
} TableSearch;

/* Columns that the index is made of; all, if it takes a row as a whole. */
static void
choose_columns(TableSearch *search)
{
	TupleDesc	desc = RelationGetDescr(search->heap);
	Bitmapset  *used = vp_index_columns(search->rel->rd_indextuple);
	bool		whole = bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, used);

	search->columns = palloc(desc->natts * sizeof(AttrNumber));
	for (AttrNumber i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped &&
			(whole || bms_is_member(i - FirstLowInvalidHeapAttributeNumber, used)))
			search->columns[search->ncolumns++] = i;
}

static char *
statement(const TableSearch *search)
{
	Relation	heap = search->heap;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ctid");
	for (int i = 0; i < search->ncolumns; i++)
		appendStringInfo(&sql, ", %s",
						 quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(heap),
																search->columns[i] - 1)->attname)));
	appendStringInfo(&sql, " FROM ONLY %s",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(heap)),
												RelationGetRelationName(heap)));
	return sql.data;
}

/* Makes of a row of the SELECT one of the table; others of its columns are null. */
static void
set_row(const TableSearch *search, HeapTuple tuple, TupleDesc desc)
{
	TupleTableSlot *row = search->row;
	bool		isnull;

	ExecClearTuple(row);
	memset(row->tts_isnull, true, row->tts_tupleDescriptor->natts * sizeof(bool));
	row->tts_tid = *(ItemPointer) DatumGetPointer(SPI_getbinval(tuple, desc, 1, &isnull));
	for (int i = 0; i < search->ncolumns; i++)
	{
		int			at = search->columns[i] - 1;

		row->tts_values[at] = SPI_getbinval(tuple, desc, i + 2, &row->tts_isnull[at]);
	}
	ExecStoreVirtualTuple(row);
}

/* Offers the row to all queries, if the index should have it.  The table's owner acts. */
static void
measure_row(TableSearch *search)
{
	ExprContext *context = GetPerTupleExprContext(search->estate);
	const VpIndex *index = search->index;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	const VpValue *value;

	CHECK_FOR_INTERRUPTS();
	context->ecxt_scantuple = search->row;
	if (search->predicate != NULL && !ExecQual(search->predicate, context))
		return;
	FormIndexDatum(search->info, search->row, search->estate, values, isnull);
	if (isnull[0])
		return;
	value = vp_value_get(values[0]);
	if (!vp_value_accepted(&index->meta, value))
		return;
	for (int i = 0; i < search->nqueries; i++)
		vp_nearest_offer(&search->nearest[i], &search->row->tts_tid,
						 index->form->distance(&index->meta,
											   index->form->elements((const VpValue *) DatumGetPointer(search->queries[i])),
											   index->form->elements(value)));
}

/* Begins to evaluate as the owner: what is constant in expressions is evaluated here. */
static void
prepare(TableSearch *search)
{
	VpAsOwner	as;

	search->estate = CreateExecutorState();
	search->row = MakeSingleTupleTableSlot(RelationGetDescr(search->heap), &TTSOpsVirtual);
	vp_as_owner_begin(&as, search->heap, search->rel);
	search->info = BuildIndexInfo(search->rel);
	search->predicate = ExecPrepareQual(search->info->ii_Predicate, search->estate);
	vp_as_owner_end(&as);
}

/* Reads the table once. */
static void
read_table(TableSearch *search, SPIPlanPtr plan)
{
	Portal		portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);

	for (;;)
	{
		SPITupleTable *rows;
		VpAsOwner	as;

		SPI_cursor_fetch(portal, true, PORTION);
		rows = SPI_tuptable;
		if (rows->numvals == 0)
			break;
		vp_as_owner_begin(&as, search->heap, search->rel);
		for (uint64 i = 0; i < rows->numvals; i++)
		{
			MemoryContext old;

			set_row(search, rows->vals[i], rows->tupdesc);
			old = MemoryContextSwitchTo(GetPerTupleMemoryContext(search->estate));
			measure_row(search);
			MemoryContextSwitchTo(old);
			ResetPerTupleExprContext(search->estate);
		}
		vp_as_owner_end(&as);
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
}

void
vp_search_table(Relation heap, Relation rel, int nqueries, const Datum *queries, int k,
				VpFoundCall found, void *arg)
{
	TableSearch search = {.heap = heap,.rel = rel};
	Size		room = work_mem * (Size) 1024 / VP_NEAREST_BYTES(k);
	int			at_once = (int) Min(Max(room, 1), (Size) nqueries);
	SPIPlanPtr	plan;
	char	   *sql;

	SPI_connect();
	search.index = vp_index_copy(vp_index_get(rel));
	choose_columns(&search);
	sql = statement(&search);
	plan = SPI_prepare(sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	prepare(&search);
	search.nearest = palloc(at_once * sizeof(VpNearest));
	for (int i = 0; i < at_once; i++)
		vp_nearest_init(&search.nearest[i], k);
	for (int first = 0; first < nqueries; first += at_once)
	{
		search.queries = queries + first;
		search.nqueries = Min(at_once, nqueries - first);
		for (int i = 0; i < search.nqueries; i++)
			search.nearest[i].n = 0;
		read_table(&search, plan);
		for (int i = 0; i < search.nqueries; i++)
		{
			vp_nearest_sort(&search.nearest[i]);
			for (int j = 0; j < search.nearest[i].n; j++)
				found(first + i, j + 1, &search.nearest[i].hits[j], arg);
		}
	}
	ExecDropSingleTupleTableSlot(search.row);
	FreeExecutorState(search.estate);
	SPI_finish();
}
