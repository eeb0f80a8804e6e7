/*-------------------------------------------------------------------------
 *
 * load_progress.c
 *	  The table of progress: a row for each batch, written in the batch's own transaction.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load/load_progress.h"
#include "load/load_text.h"

/* Of ranges that touch, one is made by the server: the program keeps few, whatever their number. */
static const char islands_query[] =
"SELECT file, pg_catalog.min(first_record), pg_catalog.max(last), pg_catalog.max(file_bytes) FROM ("
" SELECT file, first_record, last, file_bytes, pg_catalog.sum(begins) OVER (PARTITION BY file ORDER BY first_record) AS island FROM ("
"  SELECT file, first_record, first_record + records - 1 AS last, file_bytes,"
"   CASE WHEN first_record = pg_catalog.lag(first_record + records) OVER (PARTITION BY file ORDER BY first_record)"
"   THEN 0 ELSE 1 END AS begins FROM %s WHERE load = %s AND file <> '') x) y"
" GROUP BY file, island ORDER BY file COLLATE \"C\", pg_catalog.min(first_record)";

static bool
run(PGconn *conn, char *sql, LdError *error)
{
	bool		done = ld_exec(conn, sql, error);

	free(sql);
	return done;
}

static bool
make_table(const LdProgress *progress, PGconn *conn, LdError *error)
{
	char	   *regclass = ld_literal(conn, progress->table);
	char	   *sql = ld_format("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", regclass);
	PGresult   *result = ld_query(conn, sql, NULL, error);
	bool		there;

	free(sql);
	free(regclass);
	if (result == NULL)
		return false;
	there = PQgetvalue(result, 0, 0)[0] == 't';
	PQclear(result);
	/* who may write to the table need not have the right to make one */
	return there || run(conn, ld_format("CREATE TABLE IF NOT EXISTS %s (load text, file text, first_record bigint,"
										" records bigint, dead bigint, file_bytes bigint, owner text,"
										" at timestamptz DEFAULT pg_catalog.clock_timestamp(),"
										" PRIMARY KEY (load, file, first_record))", progress->table), error);
}

/*
 * Writes the own name into the row of the owner.  Batches of an earlier run hold a lock on that row
 * until they end, so this waits for them; those that come later do not find their owner any more.
 */
static bool
take_over(const LdProgress *progress, PGconn *conn, LdError *error)
{
	return run(conn, ld_format("INSERT INTO %s AS p (load, file, first_record, records, dead, owner)"
							   " VALUES (%s, '', 0, 0, 0, %s) ON CONFLICT (load, file, first_record)"
							   " DO UPDATE SET owner = excluded.owner, at = pg_catalog.clock_timestamp()",
							   progress->table, progress->load, progress->owner), error);
}

static bool
read_done(const LdProgress *progress, PGconn *conn, LdDone *done, LdError *error)
{
	char	   *sql = ld_format(islands_query, progress->table, progress->load);
	PGresult   *result = ld_query(conn, sql, NULL, error);

	free(sql);
	if (result == NULL)
		return false;
	for (int i = 0; i < PQntuples(result); i++)
		ld_done_add(done, PQgetvalue(result, i, 0), strtoll(PQgetvalue(result, i, 1), NULL, 10),
					strtoll(PQgetvalue(result, i, 2), NULL, 10),
					PQgetisnull(result, i, 3) ? -1 : strtoll(PQgetvalue(result, i, 3), NULL, 10));
	PQclear(result);
	return true;
}

/*
 * A load that is not to go on must be a new one: another run may own its name at this moment.  An
 * attempt of this run that lost its connection does not count.
 */
static bool
is_new(const LdProgress *progress, const LdOptions *options, PGconn *conn, LdError *error)
{
	char	   *sql = ld_format("SELECT EXISTS (SELECT FROM %s WHERE load = %s AND (file <> '' OR owner <> %s))",
								progress->table, progress->load, progress->owner);
	PGresult   *result = ld_query(conn, sql, NULL, error);
	bool		is = result != NULL && PQgetvalue(result, 0, 0)[0] == 'f';

	if (result != NULL && !is)
		ld_error_set(error, LD_FINAL, "", "load \"%s\" has been begun, as table %s tells: --resume goes on with it,"
					 " another --load-name begins anew", options->load_name, progress->table);
	free(sql);
	PQclear(result);
	return is;
}

bool
ld_progress_begin(LdProgress *progress, const LdOptions *options, PGconn *conn, LdDone *done, LdError *error)
{
	struct timespec now;

	progress->table = options->progress_table;
	if (progress->table == NULL)
		return true;
	clock_gettime(CLOCK_REALTIME, &now);
	progress->load = ld_literal(conn, options->load_name);
	if (progress->owner[0] == '\0')
		snprintf(progress->owner, sizeof(progress->owner), "'%ld.%llx%lx'", (long) getpid(),
				 (unsigned long long) now.tv_sec, now.tv_nsec);
	return make_table(progress, conn, error) &&
		(options->resume || is_new(progress, options, conn, error)) &&
		take_over(progress, conn, error) && read_done(progress, conn, done, error);
}

int
ld_progress_note(const LdProgress *progress, PGconn *conn, const char *file, int64_t file_bytes,
				 int64_t first, int64_t records, int dead, LdError *error)
{
	char	   *name = ld_literal(conn, file);
	char	   *sql = ld_format("WITH owned AS MATERIALIZED (SELECT FROM %s WHERE load = %s AND file = '' AND owner = %s FOR SHARE),"
								" noted AS (INSERT INTO %s (load, file, first_record, records, dead, file_bytes)"
								" SELECT %s, %s, %lld, %lld, %d, nullif(%lld, -1) FROM owned"
								" ON CONFLICT (load, file, first_record) DO NOTHING RETURNING 1)"
								" SELECT (SELECT count(*) FROM owned), (SELECT count(*) FROM noted)",
								progress->table, progress->load, progress->owner, progress->table, progress->load,
								name, (long long) first, (long long) records, dead, (long long) file_bytes);
	PGresult   *result = ld_query(conn, sql, NULL, error);
	int			noted = -1;

	free(sql);
	free(name);
	if (result == NULL)
		return -1;
	if (PQgetvalue(result, 0, 0)[0] != '1')
		ld_error_set(error, LD_FINAL, "", "another run has taken over the load, as table %s tells", progress->table);
	else
		noted = PQgetvalue(result, 0, 1)[0] == '1';
	PQclear(result);
	return noted;
}
