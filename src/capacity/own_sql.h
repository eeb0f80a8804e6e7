/*-------------------------------------------------------------------------
 *
 * own_sql.h
 *	  SQL on a table of the extension, run as the table's owner.
 *
 * Administrators own these tables and give them columns, indexes, constraints
 * and triggers.  So rows are written by SQL, and as the owner: nobody else
 * needs a right to them, and what the owner put there runs with the owner's
 * rights, not with those of whoever changes an index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_OWN_SQL_H
#define VP_OWN_SQL_H

#include "executor/spi.h"

#include "base/as_owner.h"

typedef struct VpOwnSql
{
	VpAsOwner	as;
	Relation	rel;
	char	   *name;			/* of the table, for a statement: quoted, with
								 * its schema */
} VpOwnSql;

/*
 * Opens and locks a table, connects to SPI, and runs as the owner
 * (base/as_owner.h) until vp_own_sql_end, which keeps the lock until the
 * transaction's end.  Meanwhile the current memory context is SPI's, which the
 * end frees.  Raises an error when the table is not there.  *sql stays where it
 * is until the end.
 */
extern void vp_own_sql_begin(VpOwnSql *sql, const char *table, LOCKMODE mode);
extern void vp_own_sql_end(VpOwnSql *sql);

/*
 * Executes a statement that has n parameters, none of them NULL, and returns
 * what SPI_execute_snapshot does.  It sees what is committed now: an old
 * snapshot, of a transaction that repeats its reads, would not know of rows
 * that others have written since.
 */
extern int	vp_own_sql_run(const char *statement, int n, Oid *types, Datum *values, bool read_only);

#endif							/* VP_OWN_SQL_H */
