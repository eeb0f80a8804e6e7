/*-------------------------------------------------------------------------
 *
 * measure.c
 *	  The size of the record that a row of the table is.
 *
 * An index is not given the other columns of a row, so the row is fetched: its
 * page was written or read a moment ago.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/detoast.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/as_owner.h"
#include "capacity/measure.h"

void
vp_measure_init(VpMeasure *measure, Relation rel)
{
	measure->vector_columns = vp_column_columns(rel->rd_indextuple, 1);
}

static uint64
column_bytes(Form_pg_attribute attribute, Datum value)
{
	if (attribute->attlen > 0)
		return attribute->attlen;
	if (attribute->attlen == -1)
		return toast_raw_datum_size(value) - VARHDRSZ;
	return strlen(DatumGetCString(value)) + 1;
}

static uint64
other_columns(const VpMeasure *measure, TupleTableSlot *slot)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	uint64		bytes = 0;

	slot_getallattrs(slot);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && !slot->tts_isnull[i] &&
			!bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, measure->vector_columns))
			bytes += column_bytes(attribute, slot->tts_values[i]);
	}
	return bytes;
}

/*
 * The row's living version, among those that the TID stands for; if there is none
 * any more (a row that is gone, but not for everybody, is indexed too), any.
 */
uint32
vp_measure_row(const VpMeasure *measure, Relation heap, ItemPointer tid, uint32 vector_bytes)
{
	Snapshot	snapshots[] = {SnapshotSelf, SnapshotAny};
	TupleTableSlot *slot = table_slot_create(heap, NULL);
	IndexFetchTableData *fetch = VpTableFetchBegin(heap);
	uint64		bytes = vector_bytes;

	for (int i = 0; i < lengthof(snapshots); i++)
	{
		ItemPointerData at = *tid;
		bool		again = false;

		if (table_index_fetch_tuple(fetch, &at, snapshots[i], slot, &again, NULL))
		{
			bytes += other_columns(measure, slot);
			break;
		}
	}
	table_index_fetch_end(fetch);
	ExecDropSingleTupleTableSlot(slot);
	return (uint32) Min(bytes, PG_UINT32_MAX);
}
