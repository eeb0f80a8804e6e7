/*-------------------------------------------------------------------------
 *
 * load_json_value.c
 *	  Texts of columns' values, from JSON.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "load/load_json_value.h"

static bool
bad(const LdColumn *column, LdSlice value, const char *what, LdError *error)
{
	ld_error_set(error, LD_BAD_DATA, "22P02", "column \"%s\": %s: %.*s", column->name, what,
				 (int) (value.len < 100 ? value.len : 100), value.data);
	return false;
}

static bool
is_null(LdSlice value)
{
	return value.len == 4 && memcmp(value.data, "null", 4) == 0;
}

/* Numbers in brackets are how vector and halfvec are written, too. */
static bool
vector_value(const LdColumn *column, LdSlice value, LdText *buf, LdError *error)
{
	LdJson		json;
	LdSlice		element;

	ld_json_array(&json, value.data, value.len);
	while (ld_json_element(&json, &element))
		if (!ld_json_number(element))
			return bad(column, element, "an element is no number", error);
	ld_text_bytes(buf, value.data, value.len);
	return true;
}

static bool
bit_value(const LdColumn *column, LdSlice value, LdText *buf, LdError *error)
{
	LdJson		json;
	LdSlice		element;

	ld_json_array(&json, value.data, value.len);
	while (ld_json_element(&json, &element))
	{
		if (element.len != 1 || (element.data[0] != '0' && element.data[0] != '1'))
			return bad(column, element, "an element is neither 0 nor 1", error);
		ld_text_char(buf, element.data[0]);
	}
	return true;
}

/*
 * {"indices": [0, 7], "values": [0.5, 1], "dimensions": 10}: indices from 0,
 * as most models have it
 */
static bool
sparse_value(const LdColumn *column, LdSlice value, LdText *buf, LdError *error)
{
	LdSlice		indices = {0};
	LdSlice		values = {0};
	LdSlice		key;
	LdSlice		member;
	LdSlice		index;
	LdSlice		number;
	LdJson		json;
	LdJson		other;
	int64_t		dimensions = column->typmod;
	const char *comma = "";

	ld_json_object(&json, value.data, value.len);
	while (ld_json_member(&json, &key, &member))
	{
		if (key.len == 9 && memcmp(key.data, "\"indices\"", 9) == 0)
			indices = member;
		else if (key.len == 8 && memcmp(key.data, "\"values\"", 8) == 0)
			values = member;
		else if (key.len == 12 && memcmp(key.data, "\"dimensions\"", 12) == 0)
			dimensions = strtol(member.data, NULL, 10);
		else
			return bad(column, key, "not a key of a sparse vector", error);
	}
	if (!ld_json_array(&json, indices.data, indices.len) || !ld_json_array(&other, values.data, values.len))
		return bad(column, value, "a sparse vector has the arrays \"indices\" and \"values\"", error);
	if (dimensions < 1)
		return bad(column, value, "a sparse vector has \"dimensions\", unless the column has", error);
	ld_text_char(buf, '{');
	while (ld_json_element(&json, &index))
	{
		char	   *digits = ld_copy_bytes(index.data, index.len);
		int64_t		place;
		bool		valid = ld_parse_int(digits, 0, INT32_MAX - 1, &place);

		free(digits);
		if (!valid)
			return bad(column, index, "an index is no number from 0 on", error);
		if (!ld_json_element(&other, &number) || !ld_json_number(number))
			return bad(column, value, "an index has no number in \"values\"", error);
		ld_text_format(buf, "%s%lld:%.*s", comma, (long long) place + 1, (int) number.len, number.data);
		comma = ",";
	}
	if (ld_json_element(&other, &number))
		return bad(column, value, "there are more values than indices", error);
	ld_text_format(buf, "}/%lld", (long long) dimensions);
	return true;
}

/* {"a",1,NULL} of an array, and arrays in it */
static bool
array_value(const LdColumn *column, LdSlice value, LdText *buf, LdError *error)
{
	LdJson		json;
	LdSlice		element;
	const char *comma = "";

	ld_json_array(&json, value.data, value.len);
	ld_text_char(buf, '{');
	while (ld_json_element(&json, &element))
	{
		ld_text_string(buf, comma);
		comma = ",";
		if (element.data[0] == '[')
		{
			if (!array_value(column, element, buf, error))
				return false;
		}
		else if (element.data[0] == '"' || element.data[0] == '{')
		{
			LdText		string = {0};

			if (element.data[0] == '{')
				ld_text_bytes(&string, element.data, element.len);
			else if (!ld_json_string(element, &string))
				return bad(column, element, "an invalid string", error);
			ld_text_char(buf, '"');
			for (size_t i = 0; i < string.len; i++)
			{
				if (string.data[i] == '"' || string.data[i] == '\\')
					ld_text_char(buf, '\\');
				ld_text_char(buf, string.data[i]);
			}
			ld_text_char(buf, '"');
			ld_text_free(&string);
		}
		else if (is_null(element))
			ld_text_string(buf, "NULL");
		else
			ld_text_bytes(buf, element.data, element.len);
	}
	ld_text_char(buf, '}');
	return true;
}

bool
ld_json_value(const LdColumn *column, LdSlice value, LdText *buf, bool *null, LdError *error)
{
	*null = is_null(value);
	if (*null)
		return true;
	if (column->kind == LD_KIND_JSON)
	{
		ld_text_bytes(buf, value.data, value.len);
		return true;
	}
	switch (value.data[0])
	{
		case '"':
			if (!ld_json_string(value, buf))
				return bad(column, value, "an invalid string", error);
			return true;
		case '[':
			if (column->kind == LD_KIND_VECTOR || column->kind == LD_KIND_HALFVEC)
				return vector_value(column, value, buf, error);
			if (column->kind == LD_KIND_BIT)
				return bit_value(column, value, buf, error);
			if (column->kind == LD_KIND_ARRAY)
				return array_value(column, value, buf, error);
			break;
		case '{':
			if (column->kind == LD_KIND_SPARSEVEC)
				return sparse_value(column, value, buf, error);
			break;
	}
	ld_text_bytes(buf, value.data, value.len);
	return true;
}

bool
ld_letter_value(const LdColumn *column, LdSlice value, LdText *buf, bool *null, LdError *error)
{
	LdSlice		hex;

	*null = is_null(value);
	if (*null)
		return true;
	if (value.data[0] == '"')
		return ld_json_string(value, buf) || bad(column, value, "an invalid string", error);
	if (!ld_letter_member(value.data, value.len, "hex", &hex, error))
		return false;
	return (hex.len >= 2 && ld_text_unhex(buf, hex.data + 1, hex.len - 2)) ||
		bad(column, value, "not in hexadecimal digits", error);
}

bool
ld_letter_member(const char *data, size_t len, const char *name, LdSlice *member, LdError *error)
{
	size_t		name_len = strlen(name);
	LdJson		json;
	LdSlice		key;

	ld_json_object(&json, data, len);
	while (ld_json_member(&json, &key, member))
		if (key.len == name_len + 2 && memcmp(key.data + 1, name, name_len) == 0)
			return true;
	ld_error_set(error, LD_BAD_DATA, "22P04", "no dead letter with \"%s\"%s%s", name,
				 json.wrong != NULL ? ": " : "", json.wrong != NULL ? json.wrong : "");
	return false;
}
