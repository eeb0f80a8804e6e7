/*-------------------------------------------------------------------------
 *
 * load_conn.h
 *	  Connections to a server, and statements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_CONN_H
#define VP_LOAD_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "load/load_error.h"

/*
 * Connects; `writes`: to a server that takes writes, unless the connection string says otherwise.
 * Returns NULL and sets *error if that fails: LD_FINAL if it would fail again, as far as libpq lets
 * one know, else LD_RETRY.
 */
extern PGconn *ld_connect(const char *dbname, bool writes, LdError *error);

/* Runs a statement without rows, or one whose rows are returned, which are never NULL then. */
extern bool ld_exec(PGconn *conn, const char *sql, LdError *error);
extern PGresult *ld_query(PGconn *conn, const char *sql, const char *parameter, LdError *error);

/* A copy of a literal or an identifier in quotes. */
extern char *ld_literal(PGconn *conn, const char *string);
extern char *ld_identifier(PGconn *conn, const char *string);

#endif							/* VP_LOAD_CONN_H */
