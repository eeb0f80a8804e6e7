/*-------------------------------------------------------------------------
 *
 * load_table.c
 *	  The table that is loaded: its columns, which of them are, and the statements for a batch.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "load/load_table.h"
#include "load/load_text.h"

static const char columns_query[] =
"SELECT a.attname, pg_catalog.quote_ident(a.attname), t.typname, a.atttypmod, a.attgenerated <> '',"
" t.typcategory = 'A', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)"
" FROM pg_catalog.pg_attribute a"
" JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
" WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped"
" ORDER BY a.attnum";

static LdKind
kind_of(const char *type, bool array)
{
	static const struct
	{
		const char *type;
		LdKind		kind;
	}			kinds[] =
	{
		{"vector", LD_KIND_VECTOR}, {"halfvec", LD_KIND_HALFVEC},
		{"sparsevec", LD_KIND_SPARSEVEC}, {"bit", LD_KIND_BIT}, {"varbit", LD_KIND_BIT},
		{"json", LD_KIND_JSON}, {"jsonb", LD_KIND_JSON},
		{"int2", LD_KIND_INT}, {"int4", LD_KIND_INT}, {"int8", LD_KIND_INT}
	};

	if (array)
		return LD_KIND_ARRAY;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return kinds[i].kind;
	return LD_KIND_OTHER;
}

bool
ld_table_read(LdTable *table, PGconn *conn, const char *name, LdError *error)
{
	PGresult   *result = ld_query(conn, columns_query, name, error);

	memset(table, 0, sizeof(*table));
	if (result == NULL)
		return false;
	table->ncolumns = PQntuples(result);
	if (table->ncolumns == 0)
	{
		ld_error_set(error, LD_FINAL, "42P01", "relation \"%s\" has no columns", name);
		PQclear(result);
		return false;
	}
	table->name = ld_copy_string(PQgetvalue(result, 0, 6));
	table->columns = ld_alloc(table->ncolumns * sizeof(LdColumn));
	for (int i = 0; i < table->ncolumns; i++)
	{
		LdColumn   *column = &table->columns[i];
		const char *type = PQgetvalue(result, i, 2);

		column->name = ld_copy_string(PQgetvalue(result, i, 0));
		column->quoted = ld_copy_string(PQgetvalue(result, i, 1));
		column->kind = kind_of(type, PQgetvalue(result, i, 5)[0] == 't');
		column->bytes = column->kind == LD_KIND_INT ? type[3] - '0' : 0;
		column->typmod = atoi(PQgetvalue(result, i, 3));
		column->generated = PQgetvalue(result, i, 4)[0] == 't';
	}
	PQclear(result);
	return true;
}

int
ld_table_find(const LdTable *table, const char *name)
{
	for (int i = 0; i < table->ncolumns; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return i;
	return -1;
}

static void
add(LdTable *table, int column)
{
	table->loaded = ld_grow(table->loaded, (table->nloaded + 1) * sizeof(int));
	table->loaded[table->nloaded++] = column;
}

bool
ld_table_add(LdTable *table, const char *name, LdError *error)
{
	int			column = ld_table_find(table, name);

	if (column < 0)
	{
		ld_error_set(error, LD_FINAL, "42703", "table %s has no column \"%s\"", table->name, name);
		return false;
	}
	if (table->columns[column].generated)
	{
		ld_error_set(error, LD_FINAL, "428C9", "column \"%s\" of table %s is generated: nothing can be loaded into it",
					 name, table->name);
		return false;
	}
	for (int i = 0; i < table->nloaded; i++)
		if (table->loaded[i] == column)
		{
			ld_error_set(error, LD_FINAL, "42701", "column \"%s\" would be loaded twice", name);
			return false;
		}
	add(table, column);
	return true;
}

void
ld_table_add_all(LdTable *table)
{
	for (int i = 0; i < table->ncolumns; i++)
		if (!table->columns[i].generated)
			add(table, i);
}

char *
ld_next_name(const char **list)
{
	const char *from = *list;
	size_t		len;

	if (from == NULL || *from == '\0')
		return NULL;
	from += strspn(from, " ");
	len = strcspn(from, ",");
	*list = from[len] == ',' ? from + len + 1 : from + len;
	while (len > 0 && from[len - 1] == ' ')
		len--;
	return ld_copy_bytes(from, len);
}

static void
list_columns(const LdTable *table, LdText *buf)
{
	for (int i = 0; i < table->nloaded; i++)
		ld_text_format(buf, "%s%s", i > 0 ? ", " : "", table->columns[table->loaded[i]].quoted);
}

/* Is a column of the key?  Marks that it was found. */
static bool
is_key(const LdTable *table, int column, const int *keys, int nkeys)
{
	for (int i = 0; i < nkeys; i++)
		if (keys[i] == column)
			return true;
	return false;
}

