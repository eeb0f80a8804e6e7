/*-------------------------------------------------------------------------
 *
 * cluster_filter.c
 *	  vecprov_cluster_filter: a caller's filter as text that can be put into another statement.
 *
 * vecprov_search_cluster makes one statement of its partitions, and postgres_fdw
 * sends conditions to other servers as text.  So here the filter, which was
 * parsed alone, becomes text again: by the server's deparser, with the values
 * of parameters filled in and all names qualified.  Nothing of the caller's
 * text is copied as it was typed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/table.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "base/loaded.h"
#include "base/settings.h"
#include "capacity/rights.h"
#include "replica/caller_filter.h"

VP_SERVER_FUNCTION(vecprov_cluster_filter);

/* The table is called so in the statement. */
#define TABLE_ALIAS "t"

/* A copy of the expression with constants in the place of parameters. */
static Node *
fill_in(Node *node, void *arg)
{
	const ParamListInfoData *params = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		const Param *param = (const Param *) node;
		const ParamExternData *value = &params->params[param->paramid - 1];
		int16		length;
		bool		by_value;

		get_typlenbyval(param->paramtype, &length, &by_value);
		return (Node *) makeConst(param->paramtype, param->paramtypmod, param->paramcollid, length,
								  value->value, value->isnull, by_value);
	}
	return expression_tree_mutator(node, fill_in, arg);
}

/* Names are qualified unless they are in the search_path of the statement. */
static char *
deparse(Node *condition, Oid table)
{
	int			guc_level = NewGUCNestLevel();
	char	   *result;

	vp_settings_change("search_path", "pg_catalog, pg_temp");
	result = deparse_expression(condition, deparse_context_for(TABLE_ALIAS, table), false, false);
	AtEOXact_GUC(false, guc_level);
	return result;
}

/*
 * Arguments: index of a partitioned table, or another one; filter; params.
 * Returns NULL without a filter.  Runs as the caller, whose search_path resolves
 * the names in the filter.  ereports unless the caller may search the index,
 * and as vp_caller_filter_parse() does.
 */
Datum
vecprov_cluster_filter(PG_FUNCTION_ARGS)
{
	Oid			table;
	Relation	heap;
	VpCallerFilter *filter;
	Node	   *condition;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	table = vp_right_check_any(PG_GETARG_OID(0), VP_RIGHT_SEARCH);
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	heap = table_open(table, AccessShareLock);
	filter = vp_caller_filter_parse(heap, text_to_cstring(PG_GETARG_TEXT_PP(1)),
									PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2));
	condition = fill_in(filter->query->jointree->quals, filter->params);
	/* locked until the end of the transaction, as by the statement to come */
	table_close(heap, NoLock);
	PG_RETURN_TEXT_P(cstring_to_text(deparse(condition, table)));
}
