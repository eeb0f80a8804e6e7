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
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/loaded.h"
#include "base/options.h"
#include "base/settings.h"
#include "base/wait_event.h"
#include "capacity/index_state.h"
#include "capacity/memory.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/rights.h"
#include "capacity/scaling.h"
#include "capacity/tier.h"
#include "page/page_locks.h"
#include "page/store.h"
#include "replica/idle.h"
#include "replica/slot_state.h"

VP_SERVER_FUNCTION(vecprov_residency);
VP_SERVER_FUNCTION(vecprov_wait);

/* Milliseconds between two looks of vecprov_wait. */
#define LOOK_EVERY	10

/*
 * Seconds after which vecprov_wait gives up if a background process is missing.
 * Those that end come back after one.
 */
#define GIVE_UP_AFTER	10

/* What vecprov_wait waits for. */
typedef enum Awaited
{
	NOTHING,
	BUILD,						/* to be ended by whoever builds it */
	DEFINITION,					/* to be read by a catalogue reader */
	PAGES,						/* to be pinned or unpinned by the keeper */
	WORKERS,					/* to be started by the launcher */
	RECORDS						/* to be moved between shards */
} Awaited;

static const char *const process_name[] = {
	[DEFINITION] = "vecprov catalog reader",
	[PAGES] = "vecprov keeper",
	[WORKERS] = "vecprov launcher",
	[RECORDS] = "vecprov mover"
};

/* The columns, in the order of sql/install/33_replica.sql. */
enum
{
	COLUMN_STATE,
	COLUMN_ERROR,
	COLUMN_RESIDENT,
	COLUMN_WANTED,
	COLUMN_REPLICAS,
	NCOLUMNS
};

/* How far an index is in memory, or the partitions of one. */
typedef struct Residency
{
	VpState		state;
	const char *error;			/* NULL: none */
	bool		counted;		/* the others are known */
	int64		pinned;			/* bytes */
	int64		wanted;
	int			replicas;		/* that are complete */
} Residency;

/*
 * The wish of an index as the catalogues have it.  False: it has none, or is
 * none of ours.
 */
static bool
look_up_wish(Oid relid, VpWish *wish)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			am = vp_own_am();
	bool		ours;
	bool		isnull = true;
	Datum		options = 0;

	memset(wish, 0, sizeof(*wish));
	if (!HeapTupleIsValid(tuple))
		return false;
	ours = OidIsValid(am) && ((Form_pg_class) GETSTRUCT(tuple))->relam == am;
	if (ours)
		options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		vp_get_wish((VpOptions *) vp_options(options, false), wish);
	ReleaseSysCache(tuple);
	return VpIsProvisioned(wish);
}

/*
 * Is what the registry has of an index what it wishes for, and what its tier is now; and is it the
 * seats of the same index that it uses?
 */
static bool
is_current(const VpDefinition *definition, const VpWish *wish)
{
	Oid			decider = vp_decider(definition->index);
	VpTier		tier;

	if (memcmp(&definition->wish, wish, sizeof(*wish)) != 0 ||
		definition->decider != (decider != definition->index ? decider : InvalidOid))
		return false;
	/* a promotion makes unlogged indexes be there */
	if (definition->there != (definition->permanent || !RecoveryInProgress()))
		return false;
	if (!vp_tier_find(wish->tier, &tier))
		return !definition->known;
	return definition->known && definition->units == tier.units &&
		definition->keeps_vectors == tier.keeps_vectors;
}

/*
 * Are there more provisioned indexes than slots, and none will be free by
 * itself?  Takes and releases the registry's lock, share.
 */
static bool
all_slots_are_taken(void)
{
	bool		taken;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	taken = vp_registry->crowded;
	for (int i = 0; i < vp_max_provisioned && taken; i++)
		taken = vp_registry->slots[i].used && !vp_registry->slots[i].gone;
	LWLockRelease(vp_registry->lock);
	return taken;
}

/* Of one index.  False: nothing is known, or it is on demand. */
static bool
get_residency(Oid index, Residency *residency)
{
	VpWish		wish;
	VpSlot		slot;
	VpSlotState state;
	bool		current;

	if (!look_up_wish(index, &wish))
		return false;
	if (vp_slot_survey(MyDatabaseId, index, &slot, &state) < 0)
	{
		residency->state = VP_ERROR;
		residency->error = psprintf("vecprov.max_provisioned_indexes is %d, and the server has more",
									vp_max_provisioned);
		return all_slots_are_taken();
	}
	current = is_current(&slot.definition, &wish);
	residency->state = current ? state.state : VP_LOADING;
	if (current)
		residency->error = pstrdup(vp_slot_error(&slot, &state));
	residency->counted = true;
	residency->pinned = (int64) slot.pinned * BLCKSZ;
	residency->wanted = slot.idle ? 0 : (int64) slot.wanted * BLCKSZ;
	residency->replicas = state.replicas;
	return true;
}

