/*-------------------------------------------------------------------------
 *
 * load_row.c
 *	  Makes rows for COPY of records: fields of the file go to columns of the table.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "load/load_fields.h"
#include "load/load_json_value.h"
#include "load/load_row.h"
#include "load/load_vector_row.h"

static bool
wrong_count(int n, int wanted, LdError *error)
{
	if (n > LD_MAX_FIELDS)
		ld_error_set(error, LD_BAD_DATA, "22P04", "more than %d fields", LD_MAX_FIELDS);
	else
		ld_error_set(error, LD_BAD_DATA, "22P04", "the record has %d field%s instead of %d", n, n == 1 ? "" : "s", wanted);
	return false;
}

/* In front of a row: its ordinal, if the table wants it. */
static void
add_ordinal(const LdTable *table, int ordinal, LdText *rows)
{
	if (table->numbered)
		ld_text_format(rows, "%d\t", ordinal);
}

/* What stands between values; behind the last one. */
static char
separator(const LdTable *table, int i)
{
	return i + 1 < table->nloaded ? '\t' : '\n';
}

static bool
csv_row(const LdFields *fields, const char *data, size_t len, int ordinal, LdText *rows, LdError *error)
{
	static _Thread_local LdText buf;
	static _Thread_local size_t values[LD_MAX_FIELDS + 1];
	static _Thread_local bool nulls[LD_MAX_FIELDS];
	int			n;

	ld_text_clear(&buf);
	n = ld_fields_of_csv(fields->options, data, len, &buf, values, nulls, LD_MAX_FIELDS);
	if (n != fields->nfields)
		return wrong_count(n, fields->nfields, error);
	add_ordinal(fields->table, ordinal, rows);
	for (int i = 0; i < fields->table->nloaded; i++)
	{
		int			from = fields->from[i];

		if (from < 0 || nulls[from])
			ld_text_string(rows, "\\N");
		else
			ld_text_copy_value(rows, buf.data + values[from], values[from + 1] - values[from]);
		ld_text_char(rows, separator(fields->table, i));
	}
	return true;
}

/* A field of COPY's text ends before the next tab that has no backslash before it. */
static size_t
tsv_field_end(const char *data, size_t len, size_t at)
{
	while (at < len && data[at] != '\t')
		at += data[at] == '\\' && at + 1 < len ? 2 : 1;
	return at;
}

/* The values are as COPY wants them already: they are only put into the order of the columns. */
static bool
tsv_row(const LdFields *fields, const char *data, size_t len, int ordinal, LdText *rows, LdError *error)
{
	static _Thread_local size_t starts[LD_MAX_FIELDS + 2];
	int			n = 0;

	for (size_t at = 0; n <= LD_MAX_FIELDS; at++)
	{
		starts[n++] = at;
		at = tsv_field_end(data, len, at);
		if (at >= len)
			break;
	}
	starts[n] = len + 1;
	if (n != fields->nfields)
		return wrong_count(n, fields->nfields, error);
	add_ordinal(fields->table, ordinal, rows);
	if (fields->in_order)
	{
		ld_text_bytes(rows, data, len);
		ld_text_char(rows, '\n');
		return true;
	}
	for (int i = 0; i < fields->table->nloaded; i++)
	{
		int			from = fields->from[i];

		if (from < 0)
			ld_text_string(rows, "\\N");
		else
			ld_text_bytes(rows, data + starts[from], starts[from + 1] - starts[from] - 1);
		ld_text_char(rows, separator(fields->table, i));
	}
	return true;
}

/* The tuple stands there as COPY wants it; the fields must be the columns, in their order. */
static bool
binary_row(const LdFields *fields, const char *data, size_t len, int ordinal, LdText *rows, LdError *error)
{
	int			n = ld_get_int16(data);

	if (n != fields->table->nloaded)
		return wrong_count(n, fields->table->nloaded, error);
	if (!fields->table->numbered)
	{
		ld_text_bytes(rows, data, len);
		return true;
	}
	ld_text_int16(rows, n + 1);
	ld_text_int32(rows, 8);
	ld_text_int64(rows, ordinal);
	ld_text_bytes(rows, data + 2, len - 2);
	return true;
}

/* As ld_key_column, but without a copy where the line has the keys that one expects. */
static int
find_key(const LdFields *fields, LdSlice key, int guess)
{
	if (fields->options->map == NULL && guess < fields->table->nloaded)
	{
		const char *name = fields->table->columns[fields->table->loaded[guess]].name;
		size_t		len = strlen(name);

		if (key.len == len + 2 && memcmp(key.data + 1, name, len) == 0 && strchr(name, '\\') == NULL)
			return guess;
	}
	return ld_key_column(fields, key);
}

