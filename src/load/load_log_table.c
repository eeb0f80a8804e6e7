/*-------------------------------------------------------------------------
 *
 * load_log_table.c
 *	  --log-table: a row for each attempt that decided something, written beside the load.
 *
 * Rows are added by COPY, so any number of loads can write to one table.  They are not part of the
 * batches' transactions: an attempt that failed has a row as well.
 *
 *-------------------------------------------------------------------------
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load_log.h"
#include "load/load_log_table.h"

/* So much is kept while no server is there; what comes then is counted only. */
#define LD_KEPT_BYTES (16 * 1024 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LdText kept;
static int64_t lost;
static PGconn *conn;
static double next_try;

bool
ld_log_table_begin(const LdOptions *options, PGconn *control, LdError *error)
{
	char	   *name;
	char	   *sql;
	PGresult   *result;
	bool		done;

	if (options->log_table == NULL)
		return true;
	name = ld_literal(control, options->log_table);
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
						" message text)", options->log_table);
		done = ld_exec(control, sql, error);
		free(sql);
	}
	PQclear(result);
	return done;
}

void
ld_log_table_add(const LdOptions *options, const LdLogRow *row)
{
	if (options->log_table == NULL)
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
write_rows(const LdOptions *options, const LdText *rows, LdError *error)
{
	char	   *sql = ld_format("COPY %s (load, process, batch, worker, records, bytes, milliseconds, attempts, outcome,"
								" sqlstate, message) FROM STDIN", options->log_table);
	PGresult   *result = PQexec(conn, sql);
	bool		done = PQresultStatus(result) == PGRES_COPY_IN;

	free(sql);
	if (done)
	{
		PQclear(result);
		PQputCopyData(conn, rows->data, rows->len);
		PQputCopyEnd(conn, NULL);
		result = PQgetResult(conn);
		done = PQresultStatus(result) == PGRES_COMMAND_OK;
	}
	if (!done)
		ld_error_from(error, conn, result);
	PQclear(result);
	while ((result = PQgetResult(conn)) != NULL)
		PQclear(result);
	return done;
}

void
ld_log_table_flush(const LdOptions *options, bool last)
{
	LdText		rows;
	LdError		error;

	if (options->log_table == NULL || (ld_now() < next_try && !last))
		return;
	pthread_mutex_lock(&lock);
	rows = kept;
	kept = (LdText)
	{
		0
	};
	pthread_mutex_unlock(&lock);
	next_try = ld_now() + 1;
	if (rows.len > 0)
	{
		bool		written;

		if (conn == NULL)
			conn = ld_connect(options->dbname, true, &error);
		written = conn != NULL && write_rows(options, &rows, &error);
		if (!written)
		{
			ld_log(LD_WARNING, "could not write to table %s: %s%s", options->log_table, error.message,
				   last ? "" : "; it is tried again");
			PQfinish(conn);
			conn = NULL;
			next_try = ld_now() + 5;
			/* with what has come since */
			pthread_mutex_lock(&lock);
			if (!last)
				ld_text_bytes(&kept, rows.data, rows.len);
			pthread_mutex_unlock(&lock);
		}
	}
	ld_text_free(&rows);
	if (last)
	{
		if (lost > 0)
			ld_log(LD_WARNING, "%lld rows of table %s are lost", (long long) lost, options->log_table);
		PQfinish(conn);
		conn = NULL;
	}
}
