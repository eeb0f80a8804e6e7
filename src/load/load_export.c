/*-------------------------------------------------------------------------
 *
 * load_export.c
 *	  --export: writes a table, or the rows of a query, in the formats that are read.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load_export.h"
#include "load/load_table.h"
#include "load/load_text.h"

#define LD_NPY_HEADER 128

typedef struct Export
{
	const LdOptions *options;
	PGconn	   *conn;
	FILE	   *out;
	int64_t		records;
	int			dimensions;		/* of npy; 0: no vector yet */
	LdText		line;
} Export;

static bool
is_vectors(LdFormat format)
{
	return format == LD_FVECS || format == LD_BVECS || format == LD_NPY;
}

static bool
write_failed(const Export *export, LdError *error)
{
	ld_error_set(error, LD_FINAL, "", "could not write file \"%s\": %s", export->options->export, strerror(errno));
	return false;
}

/*
 * The columns of the query, as JSON has them best: vectors as arrays.  NULL:
 * *error says why not.
 */
static char *
json_columns(const Export *export, const char *query, LdError *error)
{
	char	   *sql = ld_format("SELECT * FROM (%s) x LIMIT 0", query);
	PGresult   *result = ld_query(export->conn, sql, NULL, error);
	LdText		columns = {0};

	free(sql);
	if (result == NULL)
		return NULL;
	for (int i = 0; i < PQnfields(result); i++)
	{
		char	   *name = ld_identifier(export->conn, PQfname(result, i));
		char		oid[16];
		PGresult   *type;

		snprintf(oid, sizeof(oid), "%u", PQftype(result, i));
		type = ld_query(export->conn, "SELECT 1 FROM pg_catalog.pg_type WHERE oid = $1::pg_catalog.oid"
						" AND typname IN ('vector', 'halfvec')", oid, error);
		if (type == NULL)
		{
			PQclear(result);
			return NULL;
		}
		ld_text_format(&columns, "%s%s%s AS %s", i > 0 ? ", " : "", name,
					   PQntuples(type) > 0 ? "::pg_catalog.float4[]" : "", name);
		PQclear(type);
		free(name);
	}
	PQclear(result);
	return columns.data;
}

/* The only vector column of the table, as SQL writes it. */
static char *
vector_column(const Export *export, LdError *error)
{
	LdTable		table;
	char	   *found = NULL;

	if (export->options->columns != NULL)
		return ld_identifier(export->conn, export->options->columns);
	if (export->options->table == NULL)
		ld_error_set(error, LD_FINAL, "42703", "--columns must name the vector column of the query");
	else if (ld_table_read(&table, export->conn, export->options->table, error))
	{
		int			n = 0;

		for (int i = 0; i < table.ncolumns; i++)
			if (table.columns[i].kind == LD_KIND_VECTOR || table.columns[i].kind == LD_KIND_HALFVEC)
			{
				found = table.columns[i].quoted;
				n++;
			}
		if (n == 1)
			return found;
		ld_error_set(error, LD_FINAL, "42703", "table %s has not one vector column: name it with --columns", table.name);
	}
	return NULL;
}

/* SELECT of what is written; NULL: *error says why not. */
static char *
make_query(const Export *export, LdError *error)
{
	const LdOptions *options = export->options;
	const char *list = options->columns;
	LdText		columns = {0};
	char	   *query;
	char	   *name;

	if (options->query != NULL)
		query = ld_copy_string(options->query);
	else
	{
		while (!is_vectors(options->format) && (name = ld_next_name(&list)) != NULL)
		{
			char	   *quoted = ld_identifier(export->conn, name);

			ld_text_format(&columns, "%s%s", columns.len > 0 ? ", " : "", quoted);
			free(quoted);
			free(name);
		}
		query = ld_format("SELECT %s FROM %s", columns.len > 0 ? columns.data : "*", options->table);
	}
	if (is_vectors(options->format))
	{
		name = vector_column(export, error);
		return name != NULL ? ld_format("SELECT %s::pg_catalog.float4[] FROM (%s) x", name, query) : NULL;
	}
	if (options->format == LD_JSONL)
	{
		name = json_columns(export, query, error);
		return name != NULL ? ld_format("SELECT pg_catalog.row_to_json(x)::text FROM (SELECT %s FROM (%s) y) x",
										name, query) : NULL;
	}
	return query;
}

/* COPY ... TO STDOUT of the query in the format that is nearest to the one asked for. */
static char *
make_copy(const Export *export, const char *query)
{
	const LdOptions *options = export->options;
	char		quote[2] = {options->quote};
	char		escape[2] = {options->escape};
	char		delimiter[2] = {options->delimiter};

	if (options->format == LD_CSV)
	{
		char	   *null = ld_literal(export->conn, options->null);
		char	   *quoted = ld_literal(export->conn, quote);
		char	   *escaped = ld_literal(export->conn, escape);
		char	   *delimited = ld_literal(export->conn, delimiter);

		return ld_format("COPY (%s) TO STDOUT (FORMAT csv, HEADER %s, NULL %s, QUOTE %s, ESCAPE %s, DELIMITER %s)",
						 query, options->header ? "true" : "false", null, quoted, escaped, delimited);
	}
	if (options->format == LD_TSV)
		return ld_format("COPY (%s) TO STDOUT (HEADER %s)", query, options->header ? "true" : "false");
	if (options->format == LD_JSONL)
		return ld_format("COPY (%s) TO STDOUT", query);
	return ld_format("COPY (%s) TO STDOUT (FORMAT binary)", query);
}

