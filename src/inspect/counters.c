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
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "base/loaded.h"
#include "base/settings.h"
#include "capacity/meter.h"
#include "capacity/role_refusals.h"

VP_SERVER_FUNCTION(vecprov_counters);

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

/* A histogram: of each bound, how many were not longer. */
static void
put_times(ReturnSetInfo *set, Oid index, const char *name, const uint64 *times, uint64 ns)
{
	uint64		count = 0;

	for (int i = 0; i < VP_SEARCH_BOUNDS; i++)
	{
		count += times[i];
		put_row(set, index, psprintf("%s_bucket", name),
				psprintf("{\"le\": \"%.15g\"}", vp_search_bounds[i]), count);
	}
	count += times[VP_SEARCH_BOUNDS];
	put_row(set, index, psprintf("%s_bucket", name), "{\"le\": \"+Inf\"}", count);
	put_row(set, index, psprintf("%s_count", name), "{}", count);
	put_row(set, index, psprintf("%s_sum", name), "{}", (double) ns / VP_NS_PER_SECOND);
}

/* Of roles that have been refused anything; of one that was dropped, by its number. */
static void
put_roles(ReturnSetInfo *set)
{
	VpRoleRefusals roles[VP_SHOWN_ROLES + 1];
	int			n = vp_role_refusals_read(roles);

	for (int i = 0; i < n; i++)
		for (int j = 0; j < VP_NREFUSALS; j++)
		{
			StringInfoData labels;
			char	   *name;

			if (roles[i].refused[j] == 0)
				continue;
			name = OidIsValid(roles[i].role) ? GetUserNameFromId(roles[i].role, true) : pstrdup("others");
			initStringInfo(&labels);
			appendStringInfoString(&labels, "{\"role\": ");
			escape_json(&labels, name != NULL ? name : psprintf("%u", roles[i].role));
			appendStringInfo(&labels, ", \"operation\": \"%s\", \"reason\": \"%s\"}",
							 vp_refusal_operation(j), vp_refusal_reason(j));
			put_row(set, InvalidOid, "refused_by_role_total", labels.data, roles[i].refused[j]);
		}
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
		put_times(set, sums.index, "search_seconds", sums.searches, sums.search_ns);
		put_times(set, sums.index, "wait_seconds", sums.waits, sums.wait_ns);
		put_row(set, sums.index, "inserts_total", "{}", sums.inserts);
		put_row(set, sums.index, "insert_seconds_total", "{}",
				(double) sums.insert_ns / VP_NS_PER_SECOND);
		for (int i = 0; i < VP_NREFUSALS; i++)
			put_row(set, sums.index, "refused_total",
					psprintf("{\"operation\": \"%s\", \"reason\": \"%s\"}",
							 vp_refusal_operation(i), vp_refusal_reason(i)), sums.refused[i]);
	}
	put_roles(set);
	vp_meter_usage(&taken, &missed, &unwritten);
	put_row(set, InvalidOid, "metered_indexes", "{}", taken);
	put_row(set, InvalidOid, "metered_indexes_max", "{}", vp_max_metered_indexes);
	put_row(set, InvalidOid, "unmetered_total", "{}", missed);
	put_row(set, InvalidOid, "unwritten_refusals_total", "{}", unwritten);
	return (Datum) 0;
}
