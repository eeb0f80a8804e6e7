/*-------------------------------------------------------------------------
 *
 * residency.c
 *	  What SQL sees of the keeper's work, and waiting for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/loaded.h"
#include "base/options.h"
#include "base/settings.h"
#include "base/wait_event.h"
#include "capacity/index_state.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/scaling.h"
#include "capacity/tier.h"
#include "page/store.h"
#include "replica/registry.h"

VP_SERVER_FUNCTION(vecprov_residency);
VP_SERVER_FUNCTION(vecprov_wait);

/* Milliseconds between two looks of who waits. */
#define LOOK_EVERY	10

/* Of an index, by its OID: state, error, pinned and wanted bytes, replicas; NULL: nothing known. */
Datum
vecprov_residency(PG_FUNCTION_ARGS)
{
	VpSlot		slot;
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!vp_slot_look(MyDatabaseId, PG_GETARG_OID(0), &slot))
		PG_RETURN_NULL();
	values[0] = CStringGetTextDatum(vp_state_name(slot.state));
	values[1] = CStringGetTextDatum(slot.error);
	nulls[1] = slot.error[0] == '\0';
	values[2] = Int64GetDatum((int64) slot.pinned * BLCKSZ);
	values[3] = Int64GetDatum((int64) slot.wanted * BLCKSZ);
	values[4] = Int32GetDatum(slot.definition.wish.replicas);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* The wish of an index; ereports when it is none of ours. */
static void
read_wish(Oid relid, VpWish *wish, char *name)
{
	Relation	rel = vp_own_index_get(relid);

	vp_get_wish((VpOptions *) rel->rd_options, wish);
	strlcpy(name, RelationGetRelationName(rel), NAMEDATALEN);
	relation_close(rel, AccessShareLock);
}

/*
 * Are records still to be moved between shards?  Waits for who has the index locked.
 * ereports when the index is damaged.
 */
static bool
is_scaling(Oid relid, const VpWish *wish)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		scaling = false;
	VpIndexLook look;

	vp_index_look(rel, &look);
	if (look.problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" is damaged", RelationGetRelationName(rel)),
				 errdetail_internal("%s", look.problem),
				 errhint("Please REINDEX it.")));
	if (look.sound)
		scaling = vp_is_scaling(&look.meta, wish);
	relation_close(rel, AccessShareLock);
	return scaling;
}

/* Is it as wished for?  ereports when it cannot be. */
static bool
is_done(Oid relid)
{
	VpWish		wish;
	VpSlot		slot;
	char		name[NAMEDATALEN];
	bool		scaling;

	read_wish(relid, &wish, name);
	scaling = is_scaling(relid, &wish);
	if (!VpIsProvisioned(&wish))
		return !vp_slot_look(MyDatabaseId, relid, &slot) && !scaling;
	if (vp_max_provisioned == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" cannot be kept in memory", name),
				 errhint("Set vecprov.max_provisioned_indexes to 1 or more.")));
	if (!vp_slot_look(MyDatabaseId, relid, &slot) ||
		memcmp(&slot.definition.wish, &wish, sizeof(wish)) != 0)
		return false;
	/* before the catalogues were read in this hold, it may be of another file */
	if (slot.state == VP_ERROR && (slot.hold == 0 || slot.sure != slot.hold))
		return false;
	if (slot.state == VP_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" cannot be kept in memory", name),
				 errdetail_internal("%s", slot.error)));
	return slot.state == (wish.replicas == 0 ? VP_SUSPENDED : VP_READY) && !scaling;
}

/* Arguments: index, how long at most (NULL: for ever). */
Datum
vecprov_wait(PG_FUNCTION_ARGS)
{
	TimestampTz end = DT_NOEND;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		end = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
													  TimestampTzGetDatum(GetCurrentTimestamp()),
													  PG_GETARG_DATUM(1)));
	while (!is_done(PG_GETARG_OID(0)))
	{
		if (GetCurrentTimestamp() >= end)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("the capacity of the index is not ready yet"),
					 errhint("%s shows how far it is. Changes of this transaction "
							 "are not made before it commits.", vp_own_table_name("indexes"))));
		(void) vp_wait(VP_WAIT_READY, LOOK_EVERY);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_VOID();
}
