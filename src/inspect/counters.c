/*-------------------------------------------------------------------------
 *
 * counters.c
 *	  vecprov_counters: what the server counted of the indexes of this database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "base/loaded.h"
#include "base/settings.h"
#include "capacity/meter.h"

VP_SERVER_FUNCTION(vecprov_counters);

/* Operation and reason, for the labels. */
static const char *const refusals[VP_NREFUSALS][2] = {
	{"read", "limit"}, {"write", "limit"}, {"write", "record size"}, {"write", "capacity"},
	{"any", "suspended"}
};

/* index: InvalidOid for none; labels: JSON. */
static void
put_row(ReturnSetInfo *set, Oid index, const char *name, const char *labels, double value)
{
	Datum		values[4] = {ObjectIdGetDatum(index)};
	bool		nulls[4] = {!OidIsValid(index)};

	values[1] = CStringGetTextDatum(name);
	values[2] = DirectFunctionCall1(jsonb_in, CStringGetDatum(labels));
	values[3] = Float8GetDatum(value);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

static void
put_searches(ReturnSetInfo *set, const VpMeterSums *sums)
{
	uint64		count = 0;

	for (int i = 0; i < VP_SEARCH_BOUNDS; i++)
	{
		count += sums->searches[i];
		put_row(set, sums->index, "search_seconds_bucket",
				psprintf("{\"le\": \"%.15g\"}", vp_search_bounds[i]), count);
	}
	count += sums->searches[VP_SEARCH_BOUNDS];
	put_row(set, sums->index, "search_seconds_bucket", "{\"le\": \"+Inf\"}", count);
	put_row(set, sums->index, "search_seconds_count", "{}", count);
	put_row(set, sums->index, "search_seconds_sum", "{}",
			(double) sums->search_ns / VP_NS_PER_SECOND);
}

/* A row for each counter of each index, and the server's own. */
Datum
vecprov_counters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	VpMeterSums sums;
	int			position = 0;
	int			taken;
	uint64		missed;
	uint64		unwritten;

	InitMaterializedSRF(fcinfo, 0);
	while (vp_meter_next(&position, &sums))
	{
		put_searches(set, &sums);
		put_row(set, sums.index, "inserts_total", "{}", sums.inserts);
		put_row(set, sums.index, "insert_seconds_total", "{}",
				(double) sums.insert_ns / VP_NS_PER_SECOND);
		for (int i = 0; i < VP_NREFUSALS; i++)
			put_row(set, sums.index, "refused_total",
					psprintf("{\"operation\": \"%s\", \"reason\": \"%s\"}",
							 refusals[i][0], refusals[i][1]), sums.refused[i]);
	}
	vp_meter_usage(&taken, &missed, &unwritten);
	put_row(set, InvalidOid, "metered_indexes", "{}", taken);
	put_row(set, InvalidOid, "metered_indexes_max", "{}", vp_max_metered_indexes);
	put_row(set, InvalidOid, "unmetered_total", "{}", missed);
	put_row(set, InvalidOid, "unwritten_refusals_total", "{}", unwritten);
	return (Datum) 0;
}
