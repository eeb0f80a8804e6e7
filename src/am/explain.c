/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  What EXPLAIN ANALYZE says of a search.
 *
 * The custom scan is asked by EXPLAIN itself.  An index scan is PostgreSQL's
 * node, of which others can say something since version 18; before that, debug1
 * has it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/amapi.h"
#include "access/relscan.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#include "am/amscan.h"
#include "am/explain.h"
#include "replica/seated.h"

/* What the search did for a condition, and what it looked at. */
static void
explain_way(const VpRankedCounts *counts, struct ExplainState *es)
{
	ExplainPropertyText("Search", counts->way != NULL ? counts->way : "graph", es);
	ExplainPropertyInteger("Nodes Measured", NULL, (int64) counts->distances, es);
	if (counts->way != NULL)
		ExplainPropertyInteger("Nodes Tested", NULL, (int64) counts->tests, es);
	ExplainPropertyInteger("Rows Measured", NULL, counts->measured, es);
}

/* How much effort that was, who decided, and whose it was. */
static void
explain_effort(const VpSeatedCounts *counts, VpEffortBy by, struct ExplainState *es)
{
	static const char *const deciders[] = {
		[VP_EFFORT_BY_SETTING] = "vecprov.ef_search",
		[VP_EFFORT_BY_INDEX] = "index option ef_search",
		[VP_EFFORT_BY_TUNING] = "vecprov_tune",
		[VP_EFFORT_BY_ROWS] = "LIMIT"
	};

	ExplainPropertyInteger("Effort", NULL, counts->ranked.ef, es);
	ExplainPropertyText("Effort Set By", deciders[by], es);
	ExplainPropertyInteger("Rounds", NULL, counts->ranked.rounds, es);
	ExplainPropertyInteger("Nodes Expanded", NULL, (int64) counts->ranked.expansions, es);
	ExplainPropertyText("Searched By", vp_searched_by(counts), es);
	if (counts->waited_ns > 0 && es->timing)
		ExplainPropertyFloat("Wait for Seat", "ms", counts->waited_ns / 1e6, 3, es);
}

void
vp_explain_scan(IndexScanDesc scan, struct ExplainState *es)
{
	VpSeatedCounts counts;

	if (!vp_scan_counts(scan, &counts))
		return;
	explain_way(&counts.ranked, es);
	if (es->verbose)
		explain_effort(&counts, vp_scan_effort_by(scan), es);
}

static explain_per_node_hook_type previous_hook;

/* A scan with conditions, of which there are several kinds; others only if all is asked for. */
static void
explain_node(PlanState *state, List *ancestors, const char *relationship, const char *plan_name,
			 struct ExplainState *es)
{
	IndexScanState *scan = (IndexScanState *) state;

	if (previous_hook)
		previous_hook(state, ancestors, relationship, plan_name, es);
	if (es->analyze && IsA(state, IndexScanState) && scan->iss_ScanDesc != NULL &&
		scan->iss_RelationDesc->rd_indam->amgettuple == vp_get_tuple &&
		(scan->iss_NumScanKeys > 0 || es->verbose))
		vp_explain_scan(scan->iss_ScanDesc, es);
}

void
vp_explain_define(void)
{
	VpExplainNodesBy(explain_node, previous_hook);
}
