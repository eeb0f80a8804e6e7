/*-------------------------------------------------------------------------
 *
 * loaded.c
 *	  How the library was loaded, and whether it is the right one; see loaded.h.
 *
 * Three things have a version: the file that the postmaster has loaded, which
 * stays in use until a restart whatever is installed; a file that a backend
 * loads besides, under another path; and the extension in a database.  Types
 * and indexes work with an extension of another version, until ALTER EXTENSION
 * UPDATE and after pg_upgrade.  SQL functions of the server do not: their
 * arguments and results may be others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "base/loaded.h"

/* Where the postmaster's library leaves its version for others of them. */
#define VERSION_VARIABLE	"vecprov_version"

bool		vp_preloaded = false;

static int
preload_hint(void)
{
	return errhint("Add the line \"shared_preload_libraries = 'vecprov'\" to postgresql.conf "
				   "(after a comma, if others are there) and restart the server.");
}

void
vp_loaded_need(void)
{
	if (!vp_preloaded)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("vecprov must be loaded when the server starts"),
				 preload_hint()));
}

/* Is this the script of CREATE EXTENSION vecprov, or of its UPDATE? */
static bool
in_own_script(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("vecprov", true);
}

bool
vp_loaded_by_postmaster(bool is_running)
{
	const char **running = (const char **) find_rendezvous_variable(VERSION_VARIABLE);

	if (process_shared_preload_libraries_in_progress)
	{
		*running = VP_VERSION;
		vp_preloaded = true;
		return true;
	}
	/* the first release left no version */
	if (is_running)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the server runs another library of vecprov"),
				 errdetail("It loaded version %s when it started; this file is version %s.",
						   *running != NULL ? *running : "0.1.0", VP_VERSION),
				 errhint("Restart the server if it is to run this one.")));
	if (IsBinaryUpgrade || in_own_script())
		vp_loaded_need();
	if (!IsParallelWorker())
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("vecprov was not loaded when the server started"),
				 errdetail("Tables can be read, dumped and dropped. Their vecprov indexes are not "
						   "used, and rows cannot be added to them."),
				 preload_hint()));
	return false;
}

/*
 * The version of the extension in a row of pg_extension: of a given OID, or of
 * our name if that is InvalidOid.  NULL: there is none, or it is another
 * extension's.  Allocated in the current context.  The catalogue is locked for
 * the time of the call.
 */
static char *
extension_version(Oid extension)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	char	   *version = NULL;

	if (OidIsValid(extension))
		ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(extension));
	else
		ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
					CStringGetDatum("vecprov"));
	/* a row just written is looked at before it is visible */
	scan = systable_beginscan(catalog, OidIsValid(extension) ? ExtensionOidIndexId :
							  ExtensionNameIndexId, true,
							  OidIsValid(extension) ? SnapshotSelf : NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple) &&
		strcmp(NameStr(((Form_pg_extension) GETSTRUCT(tuple))->extname), "vecprov") == 0)
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(catalog), &isnull);

		version = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return version;
}

/*
 * Is a version newer than the library?  By their numbers, as in 0.10.1; what is
 * no number is 0.
 */
static bool
is_newer(const char *version)
{
	const char *own = VP_VERSION;

	while (*version != '\0' || *own != '\0')
	{
		char	   *end;
		long		number = strtol(version, &end, 10);
		long		own_number;

		version = end + strcspn(end, ".");
		version += *version == '.';
		own_number = strtol(own, &end, 10);
		own = end + strcspn(end, ".");
		own += *own == '.';
		if (number != own_number)
			return number > own_number;
	}
	return false;
}

/* Raises the error that the extension's version is not the library's. */
static void
refuse_version(const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("extension \"vecprov\" is version %s, the server runs version %s of its library",
					version, VP_VERSION),
			 is_newer(version) ?
			 errhint("Install the library of version %s, if that is still to be done, and restart "
					 "the server.", version) :
			 errhint("Run ALTER EXTENSION vecprov UPDATE.")));
}

void
vp_loaded_check(void)
{
	char	   *version;

	vp_loaded_need();
	/* scripts go from version to version, and pg_upgrade makes what it finds */
	if (creating_extension || IsBinaryUpgrade)
		return;
	version = extension_version(InvalidOid);
	if (version != NULL && strcmp(version, VP_VERSION) != 0)
		refuse_version(version);
}

void
vp_loaded_judge(Oid extension)
{
	char	   *version = extension_version(extension);

	if (version == NULL)
		return;
	vp_loaded_need();
	if (is_newer(version))
		refuse_version(version);
}
