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
#include "search/ranked_search.h"

void
vp_explain_scan(IndexScanDesc scan, struct ExplainState *es)
{
	VpRankedCounts counts;

	if (!vp_scan_counts(scan, &counts))
		return;
	ExplainPropertyText("Search", counts.way != NULL ? counts.way : "graph", es);
	ExplainPropertyInteger("Nodes Measured", NULL, (int64) counts.distances, es);
	if (counts.way != NULL)
		ExplainPropertyInteger("Nodes Tested", NULL, (int64) counts.tests, es);
	ExplainPropertyInteger("Rows Measured", NULL, counts.measured, es);
}

static explain_per_node_hook_type previous_hook;

/* A scan with conditions: of others there is nothing to choose. */
static void
explain_node(PlanState *state, List *ancestors, const char *relationship, const char *plan_name,
			 struct ExplainState *es)
{
	IndexScanState *scan = (IndexScanState *) state;

	if (previous_hook)
		previous_hook(state, ancestors, relationship, plan_name, es);
	if (es->analyze && IsA(state, IndexScanState) && scan->iss_ScanDesc != NULL &&
		scan->iss_NumScanKeys > 0 && scan->iss_RelationDesc->rd_indam->amgettuple == vp_get_tuple)
		vp_explain_scan(scan->iss_ScanDesc, es);
}

void
vp_explain_define(void)
{
	VpExplainNodesBy(explain_node, previous_hook);
}
