/*-------------------------------------------------------------------------
 *
 * load_vector_row.c
 *	  Rows of vectors from fvecs, bvecs and npy: a vector, and perhaps its number.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <string.h>

#include "load/load_split.h"
#include "load/load_vector_row.h"

/* Numbers of the files: the lowest byte first, as on the machines that vecprov is for. */
static double
half_value(const char *data)
{
	uint16_t	bits;
	int			exponent;
	double		value;

	memcpy(&bits, data, sizeof(bits));
	exponent = bits >> 10 & 31;
	if (exponent == 31)
		value = (bits & 1023) != 0 ? NAN : INFINITY;
	else if (exponent == 0)
		value = ldexp(bits & 1023, -24);
	else
		value = ldexp((bits & 1023) + 1024, exponent - 25);
	return bits & 0x8000 ? -value : value;
}

static double
number_at(char element, const char *data)
{
	float		single;
	double		number;

	switch (element)
	{
		case 'f':
			memcpy(&single, data, sizeof(single));
			return single;
		case 'd':
			memcpy(&number, data, sizeof(number));
			return number;
		case 'e':
			return half_value(data);
		case 'b':
			return *(const signed char *) data;
		default:
			return *(const unsigned char *) data;
	}
}

/* A field of an int column in binary format; false: the number does not fit. */
static bool
add_id(const LdColumn *column, int64_t id, LdText *rows)
{
	ld_text_int32(rows, column->bytes);
	switch (column->bytes)
	{
		case 2:
			ld_text_int16(rows, (int) id);
			return id >= INT16_MIN && id <= INT16_MAX;
		case 4:
			ld_text_int32(rows, id);
			return id >= INT32_MIN && id <= INT32_MAX;
		default:
			ld_text_int64(rows, id);
			return true;
	}
}

/*
 * The binary format of type vector: int16 dimensions, int16 0, float4s with
 * the highest byte first.
 */
static void
add_vector(char element, const char *data, int dimensions, LdText *rows)
{
	int			bytes = ld_element_bytes(element);

	ld_text_int32(rows, 4 + 4 * (int64_t) dimensions);
	ld_text_int16(rows, dimensions);
	ld_text_int16(rows, 0);
	ld_text_room(rows, 4 * (size_t) dimensions);
	for (int i = 0; i < dimensions; i++)
	{
		float		value = (float) number_at(element, data + i * bytes);
		uint32_t	bits;

		memcpy(&bits, &value, sizeof(bits));
		bits = __builtin_bswap32(bits);
		memcpy(rows->data + rows->len, &bits, sizeof(bits));
		rows->len += sizeof(bits);
	}
	rows->data[rows->len] = '\0';
}

static void
add_vector_text(char element, const char *data, int dimensions, LdText *rows)
{
	int			bytes = ld_element_bytes(element);

	ld_text_char(rows, '[');
	for (int i = 0; i < dimensions; i++)
		ld_text_format(rows, element == 'd' ? "%s%.17g" : "%s%.9g", i > 0 ? "," : "",
					   number_at(element, data + i * bytes));
	ld_text_char(rows, ']');
}

bool
ld_vector_row(const LdFields *fields, const char *data, size_t len, int64_t number, int ordinal,
			  LdText *rows, LdError *error)
{
	const LdTable *table = fields->table;
	int64_t		id = fields->options->first_id + number - 1;
	char		element = fields->format == LD_FVECS ? 'f' : fields->format == LD_BVECS ? 'B' : fields->element;
	int			dimensions;

	if (fields->format != LD_NPY)
	{
		data += 4;
		len -= 4;
	}
	dimensions = len / ld_element_bytes(element);
	if (table->binary)
	{
		if (dimensions > INT16_MAX)
		{
			ld_error_set(error, LD_BAD_DATA, "54000", "vector has %d dimensions", dimensions);
			return false;
		}
		ld_text_int16(rows, table->nloaded + table->numbered);
		if (table->numbered)
		{
			ld_text_int32(rows, 8);
			ld_text_int64(rows, ordinal);
		}
		if (table->nloaded > 1 && !add_id(&table->columns[table->loaded[0]], id, rows))
		{
			ld_error_set(error, LD_BAD_DATA, "22003", "number %lld is out of range for column \"%s\"",
						 (long long) id, table->columns[table->loaded[0]].name);
			return false;
		}
		add_vector(element, data, dimensions, rows);
		return true;
	}
	if (table->numbered)
		ld_text_format(rows, "%d\t", ordinal);
	if (table->nloaded > 1)
		ld_text_format(rows, "%lld\t", (long long) id);
	add_vector_text(element, data, dimensions, rows);
	ld_text_char(rows, '\n');
	return true;
}
