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
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/tuptable.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/snapmgr.h"

#include "base/as_owner.h"
#include "capacity/measure.h"

/*
 * Of a sparsevec: bytes between its length and its elements, and of each, as
 * it is stored and as it counts.
 */
#define SPARSE_HEADER	12
#define SPARSE_STORED	8
#define SPARSE_COUNTED	9

/* Is a type one of vecprov's, or of pgvector, whose values vecprov reads as its own? */
static bool
is_vector_type(Oid type)
{
	Oid			extension = getExtensionOfObject(TypeRelationId, type);
	char	   *name = OidIsValid(extension) ? get_extension_name(extension) : NULL;

	return name != NULL && (strcmp(name, "vecprov") == 0 || strcmp(name, "vector") == 0);
}

static VpColumnRule
rule_of_name(const char *name)
{
	if (strcmp(name, "sparsevec") == 0)
		return VP_RULE_SPARSE;
	if (strcmp(name, "vector") == 0 || strcmp(name, "halfvec") == 0)
		return VP_RULE_DENSE;
	return VP_RULE_BYTES;
}

static VpColumnRule
rule_of(Oid type)
{
	Oid			base = getBaseType(type);
	VpColumnRule rule;
	HeapTuple	tuple;

	if (base == BITOID)
		return VP_RULE_DENSE;
	if (base < FirstNormalObjectId)
		return VP_RULE_BYTES;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(base));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", base);
	/* most others are told by their names alone */
	rule = rule_of_name(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return rule != VP_RULE_BYTES && is_vector_type(base) ? rule : VP_RULE_BYTES;
}

void
vp_measure_init(VpMeasure *measure, Relation rel)
{
	Relation	heap = table_open(rel->rd_index->indrelid, NoLock);
	TupleDesc	desc = RelationGetDescr(heap);

	measure->vector_columns = vp_column_columns(rel->rd_indextuple, 1);
	measure->rules = palloc0(Max(desc->natts, 1) * sizeof(VpColumnRule));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped &&
			!bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, measure->vector_columns))
			measure->rules[i] = rule_of(attribute->atttypid);
	}
	table_close(heap, NoLock);
}

uint64
vp_measure_sparse(Datum value)
{
	return (toast_raw_datum_size(value) - VARHDRSZ - SPARSE_HEADER) / SPARSE_STORED * SPARSE_COUNTED;
}

/* Values of vector types begin with their length, in a word. */
static uint64
column_bytes(Form_pg_attribute attribute, VpColumnRule rule, Datum value)
{
	uint64		bytes;

	if (attribute->attlen > 0)
		return attribute->attlen;
	if (attribute->attlen != -1)
		return strlen(DatumGetCString(value)) + 1;
	bytes = toast_raw_datum_size(value) - VARHDRSZ;
	switch (rule)
	{
		case VP_RULE_DENSE:
			return bytes - sizeof(int32);
		case VP_RULE_SPARSE:
			return vp_measure_sparse(value);
		default:
			return bytes;
	}
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
			bytes += column_bytes(attribute, measure->rules[i], slot->tts_values[i]);
	}
	return bytes;
}

uint32
vp_measure_slot(const VpMeasure *measure, TupleTableSlot *slot, uint32 vector_bytes)
{
	return (uint32) Min(vector_bytes + other_columns(measure, slot), PG_UINT32_MAX);
}

/* Tables of other access methods do not say. */
static bool
is_newer_version(TupleTableSlot *slot)
{
	return TTS_IS_BUFFERTUPLE(slot) &&
		(((BufferHeapTupleTableSlot *) slot)->base.tuple->t_data->t_infomask & HEAP_UPDATED);
}

/*
 * The row's living version, among those that the TID stands for; if there is none
 * any more (a row that is gone, but not for everybody, is indexed too), any.
 */
uint32
vp_measure_row(const VpMeasure *measure, Relation heap, ItemPointer tid, uint32 vector_bytes,
			   bool *replaces)
{
	Snapshot	snapshots[] = {SnapshotSelf, SnapshotAny};
	TupleTableSlot *slot = table_slot_create(heap, NULL);
	IndexFetchTableData *fetch = VpTableFetchBegin(heap);
	uint32		bytes = vector_bytes;

	if (replaces != NULL)
		*replaces = false;
	for (int i = 0; i < lengthof(snapshots); i++)
	{
		ItemPointerData at = *tid;
		bool		again = false;

		if (table_index_fetch_tuple(fetch, &at, snapshots[i], slot, &again, NULL))
		{
			bytes = vp_measure_slot(measure, slot, vector_bytes);
			if (replaces != NULL)
				*replaces = is_newer_version(slot);
			break;
		}
	}
	table_index_fetch_end(fetch);
	ExecDropSingleTupleTableSlot(slot);
	return bytes;
}
