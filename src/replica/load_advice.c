/*-------------------------------------------------------------------------
 *
 * load_advice.c
 *	  vecprov_load_advice: what to do about the load of a provisioned index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/loaded.h"
#include "replica/load.h"
#include "replica/registry.h"

VP_SERVER_FUNCTION(vecprov_load_advice);

/* From this share on more replicas are advised, and so many that they are less busy. */
#define ADVISED_BUSY	0.8

/*
 * Replicas that do the work of n, which add up to `work` replicas that are busy all the time.  A queue
 * hides how much more work there is, so it is one more at least.
 */
static int
replicas_for(double work, int n)
{
	double		wanted = ceil(work / ADVISED_BUSY);

	return (int) Min(Max(wanted, n + 1), VP_MAX_REPLICAS);
}

/* Of an index, by its OID; NULL: nothing, or less than five minutes are known. */
Datum
vecprov_load_advice(PG_FUNCTION_ARGS)
{
	Oid			index = PG_GETARG_OID(0);
	int			slot = vp_slot_find(MyDatabaseId, index);
	double		work = 0;
	double		busiest = 0;
	VpSlot		copy;

	if (slot < 0 || !vp_slot_copy(slot, &copy) || copy.definition.index != index)
		PG_RETURN_NULL();
	for (int i = 0; i < copy.definition.wish.replicas; i++)
	{
		bool		complete;
		double		share = Min(vp_load_share(slot, i, copy.definition.units, VP_LOAD_WINDOW, &complete), 1);

		if (!complete)
			PG_RETURN_NULL();
		work += share;
		busiest = Max(busiest, share);
	}
	if (busiest <= ADVISED_BUSY || copy.definition.wish.replicas == VP_MAX_REPLICAS)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("busiest replica %.0f %% busy for 5 minutes: set replicas to %d",
											  100 * busiest,
											  replicas_for(work, copy.definition.wish.replicas))));
}
