/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  The utility statement under way: who executes it, what it renames, and what is to follow.
 *
 * Rows that name an index follow it when it is renamed.  They are written after the
 * statement and not by the hook that sees the rename: to write them makes the
 * statement's changes visible, which the server does not expect in the midst of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/index.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/wish_inval.h"
#include "capacity/own_object.h"
#include "capacity/own_sql.h"
#include "capacity/own_object.h"
#include "capacity/statement.h"

typedef struct Call
{
	VpAfterwards function;
	void	   *about;
} Call;

typedef struct Statement
{
	Oid			user;
	Node	   *tree;
	List	   *moves;
	List	   *calls;			/* afterwards */
	MemoryContext context;		/* for the list */
	struct Statement *outer;
} Statement;

static Statement *current;
static ProcessUtility_hook_type previous_hook;
static VpAttached when_attached;

/*----------
 * Following
 *----------
 */

/*
 * Executes a statement about one of our tables, whose name takes the place of %1$s, as its
 * owner.  A row that an old snapshot does not see holds all the same.
 */
static void
execute(const char *table, const char *statement, int n, Oid *types, Datum *arguments)
{
	VpOwnSql	sql;

	/* a database without the extension has schemas, too */
	if (!OidIsValid(vp_own_table(table)))
		return;
	vp_own_sql_begin(&sql, table, RowExclusiveLock);
	(void) vp_own_sql_run(psprintf(statement, sql.name), n, types, arguments, false);
	vp_own_sql_end(&sql);
}

/*
 * A row that waits for an index of the new name gives way.  In the ledger an index is found
 * by its OID or, since REINDEX CONCURRENTLY makes another one, by its name on its table.
 */
static void
follow_index(const VpMove *move)
{
	Oid			types[] = {NAMEOID, NAMEOID, NAMEOID, NAMEOID};
	Datum		names[] = {NameGetDatum(&move->old_schema), NameGetDatum(&move->old_name),
	NameGetDatum(&move->new_schema), NameGetDatum(&move->new_name)};
	Oid			ledger_types[] = {TEXTOID, TEXTOID, OIDOID, OIDOID};
	Datum		ledger[] = {
		CStringGetTextDatum(quote_qualified_identifier(NameStr(move->old_schema),
													   NameStr(move->old_name))),
		CStringGetTextDatum(quote_qualified_identifier(NameStr(move->new_schema),
													   NameStr(move->new_name))),
		ObjectIdGetDatum(move->index), ObjectIdGetDatum(IndexGetRelation(move->index, true))
	};

	execute("limits",
			"DELETE FROM %1$s n USING %1$s o WHERE o.schema OPERATOR(pg_catalog.=) $1 "
			"AND o.index OPERATOR(pg_catalog.=) $2 AND n.schema OPERATOR(pg_catalog.=) $3 "
			"AND n.index OPERATOR(pg_catalog.=) $4", 4, types, names);
	execute("limits",
			"UPDATE %1$s SET schema = $3, index = $4 WHERE schema OPERATOR(pg_catalog.=) $1 "
			"AND index OPERATOR(pg_catalog.=) $2", 4, types, names);
	execute("changes",
			"UPDATE %1$s SET index = $2 WHERE table_oid OPERATOR(pg_catalog.=) $4 AND "
			"(index_oid OPERATOR(pg_catalog.=) $3 OR index OPERATOR(pg_catalog.=) $1)",
			4, ledger_types, ledger);
	execute("usage",
			"UPDATE %1$s SET index = $2 WHERE index OPERATOR(pg_catalog.=) $1 "
			"AND $3 IS NOT NULL AND $4 IS NOT NULL", 4, ledger_types, ledger);
	execute("policies",
			"DELETE FROM %1$s n USING %1$s o WHERE o.schema OPERATOR(pg_catalog.=) $1 "
			"AND o.index OPERATOR(pg_catalog.=) $2 AND n.schema OPERATOR(pg_catalog.=) $3 "
			"AND n.index OPERATOR(pg_catalog.=) $4", 4, types, names);
	execute("policies",
			"UPDATE %1$s SET schema = $3, index = $4 WHERE schema OPERATOR(pg_catalog.=) $1 "
			"AND index OPERATOR(pg_catalog.=) $2", 4, types, names);
}