/* The columns of a key, which must be loaded; NULL if one is not.  *nkeys is how many. */
static int *
read_keys(const LdTable *table, const char *upsert, int *nkeys, LdError *error)
{
	int		   *keys = ld_alloc((strlen(upsert) + 1) * sizeof(int));
	char	   *name;

	*nkeys = 0;
	while ((name = ld_next_name(&upsert)) != NULL)
	{
		int			column = ld_table_find(table, name);
		bool		found = column >= 0 && is_key(table, column, table->loaded, table->nloaded);

		if (!found)
			ld_error_set(error, LD_FINAL, "42703", "--upsert: \"%s\" is not among the columns that are loaded", name);
		free(name);
		if (!found)
		{
			free(keys);
			return NULL;
		}
		keys[(*nkeys)++] = column;
	}
	return keys;
}

/*
 * An upsert copies into a temporary table, then moves the rows from there.  Of several records of a
 * batch that have one key the last is taken.  DISTINCT ON takes NULLs for equal, a unique index does
 * not: a record with a NULL in its key is taken for itself, by its number.  (An index NULLS NOT
 * DISTINCT refuses the second one with 21000, and then the batch is halved.)  In the order of keys, batches of several connections
 * wait for each other instead of meeting crosswise (deadlock).
 */
static bool
finish_upsert(LdTable *table, const char *columns, const char *upsert, LdError *error)
{
	LdText		key = {0};
	LdText		null = {0};
	LdText		buf = {0};
	int			nkeys;
	int		   *keys = read_keys(table, upsert, &nkeys, error);
	const char *separator = " DO UPDATE SET ";

	if (keys == NULL)
		return false;
	for (int i = 0; i < nkeys; i++)
	{
		ld_text_format(&key, "%s%s", i > 0 ? ", " : "", table->columns[keys[i]].quoted);
		ld_text_format(&null, "%s%s IS NULL", i > 0 ? " OR " : "", table->columns[keys[i]].quoted);
	}
	ld_text_format(&buf, "INSERT INTO %s (%s) SELECT %s FROM (SELECT DISTINCT ON (%s, vecprov_load_alone) * FROM"
				   " (SELECT *, CASE WHEN %s THEN vecprov_load_number END AS vecprov_load_alone FROM pg_temp.vecprov_load_batch) y"
				   " ORDER BY %s, vecprov_load_alone, vecprov_load_number DESC) x ORDER BY %s ON CONFLICT (%s)",
				   table->name, columns, columns, key.data, null.data, key.data, key.data, key.data);
	for (int i = 0; i < table->nloaded; i++)
	{
		const char *column = table->columns[table->loaded[i]].quoted;

		if (is_key(table, table->loaded[i], keys, nkeys))
			continue;
		ld_text_format(&buf, "%s%s = excluded.%s", separator, column, column);
		separator = ", ";
	}
	if (nkeys == table->nloaded)
		ld_text_string(&buf, " DO NOTHING");
	table->after = buf.data;
	table->numbered = true;
	table->before = ld_format("CREATE TEMPORARY TABLE IF NOT EXISTS vecprov_load_batch ON COMMIT DELETE ROWS AS"
							  " SELECT 0::pg_catalog.int8 AS vecprov_load_number, %s FROM %s WITH NO DATA",
							  columns, table->name);
	ld_text_free(&null);
	ld_text_free(&key);
	free(keys);
	return true;
}

bool
ld_table_finish(LdTable *table, const char *upsert, bool binary, LdError *error)
{
	LdText		columns = {0};

	if (table->nloaded == 0)
	{
		ld_error_set(error, LD_FINAL, "42703", "no column of table %s is to be loaded", table->name);
		return false;
	}
	list_columns(table, &columns);
	table->binary = binary;
	table->copy = ld_format("COPY %s (%s%s) FROM STDIN%s",
							upsert != NULL ? "pg_temp.vecprov_load_batch" : table->name,
							upsert != NULL ? "vecprov_load_number, " : "",
							columns.data, binary ? " (FORMAT binary)" : "");
	if (upsert != NULL && !finish_upsert(table, columns.data, upsert, error))
		return false;
	free(columns.data);
	return true;
}
