/*-------------------------------------------------------------------------
 *
 * load_json_value.h
 *	  Texts of columns' values, from JSON.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_JSON_VALUE_H
#define VP_LOAD_JSON_VALUE_H

#include "load/load_json.h"
#include "load/load_table.h"

/*
 * Appends the text that the column's type reads, or sets *null.  False: the value cannot be one of
 * this column, *error says why.
 */
extern bool ld_json_value(const LdColumn *column, LdSlice value, LdText *buf, bool *null, LdError *error);

/* The same for a value of a dead letter, which is such a text already, null, or {"hex": "..."}. */
extern bool ld_letter_value(const LdColumn *column, LdSlice value, LdText *buf, bool *null, LdError *error);

/* Finds a member of a dead letter. */
extern bool ld_letter_member(const char *data, size_t len, const char *name, LdSlice *member, LdError *error);

#endif							/* VP_LOAD_JSON_VALUE_H */
