/*-------------------------------------------------------------------------
 *
 * load_reader.c
 *	  Batches of records, one after the other, from all files of a load.
 *
 *-------------------------------------------------------------------------
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "load/load_json_value.h"
#include "load/load_reader.h"

static bool
finish_table(LdReader *reader, bool binary, LdError *error)
{
	return ld_table_finish(reader->table, reader->options->upsert, binary, error);
}

/* The columns that --columns names; false: *error says why not. */
static bool
add_named(LdReader *reader, LdError *error)
{
	const char *list = reader->options->columns;
	char	   *name;

	while ((name = ld_next_name(&list)) != NULL)
	{
		bool		added = ld_table_add(reader->table, name, error);

		free(name);
		if (!added)
			return false;
	}
	return true;
}

/* Fields that have no names are the columns in their order. */
static bool
fields_in_order(LdReader *reader, LdFields *fields, LdError *error)
{
	LdTable    *table = reader->table;

	if (table->loaded == NULL)
	{
		if (reader->options->columns == NULL)
			ld_table_add_all(table);
		else if (!add_named(reader, error))
			return false;
		if (!finish_table(reader, fields->format == LD_BINARY, error))
			return false;
	}
	fields->nfields = table->nloaded;
	fields->in_order = true;
	fields->from = ld_alloc(table->nloaded * sizeof(int));
	for (int i = 0; i < table->nloaded; i++)
		fields->from[i] = i;
	return true;
}

/* Adds the column of a field that has a name, unless it is to be left out. */
static bool
add_field(LdReader *reader, const char *name, LdError *error)
{
	if (ld_table_find(reader->table, name) < 0 && reader->options->ignore_extra)
		return true;
	return ld_table_add(reader->table, name, error);
}

/* The place of a column among the loaded ones; -1: it is not loaded. */
static int
loaded_place(const LdTable *table, const char *name)
{
	int			column = ld_table_find(table, name);

	for (int i = 0; i < table->nloaded; i++)
		if (table->loaded[i] == column)
			return i;
	return -1;
}

/* Fields that have names, of which the first file settles what is loaded. */
static bool
fields_by_name(LdReader *reader, LdFields *fields, char **names, int n, LdError *error)
{
	LdTable    *table = reader->table;

	if (table->loaded == NULL)
	{
		for (int i = 0; i < n; i++)
			if (!add_field(reader, names[i], error))
				return false;
		if (!finish_table(reader, false, error))
			return false;
	}
	fields->nfields = n;
	fields->in_order = n == table->nloaded;
	fields->from = ld_alloc(table->nloaded * sizeof(int));
	for (int i = 0; i < table->nloaded; i++)
		fields->from[i] = -1;
	for (int i = 0; i < n; i++)
	{
		int			place = loaded_place(table, names[i]);

		if (place < 0 && !reader->options->ignore_extra)
		{
			ld_error_set(error, LD_FINAL, "42703", "file \"%s\" has a field \"%s\", which the first file has not",
						 reader->input.name, names[i]);
			return false;
		}
		if (place >= 0)
			fields->from[place] = i;
		if (place != i)
			fields->in_order = false;
	}
	return true;
}

/* Reads the line that names the fields; with --columns, it is only skipped. */
static bool
read_header(LdReader *reader, LdFields *fields, LdError *error)
{
	size_t		values[LD_MAX_FIELDS + 1];
	bool		nulls[LD_MAX_FIELDS];
	char	   *names[LD_MAX_FIELDS];
	LdText		buf = {0};
	const char *data;
	size_t		len;
	int64_t		line;
	int			n = 0;
	int			found = ld_split_next(&reader->split, &data, &len, &line, error);

	if (found < 0)
		return false;
	if (reader->options->columns != NULL || found == 0)
		return fields_in_order(reader, fields, error);
	if (reader->split.format == LD_CSV)
		n = ld_fields_of_csv(reader->options, data, len, &buf, values, nulls, LD_MAX_FIELDS);
	else
	{
		/* the names of columns have no tabs */
		for (size_t at = 0; at <= len && n < LD_MAX_FIELDS; n++)
		{
			const char *end = memchr(data + at, '\t', len - at);
			size_t		bytes = (end != NULL ? (size_t) (end - data) : len) - at;

			values[n] = buf.len;
			ld_text_copy_decode(&buf, data + at, bytes);
			values[n + 1] = buf.len;
			at += bytes + 1;
		}
	}
	if (n > LD_MAX_FIELDS)
	{
		ld_error_set(error, LD_FINAL, "22P04", "file \"%s\" has more than %d fields", reader->input.name, LD_MAX_FIELDS);
		return false;
	}
	for (int i = 0; i < n; i++)
	{
		char	   *name = ld_copy_bytes(buf.data + values[i], values[i + 1] - values[i]);

		names[i] = ld_mapped_name(reader->options, name);
		free(name);
	}
	return fields_by_name(reader, fields, names, n, error);
}

