/*-------------------------------------------------------------------------
 *
 * load_letters.c
 *	  Dead letters: records that cannot be loaded, with the reason, in a file or a table.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "load/load_json_value.h"
#include "load/load_letters.h"
#include "load/load_log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int	letters_fd = -1;

static bool
file_failed(const LdOptions *options, const char *what, LdError *error)
{
	ld_error_set(error, LD_FINAL, "", "could not %s file of dead letters \"%s\": %s", what,
				 options->dead_letters, strerror(errno));
	return false;
}

/*
 * Is a letter of this load one whose batch was never committed?  Such a record is loaded, or dead,
 * once more, and has to be told only once.  So is a line that was cut off.
 */
static bool
is_left_over(const LdOptions *options, const LdDone *done, const char *line)
{
	json_t	   *letter = json_loads(line, JSON_ALLOW_NUL, NULL);
	const char *load = json_string_value(json_object_get(letter, "load"));
	const char *file = json_string_value(json_object_get(letter, "file"));
	bool		left_over = letter == NULL;

	if (load != NULL && file != NULL && strcmp(load, options->load_name) == 0)
		left_over = ld_done_find(done, file, json_integer_value(json_object_get(letter, "record"))) == NULL;
	json_decref(letter);
	return left_over;
}

/*
 * Makes the file that takes the place of another one: whoever could read the letters, which are
 * copies of records, and nobody else, can do so afterwards.  NULL: errno says why not.
 */
static FILE *
make_like(const char *name, FILE *old)
{
	struct stat is;
	struct stat new;
	FILE	   *file = NULL;
	int			fd;

	/* what a run has left that was killed here */
	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	/* the mode last: a change of owner takes bits of it away */
	if (fstat(fileno(old), &is) == 0 && fstat(fd, &new) == 0 &&
		((is.st_uid == new.st_uid && is.st_gid == new.st_gid) || fchown(fd, is.st_uid, is.st_gid) == 0) &&
		fchmod(fd, is.st_mode & 07777) == 0)
		file = fdopen(fd, "w");
	if (file == NULL)
	{
		int			saved = errno;

		close(fd);
		unlink(name);
		errno = saved;
	}
	return file;
}

/*
 * Reads all letters, and copies those that stay to another file, unless it is NULL.  Returns how
 * many do not stay.
 */
static int64_t
copy_letters(const LdOptions *options, const LdDone *done, FILE *old, FILE *new)
{
	char	   *line = NULL;
	size_t		room = 0;
	ssize_t		len;
	int64_t		dropped = 0;

	rewind(old);
	while ((len = getline(&line, &room, old)) > 0)
		if (line[len - 1] != '\n' || is_left_over(options, done, line))
			dropped++;
		else if (new != NULL)
			fwrite(line, 1, len, new);
	free(line);
	return dropped;
}

/* Puts a file without the letters left over in the place of the old one. */
static bool
rewrite(const LdOptions *options, const LdDone *done, FILE *old, LdError *error)
{
	/* a symbolic link stays one */
	char	   *real = realpath(options->dead_letters, NULL);
	char	   *name = ld_format("%s.new", real != NULL ? real : options->dead_letters);
	FILE	   *new = real != NULL ? make_like(name, old) : NULL;
	bool		written = false;

	if (new != NULL)
	{
		copy_letters(options, done, old, new);
		written = fflush(new) == 0 && !ferror(new) && fsync(fileno(new)) == 0;
		written = fclose(new) == 0 && written;
	}
	if (!written || rename(name, real) != 0)
		written = file_failed(options, "rewrite", error);
	free(name);
	free(real);
	return written;
}

/* Takes out the letters left over, if there are any. */
static bool
drop_left_over(const LdOptions *options, const LdDone *done, LdError *error)
{
	FILE	   *old = fopen(options->dead_letters, "re");
	bool		clean;

	if (old == NULL)
		return errno == ENOENT || file_failed(options, "read", error);
	clean = copy_letters(options, done, old, NULL) == 0 || rewrite(options, done, old, error);
	fclose(old);
	return clean;
}

