/*-------------------------------------------------------------------------
 *
 * radius.c
 *	  Conditions on the distance end a scan.
 *
 * "WHERE embedding <-> $1 < 0.8" is no condition on a column, so PostgreSQL
 * matches it with no index: it would have a scan go on to the table's last row
 * and throw away what is too far.  So where the planner has made its paths for
 * a table, those that scan an index of ours in the order of that distance get a
 * condition of ours besides, which says the radius:
 *
 *		embedding OPERATOR(vecprov.<@) 0.8
 *
 * and where no order was asked for, a path is made that scans in that order.
 * The condition is lossy: the original one is still evaluated for each row, so
 * nothing depends on rounding here.  The operator means something only to a
 * scan, which knows the vector from its ORDER BY; as a function it is true.
 *
 * What is found, with r, c and s expressions without columns:
 *
 *		d < r   d <= r   r > d   r >= d   d BETWEEN a AND r
 *		c - d > s, as in 1 - (embedding <=> $1) > 0.9			d < c - s, or d is NaN
 *		-d > s   d * -1 > s   -1 * d > s						d < -s, or d is NaN
 *
 * NaN, the cosine distance of a zero vector, is greater than all else to
 * PostgreSQL, and so is 1 - NaN: the latter two have an operator of their own,
 * <@~.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/stratnum.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "am/paths_by.h"
#include "am/radius.h"
#include "key/filter.h"

/* A condition on the distance. */
typedef struct Bound
{
	OpExpr	   *distance;		/* the indexed column on its left */
	Expr	   *radius;
	int			strategy;
} Bound;

/*----------
 * Finding conditions
 *----------
 */

/* An expression that is the same for all rows. */
static bool
is_fixed(PlannerInfo *root, const IndexOptInfo *index, Node *node)
{
	return !bms_is_member(index->rel->relid, pull_varnos(root, node)) &&
		!contain_volatile_functions(node);
}

/*
 * The arguments of this function, if the node calls it as an operator; one of
 * one argument has no right one.
 */
static bool
is_call(Node *node, Oid function, Node **left, Node **right)
{
	OpExpr	   *expr = (OpExpr *) node;

	if (!IsA(node, OpExpr) || get_opcode(expr->opno) != function)
		return false;
	*left = linitial(expr->args);
	*right = list_length(expr->args) > 1 ? lsecond(expr->args) : NULL;
	return true;
}

static bool
is_minus_one(const Node *node)
{
	const Const *value = (const Const *) node;

	return IsA(node, Const) && value->consttype == FLOAT8OID && !value->constisnull &&
		DatumGetFloat8(value->constvalue) == -1.0;
}

/*
 * The distance of the indexed column from something, with the column on its
 * left; NULL: it is none.
 */
static OpExpr *
find_distance(PlannerInfo *root, IndexOptInfo *index, Node *node)
{
	OpExpr	   *expr = (OpExpr *) node;

	if (!IsA(node, OpExpr) || list_length(expr->args) != 2)
		return NULL;
	if (!match_index_to_operand(linitial(expr->args), 0, index))
	{
		if (!match_index_to_operand(lsecond(expr->args), 0, index) ||
			!OidIsValid(get_commutator(expr->opno)))
			return NULL;
		expr = copyObject(expr);
		CommuteOpExpr(expr);
	}
	if (!OidIsValid(get_op_opfamily_sortfamily(expr->opno, index->opfamily[0])) ||
		!is_fixed(root, index, lsecond(expr->args)))
		return NULL;
	return expr;
}

/* The distance whose negative this is. */
static OpExpr *
find_negated(PlannerInfo *root, IndexOptInfo *index, Node *node)
{
	Node	   *left;
	Node	   *right;

	if (is_call(node, F_FLOAT8UM, &left, &right))
		return find_distance(root, index, left);
	if (!is_call(node, F_FLOAT8MUL, &left, &right))
		return NULL;
	if (is_minus_one(right))
		return find_distance(root, index, left);
	return is_minus_one(left) ? find_distance(root, index, right) : NULL;
}

