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

#include "base/settings.h"
#include "replica/registry.h"
#include "replica/seats.h"

VP_FUNCTION(vecprov_replica_counts);

/* The columns, in the order of sql/install/33_replica.sql. */
enum
{
	REPLICA_INDEX,
	REPLICA_NUMBER,
	REPLICA_STATE,
	REPLICA_SEATS,
	REPLICA_IN_USE,
	REPLICA_QUEUE,
	REPLICA_QUERIES,
	REPLICA_BUSY,
	REPLICA_LATENCY,
	NREPLICA
};

/* One that was taken away is shown until its searches are at their end. */
static void
put_replicas(ReturnSetInfo *result, int number, const VpSlot *slot)
{
	for (int i = 0; i < VP_MAX_REPLICAS; i++)
	{
		bool		stays = i < slot->facts.wish.replicas;
		VpReplicaCounts counts;
		Datum		values[NREPLICA];
		bool		nulls[NREPLICA] = {0};

		vp_replica_counts(number, i, slot->facts.units, &counts);
		if (!stays && counts.in_use == 0)
			continue;
		values[REPLICA_INDEX] = ObjectIdGetDatum(slot->facts.index);
		values[REPLICA_NUMBER] = Int32GetDatum(i + 1);
		values[REPLICA_STATE] = CStringGetTextDatum(stays ? vp_state_name(slot->state) : "Ending");
		values[REPLICA_SEATS] = Int32GetDatum(stays ? slot->facts.units : 0);
		values[REPLICA_IN_USE] = Int32GetDatum(counts.in_use);
		values[REPLICA_QUEUE] = Int32GetDatum(vp_seats_waiting(number));
		values[REPLICA_QUERIES] = Int64GetDatum(counts.searches);
		values[REPLICA_BUSY] = Float8GetDatum(counts.busy_fraction);
		nulls[REPLICA_LATENCY] = counts.searches == 0;
		if (counts.searches > 0)
			values[REPLICA_LATENCY] = Float8GetDatum(counts.busy / 1000.0 / counts.searches);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* Of all provisioned indexes of this database. */
Datum
vecprov_replica_counts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot		slot;

		if (vp_slot_copy(i, &slot) && slot.facts.database == MyDatabaseId)
			put_replicas(result, i, &slot);
	}
	return (Datum) 0;
}
