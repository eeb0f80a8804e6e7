/*-------------------------------------------------------------------------
 *
 * caller_rows.c
 *	  The rows of an index's table that satisfy a filter, read as the caller; see caller_rows.h.
 *
 * Two users act.  The caller runs a SELECT of the columns that the index is
 * made of: row security holds for the caller, and no function is called but
 * those of the policies and of the filter.  With what comes back, the table's
 * owner evaluates the index's expressions: the owner's functions run with the
 * owner's rights, and meet no row that the caller does not see.
 *
 * Which index is used, or none, is not left to chance: the planner is shown no
 * other that could do the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/sysattr.h"
#include "catalog/index.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/pathnode.h"
#include "optimizer/plancat.h"
#include "parser/parse_oper.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/as_owner.h"
#include "base/settings.h"
#include "replica/caller_rows.h"
#include "search/index.h"

/* Strategy of the operator that an operator class orders by. */
#define ORDER_STRATEGY	1

struct VpCallerRows
{
	Relation	heap;
	Relation	rel;
	int			k;
	const VpIndex *index;

	/* the SELECT */
	AttrNumber *columns;		/* that it returns behind ctid */
	int			ncolumns;
	ParamListInfo params;		/* of the filter, and the query */
	QueryDesc  *desc;
	bool		begun;
	int			guc_level;		/* with the index */

	/* the index's value of a row */
	bool		has_code;
	IndexInfo  *info;
	EState	   *estate;
	ExprState  *predicate;		/* NULL: none, or the index has tested it */
	TupleTableSlot *row;
};

/*----------
 * The query
 *----------
 */

/* Columns that the index is made of; all, if it takes a row as a whole. */
static void
choose_columns(VpCallerRows *rows)
{
	TupleDesc	desc = RelationGetDescr(rows->heap);
	Bitmapset  *used = vp_index_columns(rows->rel->rd_indextuple);
	bool		whole = bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, used);

	rows->columns = palloc(desc->natts * sizeof(AttrNumber));
	for (AttrNumber i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped &&
			(whole || bms_is_member(i - FirstLowInvalidHeapAttributeNumber, used)))
			rows->columns[rows->ncolumns++] = i;
}

static void
add_column(Query *query, Expr *expr, bool resjunk)
{
	AttrNumber	place = (AttrNumber) list_length(query->targetList) + 1;

	query->targetList = lappend(query->targetList, makeTargetEntry(expr, place, NULL, resjunk));
}

static Expr *
column(Relation heap, AttrNumber number)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(heap), number - 1);

	return (Expr *) makeVar(1, number, attribute->atttypid, attribute->atttypmod,
							attribute->attcollation, 0);
}

/* What the index is of, as the planner will find it again. */
static Expr *
indexed(const VpCallerRows *rows)
{
	AttrNumber	number = rows->rel->rd_index->indkey.values[0];
	Oid			type = rows->rel->rd_opcintype[0];
	Expr	   *expr;

	if (number != 0)
		expr = column(rows->heap, number);
	else
		expr = linitial(RelationGetIndexExpressions(rows->rel));
	if (exprType((Node *) expr) != type)
		expr = (Expr *) makeRelabelType(expr, type, -1, get_typcollation(type), COERCE_IMPLICIT_CAST);
	return expr;
}

static Expr *
distance_to_query(const VpCallerRows *rows)
{
	Oid			type = rows->rel->rd_opcintype[0];
	Oid			operator = get_opfamily_member(rows->rel->rd_opfamily[0], type, type, ORDER_STRATEGY);
	Param	   *query = makeNode(Param);
	Expr	   *distance;

	query->paramkind = PARAM_EXTERN;
	query->paramid = rows->params->numParams;
	query->paramtype = type;
	query->paramtypmod = -1;
	query->paramcollid = get_typcollation(type);
	query->location = -1;
	distance = make_opclause(operator, get_op_rettype(operator), false, indexed(rows),
							 (Expr *) query, InvalidOid, rows->rel->rd_indcollation[0]);
	set_opfuncid((OpExpr *) distance);
	return distance;
}

