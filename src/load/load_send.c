/*-------------------------------------------------------------------------
 *
 * load_send.c
 *	  One attempt to load records of a batch: a transaction, or nothing.
 *
 * The order of what is sent, and what is known if either side dies in between: README.md.
 *
 * Where no row tells whether a transaction was committed, its number (xid)
 * does: pg_xact_status(). That is true only if the number is not given to
 * another transaction.  It can be, after a crash, if no WAL record with that
 * number was on disk.  So a small record is written when the transaction
 * begins, and COMMIT is not sent before it is on disk, as it is by then in
 * most cases, because of other sessions' COMMITs and of the WAL writer.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load_letters.h"
#include "load/load_send.h"
#include "load/load_text.h"

#define LD_CHUNK (64 * 1024)

static void
set_cancel(LdSession *session, PGcancel *cancel)
{
	pthread_mutex_lock(&session->cancel_lock);
	PQfreeCancel(session->cancel);
	session->cancel = cancel;
	pthread_mutex_unlock(&session->cancel_lock);
}

void
ld_session_close(LdSession *session)
{
	set_cancel(session, NULL);
	PQfinish(session->conn);
	PQfinish(session->flusher);
	session->conn = NULL;
	session->flusher = NULL;
}

void
ld_session_cancel(LdSession *session)
{
	char		message[256];

	pthread_mutex_lock(&session->cancel_lock);
	if (session->cancel != NULL)
		PQcancel(session->cancel, message, sizeof(message));
	pthread_mutex_unlock(&session->cancel_lock);
}

static bool
connect_session(LdSession *session, LdError *error)
{
	if (session->conn != NULL)
		return true;
	session->conn = ld_connect(session->options->dbname, true, error);
	if (session->conn == NULL)
	{
		/* what has worked before is worth other attempts */
		if (session->was_connected)
			error->kind = LD_RETRY;
		return false;
	}
	session->was_connected = true;
	set_cancel(session, PQgetCancel(session->conn));
	return true;
}

/* After an error: the next transaction begins on a connection that is fit for it. */
static void
clean_up(LdSession *session, const LdError *error)
{
	LdError		none;

	if (PQstatus(session->conn) == CONNECTION_BAD || error->sqlstate[0] == '\0' ||
		strncmp(error->sqlstate, "08", 2) == 0 || strncmp(error->sqlstate, "57P", 3) == 0 ||
		strncmp(error->sqlstate, "25", 2) == 0 || !ld_exec(session->conn, "ROLLBACK", &none))
		ld_session_close(session);
}

/* Is a row in a table written, or deleted, in the transaction of each batch? */
static bool
has_notes(const LdSession *session)
{
	return session->from_letters || session->progress->table != NULL;
}

/*
 * What became of a transaction whose COMMIT was sent before the connection was lost?  Returns 1: it
 * is committed; 0: it is not; -1: *error says why that cannot be told (yet).
 */
static int
resolve_doubt(LdSession *session, LdError *error)
{
	char	   *sql = ld_format("SELECT pg_catalog.pg_xact_status('%s'), '%s' ="
								" pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8)",
								session->xid, session->timeline);
	PGresult   *result = ld_query(session->conn, sql, NULL, error);
	const char *status;
	int			answer = -1;

	free(sql);
	if (result == NULL)
	{
		/*
		 * "transaction ID is in the future": another server took over, which
		 * does not have the transaction
		 */
		return strcmp(error->sqlstate, "22023") == 0 ? 0 : -1;
	}
	status = PQgetvalue(result, 0, 0);
	if (strcmp(status, "aborted") == 0)
		answer = 0;
	else if (strcmp(status, "in progress") == 0)
		ld_error_set(error, LD_RETRY, "08007", "the connection was lost while the batch was committed, which is"
					 " still under way");
	else if (strcmp(status, "committed") == 0 && PQgetvalue(result, 0, 1)[0] == 't')
		answer = 1;
	else
		/* after a fail-over, the number may be that of another transaction */
		ld_error_set(error, LD_UNKNOWN, "08007", "the connection was lost while the batch was committed, and"
					 " the server cannot tell any more whether it is");
	PQclear(result);
	return answer;
}

static void
add_settings(LdSession *session, LdText *sql)
{
	for (int i = 0; i < session->options->nset; i++)
	{
		const char *equals = strchr(session->options->set[i], '=');
		char	   *name = ld_copy_bytes(session->options->set[i], equals - session->options->set[i]);
		char	   *quoted = ld_literal(session->conn, name);
		char	   *value = ld_literal(session->conn, equals + 1);

		ld_text_format(sql, "; SELECT pg_catalog.set_config(%s, %s, true)", quoted, value);
		free(value);
		free(quoted);
		free(name);
	}
}

/* Keeps what tells later whether the transaction was committed. */
static void
keep_xid(LdSession *session, const PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQnfields(result) != 3)
		return;
	strncpy(session->xid, PQgetvalue(result, 0, 0), sizeof(session->xid) - 1);
	strncpy(session->timeline, PQgetvalue(result, 0, 1), sizeof(session->timeline) - 1);
	strncpy(session->lsn, PQgetvalue(result, 0, 2), sizeof(session->lsn) - 1);
}

