/*-------------------------------------------------------------------------
 *
 * load_split.c
 *	  Where a record ends: cuts an input into records, format by format, without reading them.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "load/load_split.h"
#include "load/load_text.h"

#define LD_MAX_DIMENSIONS 1000000

static const char copy_signature[11] = "PGCOPY\n\377\r\n";

int
ld_element_bytes(char element)
{
	return element == 'd' ? 8 : element == 'f' ? 4 : element == 'e' ? 2 : 1;
}

static int
bad_file(const LdSplit *split, LdError *error, const char *what)
{
	ld_error_set(error, LD_FINAL, "22P04", "file \"%s\", byte %lld: %s", split->input->name,
				 (long long) split->input->taken, what);
	return -1;
}

/* Is a byte a line's end as the format counts it?  Keeps what it has to know in *state. */
static bool
ends_line(const LdSplit *split, char c, int *state)
{
	enum
	{
		PLAIN, QUOTED, ESCAPED
	};

	if (split->format == LD_CSV)
	{
		if (*state == ESCAPED)
			*state = QUOTED;
		else if (*state == QUOTED && c == split->escape && split->escape != split->quote)
			*state = ESCAPED;
		else if (c == split->quote)
			*state = *state == QUOTED ? PLAIN : QUOTED;
		return c == '\n' && *state == PLAIN;
	}
	if (*state == ESCAPED)
	{
		*state = PLAIN;
		return false;
	}
	if (split->format == LD_TSV && c == '\\')
		*state = ESCAPED;
	return c == '\n';
}

/*
 * Finds the end of a line that begins at *from, where it was left off with *state; reads more as
 * long as there is none.  Returns 1, 0 at the end of the file, -1.
 */
static int
find_line(LdSplit *split, size_t *from, LdError *error)
{
	int			state = 0;
	int64_t		lines = 0;

	*from = 0;
	for (;;)
	{
		const char *data = ld_input_at(split->input);
		size_t		left = ld_input_left(split->input);

		if (split->format == LD_JSONL || split->format == LD_LETTERS)
		{
			const char *end = *from < left ? memchr(data + *from, '\n', left - *from) : NULL;

			*from = end != NULL ? (size_t) (end - data) : left;
		}
		else
		{
			for (; *from < left && !ends_line(split, data[*from], &state); (*from)++)
				lines += data[*from] == '\n';
		}
		if (*from < left)
		{
			split->line += lines + 1;
			return 1;
		}
		if (left > LD_MAX_RECORD)
		{
			ld_error_set(error, LD_FINAL, "54000",
						 "file \"%s\", line %lld: the record is longer than %d bytes: is a quote never closed?",
						 split->input->name, (long long) split->line, LD_MAX_RECORD);
			return -1;
		}
		switch (ld_input_more(split->input, error))
		{
			case 0:
				if (split->format == LD_CSV && state != 0)
				{
					ld_error_set(error, LD_FINAL, "22P04", "file \"%s\", line %lld: a quote is never closed",
								 split->input->name, (long long) split->line);
					return -1;
				}
				split->line += lines + 1;
				return 0;
			case -1:
				return -1;
		}
	}
}

static int
next_line(LdSplit *split, const char **data, size_t *len, int64_t *line, LdError *error)
{
	for (;;)
	{
		size_t		length;
		int			found;

		*line = split->line;
		found = find_line(split, &length, error);
		if (found < 0)
			return -1;
		*data = ld_input_at(split->input);
		*len = length;
		ld_input_take(split->input, found ? length + 1 : length);
		if (found == 0 && length == 0)
			return 0;
		if (*len > 0 && (*data)[*len - 1] == '\r')
			(*len)--;

		/*
		 * an empty line is a record of a text only where it can be one: a
		 * single column
		 */
		if (*len == 0 && split->format != LD_CSV && split->format != LD_TSV)
			continue;
		if (split->format == LD_TSV && *len == 2 && memcmp(*data, "\\.", 2) == 0)
			return 0;
		return 1;
	}
}

