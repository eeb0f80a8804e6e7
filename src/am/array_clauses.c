/*-------------------------------------------------------------------------
 *
 * array_clauses.c
 *	  Conditions with arrays that the planner has left out of an index path.
 *
 * Before 17 the planner makes two paths where a column behind the first has a condition with an
 * array (IN, = ANY): one with it, of which it assumes that no order is kept, and one without it
 * that keeps the order.  For this access method neither is of use.  So the second one gets
 * the condition back, before its costs are estimated: the plan is made of the path as it
 * is then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "am/array_clauses.h"

/* Is a clause "key operator ANY (array)", of such a column, that the index can test? */
static bool
is_testable(PlannerInfo *root, IndexOptInfo *index, int column, RestrictInfo *rinfo)
{
	ScalarArrayOpExpr *clause = (ScalarArrayOpExpr *) rinfo->clause;
	Node	   *array = lsecond(clause->args);
	Oid			collation = index->indexcollations[column];

	return match_index_to_operand(linitial(clause->args), column, index) &&
		(!OidIsValid(collation) || collation == clause->inputcollid) &&
		op_in_opfamily(clause->opno, index->opfamily[column]) &&
		!bms_is_member(index->rel->relid, pull_varnos(root, array)) &&
		!contain_volatile_functions(array);
}

/* Index clauses stand in the order of their columns. */
static List *
insert_clause(List *clauses, RestrictInfo *rinfo, int column)
{
	IndexClause *added = makeNode(IndexClause);
	int			place = 0;

	added->rinfo = rinfo;
	added->indexquals = list_make1(rinfo);
	added->indexcol = column;
	while (place < list_length(clauses) &&
		   ((IndexClause *) list_nth(clauses, place))->indexcol <= column)
		place++;
	/* the list is of other paths, too */
	return list_insert_nth(list_copy(clauses), place, added);
}

static bool
has_clause(const IndexPath *path, const RestrictInfo *rinfo)
{
	ListCell   *cell;

	foreach(cell, path->indexclauses)
		if (((IndexClause *) lfirst(cell))->rinfo == rinfo)
		return true;
	return false;
}

void
vp_add_array_clauses(PlannerInfo *root, IndexPath *path)
{
	IndexOptInfo *index = path->indexinfo;
	ListCell   *cell;

	foreach(cell, index->indrestrictinfo)
	{
		RestrictInfo *rinfo = lfirst(cell);

		if (rinfo->pseudoconstant || !IsA(rinfo->clause, ScalarArrayOpExpr) ||
			!((ScalarArrayOpExpr *) rinfo->clause)->useOr || has_clause(path, rinfo) ||
			!restriction_is_securely_promotable(rinfo, index->rel))
			continue;
		for (int column = 1; column < index->nkeycolumns; column++)
		{
			if (!is_testable(root, index, column, rinfo))
				continue;
			path->indexclauses = insert_clause(path->indexclauses, rinfo, column);
			break;
		}
	}
}
