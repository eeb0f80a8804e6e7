/*-------------------------------------------------------------------------
 *
 * aminsert.c
 *	  Inserting a row.
 *
 * capacity/ says whether the row may be written now, and how much it counts; write/ writes
 * it and links it into the graph.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "am/aminsert.h"
#include "am/old_version.h"
#include "base/loaded.h"
#include "capacity/admission.h"
#include "capacity/index_capacity.h"
#include "key/key_column.h"
#include "search/index.h"
#include "write/bare_insert.h"
#include "write/exponent.h"
#include "write/inserter.h"

/* Writes a row's value.  ereports, having changed nothing, when there is no leave or no room. */
static void
insert_value(Relation rel, Relation heap, IndexInfo *info, const VpValue *value,
			 const Datum *values, const bool *isnull, ItemPointer tid, bool unchanged)
{
	VpMeta		meta = vp_index_get(rel)->meta;
	VpAdmission admission;
	VpRowKeys	keys;

	/* this may read catalogs, and a value: what is kept of the index may go */
	vp_keys_store(&meta, values, isnull, &keys);
	vp_admit_row(rel, heap, info, tid, vp_index_get(rel)->form->record_bytes(value), &admission);
	if (admission.room.replaces)
	{
		admission.room.replaced = admission.size;
		admission.room.replaces = vp_replaces_record(rel, heap, info, tid,
													 &admission.room.replaced);
	}
	while (!vp_insert_value(rel, heap, value, &keys, tid, admission.size, unchanged, &admission.room))
		if (!vp_admit_again(rel, info, &admission.room))
			vp_capacity_refuse(&vp_index_get(rel)->store, admission.size, &admission.room);
	vp_admission_done(&admission);
	vp_exponent_keep(vp_index_get(rel));
}

bool
vp_insert(Relation rel, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
		  IndexUniqueCheck unique, bool unchanged, IndexInfo *info)
{
	const VpValue *value;

	vp_loaded_need();
	if (isnull[0])
	{
		vp_bare_insert(rel, heap, VP_BARE_NULL, tid);
		return false;
	}
	value = vp_value_get(values[0]);
	if (vp_value_accepted(&vp_index_get(rel)->meta, value))
		insert_value(rel, heap, info, value, values, isnull, tid, unchanged);
	else
		vp_bare_insert(rel, heap, VP_BARE_NAN, tid);
	vp_value_free(value, values[0]);
	return false;
}
