/*-------------------------------------------------------------------------
 *
 * columns.h
 *	  Columns of the extension's tables, found by name.
 *
 * The tables belong to administrators, who add, drop and move columns, and drop
 * constraints.  So nothing about them is taken for granted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_COLUMNS_H
#define VP_COLUMNS_H

#include "access/attnum.h"
#include "access/htup.h"
#include "utils/relcache.h"

/* A column that C code reads. */
typedef struct VpColumn
{
	const char *name;
	Oid			type;
	bool		nullable;
} VpColumn;

/*
 * Its number in an open table.  Raises an error when it is not there or is of
 * another type.
 */
extern AttrNumber vp_column_number(Relation rel, const VpColumn *column);

/*
 * The values of a row's columns: into values and nulls, which have room for n.
 * By-reference values point into the tuple.  Raises an error also when one is
 * null that must not be.
 */
extern void vp_columns_read(Relation rel, HeapTuple tuple, const VpColumn *columns, int n,
							Datum *values, bool *nulls);

#endif							/* VP_COLUMNS_H */