/* A tuple of COPY's binary format. */
static int
next_tuple(LdSplit *split, const char **data, size_t *len, LdError *error)
{
	size_t		at = 2;
	int			nfields;
	int			more = ld_input_need(split->input, 2, error);

	if (more <= 0)
		return more < 0 ? -1 : bad_file(split, error, "the file ends without its end mark");
	nfields = ld_get_int16(ld_input_at(split->input));
	if (nfields == -1)
		return 0;
	if (nfields < 0)
		return bad_file(split, error, "a record's number of fields is negative");
	for (int i = 0; i < nfields; i++)
	{
		int64_t		bytes;

		if ((more = ld_input_need(split->input, at + 4, error)) <= 0)
			return more < 0 ? -1 : bad_file(split, error, "the file ends within a record");
		bytes = ld_get_int32(ld_input_at(split->input) + at);
		at += 4;
		if (bytes < -1 || at + bytes > LD_MAX_RECORD)
			return bad_file(split, error, "a field's length is out of range");
		at += bytes > 0 ? bytes : 0;
	}
	if ((more = ld_input_need(split->input, at, error)) <= 0)
		return more < 0 ? -1 : bad_file(split, error, "the file ends within a record");
	*data = ld_input_at(split->input);
	*len = at;
	ld_input_take(split->input, at);
	return 1;
}

/* A vector of fvecs or bvecs: its dimensions, then its numbers; the lowest byte first. */
static int
next_vector(LdSplit *split, const char **data, size_t *len, LdError *error)
{
	int32_t		dimensions;
	size_t		bytes;
	int			more = ld_input_need(split->input, 4, error);

	if (more == 0 && ld_input_left(split->input) == 0)
		return 0;
	if (more <= 0)
		return more < 0 ? -1 : bad_file(split, error, "the file ends within a vector");
	memcpy(&dimensions, ld_input_at(split->input), sizeof(dimensions));
	if (dimensions < 1 || dimensions > LD_MAX_DIMENSIONS)
		return bad_file(split, error, "a vector's dimensions are out of range: this is no such file");
	bytes = 4 + (size_t) dimensions * (split->format == LD_FVECS ? 4 : 1);
	if ((more = ld_input_need(split->input, bytes, error)) <= 0)
		return more < 0 ? -1 : bad_file(split, error, "the file ends within a vector");
	*data = ld_input_at(split->input);
	*len = bytes;
	ld_input_take(split->input, bytes);
	return 1;
}

static int
next_npy(LdSplit *split, const char **data, size_t *len, LdError *error)
{
	size_t		bytes = (size_t) split->dimensions * ld_element_bytes(split->element);
	int			more;

	if (split->rows == 0)
		return 0;
	if ((more = ld_input_need(split->input, bytes, error)) <= 0)
		return more < 0 ? -1 : bad_file(split, error, "the file ends before its last row");
	split->rows--;
	*data = ld_input_at(split->input);
	*len = bytes;
	ld_input_take(split->input, bytes);
	return 1;
}

int
ld_split_next(LdSplit *split, const char **data, size_t *len, int64_t *line, LdError *error)
{
	*line = 0;
	switch (split->format)
	{
		case LD_BINARY:
			return next_tuple(split, data, len, error);
		case LD_FVECS:
		case LD_BVECS:
			return next_vector(split, data, len, error);
		case LD_NPY:
			return next_npy(split, data, len, error);
		default:
			return next_line(split, data, len, line, error);
	}
}

