/*-------------------------------------------------------------------------
 *
 * columns.c
 *	  Columns of the extension's tables, found by name; see columns.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "capacity/columns.h"

static void
check_type(Relation rel, const VpColumn *column, Oid type)
{
	if (type != column->type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" has type %s",
						column->name, RelationGetRelationName(rel), format_type_be(type)),
				 errdetail("vecprov reads it as %s.", format_type_be(column->type)),
				 errhint("Change the column's type back.")));
}

AttrNumber
vp_column_number(Relation rel, const VpColumn *column)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || strcmp(NameStr(att->attname), column->name) != 0)
			continue;
		check_type(rel, column, att->atttypid);
		return att->attnum;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(rel), column->name),
			 errdetail("vecprov needs all columns that it created."),
			 errhint("Add the column of type %s again.", format_type_be(column->type))));
}

void
vp_columns_read(Relation rel, HeapTuple tuple, const VpColumn *columns, int n,
				Datum *values, bool *nulls)
{
	for (int i = 0; i < n; i++)
	{
		values[i] = heap_getattr(tuple, vp_column_number(rel, &columns[i]), RelationGetDescr(rel),
								 &nulls[i]);
		if (nulls[i] && !columns[i].nullable)
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("null value in column \"%s\" of table \"%s\"",
							columns[i].name, RelationGetRelationName(rel)),
					 errhint("Correct the row, and set the column NOT NULL again.")));
	}
}
