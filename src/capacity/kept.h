/*-------------------------------------------------------------------------
 *
 * kept.h
 *	  Rows of an administrator's table, kept in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEPT_H
#define VP_KEPT_H

#include "access/htup.h"
#include "access/tupdesc.h"

/* A table that has the trigger vecprov_table_changed.  Static; the first three are given. */
typedef struct VpKept
{
	const char *table;
	Size		row_bytes;		/* as kept */
	void		(*read) (TupleDesc desc, HeapTuple tuple, void *row);

	int			nrows;			/* set by vp_kept_rows */
	void	   *rows;
	MemoryContext context;
	Oid			relid;			/* of the table; InvalidOid: it has changed since */
	bool		complete;		/* no error got between */
} VpKept;

/*
 * The rows, an array of kept->nrows.  Valid until the next call for this table.
 * Read from the table only for the first time after a change.
 */
extern const void *vp_kept_rows(VpKept *kept);

#endif							/* VP_KEPT_H */
