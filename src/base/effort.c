/*-------------------------------------------------------------------------
 *
 * effort.c
 *	  How many candidates a search of an index keeps.
 *
 * What the session has set comes first, then the index's option ef_search, then
 * what vecprov_tune has found for its target_recall, then the server's
 * configuration.  Whoever wants more rows than that gets as many candidates,
 * rather than some of the rows by a search that goes on with more.  But not where
 * the user does not want it to go on, or not so far.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/rel.h"

#include "base/effort.h"
#include "base/options.h"
#include "base/settings.h"

static int
decided_ef(Relation index, VpEffortBy *by)
{
	VpEffortOptions effort;

	*by = VP_EFFORT_BY_SETTING;
	if (vp_ef_search_is_set)
		return vp_ef_search;
	vp_get_effort((const VpOptions *) index->rd_options, &effort);
	if (effort.ef_search > 0)
	{
		*by = VP_EFFORT_BY_INDEX;
		return effort.ef_search;
	}
	if (effort.tuned_ef > 0)
	{
		*by = VP_EFFORT_BY_TUNING;
		return effort.tuned_ef;
	}
	return vp_ef_search;
}

int
vp_ef_search_of(Relation index, double rows, VpEffortBy *by)
{
	VpEffortBy	decided;
	int			ef = decided_ef(index, &decided);

	if (vp_max_scan_tuples > 0)
		rows = Min(rows, vp_max_scan_tuples);
	if (rows > ef && vp_iterative_scan != VP_ITERATIVE_OFF)
	{
		ef = (int) Min(rows, VP_MAX_EF_SEARCH);
		decided = VP_EFFORT_BY_ROWS;
	}
	if (by != NULL)
		*by = decided;
	return ef;
}
