/*-------------------------------------------------------------------------
 *
 * load_fields.c
 *	  How the fields of a file go to columns of the table.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "load/load_fields.h"

char *
ld_mapped_name(const LdOptions *options, const char *name)
{
	const char *list = options->map;
	size_t		len = strlen(name);
	char	   *pair;

	while ((pair = ld_next_name(&list)) != NULL)
	{
		if (strncmp(pair, name, len) == 0 && pair[len] == '=')
		{
			char	   *mapped = ld_copy_string(pair + len + 1);

			free(pair);
			return mapped;
		}
		free(pair);
	}
	return ld_copy_string(name);
}

/* One field of CSV, from *at on; returns whether it was in quotes.  *at is behind it afterwards. */
static bool
csv_field(const LdOptions *options, const char *data, size_t len, size_t *at, LdText *buf)
{
	bool		quoted = false;
	bool		within = false;
	size_t		i = *at;
	size_t		from = i;

	for (; i < len && (within || data[i] != options->delimiter); i++)
	{
		if (within && data[i] == options->escape && i + 1 < len &&
			(data[i + 1] == options->quote || data[i + 1] == options->escape))
		{
			ld_text_bytes(buf, data + from, i - from);
			from = ++i;
		}
		else if (data[i] == options->quote)
		{
			ld_text_bytes(buf, data + from, i - from);
			from = i + 1;
			within = !within;
			quoted = true;
		}
	}
	ld_text_bytes(buf, data + from, i - from);
	*at = i;
	return quoted;
}

int
ld_fields_of_csv(const LdOptions *options, const char *data, size_t len, LdText *buf, size_t *values,
				 bool *nulls, int most)
{
	size_t		null_len = strlen(options->null);
	size_t		at = 0;
	int			n = 0;

	for (;;)
	{
		bool		quoted;

		if (n == most)
			return n + 1;
		values[n] = buf->len;
		quoted = csv_field(options, data, len, &at, buf);
		nulls[n] = !quoted && buf->len - values[n] == null_len &&
			(null_len == 0 || memcmp(buf->data + values[n], options->null, null_len) == 0);
		values[++n] = buf->len;
		if (at == len)
			return n;
		at++;
	}
}

int
ld_key_column(const LdFields *fields, LdSlice key)
{
	LdText		buf = {0};
	char	   *name;
	int			found = -1;

	if (!ld_json_string(key, &buf))
		return -1;
	ld_text_char(&buf, '\0');
	name = ld_mapped_name(fields->options, buf.data);
	for (int i = 0; i < fields->table->nloaded && found < 0; i++)
		if (strcmp(fields->table->columns[fields->table->loaded[i]].name, name) == 0)
			found = i;
	free(name);
	ld_text_free(&buf);
	return found;
}