/* The vector column of a table that has only one. */
static int
only_vector(const LdTable *table)
{
	int			found = -1;

	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].kind == LD_KIND_VECTOR || table->columns[i].kind == LD_KIND_HALFVEC)
		{
			if (found >= 0)
				return -1;
			found = i;
		}
	return found;
}

/* Files of vectors: --columns names one column, or else the table has one vector column. */
static bool
fields_of_vectors(LdReader *reader, LdFields *fields, LdError *error)
{
	LdTable    *table = reader->table;
	const LdOptions *options = reader->options;
	int			vector = only_vector(table);
	const LdColumn *id;

	fields->element = reader->split.element;
	if (table->loaded != NULL)
		return true;
	if (options->id_column != NULL && !ld_table_add(table, options->id_column, error))
		return false;
	if (options->columns == NULL && vector < 0)
	{
		ld_error_set(error, LD_FINAL, "42703", "table %s has not one vector column: name it with --columns", table->name);
		return false;
	}
	if (options->columns != NULL ? !add_named(reader, error) :
		!ld_table_add(table, table->columns[vector].name, error))
		return false;
	if (table->nloaded != 1 + (options->id_column != NULL))
	{
		ld_error_set(error, LD_FINAL, "42703", "--columns names one column for vectors of a file of this format");
		return false;
	}
	assert(table->loaded != NULL);
	id = table->nloaded > 1 ? &table->columns[table->loaded[0]] : NULL;
	return finish_table(reader, table->columns[table->loaded[table->nloaded - 1]].kind == LD_KIND_VECTOR &&
						(id == NULL || id->kind == LD_KIND_INT), error);
}

/* JSON: without --columns, the keys of the first object settle what is loaded. */
static bool
columns_of_object(LdReader *reader, const char *data, size_t len, LdError *error)
{
	LdJson		json;
	LdSlice		key;
	LdSlice		value;

	ld_json_object(&json, data, len);
	while (ld_json_member(&json, &key, &value))
	{
		LdText		buf = {0};
		char	   *name;
		bool		added;

		ld_json_string(key, &buf);
		ld_text_char(&buf, '\0');
		name = ld_mapped_name(reader->options, buf.data);
		added = add_field(reader, name, error);
		free(name);
		ld_text_free(&buf);
		if (!added)
			return false;
	}
	if (json.wrong != NULL)
	{
		ld_error_set(error, LD_FINAL, "22032", "file \"%s\", line 1: invalid JSON: %s: its first line tells"
					 " what is loaded, or else --columns", reader->input.name, json.wrong);
		return false;
	}
	return finish_table(reader, false, error);
}

/* A dead letter has "values" by name, or "binary" and the names in "columns"; or neither. */
static bool
columns_of_letter(LdReader *reader, const char *data, size_t len, LdError *error)
{
	LdSlice		member;
	LdSlice		name;
	LdJson		json;
	LdError		none;

	if (ld_letter_member(data, len, "values", &member, &none))
		return columns_of_object(reader, member.data, member.len, error);
	if (!ld_letter_member(data, len, "columns", &member, error) ||
		!ld_letter_member(data, len, "binary", &name, error))
		return false;
	ld_json_array(&json, member.data, member.len);
	while (ld_json_element(&json, &name))
	{
		LdText		buf = {0};
		bool		added = ld_json_string(name, &buf);

		ld_text_char(&buf, '\0');
		added = added && ld_table_add(reader->table, buf.data, error);
		ld_text_free(&buf);
		if (!added)
			return false;
	}
	return finish_table(reader, true, error);
}

/*
 * The first record that tells what is loaded.  Letters of records nobody
 * could read tell nothing.
 */
static bool
settle_columns(LdReader *reader, const char *data, size_t len, bool *told, LdError *error)
{
	LdSlice		member;
	LdError		none;

	*told = true;
	if (reader->table->loaded != NULL)
		return true;
	if (reader->options->columns != NULL)
		return add_named(reader, error) && finish_table(reader, false, error);
	if (reader->split.format == LD_JSONL)
		return columns_of_object(reader, data, len, error);
	*told = !ld_letter_member(data, len, "record", &member, &none) ||
		ld_letter_member(data, len, "values", &member, &none) ||
		ld_letter_member(data, len, "binary", &member, &none);
	return !*told || columns_of_letter(reader, data, len, error);
}

