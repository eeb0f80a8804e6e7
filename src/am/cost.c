/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  What an index scan costs, for the planner.
 *
 * With conditions on key columns the search looks for rows that satisfy them.
 * Few are all measured; for many the graph is searched, which costs more than
 * without conditions, the fewer there are.  (search/ chooses by what it finds;
 * this by what the planner expects.)
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

#include "access/genam.h"
#include "access/table.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "am/cost.h"
#include "am/left_out.h"
#include "am/radius.h"
#include "base/effort.h"
#include "base/options.h"
#include "base/settings.h"
#include "kernel/codec.h"
#include "page/store.h"

/*
 * Distance computations for each candidate kept: measured on word and
 * sentence vectors with m = 16; it grows slower than m.
 */
#define DISTANCES_PER_CANDIDATE	14.0

/*
 * Pages that are read wherever in the index a scan begins, be it with the lists
 * of rows with some keys or in the graph, as each index of PostgreSQL is
 * charged for at least one.  Both kinds of scan have the same: of two indexes
 * on a vector the one without the condition's column would look cheaper
 * otherwise.  All else is taken to be in memory.
 */
#define FIRST_PAGES				2

/* In units of cpu_operator_cost. */
#define DISTANCE_COST			1.0 /* a code, in memory */
#define MATCH_COST				2.0 /* finding a row by its key, and that */
#define ROW_COST				60.0	/* an exact vector, and searching
										 * again */
#define MEASURED_ROW_COST		20.0	/* an exact vector */
#define PREPARE_COST			100.0	/* preparing the query */
#define DESCENT_COST			1400.0	/* upper levels */

/*
 * Rows that are all known before the first is fetched have their pages asked
 * for ahead, as a bitmap heap scan has them in order: by this, a page costs as
 * much as one of those.
 */
#define MEASURED_CORRELATION	0.4

/*
 * A node looked at for its row, somewhere in the index: in memory, as for a
 * search.
 */
#define NODE_COST			40.0

/*
 * Rows inside a radius, of which nothing is known: a condition on the distance
 * asks for what is near, and who wanted more than a few in a thousand would not
 * ask an index.
 */
#define RADIUS_ROWS			100
#define RADIUS_SHARE		0.001

/*
 * Rows that a scan has for each row of a LIMIT, if the LIMIT is to end it long
 * before its end: as many rows as that may have one distance.
 */
#define ROWS_PER_LIMIT		10

/* The planner has the index locked. */
static bool
is_suspended(const IndexOptInfo *info)
{
	Relation	rel;
	VpWish		wish = {.tier = ""};

	if (info->hypothetical)
		return false;
	rel = index_open(info->indexoid, NoLock);
	if (rel->rd_options != NULL)
		vp_get_wish((VpOptions *) rel->rd_options, &wish);
	index_close(rel, NoLock);
	return VpIsSuspended(&wish);
}

/*
 * Does this index give any order and test any condition that the other one
 * does, for at least as many rows?
 */
static bool
can_replace(const IndexOptInfo *info, const IndexOptInfo *other)
{
	int			n = info->nkeycolumns;

	return info->relam == other->relam && n == other->nkeycolumns &&
		memcmp(info->opfamily, other->opfamily, n * sizeof(Oid)) == 0 &&
		memcmp(info->indexcollations, other->indexcollations, n * sizeof(Oid)) == 0 &&
		memcmp(info->indexkeys, other->indexkeys, n * sizeof(int)) == 0 &&
		equal(info->indexprs, other->indexprs) && (info->indpred == NIL || info->predOK);
}

/* Is an index suspended, beside another one that is not and does as well? */
static bool
is_replaced(const IndexOptInfo *info)
{
	ListCell   *cell;

	foreach(cell, info->rel->indexlist)
	{
		const IndexOptInfo *other = lfirst(cell);

		if (other != info && can_replace(other, info) && is_suspended(info) && !is_suspended(other))
			return true;
	}
	return false;
}

/* Does a query put rows together that are equal in some of its expressions? */
static bool
groups_rows(const Query *query)
{
	ListCell   *cell;

	foreach(cell, query->windowClause)
	{
		if (((WindowClause *) lfirst(cell))->partitionClause != NIL)
			return true;
	}
	return query->groupClause != NIL || query->distinctClause != NIL || query->setOperations != NULL;
}

/* 0 without OFFSET, say; -1: it is not known, or there is none. */
static int64
known_count(const Node *node, int64 without)
{
	const Const *count = (const Const *) node;

	if (node == NULL)
		return without;
	return IsA(count, Const) && !count->constisnull ? DatumGetInt64(count->constvalue) : -1;
}

