/*-------------------------------------------------------------------------
 *
 * one_row.c
 *	  ORDER BY t.v <-> q.v, where q is one row: a joined subquery, a CTE, a row found by its key.
 *
 * PostgreSQL looks for an index that gives an order only where all but the
 * indexed column is known to the scan.  A vector of another table is known
 * too once that table's row has been read: inside a nested loop, as a
 * parameter.  If there is one such row at most, the loop returns rows in the
 * order of the scan inside it.  A hook gets to see each pair of relations
 * that is joined; here those pairs get such a loop, and the planner compares
 * its costs with all others.
 *
 *	Nested Loop						rows in the order of t.v <-> q.v
 *	  ->  q, at most one row
 *	  ->  Index Scan on t, Order By: (v <-> q.v)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "am/one_row.h"
#include "am/paths_by.h"

/*----------
 * One row
 *----------
 */

/*
 * Are values that are equal by a condition equal by a unique index, too?  By a
 * collation that is deterministic, they are the same bytes.
 */
static bool
is_as_unique(const RestrictInfo *rinfo, const IndexOptInfo *index, int column)
{
	Oid			collation = ((const OpExpr *) rinfo->clause)->inputcollid;

	return !OidIsValid(collation) || collation == index->indexcollations[column] ||
		get_collation_isdeterministic(collation);
}

/* Is a column of an index compared with something that is known before the table is read? */
static bool
is_fixed(const RelOptInfo *rel, const IndexOptInfo *index, int column)
{
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		const RestrictInfo *rinfo = lfirst(cell);
		Node	   *side;

		/* an equality that btrees know, one side of which has no Vars */
		if (rinfo->mergeopfamilies == NIL ||
			!list_member_oid(rinfo->mergeopfamilies, index->opfamily[column]) ||
			!is_as_unique(rinfo, index, column))
			continue;
		if (bms_is_empty(rinfo->right_relids))
			side = get_leftop(rinfo->clause);
		else if (bms_is_empty(rinfo->left_relids))
			side = get_rightop(rinfo->clause);
		else
			continue;
		if (match_index_to_operand(side, column, (IndexOptInfo *) index))
			return true;
	}
	return false;
}

/* Is a row of a table found by a unique key? */
static bool
is_one_by_key(const RelOptInfo *rel)
{
	ListCell   *cell;

	foreach(cell, rel->indexlist)
	{
		const IndexOptInfo *index = lfirst(cell);
		int			column = 0;

		if (!index->unique || !index->immediate || (index->indpred != NIL && !index->predOK))
			continue;
		while (column < index->nkeycolumns && is_fixed(rel, index, column))
			column++;
		if (column == index->nkeycolumns)
			return true;
	}
	return false;
}

/* The one table that a query reads, by a relation of its planner; NULL: there are more, or none. */
static RelOptInfo *
only_table(PlannerInfo *root)
{
	int			relid;

	if (!bms_get_singleton_member(root->all_baserels, &relid))
		return NULL;
	return root->simple_rel_array[relid];
}

static bool
is_one_by_limit(Node *limit)
{
	const Const *count = (const Const *) limit;

	return limit != NULL && IsA(limit, Const) && !count->constisnull &&
		DatumGetInt64(count->constvalue) <= 1;
}

/* Does a query return one row at most?  It has been planned: constants are folded. */
static bool
is_one_row_query(PlannerInfo *root)
{
	const Query *query = root->parse;
	const RelOptInfo *table;

	if (query->commandType != CMD_SELECT || query->hasTargetSRFs || query->setOperations != NULL)
		return false;
	/* WITH TIES may return more */
	if (query->limitOption == LIMIT_OPTION_COUNT && is_one_by_limit(query->limitCount))
		return true;
	if (query->groupClause != NIL || query->groupingSets != NIL)
		return false;
	if (query->hasAggs || query->jointree->fromlist == NIL)
		return true;
	table = only_table(root);
	return table != NULL && table->rtekind == RTE_RELATION && is_one_by_key(table);
}

/* The same of a CTE, which is planned already, before what refers to it. */
static bool
is_one_row_cte(PlannerInfo *root, const RangeTblEntry *rte)
{
	PlannerInfo *owner = root;
	int			number = 0;
	ListCell   *cell;

	if (rte->self_reference)
		return false;
	for (Index up = rte->ctelevelsup; up > 0 && owner != NULL; up--)
		owner = owner->parent_root;
	if (owner == NULL)
		return false;
	foreach(cell, owner->parse->cteList)
	{
		const CommonTableExpr *cte = lfirst(cell);

		if (strcmp(cte->ctename, rte->ctename) == 0)
		{
			int			plan = number < list_length(owner->cte_plan_ids) ?
			list_nth_int(owner->cte_plan_ids, number) : 0;

			return plan > 0 && is_one_row_query(list_nth(root->glob->subroots, plan - 1));
		}
		number++;
	}
	return false;
}

