/*-------------------------------------------------------------------------
 *
 * replicas.c
 *	  What SQL sees of replicas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/loaded.h"
#include "base/settings.h"
#include "base/zones.h"
#include "replica/load.h"
#include "replica/worker_slot.h"
#include "replica/seats.h"
#include "replica/slot_state.h"
#include "replica/replica_stats.h"

VP_SERVER_FUNCTION(vecprov_replica_counts);
VP_SERVER_FUNCTION(vecprov_worker_states);

/* The columns, in the order of sql/install/33_replica.sql. */
enum
{
	REPLICA_INDEX,
	REPLICA_NUMBER,
	REPLICA_PID,
	REPLICA_ZONE,
	REPLICA_STATE,
	REPLICA_SEATS,
	REPLICA_IN_USE,
	REPLICA_QUEUE,
	REPLICA_QUERIES,
	REPLICA_BUSY,
	REPLICA_LATENCY,
	NREPLICA
};

enum
{
	WORKER_INDEX,
	WORKER_REPLICA,
	WORKER_UNIT,
	WORKER_PID,
	WORKER_ZONE,
	WORKER_STATE,
	WORKER_ERROR,
	NWORKER
};

/* What is known of a unit's worker. */
typedef struct UnitWorker
{
	int			pid;			/* 0: none is there */
	bool		serves;			/* it looks for searches */
	bool		has_slot;
	bool		failed;			/* none was to be had */
} UnitWorker;

/*
 * The worker of a unit, copied.  Takes and releases the registry's lock,
 * share.
 */
static UnitWorker
look_at_worker(int number, const VpSlot *slot, int replica, int unit)
{
	UnitWorker	worker = {0};
	VpWorkerSlot *worker_slot;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	worker_slot = vp_worker_slot_find(number, slot->definition.index, replica, unit);
	if (worker_slot != NULL)
	{
		worker.pid = worker_slot->proc != NULL ? worker_slot->proc->pid : 0;
		worker.serves = worker_slot->serves;
		worker.has_slot = true;
		worker.failed = worker_slot->failed;
	}
	LWLockRelease(vp_registry->lock);
	return worker;
}

static void
put_zone(Oid index, int replica, Datum *value, bool *isnull)
{
	int			zone = vp_zone_of(index, replica);

	*isnull = zone < 0;
	if (zone >= 0)
		*value = CStringGetTextDatum(vp_zone_name(zone));
}

/*
 * The state of a replica: of its index, unless it is others whose workers are
 * missing.  Takes and releases the registry's lock, share.
 */
static VpState
replica_state(int number, const VpSlot *slot, int replica)
{
	VpSlotState state;
	VpState		result;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	vp_slot_state_get(number, &state);
	result = slot->state == VP_READY && vp_replica_is_complete(number, replica) ?
		VP_READY : state.state;
	LWLockRelease(vp_registry->lock);
	return result;
}

/* One that was taken away is shown until its searches are at their end. */
static void
put_replicas(ReturnSetInfo *result, int number, const VpSlot *slot)
{
	for (int i = 0; i < VP_MAX_REPLICAS; i++)
	{
		bool		stays = i < slot->definition.wish.replicas;
		VpReplicaCounts counts;
		bool		complete;
		int			pid;
		Datum		values[NREPLICA];
		bool		nulls[NREPLICA] = {0};

		vp_replica_counts(number, i, &counts);
		if (!stays && counts.in_use == 0)
			continue;
		values[REPLICA_INDEX] = ObjectIdGetDatum(slot->definition.index);
		values[REPLICA_NUMBER] = Int32GetDatum(i + 1);
		pid = look_at_worker(number, slot, i, 0).pid;
		values[REPLICA_PID] = Int32GetDatum(pid);
		nulls[REPLICA_PID] = pid == 0;
		put_zone(slot->definition.index, i, &values[REPLICA_ZONE], &nulls[REPLICA_ZONE]);
		values[REPLICA_STATE] = CStringGetTextDatum(stays ? vp_state_name(replica_state(number, slot, i)) : "Ending");
		values[REPLICA_SEATS] = Int32GetDatum(stays && !slot->idle ? slot->definition.units : 0);
		values[REPLICA_IN_USE] = Int32GetDatum(counts.in_use);
		values[REPLICA_QUEUE] = Int32GetDatum(vp_seats_waiting(number));
		values[REPLICA_QUERIES] = Int64GetDatum(counts.searches);
		values[REPLICA_BUSY] = Float8GetDatum(vp_load_share(number, i, slot->definition.units, VP_LOAD_WINDOW, &complete));
		nulls[REPLICA_LATENCY] = counts.searches == 0;
		if (counts.searches > 0)
			values[REPLICA_LATENCY] = Float8GetDatum(counts.busy / 1000.0 / counts.searches);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* Of all indexes of this database that have seats of their own. */
Datum
vecprov_replica_counts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot		slot;

		if (vp_slot_copy(i, &slot) && slot.definition.database == MyDatabaseId && slot.seated == i)
			put_replicas(result, i, &slot);
	}
	return (Datum) 0;
}

/* Why a unit has no worker; NULL: it has one, or one is on its way. */
static const char *
missing_reason(const UnitWorker *worker)
{
	if (worker->pid != 0)
		return NULL;
	if (worker->failed)
		return "max_worker_processes is reached";
	if (worker->has_slot)
		return NULL;
	return vp_max_workers <= vp_worker_slot_count() ? "vecprov.max_workers is reached" :
		"max_worker_processes leaves no room for it";
}

static void
put_worker(ReturnSetInfo *result, int number, const VpSlot *slot, int replica, int unit)
{
	Datum		values[NWORKER];
	bool		nulls[NWORKER] = {0};
	UnitWorker	worker = look_at_worker(number, slot, replica, unit);
	const char *error = missing_reason(&worker);

	values[WORKER_INDEX] = ObjectIdGetDatum(slot->definition.index);
	values[WORKER_REPLICA] = Int32GetDatum(replica + 1);
	values[WORKER_UNIT] = Int32GetDatum(unit + 1);
	values[WORKER_PID] = Int32GetDatum(worker.pid);
	nulls[WORKER_PID] = worker.pid == 0;
	put_zone(slot->definition.index, replica, &values[WORKER_ZONE], &nulls[WORKER_ZONE]);
	values[WORKER_STATE] = CStringGetTextDatum(worker.serves ? "Running" :
											   error == NULL ? "Starting" : "Missing");
	nulls[WORKER_ERROR] = error == NULL;
	if (error != NULL)
		values[WORKER_ERROR] = CStringGetTextDatum(error);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Of all units of all replicas of this database, but of indexes that are idle. */
Datum
vecprov_worker_states(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot		slot;

		if (!vp_slot_copy(i, &slot) || slot.definition.database != MyDatabaseId || slot.idle ||
			slot.seated != i)
			continue;
		for (int replica = 0; replica < slot.definition.wish.replicas; replica++)
			for (int unit = 0; unit < slot.definition.units; unit++)
				put_worker(result, i, &slot, replica, unit);
	}
	return (Datum) 0;
}
