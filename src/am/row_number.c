/*-------------------------------------------------------------------------
 *
 * row_number.c
 *	  WHERE rn <= k, over row_number() in a subquery: a LIMIT by another name.
 *
 * PostgreSQL stops such a window when it has numbered k rows, but reckons the
 * cost of all of them; a search would lose against a sort.  Here the ordered
 * paths of the table get the cost of k rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/stratnum.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "am/row_number.h"

/* What conditions leave of the rows. */
typedef struct Bound
{
	PlannerInfo *root;
	double		rows;			/* -1: there is no bound */
} Bound;

/* Does an operator of integers say that its left side is the smaller one, or an equal one? */
static bool
is_less(Oid operator, bool swapped)
{
	int			strategy = get_op_opfamily_strategy(operator, INTEGER_BTREE_FAM_OID);

	if (strategy == InvalidStrategy)
		return false;
	if (swapped)
		strategy = BTMaxStrategyNumber + 1 - strategy;
	return strategy <= BTEqualStrategyNumber;
}

/* The integer that an expression is, as far as is known now; -1: it is not known, or negative. */
static double
known_number(PlannerInfo *root, Node *expression)
{
	Const	   *value = (Const *) estimate_expression_value(root, expression);
	double		number = -1;

	if (!IsA(value, Const) || value->constisnull)
		return -1;
	if (value->consttype == INT8OID)
		number = (double) DatumGetInt64(value->constvalue);
	else if (value->consttype == INT4OID)
		number = DatumGetInt32(value->constvalue);
	else if (value->consttype == INT2OID)
		number = DatumGetInt16(value->constvalue);
	return number < 0 ? -1 : number;
}

static void
heed(Bound *bound, Oid operator, bool function_is_left, Node *other)
{
	double		rows;

	if (!is_less(operator, !function_is_left))
		return;
	rows = known_number(bound->root, other);
	if (rows >= 0 && (bound->rows < 0 || rows < bound->rows))
		bound->rows = rows;
}

/* How many rows are numbered, one too many among them; -1: all. */
static double
numbered_rows(PlannerInfo *root)
{
	const Query *query = root->parse;
	WindowClause *window = linitial(query->windowClause);
	Bound		bound = {root, -1};
	List	   *functions;
	ListCell   *cell;

	functions = pull_var_clause((Node *) query->targetList,
								PVC_RECURSE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS |
								PVC_RECURSE_PLACEHOLDERS);
	foreach(cell, functions)
	{
		WindowFunc *function = lfirst(cell);

		if (IsA(function, WindowFunc) &&
			(function->winfnoid == F_ROW_NUMBER || function->winfnoid == F_RANK_))
			VP_EACH_RUN_CONDITION(window, function, heed, &bound);
	}
	return bound.rows < 0 ? -1 : bound.rows + 1;
}

/* Does nothing of a query stand between the scan of a table and its one window, for all rows? */
static bool
is_simple(const PlannerInfo *root, const RelOptInfo *rel)
{
	const Query *query = root->parse;

	return query->hasWindowFuncs && list_length(query->windowClause) == 1 &&
		linitial_node(WindowClause, query->windowClause)->partitionClause == NIL &&
		!query->hasAggs && !query->hasTargetSRFs && query->groupClause == NIL &&
		query->groupingSets == NIL && query->distinctClause == NIL && query->havingQual == NULL &&
		query->setOperations == NULL && root->query_pathkeys == root->window_pathkeys &&
		bms_equal(root->all_baserels, rel->relids);
}

void
vp_limit_by_row_number(PlannerInfo *root, RelOptInfo *rel, Oid am)
{
	double		rows;
	ListCell   *cell;

	if (!is_simple(root, rel))
		return;
	rows = numbered_rows(root);
	if (rows < 0)
		return;
	foreach(cell, rel->pathlist)
	{
		IndexPath  *path = lfirst(cell);

		if (IsA(path, IndexPath) && path->indexinfo->relam == am && path->indexorderbys != NIL &&
			path->path.pathkeys != NIL && rows < path->path.rows)
			path->path.total_cost = path->path.startup_cost +
				(path->path.total_cost - path->path.startup_cost) * rows / path->path.rows;
	}
}
