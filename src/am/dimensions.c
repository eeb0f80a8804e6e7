/*-------------------------------------------------------------------------
 *
 * dimensions.c
 *	  An index needs a column that says how many dimensions it has.
 *
 * A build refuses others.  But ALTER TABLE ... ALTER COLUMN v TYPE vector, of
 * a column vector(3), rewrites no row, and so PostgreSQL gives the new index
 * the old one's file: nothing is built, and the index could never be built
 * again, by REINDEX or from a dump.  So what is new in the catalogue is
 * looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "am/dimensions.h"
#include "capacity/own_object.h"

static object_access_hook_type previous_hook;

/*
 * The first row of a catalogue that an index on its OIDs finds; it may have
 * been written by the present command.  Copied; NULL: there is none.  The
 * catalogue is locked for the time of the call.
 */
static HeapTuple
new_row(Oid catalog, Oid index, AttrNumber oid_column, Oid oid, AttrNumber other_column, int other)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&keys[0], oid_column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	ScanKeyInit(&keys[1], other_column, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(other));
	scan = systable_beginscan(rel, index, true, SnapshotSelf, other_column != 0 ? 2 : 1, keys);
	row = systable_getnext(scan);
	row = HeapTupleIsValid(row) ? heap_copytuple(row) : NULL;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return row;
}

/* Is a new relation an index of ours that has got the file of an earlier one? */
static bool
has_old_file(Oid relid)
{
	HeapTuple	row = new_row(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, relid, 0, 0);
	Form_pg_class form = row != NULL ? (Form_pg_class) GETSTRUCT(row) : NULL;

	/* what has a file of its own has its own number for it at first */
	return form != NULL && form->relkind == RELKIND_INDEX &&
		form->relfilenode != InvalidOid && form->relfilenode != relid &&
		OidIsValid(form->relam) && form->relam == vp_own_am();
}

static void
after_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	HeapTuple	row;

	if (previous_hook)
		previous_hook(access, class, object, column, arg);
	/* pg_upgrade makes what it finds */
	if (access != OAT_POST_CREATE || class != RelationRelationId || column != 0 ||
		IsBinaryUpgrade || !has_old_file(object))
		return;
	row = new_row(AttributeRelationId, AttributeRelidNumIndexId, Anum_pg_attribute_attrelid, object,
				  Anum_pg_attribute_attnum, 1);
	if (row != NULL && ((Form_pg_attribute) GETSTRUCT(row))->atttypmod < 0)
		vp_refuse_no_dimensions();
}

void
vp_refuse_no_dimensions(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column does not have dimensions"),
			 errhint("Give the column a type with a number of dimensions, as in vector(768), "
					 "or index an expression with a cast to one.")));
}

void
vp_dimensions_define(void)
{
	previous_hook = object_access_hook;
	object_access_hook = after_access;
}