/* The values of a line for each loaded column; those without one have no data. */
static bool
json_values(const LdFields *fields, const char *data, size_t len, LdSlice *values, LdError *error)
{
	LdJson		json;
	LdSlice		key;
	LdSlice		value;
	int			guess = 0;

	memset(values, 0, fields->table->nloaded * sizeof(LdSlice));
	ld_json_object(&json, data, len);
	while (ld_json_member(&json, &key, &value))
	{
		int			column = find_key(fields, key, guess);

		if (column < 0 && fields->options->ignore_extra)
			continue;
		if (column < 0 || values[column].data != NULL)
		{
			ld_error_set(error, LD_BAD_DATA, "22P04", column < 0 ? "key %.*s is of no column that is loaded" :
						 "key %.*s stands there twice", (int) key.len, key.data);
			return false;
		}
		values[column] = value;
		guess = column + 1;
	}
	if (json.wrong != NULL)
	{
		ld_error_set(error, LD_BAD_DATA, "22032", "invalid JSON, byte %lld: %s", (long long) (json.at - data), json.wrong);
		return false;
	}
	return true;
}

static bool
json_row(const LdFields *fields, const char *data, size_t len, int ordinal, LdText *rows, LdError *error)
{
	static _Thread_local LdText buf;
	static _Thread_local LdSlice values[LD_MAX_FIELDS];

	if (!json_values(fields, data, len, values, error))
		return false;
	add_ordinal(fields->table, ordinal, rows);
	for (int i = 0; i < fields->table->nloaded; i++)
	{
		const LdColumn *column = &fields->table->columns[fields->table->loaded[i]];
		bool		null = values[i].data == NULL;

		ld_text_clear(&buf);
		if (!null && !(fields->format == LD_LETTERS ?
					   ld_letter_value(column, values[i], &buf, &null, error) :
					   ld_json_value(column, values[i], &buf, &null, error)))
			return false;
		if (null)
			ld_text_string(rows, "\\N");
		else
			ld_text_copy_value(rows, buf.data, buf.len);
		ld_text_char(rows, separator(fields->table, i));
	}
	return true;
}

/* Are the "columns" of a letter those that are loaded?  A tuple does not say which they are. */
static bool
has_columns(const LdFields *fields, const char *data, size_t len, LdError *error)
{
	LdSlice		member;
	LdSlice		name;
	LdJson		json;
	int			n = 0;

	if (!ld_letter_member(data, len, "columns", &member, error))
		return false;
	ld_json_array(&json, member.data, member.len);
	while (ld_json_element(&json, &name) && ld_key_column(fields, name) == n)
		n++;
	if (n == fields->table->nloaded && json.at == json.end)
		return true;
	ld_error_set(error, LD_BAD_DATA, "22P04", "the letter's columns are others than those of the first letter");
	return false;
}

/* A dead letter: {"values": {...}, ...}, or one whose record nobody could read. */
static bool
letter_row(const LdFields *fields, const char *data, size_t len, int ordinal, LdText *rows, LdError *error)
{
	LdSlice		member;

	if (!ld_letter_member(data, len, fields->table->binary ? "binary" : "values", &member, error) ||
		(fields->table->binary && !has_columns(fields, data, len, error)))
		return false;
	if (!fields->table->binary)
		return json_row(fields, member.data, member.len, ordinal, rows, error);
	else
	{
		LdText		tuple = {0};
		bool		done = member.len >= 6 && ld_text_unhex(&tuple, member.data + 1, member.len - 2);

		if (!done)
			ld_error_set(error, LD_BAD_DATA, "22P04", "\"binary\" is not in hexadecimal digits");
		done = done && binary_row(fields, tuple.data, tuple.len, ordinal, rows, error);
		ld_text_free(&tuple);
		return done;
	}
}

bool
ld_row(const LdFields *fields, const char *data, size_t len, int64_t number, int ordinal, LdText *rows,
	   LdError *error)
{
	size_t		before = rows->len;
	bool		done;

	switch (fields->format)
	{
		case LD_CSV:
			done = csv_row(fields, data, len, ordinal, rows, error);
			break;
		case LD_TSV:
			done = tsv_row(fields, data, len, ordinal, rows, error);
			break;
		case LD_BINARY:
			done = binary_row(fields, data, len, ordinal, rows, error);
			break;
		case LD_JSONL:
			done = json_row(fields, data, len, ordinal, rows, error);
			break;
		case LD_LETTERS:
			done = letter_row(fields, data, len, ordinal, rows, error);
			break;
		default:
			done = ld_vector_row(fields, data, len, number, ordinal, rows, error);
	}
	if (!done)
		rows->len = before;
	return done;
}
