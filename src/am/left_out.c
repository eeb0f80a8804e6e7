/*-------------------------------------------------------------------------
 *
 * left_out.c
 *	  Conditions on key columns that the planner leaves out of index paths.
 *
 * "x = ANY (column)", that an array has an element, it matches with no index.
 * A path gets "column @> ARRAY[x]" instead, which is true of the same rows.
 *
 * Before 17 the planner makes two paths where a column behind the first has a
 * condition with an array (IN, = ANY): one with it, of which it assumes that no
 * order is kept, and one without it that keeps the order.  For this access
 * method neither is of use.  And before 16 it does not know that "flag", "NOT
 * flag" and the like are "flag = true" and "flag = false", but for classes of
 * its own.
 *
 * So a path that keeps the order gets these conditions, before its costs are
 * estimated: the plan is made of the path as it is then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "am/left_out.h"
#include "key/array.h"

/* Is a clause "column operator ANY (array)" that the index can test? */
static bool
is_array_test(PlannerInfo *root, IndexOptInfo *index, int column, ScalarArrayOpExpr *clause)
{
	Node	   *array = lsecond(clause->args);
	Oid			collation = index->indexcollations[column];

	return clause->useOr && match_index_to_operand(linitial(clause->args), column, index) &&
		(!OidIsValid(collation) || collation == clause->inputcollid) &&
		op_in_opfamily(clause->opno, index->opfamily[column]) &&
		!bms_is_member(index->rel->relid, pull_varnos(root, array)) &&
		!contain_volatile_functions(array);
}

/* A clause about a boolean as a comparison; NULL: it is another one. */
static Expr *
boolean_test(IndexOptInfo *index, int column, Node *clause)
{
	bool		wanted = true;

	if (is_notclause(clause))
	{
		wanted = false;
		clause = (Node *) get_notclausearg(clause);
	}
	else if (IsA(clause, BooleanTest))
	{
		BooleanTest *test = (BooleanTest *) clause;

		if (test->booltesttype != IS_TRUE && test->booltesttype != IS_FALSE)
			return NULL;
		wanted = test->booltesttype == IS_TRUE;
		clause = (Node *) test->arg;
	}
	if (exprType(clause) != BOOLOID || !match_index_to_operand(clause, column, index) ||
		!op_in_opfamily(BooleanEqualOperator, index->opfamily[column]))
		return NULL;
	return make_opclause(BooleanEqualOperator, BOOLOID, false, (Expr *) clause,
						 (Expr *) makeBoolConst(wanted, false), InvalidOid, InvalidOid);
}

/*
 * Takes off an array a cast that leaves its elements as they are, as from
 * varchar to text.
 */
static Node *
without_cast(Node *array)
{
	ArrayCoerceExpr *cast = (ArrayCoerceExpr *) array;

	if (IsA(array, ArrayCoerceExpr) && IsA(cast->elemexpr, RelabelType) &&
		IsA(((RelabelType *) cast->elemexpr)->arg, CaseTestExpr))
		return (Node *) cast->arg;
	return array;
}

/*
 * ARRAY[value], whose elements are of this type, as the value is but for its
 * name.
 */
static Expr *
make_array(PlannerInfo *root, Node *value, Oid array_type, Oid type, Oid collation)
{
	ArrayExpr  *array = makeNode(ArrayExpr);

	if (exprType(value) != type)
		value = (Node *) makeRelabelType((Expr *) value, type, -1, collation, COERCE_IMPLICIT_CAST);
	array->array_typeid = array_type;
	array->array_collid = collation;
	array->element_typeid = type;
	array->elements = list_make1(value);
	array->location = -1;
	return (Expr *) eval_const_expressions(root, (Node *) array);
}

/*
 * A clause "value = ANY (column)" as "column @> ARRAY[value]"; NULL: it is
 * another one.  The operator must be the one by which @> compares elements.
 */
static Expr *
element_test(PlannerInfo *root, IndexOptInfo *index, int column, ScalarArrayOpExpr *clause)
{
	Node	   *value = linitial(clause->args);
	Node	   *array = without_cast(lsecond(clause->args));
	Oid			array_type = getBaseType(exprType(array));
	Oid			type = get_element_type(array_type);
	Oid			contains = get_opfamily_member(index->opfamily[column], ANYARRAYOID, ANYARRAYOID,
											   VP_ARRAY_CONTAINS);
	Oid			collation = index->indexcollations[column];

	if (!clause->useOr || !OidIsValid(contains) || !match_index_to_operand(array, column, index) ||
		(OidIsValid(collation) && collation != clause->inputcollid) ||
		lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr != clause->opno ||
		bms_is_member(index->rel->relid, pull_varnos(root, value)) ||
		contain_volatile_functions(value))
		return NULL;
	return make_opclause(contains, BOOLOID, false, (Expr *) array,
						 make_array(root, value, array_type, type, clause->inputcollid),
						 InvalidOid, clause->inputcollid);
}

/* What a scan can test on a column for a condition; NULL: nothing. */
static RestrictInfo *
find_test(PlannerInfo *root, IndexOptInfo *index, int column, RestrictInfo *rinfo)
{
	Expr	   *test = NULL;

	if (IsA(rinfo->clause, ScalarArrayOpExpr))
	{
		if (VP_KEYS_ARE_LEFT_OUT &&
			is_array_test(root, index, column, (ScalarArrayOpExpr *) rinfo->clause))
			return rinfo;
		test = element_test(root, index, column, (ScalarArrayOpExpr *) rinfo->clause);
	}
	else if (VP_KEYS_ARE_LEFT_OUT)
		test = boolean_test(index, column, (Node *) rinfo->clause);
	return test != NULL ? make_simple_restrictinfo(root, test) : NULL;
}

/* Index clauses stand in the order of their columns. */
static List *
insert_clause(List *clauses, RestrictInfo *rinfo, RestrictInfo *test, int column)
{
	IndexClause *added = makeNode(IndexClause);
	int			place = 0;

	added->rinfo = rinfo;
	added->indexquals = list_make1(test);
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
	{
		if (((IndexClause *) lfirst(cell))->rinfo == rinfo)
			return true;
	}
	return false;
}

static void
add_clause(PlannerInfo *root, IndexPath *path, RestrictInfo *rinfo)
{
	IndexOptInfo *index = path->indexinfo;

	for (int column = 1; column < index->nkeycolumns; column++)
	{
		RestrictInfo *test = find_test(root, index, column, rinfo);

		if (test == NULL)
			continue;
		path->indexclauses = insert_clause(path->indexclauses, rinfo, test, column);
		return;
	}
}

void
vp_add_left_out(PlannerInfo *root, IndexPath *path)
{
	ListCell   *cell;

	foreach(cell, path->indexinfo->indrestrictinfo)
	{
		RestrictInfo *rinfo = lfirst(cell);

		if (!rinfo->pseudoconstant && !has_clause(path, rinfo) &&
			restriction_is_securely_promotable(rinfo, path->indexinfo->rel))
			add_clause(root, path, rinfo);
	}
}
