/*-------------------------------------------------------------------------
 *
 * load_fields.h
 *	  How the fields of a file go to columns of the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_FIELDS_H
#define VP_LOAD_FIELDS_H

#include "load/load_json.h"
#include "load/load_options.h"
#include "load/load_table.h"

#define LD_MAX_FIELDS 1600

/* How the fields of one file go to columns. */
typedef struct LdFields
{
	const LdOptions *options;
	const LdTable *table;
	LdFormat	format;
	int			nfields;		/* of a record, where they are numbered */
	int		   *from;			/* for each loaded column its field; -1: it
								 * has none */
	int		   *to;				/* for each field its place among the loaded
								 * columns; -1: left out */
	char		element;		/* of npy: see load_split.h */
	bool		in_order;		/* the fields are the loaded columns, one by
								 * one */
} LdFields;

/*
 * Cuts a line of CSV, or of COPY's text, into fields.  values: where their texts begin, one behind
 * the other in *text, and where the last ends; nulls: which are NULL.  Returns how many there are.
 */
extern int	ld_fields_of_csv(const LdOptions *options, const char *data, size_t len, LdText *buf,
							 size_t *values, bool *nulls, int most);

/* Finds the loaded column that a key of JSON, in its quotes, goes to; -1: none. */
extern int	ld_key_column(const LdFields *fields, LdSlice key);

/* The column's name that a field of the file goes to, which may be mapped. A copy. */
extern char *ld_mapped_name(const LdOptions *options, const char *name);

#endif							/* VP_LOAD_FIELDS_H */
