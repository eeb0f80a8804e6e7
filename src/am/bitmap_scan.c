/*-------------------------------------------------------------------------
 *
 * bitmap_scan.c
 *	  A scan of an index among the rows that other indexes find.
 *
 * A custom scan with two children, both PostgreSQL's: an ordered scan of an
 * index of ours, which does all that a scan of a table has to, and the scans of
 * other indexes that make a bitmap.  Before the first row is asked for, the
 * bitmap is made, and the access method is told to search among its rows
 * (vp_scan_restrict).  Where the executor checks again one row that was locked
 * (EvalPlanQual), there is nothing to search for, and no bitmap is made.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"

#include "am/amscan.h"
#include "am/bitmap_scan.h"
#include "am/explain.h"
#include "search/tid_set.h"

typedef struct BitmapScan
{
	CustomScanState state;		/* first */
	IndexScanState *scan;
	PlanState  *bitmap;
	VpTidSet   *tids;			/* NULL: not yet */
} BitmapScan;

static void
begin(CustomScanState *state, EState *estate, int eflags)
{
	BitmapScan *node = (BitmapScan *) state;
	CustomScan *plan = (CustomScan *) state->ss.ps.plan;

	node->scan = (IndexScanState *) ExecInitNode(linitial(plan->custom_plans), estate, eflags);
	node->bitmap = ExecInitNode(lsecond(plan->custom_plans), estate, eflags);
	state->custom_ps = list_make2(node->scan, node->bitmap);
}

/* Begins the index scan as its node would, which then finds it begun. */
static IndexScanDesc
begin_index_scan(IndexScanState *scan)
{
	if (scan->iss_ScanDesc != NULL)
		return scan->iss_ScanDesc;
	scan->iss_ScanDesc =
		VpIndexBeginScan(scan->ss.ss_currentRelation, scan->iss_RelationDesc,
						 scan->ss.ps.state->es_snapshot, scan->iss_NumScanKeys,
						 scan->iss_NumOrderByKeys);
	if (scan->iss_NumRuntimeKeys == 0 || scan->iss_RuntimeKeysReady)
		index_rescan(scan->iss_ScanDesc, scan->iss_ScanKeys, scan->iss_NumScanKeys,
					 scan->iss_OrderByKeys, scan->iss_NumOrderByKeys);
	return scan->iss_ScanDesc;
}

/*
 * Runs the bitmap's plan and restricts the index scan to its rows.  The set of
 * rows lives as long as the query.
 */
static void
find_rows(BitmapScan *node)
{
	TIDBitmap  *bitmap = (TIDBitmap *) MultiExecProcNode(node->bitmap);
	MemoryContext old;

	if (bitmap == NULL || !IsA(bitmap, TIDBitmap))
		elog(ERROR, "unrecognized result from subplan");
	old = MemoryContextSwitchTo(node->state.ss.ps.state->es_query_cxt);
	node->tids = vp_tid_set_make(bitmap);
	MemoryContextSwitchTo(old);
	tbm_free(bitmap);
	vp_scan_restrict(begin_index_scan(node->scan), node->tids);
}

/*
 * The row that the index scan returned as a scan tuple of this node, whose slot
 * must be a virtual one.  What it points at stays until the next.
 */
static TupleTableSlot *
take_row(BitmapScan *node, TupleTableSlot *row)
{
	TupleTableSlot *slot = node->state.ss.ss_ScanTupleSlot;
	int			n = slot->tts_tupleDescriptor->natts;

	slot_getallattrs(row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, row->tts_values, n * sizeof(Datum));
	memcpy(slot->tts_isnull, row->tts_isnull, n * sizeof(bool));
	/* for WHERE CURRENT OF */
	slot->tts_tid = node->scan->ss.ss_ScanTupleSlot->tts_tid;
	slot->tts_tableOid = node->scan->ss.ss_ScanTupleSlot->tts_tableOid;
	return ExecStoreVirtualTuple(slot);
}

/*
 * Does the executor check a row of this table again?  In subplans it does not,
 * while it does so outside.
 */
static bool
is_checked_again(const CustomScanState *state)
{
	EPQState   *again = state->ss.ps.state->es_epq_active;
	Index		table = ((const Scan *) state->ss.ps.plan)->scanrelid - 1;

	return again != NULL &&
		(again->relsubs_slot[table] != NULL || again->relsubs_rowmark[table] != NULL);
}

static TupleTableSlot *
next_row(CustomScanState *state)
{
	BitmapScan *node = (BitmapScan *) state;
	ExprContext *econtext = state->ss.ps.ps_ExprContext;
	TupleTableSlot *row;

	if (node->tids == NULL && !is_checked_again(state))
		find_rows(node);
	row = node->tids != NULL && vp_tid_set_size(node->tids) == 0 ? NULL :
		ExecProcNode(&node->scan->ss.ps);
	if (TupIsNull(row))
		return NULL;
	ResetExprContext(econtext);
	econtext->ecxt_scantuple = take_row(node, row);
	return state->ss.ps.ps_ProjInfo != NULL ? ExecProject(state->ss.ps.ps_ProjInfo) :
		econtext->ecxt_scantuple;
}

static void
forget_rows(BitmapScan *node)
{
	if (node->scan->iss_ScanDesc != NULL)
		vp_scan_restrict(node->scan->iss_ScanDesc, NULL);
	if (node->tids != NULL)
		vp_tid_set_free(node->tids);
	node->tids = NULL;
}

static void
rescan(CustomScanState *state)
{
	BitmapScan *node = (BitmapScan *) state;

	if (state->ss.ps.chgParam != NULL)
	{
		UpdateChangedParamSet(&node->scan->ss.ps, state->ss.ps.chgParam);
		UpdateChangedParamSet(node->bitmap, state->ss.ps.chgParam);
	}
	ExecReScan(&node->scan->ss.ps);
	ExecReScan(node->bitmap);
	forget_rows(node);
}

static void
end(CustomScanState *state)
{
	BitmapScan *node = (BitmapScan *) state;

	forget_rows(node);
	ExecEndNode(&node->scan->ss.ps);
	ExecEndNode(node->bitmap);
}

static void
explain(CustomScanState *state, List *ancestors, ExplainState *es)
{
	BitmapScan *node = (BitmapScan *) state;

	if (es->analyze && node->scan->iss_ScanDesc != NULL)
		vp_explain_scan(node->scan->iss_ScanDesc, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "VecprovBitmap",
	.BeginCustomScan = begin,
	.ExecCustomScan = next_row,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain
};

static Node *
create(CustomScan *plan)
{
	BitmapScan *node = palloc0(sizeof(BitmapScan));

	NodeSetTag(node, T_CustomScanState);
	node->state.methods = &exec_methods;
	return (Node *) node;
}

const CustomScanMethods vp_bitmap_scan_methods = {
	.CustomName = "VecprovBitmap",
	.CreateCustomScanState = create
};

void
vp_bitmap_scan_define(void)
{
	RegisterCustomScanMethods(&vp_bitmap_scan_methods);
}
