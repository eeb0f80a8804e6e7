/*-------------------------------------------------------------------------
 *
 * own_sql.c
 *	  SQL on a table of the extension, run as the table's owner; see own_sql.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/table.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "capacity/own_object.h"
#include "capacity/own_sql.h"

void
vp_own_sql_begin(VpOwnSql *sql, const char *table, LOCKMODE mode)
{
	sql->rel = table_open(vp_own_table_get(table), mode);
	sql->name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(sql->rel)),
										   RelationGetRelationName(sql->rel));
	vp_as_owner_begin(&sql->as, sql->rel, sql->rel);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
vp_own_sql_end(VpOwnSql *sql)
{
	SPI_finish();
	vp_as_owner_end(&sql->as);
	table_close(sql->rel, NoLock);
}

int
vp_own_sql_run(const char *statement, int n, Oid *types, Datum *values, bool read_only)
{
	SPIPlanPtr	plan = SPI_prepare(statement, n, types);
	int			result;

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement, SPI_result_code_string(SPI_result));
	result = SPI_execute_snapshot(plan, values, NULL, GetLatestSnapshot(), InvalidSnapshot,
								  read_only, !read_only, 0);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", statement, SPI_result_code_string(result));
	return result;
}