/* The header of npy: of fixed length, so that it can be written again when the rows are counted. */
static bool
write_npy_header(Export *export)
{
	char		header[LD_NPY_HEADER + 1];
	int			len;

	memset(header, ' ', sizeof(header));
	memcpy(header, "\x93NUMPY\x01", 7);
	header[7] = 0;
	header[8] = LD_NPY_HEADER - 10;
	header[9] = 0;
	len = snprintf(header + 10, sizeof(header) - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %d), }",
				   (long long) export->records, export->dimensions > 0 ? export->dimensions : 1);
	header[10 + len] = ' ';
	header[LD_NPY_HEADER - 1] = '\n';
	return fwrite(header, 1, LD_NPY_HEADER, export->out) == LD_NPY_HEADER;
}

/* A float4[] in binary format: 20 bytes, then for each element its length and its bytes. */
static bool
write_vector(Export *export, const char *data, int64_t len, LdError *error)
{
	LdFormat	format = export->options->format;
	int32_t		dimensions;

	if (len < 20 || ld_get_int32(data) != 1 || len != 20 + 8 * (int64_t) ld_get_int32(data + 12))
	{
		ld_error_set(error, LD_FINAL, "22004", "row %lld has no vector: leave such rows out with --query",
					 (long long) export->records + 1);
		return false;
	}
	dimensions = ld_get_int32(data + 12);
	if (format == LD_NPY && export->dimensions != 0 && export->dimensions != dimensions)
	{
		ld_error_set(error, LD_FINAL, "22000", "row %lld has %d dimensions, others %d: npy cannot hold both",
					 (long long) export->records + 1, dimensions, export->dimensions);
		return false;
	}
	export->dimensions = dimensions;
	ld_text_clear(&export->line);
	if (format != LD_NPY)
		ld_text_bytes(&export->line, &dimensions, sizeof(dimensions));
	for (int i = 0; i < dimensions; i++)
	{
		int32_t		bits = ld_get_int32(data + 24 + 8 * i);
		float		value;

		memcpy(&value, &bits, sizeof(value));
		if (format != LD_BVECS)
			ld_text_bytes(&export->line, &value, sizeof(value));
		else if (value >= 0 && value <= 255 && value == (int) value)
			ld_text_char(&export->line, (char) (int) value);
		else
		{
			ld_error_set(error, LD_FINAL, "22003", "row %lld: %g is no byte, as bvecs has them",
						 (long long) export->records + 1, value);
			return false;
		}
	}
	return fwrite(export->line.data, 1, export->line.len, export->out) == export->line.len ||
		write_failed(export, error);
}

/* What one message of COPY has: a row, or, at the beginning and end of binary format, its frame. */
static bool
write_row(Export *export, const char *data, int bytes, bool first, LdError *error)
{
	LdFormat	format = export->options->format;
	size_t		len = bytes;

	if (is_vectors(format))
	{
		/* the header comes with the first tuple or alone, the end mark alone */
		if (first)
		{
			data += 19;
			len -= 19;
		}
		if (len < 6 || ld_get_int16(data) != 1)
			return true;
		if (!write_vector(export, data + 6, ld_get_int32(data + 2), error))
			return false;
	}
	else if (format == LD_JSONL)
	{
		ld_text_clear(&export->line);
		ld_text_copy_decode(&export->line, data, len);
		if (fwrite(export->line.data, 1, export->line.len, export->out) != export->line.len)
			return write_failed(export, error);
	}
	else if (fwrite(data, 1, len, export->out) != len)
		return write_failed(export, error);

	/*
	 * the header in front is counted by the server's answer, which it
	 * corrects
	 */
	export->records++;
	return true;
}

static bool
copy_out(Export *export, const char *sql, LdError *error)
{
	bool		first = true;
	char	   *row;
	int			bytes;

	if (!ld_copy_begin(export->conn, sql, error))
		return false;
	while ((bytes = ld_copy_row(export->conn, &row, &export->records, error)) > 0)
	{
		bool		written = write_row(export, row, bytes, first, error);

		PQfreemem(row);
		if (!written)
			return false;
		first = false;
	}
	return bytes == 0;
}

static bool
write_file(Export *export, LdError *error)
{
	bool		npy = export->options->format == LD_NPY;
	char	   *query = make_query(export, error);
	char	   *sql;

	if (query == NULL)
		return false;
	sql = make_copy(export, query);
	free(query);
	if (npy && !write_npy_header(export))
		return write_failed(export, error);
	if (!copy_out(export, sql, error))
		return false;
	free(sql);
	if (npy && (fseek(export->out, 0, SEEK_SET) != 0 || !write_npy_header(export)))
		return write_failed(export, error);
	return fflush(export->out) == 0 || write_failed(export, error);
}

bool
ld_export(const LdOptions *options, int stop_fd, int64_t *records, LdError *error)
{
	Export		export = {.options = options};
	bool		to_stdout = strcmp(options->export, "-") == 0;
	char	   *part = ld_format("%s.part", options->export);
	bool		done;

	if (to_stdout && options->format == LD_NPY)
	{
		ld_error_set(error, LD_FINAL, "", "npy cannot be written to standard output: its first line counts the rows");
		return false;
	}
	export.conn = ld_connect(options->dbname, false, error);
	if (export.conn == NULL)
		return false;
	ld_conn_stop_at(export.conn, stop_fd);
	/* what is not whole has another name */
	export.out = to_stdout ? stdout : fopen(part, "we");
	done = export.out != NULL ? write_file(&export, error) : write_failed(&export, error);
	if (export.out != NULL && !to_stdout)
	{
		if (done && fsync(fileno(export.out)) != 0)
			done = write_failed(&export, error);
		if (fclose(export.out) != 0 && done)
			done = write_failed(&export, error);
		if (done && rename(part, options->export) != 0)
			done = write_failed(&export, error);
		if (!done)
			unlink(part);
	}
	PQfinish(export.conn);
	ld_text_free(&export.line);
	free(part);
	*records = export.records;
	return done;
}
