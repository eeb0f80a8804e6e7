/*-------------------------------------------------------------------------
 *
 * load_conn.c
 *	  Connections to a server, and statements.
 *
 *-------------------------------------------------------------------------
 */
#include <ctype.h>
#include <libpq-events.h>
#include <poll.h>
#include <stdint.h>
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

/* Only marks the instance data of a connection, which libpq looks up by the procedure. */
static int
ignore_event(PGEventId event, void *info, void *argument)
{
	return 1;
}

void
ld_conn_stop_at(PGconn *conn, int fd)
{
	/*
	 * the pointer is a number: one more than the descriptor, because NULL
	 * says that there is none
	 */
	if (PQregisterEventProc(conn, ignore_event, "vecprov-load", NULL))
		PQsetInstanceData(conn, ignore_event, (void *) (intptr_t) (fd + 1));
}

static int
stop_fd_of(PGconn *conn)
{
	return (int) (intptr_t) PQinstanceData(conn, ignore_event) - 1;
}

bool
ld_conn_stopped(PGconn *conn)
{
	struct pollfd fd = {.fd = stop_fd_of(conn),.events = POLLIN};

	return fd.fd >= 0 && poll(&fd, 1, 0) > 0;
}

/* Waits for bytes of the server.  False: it is to end, and the statement has been cancelled. */
static bool
wait_for_bytes(PGconn *conn)
{
	struct pollfd fds[2] = {
		{.fd = PQsocket(conn),.events = POLLIN},
		{.fd = stop_fd_of(conn),.events = POLLIN}
	};
	PGcancel   *cancel;
	char		message[256];

	/* poll() leaves out a descriptor that is negative; a signal is no answer */
	poll(fds, 2, -1);
	if (!ld_conn_stopped(conn))
		return true;
	cancel = PQgetCancel(conn);
	if (cancel != NULL)
		PQcancel(cancel, message, sizeof(message));
	PQfreeCancel(cancel);
	return false;
}

/* As PQexec() and PQexecParams(), but NULL if it is to end. */
static PGresult *
run_stoppable(PGconn *conn, const char *sql, const char *parameter)
{
	PGresult   *last = NULL;
	PGresult   *result;

	if (parameter == NULL ? !PQsendQuery(conn, sql) :
		!PQsendQueryParams(conn, sql, 1, NULL, &parameter, NULL, NULL, 0))
		return NULL;
	do
	{
		while (PQisBusy(conn))
			if (!wait_for_bytes(conn) || !PQconsumeInput(conn))
			{
				PQclear(last);
				return NULL;
			}
		result = PQgetResult(conn);
		if (result != NULL)
		{
			PQclear(last);
			last = result;
		}
	} while (result != NULL && PQresultStatus(result) != PGRES_COPY_OUT && PQresultStatus(result) != PGRES_COPY_IN);
	return last;
}

static PGresult *
run(PGconn *conn, const char *sql, const char *parameter)
{
	if (stop_fd_of(conn) >= 0)
		return run_stoppable(conn, sql, parameter);
	if (parameter == NULL)
		return PQexec(conn, sql);
	return PQexecParams(conn, sql, 1, NULL, &parameter, NULL, NULL, 0);
}

/* What a statement failed with. */
static void
set_failure(LdError *error, PGconn *conn, const PGresult *result)
{
	if (result == NULL && ld_conn_stopped(conn))
		ld_error_set(error, LD_FINAL, "57014", "interrupted");
	else
		ld_error_from(error, conn, result);
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
	PGresult   *result = run(conn, sql, parameter);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	set_failure(error, conn, result);
	PQclear(result);
	return NULL;
}

bool
ld_copy_begin(PGconn *conn, const char *sql, LdError *error)
{
	PGresult   *result = run(conn, sql, NULL);
	bool		begun = PQresultStatus(result) == PGRES_COPY_OUT || PQresultStatus(result) == PGRES_COPY_IN;

	if (!begun)
		set_failure(error, conn, result);
	PQclear(result);
	return begun;
}

int
ld_copy_row(PGconn *conn, char **row, int64_t *rows, LdError *error)
{
	PGresult   *result;
	int			bytes;

	while ((bytes = PQgetCopyData(conn, row, 1)) == 0)
		if (!wait_for_bytes(conn) || !PQconsumeInput(conn))
		{
			set_failure(error, conn, NULL);
			return -1;
		}
	if (bytes > 0)
		return bytes;
	result = PQgetResult(conn);
	if (PQresultStatus(result) == PGRES_COMMAND_OK)
	{
		*rows = strtoll(PQcmdTuples(result), NULL, 10);
		bytes = 0;
	}
	else
		set_failure(error, conn, result);
	PQclear(result);
	return bytes < 0 ? -1 : 0;
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