/* How much there is to be told of a state: that of many is the one with most. */
static int
weight(VpState state)
{
	static const int weights[] = {
		[VP_READY] = 0,
		[VP_IDLE] = 1,
		[VP_SUSPENDED] = 2,
		[VP_SCALING] = 3,
		[VP_LOADING] = 4,
		[VP_ERROR] = 5
	};

	return weights[state];
}

/* Adds a partition, or what the partitioned index has itself. */
static void
add_residency(Residency *sum, Oid index)
{
	Residency	one = {.state = VP_LOADING};
	VpWish		wish;

	if (!look_up_wish(index, &wish))
		return;
	if (!get_residency(index, &one))
	{
		one.state = VP_LOADING;
		one.error = NULL;
	}
	if (weight(one.state) > weight(sum->state))
		sum->state = one.state;
	if (one.error != NULL && one.error[0] != '\0' && sum->error == NULL)
		sum->error = psprintf("%s: %s", get_rel_name(index), one.error);
	sum->pinned += one.pinned;
	sum->wanted += one.wanted;
	sum->replicas = Min(sum->replicas, one.replicas);
}

/* Of a partitioned index.  False: it is on demand. */
static bool
sum_residency(Oid parent, Residency *sum)
{
	VpWish		wish;
	ListCell   *cell;

	vp_wish_of(parent, &wish);
	if (!VpIsProvisioned(&wish))
		return false;
	sum->state = wish.replicas > 0 ? VP_READY : VP_SUSPENDED;
	sum->counted = true;
	sum->replicas = wish.replicas;
	if (vp_decider(parent) == parent)
		add_residency(sum, parent);
	foreach(cell, vp_leaf_indexes(parent))
		add_residency(sum, lfirst_oid(cell));
	return true;
}

/* Of an index, by its OID; NULL: nothing is known, or it is on demand. */
Datum
vecprov_residency(PG_FUNCTION_ARGS)
{
	Oid			index = PG_GETARG_OID(0);
	Residency	residency = {0};
	TupleDesc	desc;
	Datum		values[NCOLUMNS] = {0};
	bool		nulls[NCOLUMNS] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (vp_is_partitioned(index) ? !sum_residency(index, &residency) : !get_residency(index, &residency))
		PG_RETURN_NULL();
	values[COLUMN_STATE] = CStringGetTextDatum(vp_state_name(residency.state));
	nulls[COLUMN_ERROR] = residency.error == NULL || residency.error[0] == '\0';
	if (!nulls[COLUMN_ERROR])
		values[COLUMN_ERROR] = CStringGetTextDatum(residency.error);
	values[COLUMN_RESIDENT] = Int64GetDatum(residency.pinned);
	values[COLUMN_WANTED] = Int64GetDatum(residency.wanted);
	values[COLUMN_REPLICAS] = Int32GetDatum(residency.replicas);
	nulls[COLUMN_RESIDENT] = nulls[COLUMN_WANTED] = nulls[COLUMN_REPLICAS] = !residency.counted;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * Is a concurrent build of the index under way?  It has the table locked, as
 * VACUUM has.  ereports when one has failed and left the index.
 */
static bool
is_being_built(Relation rel)
{
	LOCKTAG		tag;
	int			nlocked;

	if (rel->rd_index->indisvalid)
		return false;
	SET_LOCKTAG_RELATION(tag, MyDatabaseId, rel->rd_index->indrelid);
	pfree(GetLockConflicts(&tag, ShareUpdateExclusiveLock, &nlocked));
	if (nlocked == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", RelationGetRelationName(rel)),
				 errhint("Please REINDEX it, or drop it.")));
	return true;
}

/*
 * The wish of an index.  False: it has one, and is not built yet. ereports
 * when it is none of ours, or will not be built.  No lock on the index is
 * left. name: room for NAMEDATALEN bytes.
 */
static bool
read_wish(Oid relid, VpWish *wish, char *name)
{
	Relation	rel = vp_own_index_get(relid);
	bool		built;

	vp_get_wish((VpOptions *) rel->rd_options, wish);
	built = !VpIsProvisioned(wish) || !is_being_built(rel);
	strlcpy(name, RelationGetRelationName(rel), NAMEDATALEN);
	relation_close(rel, AccessShareLock);
	return built;
}

/*
 * Are records still to be moved between shards?  Waits for who has the index
 * locked.  ereports when the index is damaged.
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

/* ereports that workers cannot come. */
static void
raise_missing(const char *name, const VpSlot *slot, const VpSlotState *state)
{
	char	   *advice = vp_workers_advice(state);

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("index \"%s\" lacks workers", name),
			 errdetail_internal("%s", vp_slot_error(slot, state)),
			 advice != NULL ? errhint("To mend it, %s.", advice) : 0));
}