/* ORDER BY distance LIMIT k */
static void
add_order(const VpCallerRows *rows, Query *query)
{
	Expr	   *distance = distance_to_query(rows);
	SortGroupClause *clause = makeNode(SortGroupClause);

	get_sort_group_operators(exprType((Node *) distance), true, true, false,
							 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
	clause->tleSortGroupRef = 1;
	add_column(query, distance, true);
	llast_node(TargetEntry, query->targetList)->ressortgroupref = clause->tleSortGroupRef;
	query->sortClause = list_make1(clause);
	query->limitOption = LIMIT_OPTION_COUNT;
	query->limitCount = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
										   Int64GetDatum(rows->k), false, true);
}

/*
 * SELECT ctid, columns FROM ONLY table WHERE filter, in the order of the index
 * if that is to be used.
 */
static Query *
make_query(const VpCallerRows *rows, const VpCallerFilter *filter)
{
	Query	   *query = copyObject(filter->query);

	add_column(query, (Expr *) makeVar(1, SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0),
			   false);
	for (int i = 0; i < rows->ncolumns; i++)
		add_column(query, column(rows->heap, rows->columns[i]), false);
	if (rows->k > 0)
		add_order(rows, query);
	return query;
}

/*----------
 * The plan
 *----------
 */

/*
 * What is being planned: the query with these parameters, by this index.
 * Functions that the planner evaluates may have queries of their own planned
 * meanwhile.
 */
typedef struct PlanChoice
{
	ParamListInfo params;
	Oid			index;			/* InvalidOid: by none */
	Oid			am;				/* its access method */
} PlanChoice;

static const PlanChoice *present_choice;
static VpRelationHookType previous_hook;

/* Is an index of another kind, and can tell which rows satisfy conditions? */
static bool
can_help(const IndexOptInfo *info, const PlanChoice *choice)
{
	return OidIsValid(choice->index) && info->relam != choice->am && info->amhasgetbitmap;
}

/*
 * Shows the planner which indexes the table has: the wanted one, as if it had
 * all rows, since no other rows are asked for; and those that can help it.
 */
static void
choose_indexes(VP_RELATION_PARAMETERS)
{
	const PlanChoice *choice = present_choice;
	List	   *indexes = NIL;
	ListCell   *cell;

	if (previous_hook)
		previous_hook(VP_RELATION_ARGUMENTS);
	if (root->glob->boundParams != choice->params || root->query_level != 1 || rel->relid != 1)
		return;
	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *info = lfirst(cell);

		if (info->indexoid == choice->index)
			info->indpred = NIL;
		else if (!can_help(info, choice))
			continue;
		indexes = lappend(indexes, info);
	}
	rel->indexlist = indexes;
}

static PlannedStmt *
plan_by_choice(Query *query, const char *source, const PlanChoice *choice)
{
	const PlanChoice *outer = present_choice;
	PlannedStmt *stmt;

	if (outer == NULL)
	{
		previous_hook = VpRelationHook;
		VpRelationHook = choose_indexes;
	}
	present_choice = choice;
	PG_TRY();
	{
		stmt = VpPlanQuery(query, source, 0, choice->params);
	}
	PG_FINALLY();
	{
		present_choice = outer;
		if (outer == NULL)
			VpRelationHook = previous_hook;
	}
	PG_END_TRY();
	return stmt;
}

static PlannedStmt *
plan_query(Query *query, const char *source, const PlanChoice *choice)
{
	int			guc_level = NewGUCNestLevel();
	PlannedStmt *stmt;

	if (OidIsValid(choice->index))
	{
		vp_settings_change("enable_indexscan", "on");
		vp_settings_change("enable_seqscan", "off");
		vp_settings_change("enable_sort", "off");
	}
	stmt = plan_by_choice(query, source, choice);
	AtEOXact_GUC(false, guc_level);
	return stmt;
}

/* Does the planner know that no row satisfies the filter? */
static bool
is_empty(Plan *plan)
{
	while (plan != NULL && (IsA(plan, Limit) || IsA(plan, Sort) || IsA(plan, Result)))
		plan = outerPlan(plan);
	return plan == NULL;
}

/*
 * Does a node scan the index, in its order?  A custom scan does so by its first
 * child (am/bitmap_path.c).
 */
static bool
is_scan_of(Plan *plan, Oid index)
{
	if (IsA(plan, CustomScan) && ((CustomScan *) plan)->custom_plans != NIL)
		plan = linitial(((CustomScan *) plan)->custom_plans);
	return IsA(plan, IndexScan) && ((IndexScan *) plan)->indexid == index &&
		((IndexScan *) plan)->indexorderby != NIL;
}