static void
follow_schema(const VpMove *move)
{
	Oid			types[] = {NAMEOID, NAMEOID};
	Datum		names[] = {NameGetDatum(&move->old_schema), NameGetDatum(&move->new_schema)};
	Oid			ledger_types[] = {TEXTOID, TEXTOID};
	Datum		ledger[] = {
		CStringGetTextDatum(psprintf("%s.", quote_identifier(NameStr(move->old_schema)))),
	CStringGetTextDatum(psprintf("%s.", quote_identifier(NameStr(move->new_schema))))};

	execute("limits",
			"DELETE FROM %1$s n USING %1$s o WHERE o.schema OPERATOR(pg_catalog.=) $1 "
			"AND n.schema OPERATOR(pg_catalog.=) $2 AND n.index OPERATOR(pg_catalog.=) o.index",
			2, types, names);
	execute("limits",
			"UPDATE %1$s SET schema = $2 WHERE schema OPERATOR(pg_catalog.=) $1",
			2, types, names);
	execute("changes",
			"UPDATE %1$s SET index = pg_catalog.overlay(index, $2, 1, pg_catalog.length($1)) "
			"WHERE pg_catalog.starts_with(index, $1)", 2, ledger_types, ledger);
	execute("usage",
			"UPDATE %1$s SET index = pg_catalog.overlay(index, $2, 1, pg_catalog.length($1)) "
			"WHERE pg_catalog.starts_with(index, $1)", 2, ledger_types, ledger);
	execute("policies",
			"DELETE FROM %1$s n USING %1$s o WHERE o.schema OPERATOR(pg_catalog.=) $1 "
			"AND n.schema OPERATOR(pg_catalog.=) $2 AND n.index OPERATOR(pg_catalog.=) o.index",
			2, types, names);
	execute("policies",
			"UPDATE %1$s SET schema = $2 WHERE schema OPERATOR(pg_catalog.=) $1",
			2, types, names);
}

static void
follow(const VpMove *move)
{
	if (OidIsValid(move->index))
		follow_index(move);
	else
		follow_schema(move);
}

/*----------
 * The statement
 *----------
 */

static bool
makes_partition(const Node *statement)
{
	ListCell   *cell;

	if (IsA(statement, CreateStmt))
		return true;
	if (!IsA(statement, AlterTableStmt))
		return false;
	foreach(cell, ((const AlterTableStmt *) statement)->cmds)
	{
		if (lfirst_node(AlterTableCmd, cell)->subtype == AT_AttachPartition)
			return true;
	}
	return false;
}

/* ALTER INDEX ... ATTACH PARTITION, of which no other hook is told. */
static bool
attaches_index(const Node *statement)
{
	return IsA(statement, AlterTableStmt) &&
		((const AlterTableStmt *) statement)->objtype == OBJECT_INDEX && makes_partition(statement);
}

/* A prepared transaction's messages are sent by who commits it. */
static bool
commits_prepared(const Node *statement)
{
	return IsA(statement, TransactionStmt) &&
		((const TransactionStmt *) statement)->kind == TRANS_STMT_COMMIT_PREPARED;
}

static void
process_utility(PlannedStmt *planned, const char *query, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *dest, QueryCompletion *completion)
{
	Statement	statement = {.user = GetUserId(),.tree = planned->utilityStmt,
	.context = CurrentMemoryContext,.outer = current};

	if (commits_prepared(statement.tree))
		vp_wish_inval_follow();
	current = &statement;
	PG_TRY();
	{
		ListCell   *cell;

		if (previous_hook)
			previous_hook(planned, query, read_only_tree, context, params, environment, dest,
						  completion);
		else
			standard_ProcessUtility(planned, query, read_only_tree, context, params, environment,
									dest, completion);
		if (when_attached != NULL && attaches_index(statement.tree))
			when_attached(((AlterTableStmt *) statement.tree)->relation);
		foreach(cell, current->moves)
			follow(lfirst(cell));
		foreach(cell, current->calls)
		{
			const Call *call = lfirst(cell);

			call->function(call->about);
		}
	}
	PG_FINALLY();
	{
		current = statement.outer;
	}
	PG_END_TRY();
}

Oid
vp_statement_user(void)
{
	return current != NULL ? current->user : GetUserId();
}

bool
vp_statement_copies(bool internal)
{
	if (current == NULL)
		return internal;
	return IsA(current->tree, ReindexStmt) || (internal && !makes_partition(current->tree));
}

const char *
vp_statement_template(void)
{
	ListCell   *cell;

	if (current == NULL || !IsA(current->tree, CreatedbStmt))
		return NULL;
	foreach(cell, ((CreatedbStmt *) current->tree)->options)
	{
		DefElem    *option = lfirst(cell);

		if (strcmp(option->defname, "template") == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return "template1";
}

void
vp_statement_moves(const VpMove *move)
{
	MemoryContext old;
	VpMove	   *copy;

	if (current == NULL)
	{
		follow(move);
		return;
	}
	old = MemoryContextSwitchTo(current->context);
	copy = palloc(sizeof(VpMove));
	*copy = *move;
	current->moves = lappend(current->moves, copy);
	MemoryContextSwitchTo(old);
}

void
vp_statement_afterwards(VpAfterwards function, const void *about, Size size)
{
	MemoryContext old;
	Call	   *call;

	if (current == NULL)
	{
		function(about);
		return;
	}
	old = MemoryContextSwitchTo(current->context);
	call = palloc(sizeof(Call));
	call->function = function;
	call->about = memcpy(palloc(size), about, size);
	current->calls = lappend(current->calls, call);
	MemoryContextSwitchTo(old);
}

void
vp_statement_when_attached(VpAttached call)
{
	when_attached = call;
}

void
vp_statement_define(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