/* What is still to be done for an index.  ereports when it cannot be. */
static Awaited
awaited(Oid relid)
{
	VpWish		wish;
	VpSlot		slot;
	VpSlotState state;
	char		name[NAMEDATALEN];
	int			number;
	bool		scaling;

	if (!read_wish(relid, &wish, name))
		return BUILD;
	scaling = is_scaling(relid, &wish);
	if (!VpIsProvisioned(&wish))
		return vp_slot_look(MyDatabaseId, relid, &slot) ? DEFINITION : scaling ? RECORDS : NOTHING;
	number = vp_slot_survey(MyDatabaseId, relid, &slot, &state);
	if (number < 0)
	{
		if (vp_max_provisioned == 0 || all_slots_are_taken())
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("index \"%s\" cannot be kept in memory", name),
					 errdetail("vecprov.max_provisioned_indexes is %d, and the server has more.",
							   vp_max_provisioned),
					 errhint("Set vecprov.max_provisioned_indexes to %d or more.",
							 vp_max_provisioned + 1)));
		return DEFINITION;
	}
	if (!is_current(&slot.definition, &wish))
		return DEFINITION;

	/*
	 * before the catalogues were read in this hold, it may be of another file
	 */
	if (slot.state == VP_ERROR && (slot.hold == 0 || slot.sure != slot.hold))
		return DEFINITION;
	if (slot.state == VP_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" cannot be kept in memory", name),
				 errdetail_internal("%s", slot.error)));
	if (slot.state == VP_IDLE)
	{
		/* who waits for what it has when it is searched wants that */
		vp_idle_end(number, VP_WAKE_WAIT);
		return PAGES;
	}
	if (slot.state != (wish.replicas == 0 ? VP_SUSPENDED : VP_READY))
		return PAGES;
	if (state.state == VP_ERROR)
		raise_missing(name, &slot, &state);
	if (scaling)
		return RECORDS;
	return state.missing > 0 ? WORKERS : NOTHING;
}

/* Is a mover at work on the index?  It has a page of it locked. */
static bool
is_being_moved(Oid relid)
{
	LOCKTAG		tag;
	int			nlocked;

	SET_LOCKTAG_PAGE(tag, MyDatabaseId, relid, VP_MOVER_LOCK_BLOCK);
	pfree(GetLockConflicts(&tag, ExclusiveLock, &nlocked));
	return nlocked > 0;
}

/*
 * Is there no process that could do it?  That may be so for a moment.  Movers
 * are started by catalogue readers, which the launcher starts.  Takes and
 * releases the registry's lock, share.
 */
static bool
is_missing(Awaited what, Oid relid)
{
	bool		no_readers;
	bool		missing;

	if (what == BUILD || (what == RECORDS && is_being_moved(relid)))
		return false;
	LWLockAcquire(vp_registry->lock, LW_SHARED);
	no_readers = vp_registry->launcher == NULL || vp_registry->readers_refused;
	missing = what == DEFINITION ? no_readers :
		what == PAGES ? vp_registry->keeper == NULL :
		what == WORKERS ? vp_registry->launcher == NULL :
		no_readers || vp_registry->movers_refused;
	LWLockRelease(vp_registry->lock);
	return missing;
}

/*
 * ereports when a process has been missing for long.  since: the moment at
 * which this session saw that it was; 0: it was there.
 */
static void
check_process(Awaited what, Oid relid, TimestampTz *since)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!is_missing(what, relid))
		*since = 0;
	else if (*since == 0)
		*since = now;
	else if (TimestampDifferenceExceeds(*since, now, GIVE_UP_AFTER * 1000))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no process \"%s\"", process_name[what]),
				 errdetail("The capacity of the index cannot be provided without it. It has been missing for %d seconds.",
						   GIVE_UP_AFTER),
				 errhint("You might need to increase max_worker_processes.")));
}

/*
 * The same of a partition, for which there is nothing to be done when it has
 * been dropped.
 */
static Awaited
awaited_of_partition(Oid index)
{
	AcceptInvalidationMessages();
	return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(index)) ? awaited(index) : NOTHING;
}

/* Waits for one index until `end`. */
static void
wait_for(Oid index, bool partition, TimestampTz end)
{
	TimestampTz missing_since = 0;
	Awaited		what;

	while ((what = partition ? awaited_of_partition(index) : awaited(index)) != NOTHING)
	{
		check_process(what, index, &missing_since);
		if (GetCurrentTimestamp() >= end)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("the capacity of the index is not ready yet"),
					 errhint("%s shows how far it is. Changes of this transaction "
							 "are not made before it commits.", vp_own_table_name("indexes"))));
		(void) vp_wait(VP_WAIT_READY, LOOK_EVERY);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Waits for each partition in turn, and looks again at all of them if it had
 * to wait for one: others may have been changed, attached or dropped
 * meanwhile.
 */
static void
wait_for_partitions(Oid parent, TimestampTz end)
{
	ListCell   *cell = NULL;

	(void) vp_right_check_any(parent, VP_RIGHT_LOOK);
	do
	{
		foreach(cell, vp_leaf_indexes(parent))
		{
			if (awaited_of_partition(lfirst_oid(cell)) == NOTHING)
				continue;
			wait_for(lfirst_oid(cell), true, end);
			break;
		}
	} while (cell != NULL);
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
	if (vp_is_partitioned(PG_GETARG_OID(0)))
		wait_for_partitions(PG_GETARG_OID(0), end);
	else
		wait_for(PG_GETARG_OID(0), false, end);
	PG_RETURN_VOID();
}
