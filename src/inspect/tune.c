/*-------------------------------------------------------------------------
 *
 * tune.c
 *	  vecprov_tune: the least effort with which an index finds enough.
 *
 * Recall grows with vecprov.ef_search, but for chance.  So the effort is
 * doubled until recall is reached, and then bisected.  Each step searches for
 * the same sampled rows, whose exact neighbours are found once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/loaded.h"
#include "base/settings.h"
#include "inspect/recall.h"

VP_SERVER_FUNCTION(vecprov_tune);

/* What searches of an effort find. */
typedef struct Effort
{
	int			ef;
	double		recall;
	double		ms;
} Effort;

static Effort
try_effort(VpRecall *recall, int ef)
{
	Effort		effort = {.ef = ef};

	/* set back when the measuring is closed */
	vp_settings_change("vecprov.ef_search", psprintf("%d", ef));
	effort.recall = vp_recall_measure(recall, &effort.ms);
	return effort;
}

/* The least effort for a recall; if there is none, the largest. */
static Effort
find_effort(VpRecall *recall, double target)
{
	int			low = 0;		/* too little */
	Effort		enough = try_effort(recall, 1);

	while (enough.recall < target && enough.ef < VP_MAX_EF_SEARCH)
	{
		low = enough.ef;
		enough = try_effort(recall, Min(2 * low, VP_MAX_EF_SEARCH));
	}
	while (enough.recall >= target && enough.ef - low > 1)
	{
		Effort		middle = try_effort(recall, low + (enough.ef - low) / 2);

		if (middle.recall >= target)
			enough = middle;
		else
			low = middle.ef;
	}
	return enough;
}

static void
check_target(double target)
{
	if (!(target > 0 && target <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target_recall must be more than 0 and at most 1, not %g", target)));
}

static void
check_result(const VpRecall *recall, const Effort *effort, double target, bool filtered)
{
	const char *name = vp_recall_name(recall);

	if (isnan(effort->recall))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" has no rows to measure with", name),
				 filtered ? errdetail("None satisfies the filter.") : 0));
	if (effort->recall < target)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" does not reach a recall of %g", name, target),
				 errdetail("With vecprov.ef_search = %d, the most there is, it reaches %g.",
						   effort->ef, effort->recall),
				 errhint("Build it anew with a larger m or ef_construction.")));
}

/*
 * Arguments: index, recall, k, samples, filter, params.  The last two may be
 * null.
 */
Datum
vecprov_tune(PG_FUNCTION_ARGS)
{
	VpRecallArguments arguments;
	double		target;
	VpRecall   *recall;
	Effort		effort;
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	target = PG_GETARG_FLOAT8(1);
	check_target(target);
	arguments.index = PG_GETARG_OID(0);
	arguments.k = PG_GETARG_INT32(2);
	arguments.samples = PG_GETARG_INT32(3);
	arguments.filter = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	arguments.params = PG_ARGISNULL(5) ? NULL : PG_GETARG_ARRAYTYPE_P(5);
	recall = vp_recall_open(&arguments);
	effort = find_effort(recall, target);
	check_result(recall, &effort, target, arguments.filter != NULL);
	/* once more for the time: what it reads is in memory now */
	effort = try_effort(recall, effort.ef);
	vp_recall_close(recall);

	values[0] = Int32GetDatum(effort.ef);
	values[1] = Float8GetDatum(effort.recall);
	values[2] = Float8GetDatum(effort.ms);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