/* Names of the fields of a query in another database. */
static bool
fields_of_query(LdReader *reader, LdFields *fields, const char *query, LdError *error)
{
	char	   *sql = ld_format("SELECT * FROM (%s) x LIMIT 0", query);
	PGresult   *result = ld_query(reader->source, sql, NULL, error);
	char	   *names[LD_MAX_FIELDS];
	int			n = 0;
	bool		done;

	free(sql);
	if (result == NULL)
		return false;
	if (reader->options->columns != NULL)
		done = fields_in_order(reader, fields, error);
	else
	{
		for (; n < PQnfields(result) && n < LD_MAX_FIELDS; n++)
			names[n] = ld_mapped_name(reader->options, PQfname(result, n));
		done = fields_by_name(reader, fields, names, n, error);
	}
	PQclear(result);
	return done;
}

/* Begins COPY ... TO STDOUT, which is then read as a file would be. */
static bool
open_source(LdReader *reader, LdFields *fields, LdError *error)
{
	const LdOptions *options = reader->options;
	char	   *query;
	char	   *sql;
	bool		begun;

	if (options->retry_dead_letters)
		query = ld_format("SELECT id, letter FROM %s ORDER BY id", options->dead_letter_table);
	else if (options->query != NULL)
		query = ld_copy_string(options->query);
	else
		query = ld_format("SELECT * FROM %s", options->source_table);
	if (!options->retry_dead_letters && !fields_of_query(reader, fields, query, error))
		return false;
	sql = ld_format("COPY (%s) TO STDOUT", query);
	begun = ld_copy_begin(reader->source, sql, error);
	free(sql);
	free(query);
	if (!begun)
	{
		error->kind = LD_FINAL;
		return false;
	}
	ld_input_copy(&reader->input, reader->source_name, reader->source);
	return true;
}

static bool
begin_fields(LdReader *reader, LdFields *fields, LdError *error)
{
	switch (reader->split.format)
	{
		case LD_CSV:
		case LD_TSV:
			if (reader->options->header)
				return read_header(reader, fields, error);
			return fields_in_order(reader, fields, error);
		case LD_BINARY:
			return fields_in_order(reader, fields, error);
		case LD_JSONL:
		case LD_LETTERS:
			return true;
		default:
			return fields_of_vectors(reader, fields, error);
	}
}

/* A file that is shorter than what of it is loaded is not the file that it was. */
static bool
is_as_it_was(LdReader *reader, LdError *error)
{
	for (int i = 0; i < reader->done->nranges; i++)
	{
		const LdRange *range = &reader->done->ranges[i];

		if (strcmp(range->file, reader->input.name) == 0 && range->bytes > reader->input.size &&
			reader->input.size >= 0)
		{
			ld_error_set(error, LD_FINAL, "", "file \"%s\" has %lld bytes, but %lld when it was begun",
						 range->file, (long long) reader->input.size, (long long) range->bytes);
			return false;
		}
	}
	return true;
}

/* Opens the next file; false at the end, or if reader->failed. */
static bool
open_next(LdReader *reader)
{
	const LdOptions *options = reader->options;
	LdFields   *fields;
	LdError    *error = &reader->error;
	bool		opened;

	if (reader->file == (reader->source != NULL || options->nfiles == 0 ? 1 : options->nfiles))
		return false;
	fields = ld_alloc(sizeof(LdFields));
	fields->options = options;
	fields->table = reader->table;
	fields->format = options->format;
	reader->fields = fields;
	if (reader->source != NULL)
		opened = open_source(reader, fields, error);
	else
		opened = ld_input_open(&reader->input, options->nfiles > 0 ? options->files[reader->file] : "-",
							   reader->stop_fd, error) && is_as_it_was(reader, error);
	reader->split = (LdSplit)
	{
		.input = &reader->input,.format = options->format,.quote = options->quote,.escape = options->escape
	};
	if (opened && reader->source == NULL)
		opened = ld_split_begin(&reader->split, error) && begin_fields(reader, fields, error);
	else if (opened)
		reader->split.line = 1;
	reader->failed = !opened;
	reader->open = opened;
	reader->record = 0;
	reader->file++;
	return opened;
}

static void
close_file(LdReader *reader)
{
	reader->bytes_before += reader->input.taken;
	ld_input_close(&reader->input);
	reader->open = false;
}

/* Rows of a dead-letter table come as lines: the id, a tab, and the letter as COPY writes it. */
static int64_t
take_letter_id(const char **data, size_t *len, LdText *decoded)
{
	const char *tab = memchr(*data, '\t', *len);
	size_t		skip = tab != NULL ? (size_t) (tab - *data) + 1 : 0;
	int64_t		id = strtoll(*data, NULL, 10);

	ld_text_clear(decoded);
	ld_text_copy_decode(decoded, *data + skip, *len - skip);
	*data = decoded->data;
	*len = decoded->len;
	return id;
}

