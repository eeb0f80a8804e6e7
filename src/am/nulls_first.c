/*-------------------------------------------------------------------------
 *
 * nulls_first.c
 *	  ORDER BY ... NULLS FIRST where nothing is NULL.
 *
 * An index that orders by an operator has NULLs last, so PostgreSQL does not
 * ask it for another place of theirs.  But of a column that is NOT NULL every
 * distance is NULL or none is: all of them, if what is looked for is NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/table.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "utils/rel.h"

#include "am/nulls_first.h"
#include "am/paths_by.h"

/*
 * Is an index of a column that cannot be NULL?  The planner has the table
 * locked.
 */
static bool
is_not_null(PlannerInfo *root, const IndexOptInfo *index)
{
	AttrNumber	column = index->indexkeys[0];
	Relation	table;
	bool		not_null;

	if (column <= 0)
		return false;
	table = table_open(planner_rt_fetch(index->rel->relid, root)->relid, NoLock);
	not_null = VpIsNotNull(RelationGetDescr(table), column - 1);
	table_close(table, NoLock);
	return not_null;
}

/* The paths that the planner makes by these indexes if the query wants this order. */
static List *
paths_in_order(PlannerInfo *root, RelOptInfo *rel, List *indexes, List *order)
{
	List	   *wanted = root->query_pathkeys;
	List	   *paths;

	root->query_pathkeys = order;
	PG_TRY();
	{
		paths = vp_paths_by(root, rel, indexes, false);
	}
	PG_FINALLY();
	{
		root->query_pathkeys = wanted;
	}
	PG_END_TRY();
	return paths;
}

void
vp_add_nulls_first_paths(PlannerInfo *root, RelOptInfo *rel, Oid am)
{
	List	   *wanted = root->query_pathkeys;
	List	   *indexes = NIL;
	List	   *paths;
	PathKey    *last;
	ListCell   *cell;

	if (wanted == NIL || !linitial_node(PathKey, wanted)->pk_nulls_first ||
		!VpPathKeyIsAscending(linitial_node(PathKey, wanted)))
		return;
	foreach(cell, vp_our_indexes(rel, am))
	{
		if (is_not_null(root, lfirst(cell)))
			indexes = lappend(indexes, lfirst(cell));
	}
	if (indexes == NIL)
		return;
	last = makeNode(PathKey);
	*last = *linitial_node(PathKey, wanted);
	last->pk_nulls_first = false;
	paths = paths_in_order(root, rel, indexes, lcons(last, list_copy_tail(wanted, 1)));
	foreach(cell, paths)
	{
		Path	   *path = lfirst(cell);

		if (!IsA(path, IndexPath) || path->pathkeys == NIL || linitial(path->pathkeys) != last)
			continue;
		path->pathkeys = list_truncate(list_copy(wanted), list_length(path->pathkeys));
		add_path(rel, path);
	}
}
