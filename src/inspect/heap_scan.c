/*-------------------------------------------------------------------------
 *
 * heap_scan.c
 *	  The rows that an index should hold, read from its table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "capacity/facts.h"
#include "inspect/heap_scan.h"

void
vp_target_open(VpTarget *target, Oid relid, LOCKMODE lockmode)
{
	Oid			heapid = IndexGetRelation(relid, true);

	target->lockmode = lockmode;
	/* table before index, as everybody locks them */
	target->heap = OidIsValid(heapid) ? table_open(heapid, lockmode) : NULL;
	target->rel = relation_open(relid, lockmode);

	vp_own_index_check(target->rel);
	if (RELATION_IS_OTHER_TEMP(target->rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read temporary indexes of other sessions")));
	if (pg_class_aclcheck(heapid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(target->heap));
	target->index = vp_index_copy(vp_index_get(target->rel));

	GetUserIdAndSecContext(&target->caller, &target->caller_context);
	SetUserIdAndSecContext(target->heap->rd_rel->relowner,
						   target->caller_context | SECURITY_RESTRICTED_OPERATION);
	target->guc_level = NewGUCNestLevel();
}

void
vp_target_close(VpTarget *target)
{
	AtEOXact_GUC(false, target->guc_level);
	SetUserIdAndSecContext(target->caller, target->caller_context);
	relation_close(target->rel, target->lockmode);
	table_close(target->heap, target->lockmode);
}

typedef struct EachRow
{
	VpTarget   *target;
	VpRowCall	call;
	void	   *arg;
	MemoryContext scratch;
} EachRow;

static void
each_row(Relation rel, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	EachRow    *each = arg;
	MemoryContext old;
	const VpValue *value;

	if (isnull[0])
		return;
	old = MemoryContextSwitchTo(each->scratch);
	value = vp_value_get(values[0]);
	if (vp_value_accepted(&each->target->index->meta, value))
	{
		MemoryContextSwitchTo(old);
		each->call(tid, value, each->arg);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(each->scratch);
}

void
vp_each_row(VpTarget *target, VpRowCall call, void *arg)
{
	IndexInfo  *info = BuildIndexInfo(target->rel);
	EachRow		each = {.target = target,.call = call,.arg = arg};

	/* with a snapshot, as a concurrent build reads the table */
	info->ii_Concurrent = true;
	each.scratch = AllocSetContextCreate(CurrentMemoryContext, "vecprov rows",
										 ALLOCSET_DEFAULT_SIZES);
	table_index_build_scan(target->heap, target->rel, info, false, false, each_row, &each, NULL);
	MemoryContextDelete(each.scratch);
}