static void
add_record(LdBatch *batch, const char *data, size_t len, int64_t number, int64_t line)
{
	if (batch->nrecords == batch->room)
	{
		batch->room = 2 * batch->room + 64;
		batch->records = ld_grow(batch->records, batch->room * sizeof(LdRecord));
	}
	batch->records[batch->nrecords++] = (LdRecord)
	{
		.at = batch->data.len,.len = len,.number = number,.line = line
	};
	ld_text_bytes(&batch->data, data, len);
}

/* Reads the next record into held; false at the end of the file, or if reader->failed. */
static bool
hold_next(LdReader *reader)
{
	int			found;

	if (reader->held)
		return true;
	found = ld_split_next(&reader->split, &reader->held_data, &reader->held_len, &reader->held_line, &reader->error);
	reader->failed = found < 0;
	reader->held = found > 0;
	if (found > 0)
		reader->record++;
	return found > 0;
}

/* Adds what is held to the batch; false: it does not fit, or has to wait for the next one. */
static bool
add_held(LdReader *reader, LdBatch *batch)
{
	static LdText decoded;
	const LdOptions *options = reader->options;
	const char *data = reader->held_data;
	size_t		len = reader->held_len;
	int64_t		number = reader->record;
	bool		told;

	if (ld_done_find(reader->done, reader->input.name, number) != NULL)
	{
		if (batch->nrecords > 0)
			return false;
		reader->held = false;
		reader->skipped++;
		return true;
	}
	if (batch->nrecords > 0 && (int64_t) (batch->data.len + len) > options->batch_bytes)
		return false;
	if (reader->source != NULL && options->retry_dead_letters)
	{
		number = take_letter_id(&data, &len, &decoded);

		/*
		 * a record that nobody could read is as unreadable as it was: it
		 * stays where it is
		 */
		if (!settle_columns(reader, data, len, &told, &reader->error))
			reader->failed = true;
	}
	else if (reader->split.format == LD_JSONL || reader->split.format == LD_LETTERS)
		reader->failed = !settle_columns(reader, data, len, &told, &reader->error);
	if (reader->failed)
		return false;
	add_record(batch, data, len, number, reader->held_line);
	reader->held = false;
	return true;
}

static void
fill(LdReader *reader, LdBatch *batch, int most)
{
	ld_text_clear(&batch->data);
	batch->nrecords = 0;
	while (batch->nrecords < most && !reader->failed)
	{
		if (!reader->open)
		{
			if (batch->nrecords > 0 || !open_next(reader))
				return;
		}
		if (batch->nrecords == 0)
		{
			batch->file = reader->input.name;
			batch->file_bytes = reader->input.size;
			batch->fields = reader->fields;
		}
		if (!hold_next(reader))
		{
			if (reader->failed)
				return;
			close_file(reader);
			continue;
		}
		if (!add_held(reader, batch))
			return;
	}
}

bool
ld_reader_begin(LdReader *reader, const LdOptions *options, LdTable *table, const LdDone *done,
				int stop_fd, PGconn *source, LdError *error)
{
	memset(reader, 0, sizeof(*reader));
	pthread_mutex_init(&reader->lock, NULL);
	reader->options = options;
	reader->table = table;
	reader->done = done;
	reader->stop_fd = stop_fd;
	reader->source = source;
	if (source != NULL)
		reader->source_name = ld_copy_string(options->retry_dead_letters ? options->dead_letter_table :
											 options->source_table != NULL ? options->source_table : "query");
	reader->bytes_total = source != NULL || options->nfiles == 0 ? -1 : 0;
	for (int i = 0; source == NULL && i < options->nfiles; i++)
	{
		struct stat status;

		if (strcmp(options->files[i], "-") == 0)
			reader->bytes_total = -1;
		else if (stat(options->files[i], &status) != 0)
		{
			ld_error_set(error, LD_FINAL, "", "could not open file \"%s\": %m", options->files[i]);
			return false;
		}
		else if (!S_ISREG(status.st_mode))
			reader->bytes_total = -1;
		else if (reader->bytes_total >= 0)
			reader->bytes_total += status.st_size;
	}
	return true;
}

bool
ld_reader_next(LdReader *reader, LdBatch *batch, int most)
{
	bool		found;

	pthread_mutex_lock(&reader->lock);
	batch->nrecords = 0;
	if (!reader->ended && !reader->failed)
		fill(reader, batch, most);
	found = batch->nrecords > 0;
	if (found)
		batch->number = ++reader->batches;
	else if (!reader->failed)
		reader->ended = true;
	pthread_mutex_unlock(&reader->lock);
	return found;
}

int64_t
ld_reader_bytes(LdReader *reader)
{
	/*
	 * read without the lock, which a reader of a pipe may hold for long: a
	 * figure for people
	 */
	return reader->bytes_before + reader->input.taken;
}