/* Reads results until COPY waits for data, or to their end; false: one of them is an error. */
static bool
read_results(LdSession *session, bool until_copy, LdError *error)
{
	PGresult   *result;
	bool		done = true;

	while ((result = PQgetResult(session->conn)) != NULL)
	{
		ExecStatusType status = PQresultStatus(result);

		if (status == PGRES_COPY_IN && until_copy)
		{
			PQclear(result);
			return true;
		}
		if (status == PGRES_COPY_IN)
			PQputCopyEnd(session->conn, "not expected");
		else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		{
			/* the first one is the reason of the others */
			if (done)
				ld_error_from(error, session->conn, result);
			done = false;
		}
		else
			keep_xid(session, result);
		PQclear(result);
		if (PQstatus(session->conn) == CONNECTION_BAD)
			break;
	}
	if (done && (until_copy || PQstatus(session->conn) == CONNECTION_BAD))
	{
		ld_error_from(error, session->conn, NULL);
		error->kind = LD_RETRY;
		done = false;
	}
	return done;
}

/* Deletes the letters that these records came from.  As ld_progress_note(). */
static int
take_letters(LdSession *session, const LdWork *work, LdError *error)
{
	LdText		sql = {0};
	PGresult   *result;
	int			taken = -1;

	ld_text_format(&sql, "DELETE FROM %s WHERE id IN (", session->options->dead_letter_table);
	for (int i = work->first; i < work->last; i++)
		ld_text_format(&sql, "%s%lld", i > work->first ? "," : "", (long long) work->batch->records[i].number);
	ld_text_char(&sql, ')');
	result = ld_query(session->conn, sql.data, NULL, error);
	if (result != NULL)
	{
		taken = atoi(PQcmdTuples(result));
		PQclear(result);
		if (taken == work->last - work->first)
			taken = 1;
		else if (work->last - work->first > 1)
		{
			/* one by one it is found out which are there still */
			ld_error_set(error, LD_BAD_DATA, "02000", "some letters are not in the table any more");
			taken = -1;
		}
	}
	ld_text_free(&sql);
	return taken;
}

/*
 * Begins the transaction, and notes in it what is about to be done: as ld_progress_note().  Where
 * nothing is to be noted, *sql is what remains to be sent together with COPY.
 */
static int
begin(LdSession *session, const LdWork *work, LdText *sql, LdError *error)
{
	const LdBatch *batch = work->batch;

	ld_text_string(sql, "BEGIN ISOLATION LEVEL READ COMMITTED");
	add_settings(session, sql);
	if (!has_notes(session))
	{
		if (session->options->upsert == NULL || work->letter != NULL)
			ld_text_string(sql, "; SELECT pg_catalog.pg_current_xact_id(), pg_catalog.left(pg_catalog.pg_walfile_name("
						   "pg_catalog.pg_current_wal_insert_lsn()), 8),"
						   " pg_catalog.pg_logical_emit_message(true, 'vecprov-load', '')");
		return 1;
	}
	if (!ld_exec(session->conn, sql->data, error))
		return -1;
	ld_text_clear(sql);
	if (session->from_letters)
		return take_letters(session, work, error);
	return ld_progress_note(session->progress, session->conn, batch->file, batch->file_bytes,
							batch->records[work->first].number, work->last - work->first,
							work->letter != NULL, error);
}

static bool
put(LdSession *session, const char *data, size_t len)
{
	while (len > 0)
	{
		size_t		bytes = len < LD_CHUNK ? len : LD_CHUNK;

		if (PQputCopyData(session->conn, data, bytes) != 1)
			return false;
		data += bytes;
		len -= bytes;
	}
	return true;
}

static bool
copy_rows(LdSession *session, const LdWork *work, LdError *error)
{
	static const char head[19] = "PGCOPY\n\377\r\n";
	static const char tail[] = {'\377', '\377'};
	bool		binary = session->table->binary;
	size_t		from = work->row_starts[work->first];
	bool		sent;

	sent = (!binary || put(session, head, sizeof(head))) &&
		put(session, work->rows->data + from, work->row_starts[work->last] - from) &&
		(!binary || put(session, tail, sizeof(tail))) && PQputCopyEnd(session->conn, NULL) == 1;
	/* even then, the server may have said why before it went */
	if (!read_results(session, false, error))
		return false;
	if (!sent)
	{
		ld_error_from(error, session->conn, NULL);
		error->kind = LD_RETRY;
	}
	return sent;
}

/* Runs statements that are sent together; false: one of them failed. */
static bool
run_all(LdSession *session, const char *sql, bool until_copy, LdError *error)
{
	if (PQsendQuery(session->conn, sql) == 1)
		return read_results(session, until_copy, error);
	ld_error_from(error, session->conn, NULL);
	error->kind = LD_RETRY;
	return false;
}

