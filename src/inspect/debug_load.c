/*-------------------------------------------------------------------------
 *
 * debug_load.c
 *	  For tests: lets a replica look busy.
 *
 * No SQL function of the extension calls this.  A test that wants it makes a function of its own:
 *
 *	CREATE FUNCTION pretend(index regclass, replica integer, busy double precision) RETURNS void
 *		AS 'vecprov', 'vecprov_debug_load' LANGUAGE C STRICT;
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "base/loaded.h"
#include "base/options.h"
#include "replica/load.h"
#include "replica/registry.h"

VP_SERVER_FUNCTION(vecprov_debug_load);

Datum
vecprov_debug_load(PG_FUNCTION_ARGS)
{
	Oid			index = PG_GETARG_OID(0);
	int			replica = PG_GETARG_INT32(1);
	int			slot = vp_slot_find(MyDatabaseId, index);
	VpSlot		copy;

	/* it shows and changes nothing but a test's figures, all the same */
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for function vecprov_debug_load")));
	if (slot < 0 || !vp_slot_copy(slot, &copy) || replica < 1 || replica > VP_MAX_REPLICAS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no such replica")));
	vp_load_pretend(slot, replica - 1, copy.definition.units, PG_GETARG_FLOAT8(2));
	PG_RETURN_VOID();
}
