/*-------------------------------------------------------------------------
 *
 * load_json.h
 *	  Objects of JSON lines, member by member, each value as the bytes that stand in the line.
 *
 * Numbers keep every digit that way: a parser that makes doubles of them would change those of
 * numeric columns, and cost more than all else.  jansson decodes what has to be decoded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_JSON_H
#define VP_LOAD_JSON_H

#include <stdbool.h>

#include "load/load_text.h"

typedef struct LdSlice
{
	const char *data;
	size_t		len;
} LdSlice;

typedef struct LdJson
{
	const char *at;
	const char *end;
	bool		first;
	const char *wrong;			/* what is wrong; NULL: nothing so far */
} LdJson;

/* Begins an object, or an array; false: it is none. */
extern bool ld_json_object(LdJson *json, const char *data, size_t len);
extern bool ld_json_array(LdJson *json, const char *data, size_t len);

/*
 * The next member, or the next element.  Returns false at the end, and where json->wrong says what
 * is wrong: nothing may follow the object either.
 */
extern bool ld_json_member(LdJson *json, LdSlice *key, LdSlice *value);
extern bool ld_json_element(LdJson *json, LdSlice *value);

/* Decodes a string with its quotes; false: it is no valid one. */
extern bool ld_json_string(LdSlice raw, LdText *buf);

/* Is it a number, as JSON writes them? */
extern bool ld_json_number(LdSlice value);

#endif							/* VP_LOAD_JSON_H */