/*
 * The node that scans the index.  There is nothing above it but LIMIT, and what
 * is true for all rows or none.
 */
static Plan *
find_scan(const VpCallerRows *rows, Plan *plan)
{
	while (outerPlan(plan) != NULL && (IsA(plan, Limit) || IsA(plan, Result)))
		plan = outerPlan(plan);
	if (!is_scan_of(plan, RelationGetRelid(rows->rel)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the planner cannot use index \"%s\"", RelationGetRelationName(rows->rel)),
				 rows->rel->rd_index->indisvalid ?
				 errhint("It may lack rows that this transaction sees: try again in a new transaction.") :
				 errhint("It is not valid: REINDEX or DROP it.")));
	return plan;
}

/*
 * The sort key, which the index knows and nobody reads, becomes a NULL: it
 * would have the caller evaluate the index's expression.
 */
static void
forget_distance(Plan *scan)
{
	ListCell   *cell;

	foreach(cell, scan->targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk)
			entry->expr = (Expr *) makeNullConst(exprType((Node *) entry->expr), -1, InvalidOid);
	}
}

static PlannedStmt *
make_plan(const VpCallerRows *rows, const VpCallerFilter *filter)
{
	Query	   *query = linitial_node(Query, QueryRewrite(make_query(rows, filter)));
	PlanChoice	choice = {
		.params = rows->params,
		.index = rows->k > 0 ? RelationGetRelid(rows->rel) : InvalidOid,
		.am = rows->rel->rd_rel->relam
	};
	PlannedStmt *stmt = plan_query(query, filter->source, &choice);

	if (rows->k > 0 && !is_empty(stmt->planTree))
		forget_distance(find_scan(rows, stmt->planTree));
	return stmt;
}

/*----------
 * The index's value of a row
 *----------
 */

/*
 * Evaluates what is constant in expressions and predicates of the table's
 * indexes, as the owner.  The relation cache keeps the results, so that the
 * planner has nothing to evaluate as the caller.  The caller of this function
 * has switched to the owner.  The indexes stay locked, AccessShareLock, until
 * the transaction ends.
 */
static void
evaluate_constants(const VpCallerRows *rows)
{
	List	   *indexes = RelationGetIndexList(rows->heap);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	rel = index_open(lfirst_oid(cell), AccessShareLock);

		(void) RelationGetIndexExpressions(rel);
		(void) RelationGetIndexPredicate(rel);
		index_close(rel, NoLock);
	}
	list_free(indexes);
}

static void
prepare_values(VpCallerRows *rows)
{
	VpAsOwner	as;

	rows->has_code = vp_index_has_code(rows->rel);
	rows->estate = CreateExecutorState();
	rows->row = MakeSingleTupleTableSlot(RelationGetDescr(rows->heap), &TTSOpsVirtual);
	vp_as_owner_begin(&as, rows->heap, rows->rel);
	evaluate_constants(rows);
	rows->info = BuildIndexInfo(rows->rel);
	if (rows->k == 0)
		rows->predicate = ExecPrepareQual(rows->info->ii_Predicate, rows->estate);
	vp_as_owner_end(&as);
}

/*
 * Makes of a row of the SELECT one of the table; others of its columns are
 * null.
 */
static void
set_row(const VpCallerRows *rows, TupleTableSlot *slot)
{
	TupleTableSlot *row = rows->row;

	slot_getallattrs(slot);
	ExecClearTuple(row);
	memset(row->tts_isnull, true, row->tts_tupleDescriptor->natts * sizeof(bool));
	row->tts_tid = *(ItemPointer) DatumGetPointer(slot->tts_values[0]);
	for (int i = 0; i < rows->ncolumns; i++)
	{
		int			at = rows->columns[i] - 1;

		row->tts_values[at] = slot->tts_values[i + 1];
		row->tts_isnull[at] = slot->tts_isnull[i + 1];
	}
	ExecStoreVirtualTuple(row);
}

/* Evaluates the expressions; false: the index has no value of the row. */
static bool
evaluate(VpCallerRows *rows, Datum *value)
{
	ExprContext *context = GetPerTupleExprContext(rows->estate);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	context->ecxt_scantuple = rows->row;
	if (rows->predicate != NULL && !ExecQual(rows->predicate, context))
		return false;
	FormIndexDatum(rows->info, rows->row, rows->estate, values, isnull);
	*value = values[0];
	return !isnull[0];
}