/* Does LIMIT end a scan of so many rows long before its end? */
static bool
limit_is_near(const Query *query, double rows)
{
	int64		count = known_count(query->limitCount, -1);
	int64		offset = known_count(query->limitOffset, 0);

	return count >= 0 && offset >= 0 && ((double) count + offset) * ROWS_PER_LIMIT <= rows;
}

/*
 * Are equal distances to come together, from the first row to the last?  A row
 * that the scan finds late would be a group of its own: it comes at the end,
 * or in relaxed order anywhere.  So somebody else is to sort, unless LIMIT
 * ends the scan before.  The order of a subquery may be that by which the
 * query around it puts rows into groups.
 */
static bool
orders_groups(PlannerInfo *root, const IndexPath *path)
{
	const Query *query = root->parse;

	if (groups_rows(query))
		return vp_iterative_scan == VP_ITERATIVE_RELAXED || !limit_is_near(query, path->path.parent->rows);
	if (query->limitCount != NULL)
		return false;
	for (PlannerInfo *around = root->parent_root; around != NULL; around = around->parent_root)
		if (groups_rows(around->parse))
			return true;
	return false;
}

/*
 * Does the statement want all rows, as far as one can know?  A cursor, of which
 * the planner takes a fraction to be wanted, may be read to its end.  Where
 * LIMIT is a parameter, a fraction is assumed, too; LIMIT ALL is none.
 */
static bool
wants_all_rows(const PlannerInfo *root)
{
	if (root->limit_tuples >= 0 || root->tuple_fraction >= 1)
		return false;
	return root->tuple_fraction == 0 || root->parse->limitCount == NULL;
}

/* Can the indexed column be NULL?  The planner has the table locked. */
static bool
is_nullable(Relation rel)
{
	AttrNumber	column = rel->rd_index->indkey.values[0];
	Relation	table;
	bool		nullable;

	if (column == 0)
		return true;
	table = table_open(rel->rd_index->indrelid, NoLock);
	nullable = !TupleDescAttr(RelationGetDescr(table), column - 1)->attnotnull;
	table_close(table, NoLock);
	return nullable;
}

/*
 * May rows be missing from an index?  In one that an older version made, those
 * without a vector are.  Of one that is damaged this is not known: that is for
 * a search to find.  The planner has the index locked; the metapage is read
 * without raising an error.
 */
static bool
may_lack_rows(const IndexOptInfo *info)
{
	Relation	rel;
	VpMeta		meta;
	BlockNumber nblocks;
	bool		lacks;

	if (info->hypothetical)
		return false;
	rel = index_open(info->indexoid, NoLock);
	lacks = vp_meta_try(rel, &meta, &nblocks) == NULL && meta.complete == 0 &&
		(meta.metric == VP_METRIC_COSINE || is_nullable(rel));
	index_close(rel, NoLock);
	return lacks;
}

bool
vp_scans_keys(const IndexPath *path)
{
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		const IndexClause *clause = lfirst(cell);
		const NullTest *test = (const NullTest *) clause->rinfo->clause;

		if (clause->indexcol > 0 || (IsA(test, NullTest) && test->nulltesttype == IS_NULL))
			return true;
	}
	return false;
}

/*
 * May a merge join take the order of a path for its own?  It is an error to it
 * where a row comes late.
 */
static bool
orders_join(PlannerInfo *root, const IndexPath *path)
{
	RelOptInfo *rel = path->path.parent;
	EquivalenceClass *order = ((PathKey *) linitial(path->path.pathkeys))->pk_eclass;
	ListCell   *cell;

	if (eclass_useful_for_merging(root, order, rel))
		return true;
	foreach(cell, rel->joininfo)
	{
		RestrictInfo *rinfo = lfirst(cell);

		if (rinfo->mergeopfamilies == NIL)
			continue;
		update_mergeclause_eclasses(root, rinfo);
		if (rinfo->left_ec == order || rinfo->right_ec == order)
			return true;
	}
	return false;
}

/*
 * Does a path show its order to the planner?  Those that radius.c adds do not.
 */
static bool
shows_order(const IndexPath *path)
{
	return ((PathKey *) linitial(path->path.pathkeys))->pk_eclass != NULL;
}

/* Some plans need more than an index has. */
static bool
is_useless(PlannerInfo *root, const IndexPath *path)
{
	if (path->indexorderbys == NIL)
		return !vp_scans_keys(path) || is_suspended(path->indexinfo) ||
			may_lack_rows(path->indexinfo);
	return (shows_order(path) && (orders_groups(root, path) || orders_join(root, path))) ||
		is_replaced(path->indexinfo) ||
		(wants_all_rows(root) && may_lack_rows(path->indexinfo));
}

