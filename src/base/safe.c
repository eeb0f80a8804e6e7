/*-------------------------------------------------------------------------
 *
 * safe.c
 *	  Running code that somebody else wrote with that user's rights; see safe.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "base/safe.h"

void
vp_safe_enter(VpSafe *safe, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);

	GetUserIdAndSecContext(&safe->user, &safe->security);
	SetUserIdAndSecContext(owner, safe->security | SECURITY_RESTRICTED_OPERATION);
	safe->nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
vp_safe_leave(const VpSafe *safe)
{
	AtEOXact_GUC(false, safe->nest_level);
	SetUserIdAndSecContext(safe->user, safe->security);
}
