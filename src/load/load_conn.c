/*-------------------------------------------------------------------------
 *
 * load_conn.c
 *	  Connections to a server, and statements.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "load/load_conn.h"
#include "load/load_text.h"

/* Notices would be written between the lines of the progress bar. */
static void
drop_notice(void *arg, const PGresult *result)
{
}

/*
 * What is set before the connection string, which can say otherwise.  A network that swallows
 * packets must not hold a worker for ever; after a fail-over, the host to write to is looked for.
 */
static const char *const keywords[] = {
	"fallback_application_name", "client_encoding", "connect_timeout", "tcp_user_timeout",
	"keepalives_idle", "keepalives_interval", "target_session_attrs", "dbname", NULL
};
#define LD_NPARAMS (sizeof(keywords) / sizeof(keywords[0]))

static void
fill_values(const char **values, const char **names, const char *dbname, bool writes)
{
	static const char *const defaults[] = {"vecprov-load", "UTF8", "10", "60000", "10", "10", "read-write"};
	int			n = 0;

	for (unsigned i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
	{
		if (strcmp(keywords[i], "target_session_attrs") == 0 &&
			(!writes || getenv("PGTARGETSESSIONATTRS") != NULL))
			continue;
		if (strcmp(keywords[i], "connect_timeout") == 0 && getenv("PGCONNECT_TIMEOUT") != NULL)
			continue;
		names[n] = keywords[i];
		values[n++] = defaults[i];
	}
	names[n] = "dbname";
	values[n++] = dbname;
	names[n] = NULL;
	values[n] = NULL;
}

/*
 * Is another attempt worth it?  libpq does not pass on the SQLSTATE of a
 * connection that fails.  A server that answers, and refuses with FATAL, does
 * so the next time, too: no such role or database, no right to come in;
 * except that it may have too many connections only now.
 */
static LdErrorKind
failure_kind(PGconn *conn, PGPing ping)
{
	const char *message = PQerrorMessage(conn);

	if (ping == PQPING_NO_ATTEMPT || PQconnectionNeedsPassword(conn))
		return LD_FINAL;
	if (ping == PQPING_OK && strstr(message, "FATAL") != NULL && strstr(message, "too many") == NULL)
		return LD_FINAL;
	return LD_RETRY;
}

PGconn *
ld_connect(const char *dbname, bool writes, LdError *error)
{
	const char *names[LD_NPARAMS];
	const char *values[LD_NPARAMS];
	PGconn	   *conn;

	fill_values(values, names, dbname, writes);
	conn = PQconnectdbParams(names, values, 1);
	if (PQstatus(conn) == CONNECTION_OK)
	{
		PQsetNoticeReceiver(conn, drop_notice, NULL);
		return conn;
	}
	ld_error_from(error, conn, NULL);
	error->kind = failure_kind(conn, PQpingParams(names, values, 1));
	PQfinish(conn);
	return NULL;
}

bool
ld_exec(PGconn *conn, const char *sql, LdError *error)
{
	PGresult   *result = ld_query(conn, sql, NULL, error);

	PQclear(result);
	return result != NULL;
}

PGresult *
ld_query(PGconn *conn, const char *sql, const char *parameter, LdError *error)
{
	PGresult   *result;
	ExecStatusType status;

	if (parameter == NULL)
		result = PQexec(conn, sql);
	else
		result = PQexecParams(conn, sql, 1, NULL, &parameter, NULL, NULL, 0);
	status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	ld_error_from(error, conn, result);
	PQclear(result);
	return NULL;
}

char *
ld_literal(PGconn *conn, const char *string)
{
	char	   *quoted = PQescapeLiteral(conn, string, strlen(string));
	char	   *copy = ld_copy_string(quoted != NULL ? quoted : "NULL");

	PQfreemem(quoted);
	return copy;
}

char *
ld_identifier(PGconn *conn, const char *string)
{
	char	   *quoted = PQescapeIdentifier(conn, string, strlen(string));
	char	   *copy = ld_copy_string(quoted != NULL ? quoted : "\"\"");

	PQfreemem(quoted);
	return copy;
}
