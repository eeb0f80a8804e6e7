/*-------------------------------------------------------------------------
 *
 * tier_use.c
 *	  A tier that an index uses stays: the trigger on the table of tiers.
 *
 * The options of an index name its tier, so no foreign key can do it, but the
 * protocol is that of one.  Whoever gives an index a tier locks the tier's row
 * first (vp_tier_hold) and keeps the lock until the transaction ends.  Whoever
 * deletes the row gets it only then, and looks afterwards which indexes there
 * are, with a catalogue snapshot: what is committed now, and what this
 * transaction has done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "capacity/own_object.h"
#include "capacity/memory.h"

VP_FUNCTION(vecprov_tier_in_use);

typedef struct Use
{
	const char *tier;			/* NULL: any */
	char	   *index;			/* the first that was found */
	char	   *index_tier;
} Use;

static void
find_use(Form_pg_class form, const VpWish *wish, void *arg)
{
	Use		   *use = arg;

	if (use->index != NULL || !VpIsProvisioned(wish) ||
		(use->tier != NULL && strcmp(use->tier, wish->tier) != 0))
		return;
	use->index = quote_qualified_identifier(get_namespace_name(form->relnamespace),
											NameStr(form->relname));
	use->index_tier = pstrdup(wish->tier);
}

static char *
name_in(HeapTuple row, Relation rel)
{
	return SPI_getvalue(row, RelationGetDescr(rel), SPI_fnumber(RelationGetDescr(rel), "name"));
}

/*
 * Trigger after each row of the table of tiers that is deleted or gets another
 * name, and after TRUNCATE.
 */
Datum
vecprov_tier_in_use(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Use			use = {0};

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		RelationGetRelid(trigger->tg_relation) != vp_own_table("tiers"))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("vecprov_tier_in_use must be called as a trigger of the table of tiers")));
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		use.tier = name_in(trigger->tg_trigtuple, trigger->tg_relation);
		if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) &&
			strcmp(use.tier, name_in(trigger->tg_newtuple, trigger->tg_relation)) == 0)
			PG_RETURN_POINTER(NULL);
	}
	vp_each_index(true, find_use, &use);
	if (use.index != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
				 errmsg("cannot rename tier \"%s\" because index %s uses it", use.tier, use.index) :
				 errmsg("cannot delete tier \"%s\" because index %s uses it", use.index_tier,
						use.index),
				 errhint("Give each index of the tier another one with vecprov_set_tier(), "
						 "or release it with vecprov_release().")));
	PG_RETURN_POINTER(NULL);
}
