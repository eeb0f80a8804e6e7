/*-------------------------------------------------------------------------
 *
 * load_advice.c
 *	  What to do about load and workers of a provisioned index, and about the load of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/loaded.h"
#include "base/processors.h"
#include "base/settings.h"
#include "capacity/partitions.h"
#include "replica/load.h"
#include "replica/slot_state.h"

VP_SERVER_FUNCTION(vecprov_load_advice);
VP_SERVER_FUNCTION(vecprov_server_units);

/* From this share on more replicas are advised, and so many that they are less busy. */
#define ADVISED_BUSY	0.8

/*
 * Replicas that do the work of n, which add up to `work` replicas that are
 * busy all the time.  A queue hides how much more work there is, so it is one
 * more at least.
 */
static int
replicas_for(double work, int n)
{
	double		wanted = ceil(work / ADVISED_BUSY);

	return (int) Min(Max(wanted, n + 1), VP_MAX_REPLICAS);
}

/*
 * Of all replicas of the server, in all databases.  Takes and releases the
 * registry's lock, share.
 */
static int64
all_units(void)
{
	int64		units = 0;

	LWLockAcquire(vp_registry->lock, LW_SHARED);
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		const VpSlot *slot = &vp_registry->slots[i];

		if (slot->used && !slot->gone && vp_slot_seats(i))
			units += (int64) slot->definition.wish.replicas * slot->definition.units;
	}
	LWLockRelease(vp_registry->lock);
	return units;
}

/* Units of compute that are provisioned, and the processors they have. */
Datum
vecprov_server_units(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2] = {Int64GetDatum(all_units()), Float8GetDatum(vp_processors())};
	bool		nulls[2] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* The busiest replica of an index; NULL: nothing to advise, or less than five minutes are known. */
static char *
advise_replicas(int slot, const VpDefinition *definition)
{
	int			n = definition->wish.replicas;
	double		work = 0;
	double		busiest = 0;

	for (int i = 0; i < n; i++)
	{
		bool		complete;
		double		share = Min(vp_load_share(slot, i, definition->units, VP_LOAD_WINDOW, &complete), 1);

		if (!complete)
			return NULL;
		work += share;
		busiest = Max(busiest, share);
	}
	if (busiest <= ADVISED_BUSY || n == VP_MAX_REPLICAS)
		return NULL;
	return psprintf("busiest replica %.0f %% busy for 5 minutes: set replicas%s to %d",
					100 * busiest, vp_decided_by(definition->index), replicas_for(work, n));
}

/* More units than processors: the operating system divides the time among them. */
static char *
advise_units(const VpDefinition *definition)
{
	int64		units = all_units();
	double		processors = vp_processors();

	if (definition->wish.replicas == 0 || units <= processors)
		return NULL;
	return psprintf("%lld units share %.3g processors", (long long) units, processors);
}

/* NULL: nothing to append. */
static void
append(StringInfo text, const char *advice)
{
	if (advice != NULL)
		appendStringInfo(text, "%s%s", text->len > 0 ? "; " : "", advice);
}

/* Of an index, by its OID; NULL: there is nothing to be told. */
Datum
vecprov_load_advice(PG_FUNCTION_ARGS)
{
	Oid			index = PG_GETARG_OID(0);
	VpSlot		slot;
	VpSlotState state;
	int			number = vp_slot_survey(MyDatabaseId, index, &slot, &state);
	StringInfoData text;

	if (number < 0)
		PG_RETURN_NULL();
	initStringInfo(&text);
	if (slot.seated == number)
		append(&text, advise_replicas(number, &slot.definition));
	append(&text, advise_units(&slot.definition));
	append(&text, vp_workers_advice(&state));
	if (text.len == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(text.data));
}
