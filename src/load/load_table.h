/*-------------------------------------------------------------------------
 *
 * load_table.h
 *	  The table that is loaded: its columns, which of them are, and the statements for a batch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_TABLE_H
#define VP_LOAD_TABLE_H

#include "load/load_conn.h"
#include "load/load_options.h"

typedef enum LdKind
{
	LD_KIND_OTHER,
	LD_KIND_VECTOR,
	LD_KIND_HALFVEC,
	LD_KIND_SPARSEVEC,
	LD_KIND_BIT,
	LD_KIND_JSON,
	LD_KIND_ARRAY,
	LD_KIND_INT					/* int2, int4, int8 */
} LdKind;

typedef struct LdColumn
{
	char	   *name;
	char	   *quoted;
	LdKind		kind;
	int			bytes;			/* of LD_KIND_INT */
	int			typmod;			/* -1: none */
	bool		generated;		/* cannot be written */
} LdColumn;

typedef struct LdTable
{
	char	   *name;			/* with its schema, in quotes where SQL needs
								 * them */
	LdColumn   *columns;
	int			ncolumns;
	int		   *loaded;			/* which columns the rows have that are
								 * loaded; NULL: not known yet */
	int			nloaded;
	bool		binary;			/* rows are in COPY's binary format */
	bool		numbered;		/* and have their number in the batch, an
								 * int8, in front */
	char	   *copy;			/* COPY ... FROM STDIN, into a temporary table
								 * for an upsert */
	char	   *before;			/* makes that; NULL: there is none */
	char	   *after;			/* moves the rows from there to the table;
								 * NULL */
} LdTable;

/* Reads the columns of a table by its name as SQL writes it. */
extern bool ld_table_read(LdTable *table, PGconn *conn, const char *name, LdError *error);

/* The number of a column; -1: there is none of that name. */
extern int	ld_table_find(const LdTable *table, const char *name);

/* Says that one more column is loaded; false: there is no such column, it is generated or there. */
extern bool ld_table_add(LdTable *table, const char *name, LdError *error);

/* All columns that can be written, in their order. */
extern void ld_table_add_all(LdTable *table);

/* Makes the statements; upsert: names of the columns of a key, or NULL. */
extern bool ld_table_finish(LdTable *table, const char *upsert, bool binary, LdError *error);

/* The next of a list of names separated by commas, as a copy; NULL at the end. */
extern char *ld_next_name(const char **list);

#endif							/* VP_LOAD_TABLE_H */
