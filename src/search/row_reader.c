/*-------------------------------------------------------------------------
 *
 * row_reader.c
 *	  A row's values of the indexed columns and expressions, read from the table.
 *
 * That is where the exact vectors of types are whose values have no common
 * size.
 *
 * A TID may be of a row that is gone, and even of another one that has its
 * place now; but VACUUM gives no place away before the nodes that lead there
 * are marked, so that other one is younger than a scan that has come by the
 * TID, and its snapshot does not see it.  Versions of a row that stand behind
 * one TID (HOT) have the same values in all indexed columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "search/row_reader.h"
#include "base/as_owner.h"

struct VpRowReader
{
	Snapshot	snapshot;
	IndexFetchTableData *fetch;
	TupleTableSlot *slot;
	IndexInfo  *info;
	EState	   *estate;
	ExprState  *predicate;		/* NULL: all rows are in the index */
	Relation	heap;
	Relation	rel;
	bool		has_code;		/* functions of the owner's are evaluated */
	bool		seen;			/* there was a row, the last time */
};

VpRowReader *
vp_row_reader_begin(Relation heap, Relation rel, Snapshot snapshot)
{
	VpRowReader *reader = palloc(sizeof(VpRowReader));
	VpAsOwner	as;

	reader->heap = heap;
	reader->rel = rel;
	reader->has_code = vp_index_has_code(rel);
	reader->snapshot = snapshot;
	reader->fetch = VpTableFetchBegin(heap);
	reader->slot = table_slot_create(heap, NULL);
	if (reader->has_code)
		vp_as_owner_begin(&as, heap, rel);
	reader->info = BuildIndexInfo(rel);
	if (reader->has_code)
		vp_as_owner_end(&as);
	reader->predicate = NULL;
	reader->estate = CreateExecutorState();
	GetPerTupleExprContext(reader->estate)->ecxt_scantuple = reader->slot;
	return reader;
}

void
vp_row_reader_expect_others(VpRowReader *reader)
{
	VpAsOwner	as;

	if (reader->predicate != NULL || reader->info->ii_Predicate == NIL)
		return;
	vp_as_owner_begin(&as, reader->heap, reader->rel);
	reader->predicate = ExecPrepareQual(reader->info->ii_Predicate, reader->estate);
	vp_as_owner_end(&as);
}

void
vp_row_reader_end(VpRowReader *reader)
{
	table_index_fetch_end(reader->fetch);
	ExecDropSingleTupleTableSlot(reader->slot);
	FreeExecutorState(reader->estate);
	pfree(reader);
}

bool
vp_row_reader_seen(const VpRowReader *reader)
{
	return reader->seen;
}

/*
 * All columns of the index, of the row at a TID; false when the snapshot sees
 * none there.  Values live in the per-tuple context of reader->estate, until
 * the next row.  The row stays pinned in reader->slot.
 */
static bool
read_row(VpRowReader *reader, ItemPointer tid, Datum *values, bool *isnull)
{
	ItemPointerData at = *tid;
	bool		again = false;
	MemoryContext old;
	VpAsOwner	as;

	ResetPerTupleExprContext(reader->estate);
	reader->seen = table_index_fetch_tuple(reader->fetch, &at, reader->snapshot, reader->slot,
										   &again, NULL);
	if (!reader->seen)
		return false;
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(reader->estate));

	/*
	 * row security has not looked at the row yet: no function of the caller's
	 * may see it
	 */
	if (reader->has_code)
		vp_as_owner_begin(&as, reader->heap, reader->rel);
	reader->seen = ExecQual(reader->predicate, GetPerTupleExprContext(reader->estate));
	if (reader->seen)
		FormIndexDatum(reader->info, reader->slot, reader->estate, values, isnull);
	if (reader->has_code)
		vp_as_owner_end(&as);
	MemoryContextSwitchTo(old);
	return reader->seen;
}

const VpValue *
vp_row_reader_get(VpRowReader *reader, ItemPointer tid)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	const VpValue *value;
	MemoryContext old;

	if (!read_row(reader, tid, values, isnull) || isnull[0])
		return NULL;
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(reader->estate));
	value = vp_value_get(values[0]);
	MemoryContextSwitchTo(old);
	return value;
}

bool
vp_row_reader_column(VpRowReader *reader, ItemPointer tid, int attno, Datum *value, bool *isnull)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (!read_row(reader, tid, values, nulls))
		return false;
	*value = values[attno - 1];
	*isnull = nulls[attno - 1];
	return true;
}
