/*-------------------------------------------------------------------------
 *
 * caller_filter.c
 *	  A condition on the rows of a table, that somebody gives to a function as text; see
 *	  caller_filter.h.
 *
 * The text is parsed alone, and what the parser returns becomes part of a query
 * as a tree.  No text is ever put together with another one, so none can reach
 * beyond its place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_param.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "replica/caller_filter.h"

#define WHAT_IT_IS \
	"A filter is one boolean expression over the columns of the table, without subqueries, " \
	"aggregates, window functions and functions that return sets."

/*
 * Called for each error in the text: shows where, and tells what is expected.
 */
static void
explain(void *arg)
{
	const char *source = arg;
	int			position = geterrposition();

	/* not a place in the statement that called the function */
	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(source);
	}
	switch (geterrcode())
	{
		case ERRCODE_SYNTAX_ERROR:
		case ERRCODE_GROUPING_ERROR:
		case ERRCODE_WINDOWING_ERROR:
		case ERRCODE_FEATURE_NOT_SUPPORTED:
		case ERRCODE_DATATYPE_MISMATCH:
			errhint(WHAT_IT_IS);
			break;
		default:
			break;
	}
}

/* "*", which stands for columns in a list of targets, and nowhere else. */
static bool
is_star(const Node *expr)
{
	return IsA(expr, ColumnRef) && IsA(linitial(((const ColumnRef *) expr)->fields), A_Star);
}

/*
 * The text as an expression, not looked at closer.  The parser takes what
 * PL/pgSQL has as one: all that may come after SELECT.
 */
static Node *
parse_expression(const char *source)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(source, RAW_PARSE_PLPGSQL_EXPR));
	SelectStmt *stmt = castNode(SelectStmt, raw->stmt);
	ResTarget  *target = stmt->targetList == NIL ? NULL : linitial(stmt->targetList);

	if (list_length(stmt->targetList) != 1 || target->name != NULL || is_star(target->val) ||
		stmt->distinctClause != NIL || stmt->fromClause != NIL || stmt->whereClause != NULL ||
		stmt->groupClause != NIL || stmt->havingClause != NULL || stmt->windowClause != NIL ||
		stmt->sortClause != NIL || stmt->limitOffset != NULL || stmt->limitCount != NULL ||
		stmt->lockingClause != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("filter is not one expression")));
	return target->val;
}

/*
 * SELECT FROM ONLY table WHERE source.  Sets the types that the parser finds
 * for its $n, and how many.
 */
static Query *
analyze(Relation heap, const char *source, Oid **types, int *ntypes)
{
	ParseState *pstate = make_parsestate(NULL);
	Query	   *query = makeNode(Query);
	Node	   *condition = NULL;

	pstate->p_sourcetext = source;
	setup_parse_variable_parameters(pstate, types, ntypes);
	addNSItemToQuery(pstate,
					 addRangeTableEntryForRelation(pstate, heap, AccessShareLock, NULL, false, true),
					 true, true, true);
	if (source != NULL)
		condition = transformWhereClause(pstate, parse_expression(source), EXPR_KIND_WHERE, "filter");
	if (pstate->p_hasSubLinks)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("filter has a subquery")));
	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	VpQuerySetTables(query, pstate);
	query->jointree = makeFromExpr(pstate->p_joinlist, condition);
	check_variable_parameters(pstate, query);
	assign_query_collations(pstate, query);
	free_parsestate(pstate);
	return query;
}

/* The value of a parameter, as its type reads it. */
static void
set_param(ParamExternData *param, int number, Oid type, Datum value, bool isnull)
{
	Oid			input;
	Oid			io_param;

	if (!OidIsValid(type) || type == UNKNOWNOID)
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine data type of parameter $%d", number),
				 errhint("Cast it in the filter, as in $%d::integer.", number)));
	getTypeInputInfo(type, &input, &io_param);
	param->value = OidInputFunctionCall(input, isnull ? NULL : TextDatumGetCString(value), io_param, -1);
	param->isnull = isnull;
	param->pflags = PARAM_FLAG_CONST;
	param->ptype = type;
}

static ParamListInfo
make_params(const Oid *types, int ntypes, ArrayType *values)
{
	ParamListInfo params;
	Datum	   *elements = NULL;
	bool	   *nulls = NULL;
	int			nelements = 0;

	if (values != NULL)
		deconstruct_array(values, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &nelements);
	if (nelements != ntypes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filter has %d parameters, but params has %d values", ntypes, nelements)));
	params = makeParamList(ntypes);
	for (int i = 0; i < ntypes; i++)
		set_param(&params->params[i], i + 1, types[i], elements[i], nulls[i]);
	return params;
}

VpCallerFilter *
vp_caller_filter_parse(Relation heap, const char *source, ArrayType *params)
{
	VpCallerFilter *filter = palloc(sizeof(VpCallerFilter));
	Oid		   *types = NULL;
	int			ntypes = 0;
	ErrorContextCallback callback;

	filter->source = source == NULL ? "" : source;
	callback.callback = explain;
	callback.arg = unconstify(char *, filter->source);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	filter->query = analyze(heap, source, &types, &ntypes);
	error_context_stack = callback.previous;
	filter->params = make_params(types, ntypes, params);
	return filter;
}
