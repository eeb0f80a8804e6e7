/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  What an index scan costs, for the planner.
 *
 * A scan has two parts.  Before the first row comes the search: its cost grows
 * with ef_search and with the logarithm of the table.  Then each row costs a
 * little more searching, the measuring of its exact vector, and, counted by
 * the planner, the row's page in the table.
 *
 * The planner takes the fraction of all this that LIMIT and the filters call
 * for: a filter that keeps one row in a thousand makes a thousand times as many
 * rows be fetched, and so loses against an index on the filter or a sequential
 * scan where it should.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "am/am.h"
#include "am/serve.h"
#include "base/settings.h"

/*
 * Distance computations for each candidate kept: measured on word and
 * sentence vectors with m = 16; it grows slower than m.
 */
#define DISTANCES_PER_CANDIDATE	14.0

/* In units of cpu_operator_cost. */
#define DISTANCE_COST			1.0		/* a code, in memory */
#define ROW_COST				60.0	/* an exact vector, and searching again */
#define START_COST				1600.0	/* preparing the query, upper levels */

void
vp_cost_estimate(PlannerInfo *root, IndexPath *path, double loop_count,
				 Cost *startup_cost, Cost *total_cost,
				 Selectivity *selectivity, double *correlation, double *pages)
{
	GenericCosts costs;
	double		tuples = Max(path->indexinfo->tuples, 1.0);
	double		searched;

	/* an order is all that it can give */
	if (path->indexorderbys == NIL)
	{
		*startup_cost = *total_cost = INFINITY;
		VpDisablePath(&path->path);
		*selectivity = 0;
		*correlation = 0;
		*pages = 0;
		return;
	}

	vp_make_ready(path->indexinfo);
	MemSet(&costs, 0, sizeof(costs));
	costs.numIndexTuples = tuples;
	genericcostestimate(root, path, loop_count, &costs);

	/* a small table is searched whole */
	searched = Min(vp_ef_search * DISTANCES_PER_CANDIDATE + 16 * log2(tuples), tuples);
	*startup_cost = (START_COST + searched * DISTANCE_COST) * cpu_operator_cost;
	*total_cost = *startup_cost +
		tuples * (DISTANCES_PER_CANDIDATE * DISTANCE_COST + ROW_COST) * cpu_operator_cost;
	*selectivity = costs.indexSelectivity;
	*correlation = 0;
	*pages = costs.numIndexPages;
}
