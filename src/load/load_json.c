/*-------------------------------------------------------------------------
 *
 * load_json.c
 *	  Objects of JSON lines, member by member, each value as the bytes that stand in the line.
 *
 *-------------------------------------------------------------------------
 */
#include <jansson.h>
#include <string.h>

#include "load/load_json.h"

#define LD_MAX_DEPTH 200

static bool scan_value(LdJson *json, int depth);

static bool
fail(LdJson *json, const char *what)
{
	if (json->wrong == NULL)
		json->wrong = what;
	return false;
}

static void
skip_space(LdJson *json)
{
	while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\r' || *json->at == '\n'))
		json->at++;
}

static bool
is_next(const LdJson *json, char c)
{
	return json->at < json->end && *json->at == c;
}

static bool
scan_string(LdJson *json)
{
	if (!is_next(json, '"'))
		return fail(json, "a string is missing");
	for (json->at++; json->at < json->end; json->at++)
	{
		if (*json->at == '"')
		{
			json->at++;
			return true;
		}
		if (*json->at == '\\')
			json->at++;
		else if ((unsigned char) *json->at < 0x20)
			return fail(json, "a string has a control character");
	}
	return fail(json, "a string does not end");
}

static bool
scan_digits(LdJson *json)
{
	const char *from = json->at;

	while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
		json->at++;
	return json->at > from;
}

static bool
scan_number(LdJson *json)
{
	const char *from;

	if (is_next(json, '-'))
		json->at++;
	from = json->at;
	if (!scan_digits(json))
		return fail(json, "a value is neither a number nor anything else");
	if (*from == '0' && json->at > from + 1)
		return fail(json, "a number begins with 0");
	if (is_next(json, '.'))
	{
		json->at++;
		if (!scan_digits(json))
			return fail(json, "a number has no digits behind its point");
	}
	if (is_next(json, 'e') || is_next(json, 'E'))
	{
		json->at++;
		if (is_next(json, '+') || is_next(json, '-'))
			json->at++;
		if (!scan_digits(json))
			return fail(json, "a number has no digits in its exponent");
	}
	return true;
}

/* Behind an element: a comma before the next one, or the end.  Returns whether there is a next. */
static bool
go_on(LdJson *json, char end, bool *first)
{
	skip_space(json);
	if (is_next(json, end))
	{
		json->at++;
		return false;
	}
	if (!*first)
	{
		if (!is_next(json, ','))
			return fail(json, end == '}' ? "an object has neither \",\" nor \"}\" behind a member" :
						"an array has neither \",\" nor \"]\" behind an element");
		json->at++;
		skip_space(json);
	}
	*first = false;
	return true;
}

static bool
scan_key(LdJson *json)
{
	if (!scan_string(json))
		return false;
	skip_space(json);
	if (!is_next(json, ':'))
		return fail(json, "a key has no \":\" behind it");
	json->at++;
	skip_space(json);
	return true;
}

static bool
scan_literal(LdJson *json)
{
	static const char *const literals[] = {"true", "false", "null"};

	for (int i = 0; i < 3; i++)
	{
		size_t		len = strlen(literals[i]);

		if ((size_t) (json->end - json->at) >= len && memcmp(json->at, literals[i], len) == 0)
		{
			json->at += len;
			return true;
		}
	}
	return false;
}

static bool
scan_nested(LdJson *json, int depth)
{
	bool		object = *json->at == '{';
	bool		first = true;

	if (depth >= LD_MAX_DEPTH)
		return fail(json, "values are nested too deeply");
	json->at++;
	while (go_on(json, object ? '}' : ']', &first))
		if ((object && !scan_key(json)) || !scan_value(json, depth + 1))
			return false;
	return json->wrong == NULL;
}

static bool
scan_value(LdJson *json, int depth)
{
	skip_space(json);
	if (json->at == json->end)
		return fail(json, "it ends too early");
	switch (*json->at)
	{
		case '"':
			return scan_string(json);
		case '{':
		case '[':
			return scan_nested(json, depth);
		default:
			return scan_literal(json) || scan_number(json);
	}
}

static bool
begin(LdJson *json, const char *data, size_t len, char opening, const char *what)
{
	*json = (LdJson)
	{
		.at = data,.end = data + len,.first = true
	};
	skip_space(json);
	if (!is_next(json, opening))
		return fail(json, what);
	json->at++;
	return true;
}

bool
ld_json_object(LdJson *json, const char *data, size_t len)
{
	return begin(json, data, len, '{', "it is no object");
}

bool
ld_json_array(LdJson *json, const char *data, size_t len)
{
	return begin(json, data, len, '[', "it is no array");
}

/* At the end of all, nothing follows. */
static bool
at_end(LdJson *json)
{
	skip_space(json);
	if (json->wrong == NULL && json->at < json->end)
		fail(json, "something follows it");
	return false;
}

bool
ld_json_member(LdJson *json, LdSlice *key, LdSlice *value)
{
	if (json->wrong != NULL || !go_on(json, '}', &json->first))
		return at_end(json);
	key->data = json->at;
	if (!scan_string(json))
		return false;
	key->len = json->at - key->data;
	json->at = key->data;
	if (!scan_key(json))
		return false;
	value->data = json->at;
	if (!scan_value(json, 0))
		return false;
	value->len = json->at - value->data;
	return true;
}

bool
ld_json_element(LdJson *json, LdSlice *value)
{
	if (json->wrong != NULL || !go_on(json, ']', &json->first))
		return at_end(json);
	skip_space(json);
	value->data = json->at;
	if (!scan_value(json, 0))
		return false;
	value->len = json->at - value->data;
	return true;
}

bool
ld_json_string(LdSlice raw, LdText *buf)
{
	json_t	   *string;

	if (memchr(raw.data, '\\', raw.len) == NULL)
	{
		ld_text_bytes(buf, raw.data + 1, raw.len - 2);
		return true;
	}
	string = json_loadb(raw.data, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (string == NULL)
		return false;
	ld_text_bytes(buf, json_string_value(string), json_string_length(string));
	json_decref(string);
	return true;
}

bool
ld_json_number(LdSlice value)
{
	LdJson		json = {.at = value.data,.end = value.data + value.len};

	return scan_number(&json) && json.at == json.end;
}