/* a - b */
static Expr *
difference(PlannerInfo *root, Node *a, Node *b)
{
	Oid			minus = OpernameGetOprid(list_make2(makeString("pg_catalog"), makeString("-")),
										 FLOAT8OID, FLOAT8OID);

	Expr	   *expr = make_opclause(minus, FLOAT8OID, false, (Expr *) a, (Expr *) b,
									 InvalidOid, InvalidOid);

	return (Expr *) eval_const_expressions(root, (Node *) expr);
}

static Node *
zero(void)
{
	return (Node *) makeConst(FLOAT8OID, -1, InvalidOid, sizeof(float8), Float8GetDatum(0.0),
							  false, FLOAT8PASSBYVAL);
}

/* small < large */
static bool
find_bound(PlannerInfo *root, IndexOptInfo *index, Node *small, Node *large, Bound *bound)
{
	Node	   *left;
	Node	   *right;

	bound->distance = find_distance(root, index, small);
	bound->strategy = VP_RADIUS_STRATEGY;
	if (bound->distance != NULL)
	{
		bound->radius = (Expr *) large;
		return is_fixed(root, index, large);
	}
	if (!is_fixed(root, index, small))
		return false;
	bound->strategy = VP_RADIUS_OR_NAN_STRATEGY;
	bound->distance = find_negated(root, index, large);
	if (bound->distance != NULL)
	{
		bound->radius = difference(root, zero(), small);
		return true;
	}
	if (!is_call(large, F_FLOAT8MI, &left, &right) || !is_fixed(root, index, left))
		return false;
	bound->distance = find_distance(root, index, right);
	bound->radius = difference(root, left, small);
	return bound->distance != NULL;
}

static bool
is_bound(PlannerInfo *root, IndexOptInfo *index, RestrictInfo *rinfo, Bound *bound)
{
	Node	   *clause = (Node *) rinfo->clause;
	Node	   *left;
	Node	   *right;

	if (!restriction_is_securely_promotable(rinfo, index->rel))
		return false;
	if (is_call(clause, F_FLOAT8LT, &left, &right) || is_call(clause, F_FLOAT8LE, &left, &right))
		return find_bound(root, index, left, right, bound);
	if (is_call(clause, F_FLOAT8GT, &left, &right) || is_call(clause, F_FLOAT8GE, &left, &right))
		return find_bound(root, index, right, left, bound);
	return false;
}

/*----------
 * Paths
 *----------
 */

/* Not, if it is of somebody else's operator class. */
static bool
has_operators(const IndexOptInfo *index)
{
	return OidIsValid(get_opfamily_member(index->opfamily[0], ANYNONARRAYOID, FLOAT8OID,
										  VP_RADIUS_OR_NAN_STRATEGY));
}

/* The condition on the index that stands beside the one on the table. */
static IndexClause *
make_clause(PlannerInfo *root, const IndexOptInfo *index, RestrictInfo *rinfo, const Bound *bound)
{
	IndexClause *clause = makeNode(IndexClause);
	Oid			operator = get_opfamily_member(index->opfamily[0], ANYNONARRAYOID, FLOAT8OID,
											   bound->strategy);
	Expr	   *within = make_opclause(operator, BOOLOID, false, linitial(bound->distance->args),
									   bound->radius, InvalidOid, InvalidOid);

	clause->rinfo = rinfo;
	clause->indexquals = list_make1(make_simple_restrictinfo(root, within));
	clause->lossy = true;
	clause->indexcol = 0;
	clause->indexcols = NIL;
	return clause;
}

/* The same path with another condition on the first column. */
static Path *
narrow_path(PlannerInfo *root, const IndexPath *path, IndexClause *clause)
{
	return (Path *)
		create_index_path(root, path->indexinfo, lcons(clause, list_copy(path->indexclauses)),
						  path->indexorderbys, path->indexorderbycols, path->path.pathkeys,
						  ForwardScanDirection, false, PATH_REQ_OUTER(&path->path), 1.0, false);
}

static List *
sort_keys(const IndexOptInfo *index, const OpExpr *distance)
{
	PathKey    *key = makeNode(PathKey);

	key->pk_opfamily = get_op_opfamily_sortfamily(distance->opno, index->opfamily[0]);
	VpPathKeyAscending(key);
	return list_make1(key);
}

