/*-------------------------------------------------------------------------
 *
 * load_log_table.c
 *	  --log-table: a row for each attempt that decided something, written beside the load.
 *
 * Rows are added by COPY, so any number of loads can write to one table.  They are not part of the
 * batches' transactions: an attempt that failed has a row as well.  A thread of its own writes them,
 * because somebody may hold a lock on that table for hours.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load/load_log.h"
#include "load/load_log_table.h"

/* So much is kept while no server is there; what comes then is counted only. */
#define LD_KEPT_BYTES (16 * 1024 * 1024)

/* How often rows are written, and how soon again if that fails. */
#define LD_FLUSH_SECONDS 1
#define LD_RETRY_SECONDS 5

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;
static pthread_t thread;

/* under the lock */
static LdText kept;
static int64_t lost;
static bool ending;				/* rows are written once more, then it ends */
static bool ended;				/* or was never begun */

/* of the thread */
static const LdOptions *options;
static PGconn *conn;

/* A statement that waits ends when it is readable. */
static int	give_up_pipe[2] = {-1, -1};

bool
ld_log_table_make(const LdOptions *wanted, PGconn *control, LdError *error)
{
	char	   *name;
	char	   *sql;
	PGresult   *result;
	bool		done;

	if (wanted->log_table == NULL)
		return true;
	name = ld_literal(control, wanted->log_table);
	sql = ld_format("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", name);
	result = ld_query(control, sql, NULL, error);
	done = result != NULL;
	free(name);
	free(sql);
	if (done && PQgetvalue(result, 0, 0)[0] == 'f')
	{
		sql = ld_format("CREATE TABLE IF NOT EXISTS %s (at timestamptz DEFAULT pg_catalog.clock_timestamp(), load text,"
						" process bigint, batch bigint, worker integer, records integer, bytes bigint,"
						" milliseconds double precision, attempts integer, outcome text, sqlstate text,"
						" message text)", wanted->log_table);
		done = ld_exec(control, sql, error);
		free(sql);
	}
	PQclear(result);
	return done;
}

void
ld_log_table_add(const LdLogRow *row)
{
	if (options == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (kept.len > LD_KEPT_BYTES)
		lost++;
	else
	{
		ld_text_copy_value(&kept, options->load_name, strlen(options->load_name));
		ld_text_format(&kept, "\t%ld\t%lld\t%d\t%d\t%lld\t%.3f\t%d\t%s\t", (long) getpid(), (long long) row->batch,
					   row->worker, row->records, (long long) row->bytes, row->ms, row->attempts, row->outcome);
		if (row->error == NULL)
			ld_text_string(&kept, "\\N\t\\N\n");
		else
		{
			ld_text_format(&kept, "%s\t", row->error->sqlstate);
			ld_text_copy_value(&kept, row->error->message, strlen(row->error->message));
			ld_text_char(&kept, '\n');
		}
	}
	pthread_mutex_unlock(&lock);
}

static bool
write_rows(const LdText *rows, LdError *error)
{
	char	   *sql = ld_format("COPY %s (load, process, batch, worker, records, bytes, milliseconds, attempts, outcome,"
								" sqlstate, message) FROM STDIN", options->log_table);
	bool		done = ld_copy_begin(conn, sql, error);
	PGresult   *result;

	free(sql);
	if (!done)
		return false;
	PQputCopyData(conn, rows->data, rows->len);
	PQputCopyEnd(conn, NULL);
	result = PQgetResult(conn);
	done = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!done)
		ld_error_from(error, conn, result);
	PQclear(result);
	while ((result = PQgetResult(conn)) != NULL)
		PQclear(result);
	return done;
}

/* Takes what is kept, once there is something and it is time; false: nothing will come any more. */
static bool
take_rows(LdText *rows, double next_try)
{
	struct timespec time;
	bool		last;

	pthread_mutex_lock(&lock);
	while (!ending && (kept.len == 0 || ld_now() < next_try))
	{
		double		until = kept.len > 0 && ld_now() < next_try ? next_try : ld_now() + LD_FLUSH_SECONDS;

		time.tv_sec = (time_t) until;
		time.tv_nsec = (long) ((until - time.tv_sec) * 1e9);
		pthread_cond_timedwait(&wake, &lock, &time);
	}
	last = ending;
	*rows = kept;
	kept = (LdText)
	{
		0
	};
	pthread_mutex_unlock(&lock);
	return !last;
}

/* Gives rows back that could not be written; what has come since is behind them. */
static void
keep_rows(LdText *rows)
{
	pthread_mutex_lock(&lock);
	if (kept.len > 0)
		ld_text_bytes(rows, kept.data, kept.len);
	ld_text_free(&kept);
	kept = *rows;
	pthread_mutex_unlock(&lock);
	*rows = (LdText)
	{
		0
	};
}

static PGconn *
connect_thread(LdError *error)
{
	PGconn	   *connected = ld_connect(options->dbname, true, error);

	if (connected != NULL)
		ld_conn_stop_at(connected, give_up_pipe[0]);
	return connected;
}

static void *
run(void *argument)
{
	double		next_try = 0;
	bool		go_on = true;

	while (go_on)
	{
		LdText		rows;
		LdError		error;

		go_on = take_rows(&rows, next_try);
		next_try = ld_now() + LD_FLUSH_SECONDS;
		if (rows.len > 0 && conn == NULL)
			conn = connect_thread(&error);
		if (rows.len > 0 && (conn == NULL || !write_rows(&rows, &error)))
		{
			ld_log(LD_WARNING, "could not write to table %s: %s%s", options->log_table, error.message,
				   go_on ? "; it is tried again" : "");
			PQfinish(conn);
			conn = NULL;
			next_try = ld_now() + LD_RETRY_SECONDS;
			if (go_on)
				keep_rows(&rows);
		}
		ld_text_free(&rows);
	}
	PQfinish(conn);
	pthread_mutex_lock(&lock);
	ended = true;
	pthread_mutex_unlock(&lock);
	return NULL;
}

void
ld_log_table_begin(const LdOptions *wanted)
{
	pthread_condattr_t attributes;

	ended = true;
	if (wanted->log_table == NULL)
		return;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &attributes);
	options = wanted;
	ended = false;
	if (pipe2(give_up_pipe, O_CLOEXEC | O_NONBLOCK) != 0 || pthread_create(&thread, NULL, run, NULL) != 0)
	{
		ld_log(LD_WARNING, "could not start a thread: nothing is written to table %s", options->log_table);
		options = NULL;
		ended = true;
	}
}

bool
ld_log_table_end(bool give_up)
{
	bool		has_ended;

	pthread_mutex_lock(&lock);
	has_ended = ended;
	if (!ending && !has_ended)
		pthread_cond_signal(&wake);
	ending = true;
	pthread_mutex_unlock(&lock);
	if (give_up && !has_ended && write(give_up_pipe[1], "", 1) < 0)
		ld_log(LD_DEBUG, "pipe: %s", strerror(errno));
	if (has_ended && options != NULL)
	{
		pthread_join(thread, NULL);
		if (lost > 0)
			ld_log(LD_WARNING, "%lld rows of table %s are lost", (long long) lost, options->log_table);
		options = NULL;
	}
	return has_ended;
}