/* Ends a line that a killed process has left open. */
static void
end_last_line(int fd)
{
	off_t		end = lseek(fd, 0, SEEK_END);
	char		last = '\n';

	if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n' && write(fd, "\n", 1) != 1)
		ld_log(LD_WARNING, "the last line of the file of dead letters is not whole");
}

static bool
make_table(const LdOptions *options, PGconn *conn, LdError *error)
{
	char	   *name = ld_literal(conn, options->dead_letter_table);
	char	   *sql = ld_format("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", name);
	PGresult   *result = ld_query(conn, sql, NULL, error);
	bool		done = result != NULL;

	free(sql);
	free(name);
	if (done && PQgetvalue(result, 0, 0)[0] == 'f')
	{
		sql = ld_format("CREATE TABLE IF NOT EXISTS %s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
						" load text, file text, record bigint, line bigint, sqlstate text, message text, letter text,"
						" at timestamptz DEFAULT pg_catalog.clock_timestamp())", options->dead_letter_table);
		done = ld_exec(conn, sql, error);
		free(sql);
	}
	PQclear(result);
	return done;
}

bool
ld_letters_begin(const LdOptions *options, const LdDone *done, PGconn *conn, LdError *error)
{
	if (options->dead_letter_table != NULL)
		return make_table(options, conn, error);
	if (options->dead_letters == NULL)
		return true;
	if (options->resume && !drop_left_over(options, done, error))
		return false;
	letters_fd = open(options->dead_letters, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (letters_fd < 0)
		return file_failed(options, "open", error);
	end_last_line(letters_fd);
	return true;
}

static void
add_string(LdText *letter, const char *name, const char *value)
{
	ld_text_format(letter, "\"%s\": ", name);
	ld_json_quote(letter, value);
	ld_text_string(letter, ", ");
}

/* "values": {...} of a row in COPY's text format */
static void
add_values(LdText *letter, const LdTable *table, const char *row, size_t len)
{
	LdText		value = {0};
	size_t		at = 0;

	ld_text_string(letter, "\"values\": {");
	if (table->numbered)
		at = (const char *) memchr(row, '\t', len) - row + 1;
	for (int i = 0; i < table->nloaded; i++)
	{
		const char *mark = memchr(row + at, i + 1 < table->nloaded ? '\t' : '\n', len - at);
		size_t		end = mark - row;

		ld_text_string(letter, i > 0 ? ", " : "");
		ld_json_quote(letter, table->columns[table->loaded[i]].name);
		ld_text_string(letter, ": ");
		ld_text_clear(&value);
		ld_text_room(&value, 1);
		ld_text_copy_decode(&value, row + at, end - at);
		if (end - at == 2 && memcmp(row + at, "\\N", 2) == 0)
			ld_text_string(letter, "null");
		else if (ld_is_utf8(value.data, value.len))
			ld_json_quote_bytes(letter, value.data, value.len);
		else
		{
			ld_text_string(letter, "{\"hex\": \"");
			ld_text_hex(letter, value.data, value.len);
			ld_text_string(letter, "\"}");
		}
		at = end + 1;
	}
	ld_text_char(letter, '}');
	ld_text_free(&value);
}

/* "columns": [...], "binary": "..." of a tuple, without the number in front of it */
static void
add_binary(LdText *letter, const LdTable *table, const char *row, size_t len)
{
	LdText		tuple = {0};

	ld_text_string(letter, "\"columns\": [");
	for (int i = 0; i < table->nloaded; i++)
	{
		ld_text_string(letter, i > 0 ? ", " : "");
		ld_json_quote(letter, table->columns[table->loaded[i]].name);
	}
	ld_text_string(letter, "], \"binary\": \"");
	ld_text_int16(&tuple, table->nloaded);
	ld_text_hex(letter, tuple.data, tuple.len);
	ld_text_hex(letter, row + (table->numbered ? 14 : 2), len - (table->numbered ? 14 : 2));
	ld_text_char(letter, '"');
	ld_text_free(&tuple);
}

/* A letter that is tried again has the record already: its "raw", "values" or "binary" goes on. */
static bool
add_of_letter(LdText *letter, const char *data, size_t len)
{
	static const char *const names[] = {"values", "columns", "binary", "raw", "raw_hex"};
	LdJson		json;
	LdSlice		key;
	LdSlice		value;
	int			n = 0;

	ld_json_object(&json, data, len);
	while (ld_json_member(&json, &key, &value))
		for (int i = 0; i < 5; i++)
			if (key.len == strlen(names[i]) + 2 && memcmp(key.data + 1, names[i], key.len - 2) == 0)
				ld_text_format(letter, "%s\"%s\": %.*s", n++ > 0 ? ", " : "", names[i], (int) value.len, value.data);
	return n > 0;
}

/* Where the record of a letter that is tried again came from in the first place. */
static void
add_origin(LdText *letter, const char *data, size_t len)
{
	LdSlice		origin;
	LdSlice		file;
	LdSlice		record;
	LdError		none;

	if (ld_letter_member(data, len, "origin", &origin, &none))
		ld_text_format(letter, "\"origin\": %.*s, ", (int) origin.len, origin.data);
	else if (ld_letter_member(data, len, "file", &file, &none) && ld_letter_member(data, len, "record", &record, &none))
		ld_text_format(letter, "\"origin\": {\"file\": %.*s, \"record\": %.*s}, ", (int) file.len, file.data,
					   (int) record.len, record.data);
}

static void
add_raw(LdText *letter, const char *data, size_t len)
{
	if (ld_is_utf8(data, len))
	{
		ld_text_string(letter, "\"raw\": ");
		ld_json_quote_bytes(letter, data, len);
		return;
	}
	ld_text_string(letter, "\"raw_hex\": \"");
	ld_text_hex(letter, data, len);
	ld_text_char(letter, '"');
}

void
ld_letter_make(LdText *letter, const LdOptions *options, const LdTable *table, const LdBatch *batch,
			   const LdRecord *record, const char *row, size_t row_len, const LdError *why)
{
	const char *data = batch->data.data + record->at;
	struct tm	parts;
	time_t		now = time(NULL);
	char		buf[32];

	gmtime_r(&now, &parts);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &parts);
	ld_text_clear(letter);
	ld_text_char(letter, '{');
	add_string(letter, "load", options->load_name);
	add_string(letter, "file", batch->file);
	ld_text_format(letter, "\"record\": %lld, ", (long long) record->number);
	if (record->line > 0)
		ld_text_format(letter, "\"line\": %lld, ", (long long) record->line);
	add_string(letter, "sqlstate", why->sqlstate);
	add_string(letter, "message", why->message);
	add_string(letter, "time", buf);
	if (batch->fields->format == LD_LETTERS)
		add_origin(letter, data, record->len);
	if (row != NULL && table->binary)
		add_binary(letter, table, row, row_len);
	else if (row != NULL)
		add_values(letter, table, row, row_len);
	else if (batch->fields->format != LD_LETTERS || !add_of_letter(letter, data, record->len))
		add_raw(letter, data, record->len);
	ld_text_string(letter, "}\n");
}

bool
ld_letter_write(const char *letter, bool sync, LdError *error)
{
	size_t		len = strlen(letter);
	bool		written;

	pthread_mutex_lock(&lock);
	written = write(letters_fd, letter, len) == (ssize_t) len && (!sync || fdatasync(letters_fd) == 0);
	pthread_mutex_unlock(&lock);
	if (!written)
		ld_error_set(error, LD_FINAL, "", "could not write a dead letter: %s", strerror(errno));
	return written;
}

char *
ld_letter_insert(const LdOptions *options, PGconn *conn, const char *letter, const char *file,
				 const LdRecord *record, const LdError *why)
{
	char	   *load = ld_literal(conn, options->load_name);
	char	   *name = ld_literal(conn, file);
	char	   *message = ld_literal(conn, why->message);
	char	   *buf = ld_literal(conn, letter);
	char	   *sql = ld_format("INSERT INTO %s (load, file, record, line, sqlstate, message, letter)"
								" VALUES (%s, %s, %lld, nullif(%lld, 0), '%s', %s, %s)", options->dead_letter_table,
								load, name, (long long) record->number, (long long) record->line,
								why->sqlstate, message, buf);

	free(buf);
	free(message);
	free(name);
	free(load);
	return sql;
}