/*
 * What a search for matches costs before its first row: in the graph, to which
 * measuring `plain` nodes would be enough without conditions.  Nodes are tested
 * besides: half of all take 1.2 times as long, a tenth 1.5 times (100,000 rows,
 * doc/benchmarks.md); where they are rare, many more are visited.
 */
static double
graph_search(double plain, double share)
{
	double		longer = Max(1.08 * pow(share, -0.14), 0.55 * pow(share, -0.35));

	return DESCENT_COST + plain * longer * DISTANCE_COST;
}

/*
 * Without an order there is nothing to search for: rows of posting lists are
 * looked up at their nodes, anywhere.
 */
static void
estimate_unordered(PlannerInfo *root, IndexPath *path, double loop_count,
				   Cost *startup_cost, Cost *total_cost,
				   Selectivity *selectivity, double *correlation, double *pages)
{
	GenericCosts costs;
	double		rows;

	MemSet(&costs, 0, sizeof(costs));
	genericcostestimate(root, path, loop_count, &costs);
	rows = clamp_row_est(costs.indexSelectivity * path->indexinfo->rel->tuples);
	*pages = Min(rows, path->indexinfo->pages);
	*startup_cost = FIRST_PAGES * costs.spc_random_page_cost;
	*total_cost = *startup_cost + rows * (cpu_index_tuple_cost + NODE_COST * cpu_operator_cost);
	*selectivity = costs.indexSelectivity;
	*correlation = 0;
}

/*
 * The share of rows that satisfy the conditions on key columns; 1: there are
 * none.
 */
static double
key_selectivity(PlannerInfo *root, const IndexPath *path)
{
	List	   *conditions = NIL;
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		const IndexClause *clause = lfirst(cell);

		if (clause->indexcol > 0)
			conditions = lappend(conditions, clause->rinfo);
	}
	return clauselist_selectivity(root, conditions, path->indexinfo->rel->relid, JOIN_INNER, NULL);
}

/* How many candidates the search will keep. */
static int
expected_ef(PlannerInfo *root, const IndexPath *path)
{
	Relation	index;
	int			ef;

	if (path->indexinfo->hypothetical)
		return vp_ef_search;
	/* the planner has it locked */
	index = index_open(path->indexinfo->indexoid, NoLock);
	ef = vp_ef_search_of(index, Max(root->limit_tuples, 0), NULL);
	index_close(index, NoLock);
	return ef;
}

void
vp_cost_estimate(PlannerInfo *root, IndexPath *path, double loop_count,
				 Cost *startup_cost, Cost *total_cost,
				 Selectivity *selectivity, double *correlation, double *pages)
{
	GenericCosts costs;
	double		tuples = Max(path->indexinfo->tuples, 1.0);
	double		plain;
	double		search;
	double		matches = tuples;
	double		row = DISTANCES_PER_CANDIDATE * DISTANCE_COST + ROW_COST;
	double		share;

	if (is_useless(root, path))
	{
		*startup_cost = *total_cost = VP_USELESS_COST;
		VpDisablePath(&path->path);
		/* less, and a bitmap would be made of it */
		*selectivity = 1;
		*correlation = 0;
		*pages = 0;
		return;
	}

	if (path->indexorderbys == NIL)
	{
		estimate_unordered(root, path, loop_count, startup_cost, total_cost, selectivity,
						   correlation, pages);
		return;
	}
	vp_add_left_out(root, path);
	MemSet(&costs, 0, sizeof(costs));
	costs.numIndexTuples = tuples;
	genericcostestimate(root, path, loop_count, &costs);

	/* a small table is searched whole */
	plain = Min(expected_ef(root, path) * DISTANCES_PER_CANDIDATE + 16 * log2(tuples), tuples);
	search = DESCENT_COST + plain * DISTANCE_COST;
	*startup_cost = FIRST_PAGES * costs.spc_random_page_cost + PREPARE_COST * cpu_operator_cost;
	*correlation = 0;
	share = key_selectivity(root, path);
	if (share < 1)
	{
		matches = clamp_row_est(share * tuples);
		search = graph_search(plain, Min(matches / tuples, 1.0));
		/* few are all measured, and then there is nothing to search on */
		if (matches * MATCH_COST <= search)
		{
			search = matches * MATCH_COST;
			row = MEASURED_ROW_COST;
			*correlation = MEASURED_CORRELATION;
		}
	}
	if (vp_has_radius(path))
	{
		double		inside = Max(tuples * RADIUS_SHARE, Min(RADIUS_ROWS, tuples));

		matches = Min(matches, inside);
		costs.indexSelectivity = matches / tuples;
	}
	*startup_cost += search * cpu_operator_cost;
	*total_cost = *startup_cost + matches * row * cpu_operator_cost;
	*selectivity = costs.indexSelectivity;
	*pages = costs.numIndexPages;
}
