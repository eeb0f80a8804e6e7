/*-------------------------------------------------------------------------
 *
 * load_conn.c
 *	  Connections to a server, and statements.
 *
 *-------------------------------------------------------------------------
 */
#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "load/load_conn.h"
#include "load/load_text.h"

/* For the answer to "why was that refused?", on a network that swallows packets. */
#define LD_ASK_SECONDS 10

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
 * What the SQLSTATEs in a message say, which has "FATAL:  53300" and a line break for each server
 * that refused, in whatever language FATAL is.  One of them that may let the program in later is
 * worth another attempt; so is a message without any.
 */
static LdErrorKind
kind_of_states(const char *message)
{
	LdErrorKind kind = LD_RETRY;

	for (const char *at = message; (at = strstr(at, ":  ")) != NULL;)
	{
		char		sqlstate[6] = "";
		int			len = 0;

		at += strlen(":  ");
		while (len < 5 && (isdigit((unsigned char) at[len]) || (at[len] >= 'A' && at[len] <= 'Z')))
		{
			sqlstate[len] = at[len];
			len++;
		}
		if (len < 5 || (at[len] != '\n' && at[len] != '\0'))
			continue;
		if (ld_error_kind(sqlstate) == LD_RETRY)
			return LD_RETRY;
		kind = LD_FINAL;
	}
	return kind;
}

/*
 * Asks the server for the SQLSTATE with which it refuses: libpq passes it on only in the message,
 * and only if that is asked for before the server answers, which PQconnectdb() has no way to do.
 */
static LdErrorKind
refusal_kind(const char *const *names, const char *const *values)
{
	PGconn	   *conn = PQconnectStartParams(names, values, 1);
	double		until = ld_now() + LD_ASK_SECONDS;
	LdErrorKind kind = LD_RETRY;
	PostgresPollingStatusType wants = PGRES_POLLING_WRITING;

	PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE);
	while (PQstatus(conn) != CONNECTION_BAD && wants != PGRES_POLLING_OK && ld_now() < until)
	{
		struct pollfd fd = {.fd = PQsocket(conn),.events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};

		if (poll(&fd, 1, 100) > 0)
			wants = PQconnectPoll(conn);
	}
	/* if it lets the program in now, the next attempt will succeed */
	if (PQstatus(conn) == CONNECTION_BAD)
		kind = kind_of_states(PQerrorMessage(conn));
	PQfinish(conn);
	return kind;
}

/* Is another attempt worth it? */
static LdErrorKind
failure_kind(PGconn *conn, const char *const *names, const char *const *values)
{
	PGPing		ping = PQpingParams(names, values, 1);

	if (ping == PQPING_NO_ATTEMPT || PQconnectionNeedsPassword(conn))
		return LD_FINAL;
	return ping == PQPING_OK ? refusal_kind(names, values) : LD_RETRY;
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
	error->kind = failure_kind(conn, names, values);
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