/* Has a relation one row at most? */
static bool
is_one_row(PlannerInfo *root, const RelOptInfo *rel)
{
	const RangeTblEntry *rte;

	if (rel->reloptkind != RELOPT_BASEREL)
		return false;
	rte = planner_rt_fetch(rel->relid, root);
	switch (rel->rtekind)
	{
		case RTE_RELATION:
			return !rte->inh && is_one_by_key(rel);
		case RTE_SUBQUERY:
			return rel->subroot != NULL && is_one_row_query(rel->subroot);
		case RTE_CTE:
			return is_one_row_cte(root, rte);
		case RTE_VALUES:
			return list_length(rte->values_lists) == 1;
		default:
			return false;
	}
}

/*----------
 * The order
 *----------
 */

/*
 * The expression of an equivalence class that is a distance between the first
 * column of an index, by its operator, and something of the other relation.
 * The column is its left side then.  NULL: none is.
 */
static OpExpr *
distance_between(PlannerInfo *root, const EquivalenceClass *order, IndexOptInfo *index,
				 const RelOptInfo *joinrel, const Relids others)
{
	ListCell   *cell;

	foreach(cell, order->ec_members)
	{
		const EquivalenceMember *member = lfirst(cell);
		OpExpr	   *distance = (OpExpr *) member->em_expr;
		Oid			operator;

		/* what an outer join above may set to NULL is another expression */
		if (member->em_is_const || member->em_is_child || !IsA(distance, OpExpr) ||
			list_length(distance->args) != 2 ||
			!bms_is_subset(member->em_relids, joinrel->relids))
			continue;
		operator = distance->opno;
		for (int side = 0; side < 2; side++)
		{
			Node	   *column = list_nth(distance->args, side);
			Node	   *other = list_nth(distance->args, 1 - side);

			if (side == 1)
				operator = get_commutator(operator);
			if (!OidIsValid(operator) ||
				!match_index_to_operand(column, 0, index) ||
				!OidIsValid(get_op_opfamily_sortfamily(operator, index->opfamily[0])) ||
				contain_volatile_functions(other) ||
				!bms_is_subset(pull_varnos(root, other), others))
				continue;
			return (OpExpr *) make_opclause(operator, FLOAT8OID, false, (Expr *) column,
											(Expr *) other, InvalidOid, distance->inputcollid);
		}
	}
	return NULL;
}

/* A loop over the one row of `outer`, with a scan of an index in the order that it asks for. */
static void
add_loop(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, IndexOptInfo *index,
		 OpExpr *distance, JoinType jointype, JoinPathExtraData *extra)
{
	List	   *order = list_make1(linitial(root->query_pathkeys));
	JoinCostWorkspace workspace;
	Path	   *row = outer->cheapest_total_path;
	Path	   *scan;

	set_opfuncid(distance);
	scan = (Path *) create_index_path(root, index, list_copy(vp_key_clauses(root, index)),
									  list_make1(distance), list_make1_int(0), order,
									  ForwardScanDirection, false, outer->relids, 1.0, false);
	VpInitialCostNestloop(root, &workspace, jointype, row, scan, extra);
	add_path(joinrel, (Path *)
			 create_nestloop_path(root, joinrel, jointype, &workspace, extra, row, scan,
								  extra->restrictlist, order, NULL));
}

void
vp_add_one_row_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
					 JoinType jointype, JoinPathExtraData *extra, Oid am)
{
	const PathKey *key;
	ListCell   *cell;

	if (root->query_pathkeys == NIL || inner->reloptkind != RELOPT_BASEREL ||
		planner_rt_fetch(inner->relid, root)->inh || jointype != JOIN_INNER ||
		inner->lateral_relids != NULL || outer->lateral_relids != NULL ||
		outer->cheapest_total_path == NULL || PATH_REQ_OUTER(outer->cheapest_total_path) != NULL)
		return;
	/* the loop's order is that of one key alone */
	key = linitial(root->query_pathkeys);
	if (key->pk_nulls_first || !VpPathKeyIsAscending(key) || key->pk_eclass->ec_has_volatile)
		return;
	foreach(cell, vp_our_indexes(inner, am))
	{
		IndexOptInfo *index = lfirst(cell);
		OpExpr	   *distance = distance_between(root, key->pk_eclass, index, joinrel, outer->relids);

		if (distance != NULL && is_one_row(root, outer))
			add_loop(root, joinrel, outer, index, distance, jointype, extra);
	}
}
