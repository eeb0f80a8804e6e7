/*-------------------------------------------------------------------------
 *
 * tune.c
 *	  vecprov_tune: the least effort with which an index finds enough.
 *
 * Recall grows with vecprov.ef_search, but for chance.  So the effort is
 * doubled until recall is reached, and then bisected.  Each step searches for
 * the same sampled rows, whose exact neighbours are found once.
 *
 * What an index is found to need for the recall that its own option wishes for
 * becomes another option of it, by which searches go.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "catalog/pg_inherits.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "pgtime.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/loaded.h"
#include "base/options.h"
#include "base/settings.h"
#include "capacity/change.h"
#include "capacity/partitions.h"
#include "capacity/rights.h"
#include "inspect/recall.h"

VP_SERVER_FUNCTION(vecprov_tune);
VP_SERVER_FUNCTION(vecprov_index_effort);

/*
 * From this effort on, a graph with more links takes a third of the steps to the
 * same recall, and fewer distances (graph/README.md, Measured); these are enough
 * for it.
 */
#define GREAT_EF				150
#define GREAT_M					32
#define GREAT_EF_CONSTRUCTION	128

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

/*
 * The least effort for a recall of the k nearest; if there is none, the
 * largest.  Less than k would be no less: a search for k rows raises it.
 */
static Effort
find_effort(VpRecall *recall, int k, double target)
{
	int			low = k - 1;	/* too little */
	Effort		enough = try_effort(recall, k);

	StaticAssertDecl(VP_MAX_EF_SEARCH >= VP_RECALL_MAX_K, "each k is an effort");

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

/* As timestamptz reads it, whatever DateStyle is. */
static const char *
utc_now(void)
{
	pg_time_t	now = timestamptz_to_time_t(GetCurrentTimestamp());
	char		buffer[32];

	pg_strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S UTC", pg_gmtime(&now));
	return pstrdup(buffer);
}

/* The recall that an index wishes for itself. */
static double
own_target(Oid index)
{
	VpEffortOptions effort;

	(void) vp_right_check_any(index, VP_RIGHT_MEASURE);
	vp_effort_options_of(index, &effort);
	if (effort.target_recall == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" has no target_recall", get_rel_name(index)),
				 errhint("Name a recall, or set the option: ALTER INDEX ... SET (target_recall = 0.95).")));
	return effort.target_recall;
}

/*
 * Makes searches of an index go by what was found for the recall that it wishes
 * for; of a partitioned one, those of its partitions, and of partitions to
 * come.  One that wishes for another recall is left alone.
 */
static void
keep(Oid index, double target, int ef)
{
	const char *text = psprintf("%d for %s at %s", ef, float8out_internal(target), utc_now());
	ListCell   *cell;

	foreach(cell, find_all_inheritors(index, NoLock, NULL))
	{
		VpEffortOptions effort;

		vp_effort_options_of(lfirst_oid(cell), &effort);
		if (effort.target_recall == target)
			vp_alter_index(lfirst_oid(cell),
						   list_make1(makeDefElem("tuned", (Node *) makeString(pstrdup(text)), -1)), false);
	}
}

/*
 * Arguments: index, recall, k, samples, filter, params.  The last two may be
 * null.  Without a recall, it is the index's own, and what is found is kept,
 * unless there is a filter.
 */
Datum
vecprov_tune(PG_FUNCTION_ARGS)
{
	VpRecallArguments arguments;
	double		target;
	bool		is_kept;
	VpRecall   *recall;
	Effort		effort;
	TupleDesc	desc;
	const VpMeta *meta;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	arguments.index = PG_GETARG_OID(0);
	target = PG_ARGISNULL(1) ? own_target(arguments.index) : PG_GETARG_FLOAT8(1);
	check_target(target);
	is_kept = PG_ARGISNULL(1) && PG_ARGISNULL(4);
	/* before the work */
	if (is_kept)
	{
		PreventCommandIfReadOnly("vecprov_tune()");
		(void) vp_right_check_any(arguments.index, VP_RIGHT_OWN);
	}
	arguments.k = PG_GETARG_INT32(2);
	arguments.samples = PG_GETARG_INT32(3);
	arguments.filter = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	arguments.params = PG_ARGISNULL(5) ? NULL : PG_GETARG_ARRAYTYPE_P(5);
	recall = vp_recall_open(&arguments);
	effort = find_effort(recall, arguments.k, target);
	check_result(recall, &effort, target, arguments.filter != NULL);
	/* once more for the time: what it reads is in memory now */
	effort = try_effort(recall, effort.ef);
	meta = vp_recall_meta(recall);
	values[3] = Int32GetDatum(Max((int) meta->m, effort.ef > GREAT_EF ? GREAT_M : 0));
	values[4] = Int32GetDatum(Max((int) meta->ef_construction, effort.ef > GREAT_EF ? GREAT_EF_CONSTRUCTION : 0));
	vp_recall_close(recall);
	if (is_kept)
		keep(arguments.index, target, effort.ef);

	values[0] = Int32GetDatum(effort.ef);
	values[1] = Float8GetDatum(effort.recall);
	values[2] = Float8GetDatum(effort.ms);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * Argument: index.  With what effort its options want it to be searched; nulls
 * for what they do not say, and where it is gone.
 */
Datum
vecprov_index_effort(PG_FUNCTION_ARGS)
{
	VpEffortOptions effort;
	TupleDesc	desc;
	Datum		values[3] = {0};
	bool		nulls[3];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	vp_effort_options_of(PG_GETARG_OID(0), &effort);
	nulls[0] = effort.ef_search == 0 && effort.tuned_ef == 0;
	values[0] = Int32GetDatum(effort.ef_search > 0 ? effort.ef_search : effort.tuned_ef);
	nulls[1] = effort.target_recall == 0;
	values[1] = Float8GetDatum(effort.target_recall);
	nulls[2] = effort.tuned_at == NULL;
	if (!nulls[2])
		values[2] = DirectFunctionCall3(timestamptz_in, CStringGetDatum(effort.tuned_at),
										ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
