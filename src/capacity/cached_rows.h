/*-------------------------------------------------------------------------
 *
 * cached_rows.h
 *	  Rows of an administrator's table, kept in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CACHED_ROWS_H
#define VP_CACHED_ROWS_H

#include "capacity/columns.h"

#define VP_MAX_CACHED_COLUMNS 16

/*
 * A table that has the trigger vecprov_table_changed.  Static; the first five
 * are given.
 */
typedef struct VpCachedRows
{
	const char *table;
	const VpColumn *columns;
	int			ncolumns;		/* at most VP_MAX_CACHED_COLUMNS */
	Size		row_bytes;		/* as kept */
	/* fills in a row, which is zeroed, from the values of the columns */
	void		(*read) (const Datum *values, const bool *nulls, void *row);

	int			nrows;			/* set by vp_cached_rows */
	void	   *rows;
	MemoryContext context;
	Oid			relid;			/* of the table; InvalidOid: it has changed
								 * since */
	bool		complete;		/* no error got between */
} VpCachedRows;

/*
 * The rows, an array of cached->nrows, in memory of their own.  Valid until the
 * next call for this table.  Reads the table only for the first time after a
 * change; then it locks the table (ACCESS SHARE) until it returns.
 */
extern const void *vp_cached_rows(VpCachedRows *cached);

#endif							/* VP_CACHED_ROWS_H */
