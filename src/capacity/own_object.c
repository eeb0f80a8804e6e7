/*-------------------------------------------------------------------------
 *
 * own_object.c
 *	  The extension's own objects, found in the catalogues; see own_object.h.
 *
 * A table is found among the members of the extension, not by its schema: that can be
 * renamed, and a table can be moved to another one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "capacity/own_object.h"

Oid
vp_own_am(void)
{
	return GetSysCacheOid1(AMNAME, Anum_pg_am_oid, CStringGetDatum("vecprov"));
}

/* Is this row of pg_depend that of a member table of this name? */
static bool
is_table(Form_pg_depend depend, const char *name)
{
	char	   *relname;

	if (depend->classid != RelationRelationId || depend->deptype != DEPENDENCY_EXTENSION)
		return false;
	relname = get_rel_name(depend->objid);
	return relname != NULL && strcmp(relname, name) == 0;
}

Oid
vp_own_table(const char *name)
{
	Oid			extension = get_extension_oid("vecprov", true);
	Oid			found = InvalidOid;
	Relation	catalog;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(extension))
		return InvalidOid;
	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, lengthof(keys), keys);
	while (!OidIsValid(found) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);

		if (is_table(depend, name))
			found = depend->objid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* That of the access method's handler. */
char *
vp_own_schema(void)
{
	Oid			handler = GetSysCacheOid1(AMNAME, Anum_pg_am_amhandler, CStringGetDatum("vecprov"));

	return get_namespace_name(get_func_namespace(handler));
}

Oid
vp_own_table_get(const char *name)
{
	Oid			table = vp_own_table(name);

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of extension \"vecprov\" does not exist", name),
				 errhint("If it was renamed, undo that.")));
	return table;
}

char *
vp_own_table_name(const char *name)
{
	Oid			table = vp_own_table_get(name);

	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
									  get_rel_name(table));
}