static bool
write_rows(LdSession *session, const LdWork *work, LdText *sql, LdError *error)
{
	const LdTable *table = session->table;

	if (table->before != NULL)
		ld_text_format(sql, "%s%s", sql->len > 0 ? "; " : "", table->before);
	ld_text_format(sql, "%s%s", sql->len > 0 ? "; " : "", table->copy);
	return run_all(session, sql->data, true, error) && copy_rows(session, work, error) &&
		(table->after == NULL || ld_exec(session->conn, table->after, error));
}

static bool
write_letter(LdSession *session, const LdWork *work, LdText *sql, LdError *error)
{
	if (session->options->dead_letter_table != NULL)
	{
		char	   *insert = ld_letter_insert(session->options, session->conn, work->letter, work->batch->file,
											  &work->batch->records[work->first], work->why);

		ld_text_format(sql, "%s%s", sql->len > 0 ? "; " : "", insert);
		free(insert);
	}
	return sql->len == 0 || run_all(session, sql->data, false, error);
}

/* Is the WAL record with the transaction's number on disk?  1, 0; -1: *error says why nobody knows. */
static int
is_durable(LdSession *session, LdError *error)
{
	char	   *sql = ld_format("SELECT pg_catalog.pg_current_wal_flush_lsn() > '%s'", session->lsn);
	PGresult   *result = ld_query(session->conn, sql, NULL, error);
	int			durable = result == NULL ? -1 : PQgetvalue(result, 0, 0)[0] == 't';

	free(sql);
	PQclear(result);
	return durable;
}

/*
 * Has the server flush its WAL, by the COMMIT of something else over another
 * connection.  The setting is for this one transaction: a pooler may give the
 * connection to others.
 */
static bool
flush_wal(LdSession *session, LdError *error)
{
	if (session->flusher == NULL)
		session->flusher = ld_connect(session->options->dbname, true, error);
	if (session->flusher != NULL &&
		ld_exec(session->flusher, "SELECT pg_catalog.set_config('synchronous_commit', 'local', true);"
				" SELECT pg_catalog.pg_logical_emit_message(true, 'vecprov-load', '')", error))
		return true;
	PQfinish(session->flusher);
	session->flusher = NULL;
	error->kind = LD_RETRY;
	return false;
}

/*
 * Makes sure that the WAL record with the transaction's number is on disk, so
 * that after a crash no other transaction gets the number.  The other
 * connection may have been made to a server that has crashed and is up again,
 * so only the transaction's own connection tells whether it has helped.
 */
static bool
make_durable(LdSession *session, LdError *error)
{
	int			durable = is_durable(session, error);

	if (durable == 0 && flush_wal(session, error))
	{
		durable = is_durable(session, error);
		if (durable == 0)
			ld_error_set(error, LD_RETRY, "08007", "the server does not flush its WAL");
	}
	return durable == 1;
}

/* Does a result say for sure that COMMIT has rolled the transaction back? */
static bool
is_rolled_back(PGconn *conn, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	/*
	 * PANIC and FATAL, whatever their SQLSTATE, may come when the WAL record
	 * of the COMMIT is written, or even on disk
	 */
	return severity != NULL && strcmp(severity, "ERROR") == 0 && PQstatus(conn) != CONNECTION_BAD;
}

/* COMMIT of so many records.  What is in doubt remains so in the session until the worker has counted it. */
static bool
commit(LdSession *session, int records, LdError *error)
{
	PGresult   *result;
	bool		done;

	session->in_doubt = records;
	result = PQexec(session->conn, "COMMIT");
	done = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!done)
	{
		ld_error_from(error, session->conn, result);
		if (is_rolled_back(session->conn, result))
			session->in_doubt = 0;
		else
			error->kind = LD_RETRY;
	}
	else if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
	{
		ld_error_set(error, LD_FINAL, "25P02", "the server has rolled the batch back without a reason");
		session->in_doubt = 0;
		done = false;
	}
	PQclear(result);
	return done;
}

LdOutcome
ld_send(LdSession *session, const LdWork *work, LdError *error)
{
	LdText		sql = {0};
	int			begun;
	bool		done;

	if (!connect_session(session, error))
		return LD_FAILED;
	session->lsn[0] = '\0';
	if (session->in_doubt > 0 && !has_notes(session) && session->xid[0] != '\0')
	{
		int			committed = resolve_doubt(session, error);

		if (committed == 1)
			return LD_WAS_DONE;
		if (committed < 0)
		{
			clean_up(session, error);
			return LD_FAILED;
		}
		session->in_doubt = 0;
	}
	session->xid[0] = '\0';
	begun = begin(session, work, &sql, error);
	/* what is noted in the table has answered; until then a doubt remains one */
	if (begun == 1)
		session->in_doubt = 0;
	done = begun == 1 &&
		(work->letter != NULL ? write_letter(session, work, &sql, error) : write_rows(session, work, &sql, error));
	ld_text_free(&sql);
	if (begun == 0)
	{
		if (!ld_exec(session->conn, "ROLLBACK", error))
			ld_session_close(session);
		return LD_WAS_DONE;
	}
	if (done && session->lsn[0] != '\0')
		done = make_durable(session, error);
	if (done && commit(session, work->last - work->first, error))
		return LD_SENT;
	clean_up(session, error);
	return LD_FAILED;
}
