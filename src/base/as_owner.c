/*-------------------------------------------------------------------------
 *
 * as_owner.c
 *	  Runs on behalf of somebody else what a table's owner has put there; see as_owner.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "nodes/readfuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/as_owner.h"
#include "base/settings.h"

#define SAFE_SEARCH_PATH	"pg_catalog, pg_temp"

/* Called for each error: if something was not found, tells why. */
static void
explain(void *arg)
{
	const VpAsOwner *as = arg;

	switch (geterrcode())
	{
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_OBJECT:
			errhint("Functions of %s \"%s\" run with search_path \"%s\". "
					"In the function that names it, schema-qualify it or give it SET search_path.",
					as->kind, as->name, SAFE_SEARCH_PATH);
			break;
		default:
			break;
	}
}

void
vp_as_owner_begin(VpAsOwner *as, Relation heap, Relation rel)
{
	as->kind = heap == rel ? "table" : "index";
	as->name = RelationGetRelationName(rel);
	GetUserIdAndSecContext(&as->user, &as->security_context);
	as->guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(heap->rd_rel->relowner,
						   as->security_context | SECURITY_RESTRICTED_OPERATION);
	vp_settings_change("search_path", SAFE_SEARCH_PATH);
	as->callback.callback = explain;
	as->callback.arg = as;
	as->callback.previous = error_context_stack;
	error_context_stack = &as->callback;
}

void
vp_as_owner_end(VpAsOwner *as)
{
	error_context_stack = as->callback.previous;
	AtEOXact_GUC(false, as->guc_level);
	SetUserIdAndSecContext(as->user, as->security_context);
}

bool
vp_index_has_code(Relation index)
{
	return !heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
}

/* A stored expression, or a list of some; NULL: there is none. */
static Node *
stored_expression(HeapTuple pg_index, AttrNumber attribute)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(INDEXRELID, pg_index, attribute, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(value));
}

static inline Bitmapset *
add_column(Bitmapset *columns, AttrNumber column)
{
	return bms_add_member(columns, column - FirstLowInvalidHeapAttributeNumber);
}

Bitmapset *
vp_index_columns(HeapTuple pg_index)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(pg_index);
	Bitmapset  *columns = NULL;

	for (int i = 0; i < form->indnatts; i++)
		if (form->indkey.values[i] != 0)
			columns = add_column(columns, form->indkey.values[i]);
	pull_varattnos(stored_expression(pg_index, Anum_pg_index_indexprs), 1, &columns);
	pull_varattnos(stored_expression(pg_index, Anum_pg_index_indpred), 1, &columns);
	return columns;
}

Bitmapset *
vp_column_columns(HeapTuple pg_index, int attno)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(pg_index);
	AttrNumber	column = form->indkey.values[attno - 1];
	Bitmapset  *columns = NULL;
	int			expressions = 0;

	if (column != 0)
		return add_column(NULL, column);
	for (int i = 0; i < attno - 1; i++)
		if (form->indkey.values[i] == 0)
			expressions++;
	pull_varattnos(list_nth((List *) stored_expression(pg_index, Anum_pg_index_indexprs), expressions),
				   1, &columns);
	return columns;
}

Bitmapset *
vp_predicate_columns(HeapTuple pg_index)
{
	Bitmapset  *columns = NULL;

	pull_varattnos(stored_expression(pg_index, Anum_pg_index_indpred), 1, &columns);
	return columns;
}
