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
#include <stdint.h>

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

/*
 * Has statements of this connection end when a descriptor becomes readable: the statement is
 * cancelled, and fails with 57014 and LD_FINAL.  The connection is of no more use then.
 */
extern void ld_conn_stop_at(PGconn *conn, int fd);

/* Is that descriptor readable?  False if there is none. */
extern bool ld_conn_stopped(PGconn *conn);

/* Begins a COPY; the server may wait for a lock, or sort, for long before it answers. */
extern bool ld_copy_begin(PGconn *conn, const char *sql, LdError *error);

/*
 * The next row of a COPY ... TO STDOUT.  Returns its bytes, which *row holds until PQfreemem(); 0 at the
 * end, and *rows is how many there were; -1: it failed, or is to stop.
 */
extern int	ld_copy_row(PGconn *conn, char **row, int64_t *rows, LdError *error);

/* A copy of a literal or an identifier in quotes. */
extern char *ld_literal(PGconn *conn, const char *string);
extern char *ld_identifier(PGconn *conn, const char *string);

#endif							/* VP_LOAD_CONN_H */
