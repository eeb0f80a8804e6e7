/*-------------------------------------------------------------------------
 *
 * foreign_limit.c
 *	  vecprov.foreign_limit: a LIMIT is sent along to other servers.
 *
 * postgres_fdw leaves a LIMIT to this server if it takes the rows of the
 * foreign table, or those that satisfy a filter, for no more than that.  If
 * there are more, because the table was never analyzed or a filter says more
 * than its columns one by one, the other server sorts all of them by their
 * distance, and an Append waits for one server after another: a LIMIT of this
 * server is not run asynchronously.
 *
 * So while the setting is on, foreign tables have more rows than any LIMIT, and
 * nothing is known of their columns that makes a filter's rows few.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_class.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/plancat.h"
#include "parser/parsetree.h"
#include "utils/selfuncs.h"

#include "am/foreign_limit.h"
#include "base/settings.h"

/*
 * Many enough for ten conditions, each of which one row in 200 satisfies as
 * long as nothing is known.
 */
#define ROWS	1e30

static VpRelationHookType previous_relation_hook;
static get_relation_stats_hook_type previous_stats_hook;

static bool
is_meant(const RangeTblEntry *entry)
{
	return vp_foreign_limit && entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_FOREIGN_TABLE;
}

static void
enlarge(VP_RELATION_PARAMETERS)
{
	if (previous_relation_hook)
		previous_relation_hook(VP_RELATION_ARGUMENTS);
	if (!is_meant(planner_rt_fetch(rel->relid, root)))
		return;
	rel->tuples = ROWS;
	rel->statlist = NIL;
}

static bool
forget_statistics(PlannerInfo *root, RangeTblEntry *entry, AttrNumber column, VariableStatData *data)
{
	if (!is_meant(entry))
		return previous_stats_hook != NULL && previous_stats_hook(root, entry, column, data);
	data->statsTuple = NULL;
	return true;
}

void
vp_foreign_limit_define(void)
{
	previous_relation_hook = VpRelationHook;
	VpRelationHook = enlarge;
	previous_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = forget_statistics;
}
