/*-------------------------------------------------------------------------
 *
 * load_build.c
 *	  --build: makes an index after the load, and tells how far that is.
 *
 *-------------------------------------------------------------------------
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "load/load_build.h"
#include "load/load_log.h"

/* A line every so many seconds where there is no bar. */
#define LD_LINE_SECONDS 5

static const char progress_query[] =
"SELECT phase, tuples_done, tuples_total FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1";

/* Shows the phase of the build, as a second connection sees it. */
static void
show(PGconn *watcher, int pid, bool bar, double began, double *told)
{
	char		number[16];
	PGresult   *result;
	LdError		error;
	LdText		line = {0};

	snprintf(number, sizeof(number), "%d", pid);
	if (watcher == NULL || (result = ld_query(watcher, progress_query, number, &error)) == NULL)
		return;
	if (PQntuples(result) > 0)
	{
		double		part = strtod(PQgetvalue(result, 0, 1), NULL);
		double		total = strtod(PQgetvalue(result, 0, 2), NULL);

		ld_text_format(&line, "index: %s", PQgetvalue(result, 0, 0));
		if (total > 0)
			ld_text_format(&line, ", %.0f of %.0f (%.0f %%)", part, total, 100 * part / total);
		ld_text_format(&line, ", %.0f s", ld_now() - began);
		if (bar)
			ld_log_bar(line.data);
		else if (ld_now() - *told >= LD_LINE_SECONDS)
		{
			ld_log(LD_INFO, "%s", line.data);
			*told = ld_now();
		}
	}
	PQclear(result);
	ld_text_free(&line);
}

static void
cancel(PGconn *conn)
{
	PGcancel   *request = PQgetCancel(conn);
	char		message[256];

	if (request != NULL)
		PQcancel(request, message, sizeof(message));
	PQfreeCancel(request);
}

/* Waits for the end of the statement, and shows how far it is. */
static bool
wait_for(PGconn *conn, PGconn *watcher, bool bar, const volatile sig_atomic_t *stop, LdError *error)
{
	double		began = ld_now();
	double		told = began;
	bool		canceled = false;
	bool		done = true;
	PGresult   *result;

	while (PQconsumeInput(conn) == 1 && PQisBusy(conn))
	{
		struct pollfd fd = {.fd = PQsocket(conn),.events = POLLIN};

		poll(&fd, 1, 500);
		if (*stop && !canceled)
		{
			cancel(conn);
			canceled = true;
		}
		/* a server that does not answer must not keep the user */
		if (*stop > 1 && canceled)
		{
			ld_error_set(error, LD_FINAL, "57014", "interrupted");
			return false;
		}
		show(watcher, PQbackendPID(conn), bar, began, &told);
	}
	while ((result = PQgetResult(conn)) != NULL)
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
		{
			ld_error_from(error, conn, result);
			done = false;
		}
		PQclear(result);
	}
	if (PQstatus(conn) == CONNECTION_BAD && done)
	{
		ld_error_from(error, conn, NULL);
		done = false;
	}
	return done;
}

bool
ld_build(const LdOptions *options, const LdTable *table, bool bar, const volatile sig_atomic_t *stop, LdError *error)
{
	bool		whole = strncasecmp(options->build, "CREATE", 6) == 0;
	char	   *sql;
	PGconn	   *conn = ld_connect(options->dbname, true, error);
	PGconn	   *watcher = conn != NULL ? ld_connect(options->dbname, true, error) : NULL;
	double		began = ld_now();
	bool		done = conn != NULL;

	if (whole)
		sql = ld_copy_string(options->build);
	else
		sql = ld_format("CREATE INDEX ON %s %s", table->name, options->build);
	for (int i = 0; i < options->nset && done; i++)
	{
		const char *equals = strchr(options->set[i], '=');
		char	   *name = ld_copy_bytes(options->set[i], equals - options->set[i]);
		char	   *quoted = ld_literal(conn, name);
		char	   *value = ld_literal(conn, equals + 1);
		char	   *set = ld_format("SELECT pg_catalog.set_config(%s, %s, false)", quoted, value);

		done = ld_exec(conn, set, error);
		free(set);
		free(value);
		free(quoted);
		free(name);
	}
	if (done)
	{
		ld_log(LD_INFO, "%s", sql);
		done = PQsendQuery(conn, sql) == 1 && wait_for(conn, watcher, bar, stop, error);
	}
	ld_log_bar("");
	if (done)
		ld_log(LD_INFO, "the index is there after %.1f s", ld_now() - began);
	PQfinish(watcher);
	PQfinish(conn);
	free(sql);
	return done;
}