/* What stands behind 'KEY': in the dictionary at the beginning of an npy file. */
static const char *
npy_entry(const char *header, const char *key)
{
	char	   *quoted = ld_format("'%s':", key);
	const char *at = strstr(header, quoted);

	if (at != NULL)
	{
		at += strlen(quoted);
		at += strspn(at, " ");
	}
	free(quoted);
	return at;
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (1000, 128), } */
static int
read_npy_dictionary(LdSplit *split, const char *header, LdError *error)
{
	static const char *const types[] = {"'<f4'", "'<f8'", "'<f2'", "'|u1'", "'|i1'"};
	const char *type = npy_entry(header, "descr");
	const char *order = npy_entry(header, "fortran_order");
	const char *shape = npy_entry(header, "shape");
	long long	rows;
	char	   *end;

	if (type == NULL || order == NULL || shape == NULL)
		return bad_file(split, error, "the header has no descr, fortran_order or shape");
	for (int i = 0; i < 5; i++)
		if (strncmp(type, types[i], strlen(types[i])) == 0)
			split->element = "fdeBb"[i];
	if (split->element == '\0')
		return bad_file(split, error, "numbers must be <f4, <f8, <f2, |u1 or |i1");
	if (strncmp(order, "False", 5) != 0)
		return bad_file(split, error, "the array is stored column by column (fortran_order): transpose it");
	rows = strtoll(shape + 1, &end, 10);
	end += strspn(end, ", ");
	split->dimensions = strtol(end, &end, 10);
	end += strspn(end, ", ");
	if (shape[0] != '(' || *end != ')' || rows < 0 || split->dimensions < 1 ||
		split->dimensions > LD_MAX_DIMENSIONS)
		return bad_file(split, error, "the array must have two dimensions: vectors and their numbers");
	split->rows = rows;
	return 1;
}

static int
begin_npy(LdSplit *split, LdError *error)
{
	const unsigned char *start;
	size_t		skip;
	size_t		bytes;
	char	   *header;
	int			result = ld_input_need(split->input, 12, error);

	if (result < 0)
		return -1;
	if (result == 0 || memcmp(ld_input_at(split->input), "\x93NUMPY", 6) != 0)
		return bad_file(split, error, "this is no npy file");
	start = (const unsigned char *) ld_input_at(split->input);
	skip = start[6] == 1 ? 10 : 12;
	bytes = start[8] | start[9] << 8;
	if (start[6] > 1)
		bytes |= start[10] << 16 | (size_t) start[11] << 24;
	if (bytes > 1024 * 1024 || (result = ld_input_need(split->input, skip + bytes, error)) == 0)
		return bad_file(split, error, "the header of the npy file is not whole");
	if (result < 0)
		return -1;
	header = ld_copy_bytes(ld_input_at(split->input) + skip, bytes);
	result = read_npy_dictionary(split, header, error);
	free(header);
	ld_input_take(split->input, skip + bytes);
	return result;
}

static int
begin_binary(LdSplit *split, LdError *error)
{
	int32_t		extension;
	int			result = ld_input_need(split->input, 19, error);

	if (result < 0)
		return -1;
	if (result == 0 || memcmp(ld_input_at(split->input), copy_signature, sizeof(copy_signature)) != 0)
		return bad_file(split, error, "this is no file of COPY in binary format");
	extension = ld_get_int32(ld_input_at(split->input) + 15);
	if (ld_get_int32(ld_input_at(split->input) + 11) != 0 || extension < 0 || extension > 1024 * 1024)
		return bad_file(split, error, "the header has flags that are not known");
	ld_input_take(split->input, 19);
	if ((result = ld_input_need(split->input, extension, error)) <= 0)
		return result < 0 ? -1 : bad_file(split, error, "the header is not whole");
	ld_input_take(split->input, extension);
	return 1;
}

bool
ld_split_begin(LdSplit *split, LdError *error)
{
	split->line = 1;
	if (split->format == LD_NPY)
		return begin_npy(split, error) > 0;
	if (split->format == LD_BINARY)
		return begin_binary(split, error) > 0;
	if (split->format == LD_FVECS || split->format == LD_BVECS)
		return true;
	/* a byte order mark, which some programs write before UTF-8 */
	switch (ld_input_need(split->input, 3, error))
	{
		case -1:
			return false;
		case 1:
			if (memcmp(ld_input_at(split->input), "\xEF\xBB\xBF", 3) == 0)
				ld_input_take(split->input, 3);
	}
	return true;
}