/*
 * The vector of the present row, NULL if it has none that is in the index.  It
 * lives in the per-tuple context of rows->estate, until the next row.
 * Expressions run as the owner.
 */
static const VpValue *
row_value(VpCallerRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(rows->estate));
	const VpValue *value = NULL;
	Datum		datum;
	bool		has_value;
	VpAsOwner	as;

	if (rows->has_code)
		vp_as_owner_begin(&as, rows->heap, rows->rel);
	has_value = evaluate(rows, &datum);
	if (rows->has_code)
		vp_as_owner_end(&as);
	if (has_value)
		value = vp_value_get(datum);
	if (value != NULL && !vp_value_accepted(&rows->index->meta, value))
		value = NULL;
	MemoryContextSwitchTo(old);
	return value;
}

/*----------
 * Reading
 *----------
 */

/*
 * The parameters of the filter, and for the index one more, whose value
 * changes.
 */
static ParamListInfo
make_params(const VpCallerRows *rows, ParamListInfo given)
{
	int			n = given->numParams;
	ParamListInfo params = makeParamList(n + 1);

	memcpy(params->params, given->params, n * sizeof(ParamExternData));
	params->params[n].value = (Datum) 0;
	params->params[n].isnull = true;
	params->params[n].pflags = 0;
	params->params[n].ptype = rows->rel->rd_opcintype[0];
	return params;
}

VpCallerRows *
vp_caller_rows_open(Relation heap, Relation rel, const VpCallerFilter *filter, int k)
{
	VpCallerRows *rows = palloc0(sizeof(VpCallerRows));
	PlannedStmt *stmt;

	rows->heap = heap;
	rows->rel = rel;
	rows->k = k;
	rows->index = vp_index_copy(vp_index_get(rel));
	rows->params = make_params(rows, filter->params);
	if (k > 0)
	{
		/*
		 * searches for many queries tell the client nothing about single ones
		 */
		rows->guc_level = NewGUCNestLevel();
		if (client_min_messages < WARNING)
			vp_settings_change("client_min_messages", "warning");
	}
	choose_columns(rows);
	prepare_values(rows);
	stmt = make_plan(rows, filter);
	rows->desc = CreateQueryDesc(stmt, filter->source, GetActiveSnapshot(), InvalidSnapshot,
								 None_Receiver, rows->params, NULL, 0);
	ExecutorStart(rows->desc, 0);
	return rows;
}

void
vp_caller_rows_close(VpCallerRows *rows)
{
	ExecutorFinish(rows->desc);
	ExecutorEnd(rows->desc);
	FreeQueryDesc(rows->desc);
	ExecDropSingleTupleTableSlot(rows->row);
	FreeExecutorState(rows->estate);
	if (rows->k > 0)
		AtEOXact_GUC(false, rows->guc_level);
	pfree(rows);
}

void
vp_caller_rows_begin(VpCallerRows *rows, const VpValue *query)
{
	ParamExternData *param = &rows->params->params[rows->params->numParams - 1];
	MemoryContext old = MemoryContextSwitchTo(rows->desc->estate->es_query_cxt);

	param->value = PointerGetDatum(query);
	param->isnull = query == NULL;
	if (rows->begun)
		ExecReScan(rows->desc->planstate);
	rows->begun = true;
	MemoryContextSwitchTo(old);
}

/*
 * The next row of the SELECT; false: no more.  Runs in the query's context;
 * the caller's is the current one again.
 */
static bool
next_row(VpCallerRows *rows)
{
	EState	   *estate = rows->desc->estate;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	TupleTableSlot *slot;

	CHECK_FOR_INTERRUPTS();
	ResetPerTupleExprContext(estate);
	slot = ExecProcNode(rows->desc->planstate);
	MemoryContextSwitchTo(old);
	if (TupIsNull(slot))
		return false;
	set_row(rows, slot);
	return true;
}

const VpValue *
vp_caller_rows_next(VpCallerRows *rows, ItemPointer tid)
{
	while (next_row(rows))
	{
		const VpValue *value;

		ResetPerTupleExprContext(rows->estate);
		value = row_value(rows);
		*tid = rows->row->tts_tid;
		if (value != NULL)
			return value;
	}
	return NULL;
}