/*
 * A path of which nobody asked the order.  While paths are compared and put
 * together, it has none: its sort key would be of no equivalence class, and no
 * other path could be merged with it.  The plan of an ordered scan is made of a
 * sort key, though, which it gets in vp_complete_radius_paths().  Until then it
 * must not be copied, as the planner does with an index path that it gives
 * parameters: so there is a projection over it, which changes nothing and costs
 * nothing.
 */
static Path *
make_path(PlannerInfo *root, IndexOptInfo *index, const Bound *bound, IndexClause *clause)
{
	IndexPath  *path = create_index_path(root, index,
										 lcons(clause, list_copy(vp_key_clauses(root, index))),
										 list_make1(bound->distance), list_make1_int(0),
										 sort_keys(index, bound->distance),
										 ForwardScanDirection, false, NULL, 1.0, false);

	path->path.pathkeys = NIL;
	return (Path *) create_projection_path(root, index->rel, &path->path, index->rel->reltarget);
}

/*
 * A path of a table without what the target list of its query has put over it.
 */
static Path *
below_projections(Path *path)
{
	for (;;)
	{
		if (IsA(path, ProjectionPath))
			path = ((ProjectionPath *) path)->subpath;
		else if (IsA(path, ProjectSetPath))
			path = ((ProjectSetPath *) path)->subpath;
		else
			return path;
	}
}

/* Gives a path that make_path() made its sort key. */
static void
complete_path(Path *path)
{
	IndexPath  *scan = (IndexPath *) below_projections(path);

	if (IsA(scan, IndexPath) && scan->indexorderbys != NIL && scan->path.pathkeys == NIL)
		scan->path.pathkeys = sort_keys(scan->indexinfo, linitial(scan->indexorderbys));
}

void
vp_complete_radius_paths(PlannerInfo *root)
{
	ListCell   *cell;

	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		if (root->simple_rel_array[i] == NULL)
			continue;
		foreach(cell, root->simple_rel_array[i]->pathlist)
			complete_path(lfirst(cell));
	}
}

/* Does a path scan this index in the order of that distance? */
static bool
is_ordered(Path *path, const IndexOptInfo *index, const Bound *bound)
{
	IndexPath  *scan = (IndexPath *) path;

	return IsA(path, IndexPath) && scan->indexinfo == index &&
		list_length(scan->indexorderbys) == 1 &&
		equal(linitial(scan->indexorderbys), bound->distance);
}

static void
add_index_paths(PlannerInfo *root, IndexOptInfo *index, RestrictInfo *rinfo)
{
	RelOptInfo *rel = index->rel;
	List	   *paths = NIL;
	IndexClause *clause;
	ListCell   *cell;
	Bound		bound;

	if (!is_bound(root, index, rinfo, &bound))
		return;
	clause = make_clause(root, index, rinfo, &bound);
	foreach(cell, rel->pathlist)
	{
		if (is_ordered(lfirst(cell), index, &bound))
			paths = lappend(paths, narrow_path(root, lfirst(cell), clause));
	}
	/* columns of other tables in its rows would need parameters */
	if (paths == NIL && rel->lateral_relids == NULL)
		paths = list_make1(make_path(root, index, &bound, clause));
	foreach(cell, paths)
		add_path(rel, lfirst(cell));
}

void
vp_add_radius_paths(PlannerInfo *root, RelOptInfo *rel, Oid am)
{
	ListCell   *i;
	ListCell   *j;

	foreach(i, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(i);

		/* one that has no ORDER BY operators now gives no order */
		if (index->relam != am || !index->amcanorderbyop ||
			(index->indpred != NIL && !index->predOK) || !has_operators(index))
			continue;
		foreach(j, rel->baserestrictinfo)
			add_index_paths(root, index, lfirst(j));
	}
}

bool
vp_has_radius(const IndexPath *path)
{
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		IndexClause *clause = lfirst(cell);
		RestrictInfo *rinfo = linitial(clause->indexquals);

		if (clause->indexcol == 0 && IsA(rinfo->clause, OpExpr))
			return true;
	}
	return false;
}

/* vecprov.within(anything, float8): see above. */
VP_FUNCTION(vecprov_within);
Datum
vecprov_within(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}
