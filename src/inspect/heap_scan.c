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
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "inspect/heap_scan.h"
#include "key/key_column.h"

void
vp_target_open(VpTarget *target, Oid relid, VpRight right, LOCKMODE lockmode)
{
	target->lockmode = lockmode;
	target->as_caller = false;
	vp_right_open(relid, right, lockmode, &target->heap, &target->rel);
	vp_index_check_built(target->rel);
	target->index = vp_index_copy(vp_index_get(target->rel));
	vp_as_owner_begin(&target->as_owner, target->heap, target->rel);
}

void
vp_target_as_caller(VpTarget *target)
{
	vp_as_owner_end(&target->as_owner);
	target->as_caller = true;
	target->guc_level = NewGUCNestLevel();
}

void
vp_target_close(VpTarget *target)
{
	if (target->as_caller)
		AtEOXact_GUC(false, target->guc_level);
	else
		vp_as_owner_end(&target->as_owner);
	relation_close(target->rel, target->lockmode);
	table_close(target->heap, target->lockmode);
}

typedef struct EachRow
{
	VpTarget   *target;
	VpRowCall	call;
	VpBareCall	bare;
	void	   *arg;
	MemoryContext scratch;
} EachRow;

static void
call_bare(EachRow *each, ItemPointer tid, VpBareKind kind)
{
	if (each->bare != NULL)
		each->bare(tid, kind, each->arg);
}

/*
 * Called for each row of the table: computes its vector and keys in
 * each->scratch, which is empty again on exit.  The callback runs in the
 * caller's context.
 */
static void
each_row(Relation rel, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	EachRow    *each = arg;
	MemoryContext old;
	const VpMeta *meta = &each->target->index->meta;
	VpRowKeys	keys;
	const VpValue *value;

	if (isnull[0])
	{
		call_bare(each, tid, VP_BARE_NULL);
		return;
	}
	old = MemoryContextSwitchTo(each->scratch);
	value = vp_value_get(values[0]);
	if (vp_value_accepted(meta, value))
	{
		vp_keys_store(meta, values, isnull, &keys);
		MemoryContextSwitchTo(old);
		each->call(tid, value, &keys, each->arg);
	}
	else
		call_bare(each, tid, VP_BARE_NAN);
	MemoryContextSwitchTo(old);
	MemoryContextReset(each->scratch);
}

void
vp_each_row(VpTarget *target, VpRowCall call, VpBareCall bare, void *arg)
{
	IndexInfo  *info;
	EachRow		each = {.target = target,.call = call,.bare = bare,.arg = arg};

	if (target->as_caller)
		vp_as_owner_begin(&target->as_owner, target->heap, target->rel);
	info = BuildIndexInfo(target->rel);
	/* with a snapshot, as a concurrent build reads the table */
	info->ii_Concurrent = true;
	each.scratch = AllocSetContextCreate(CurrentMemoryContext, "vecprov rows",
										 ALLOCSET_DEFAULT_SIZES);
	table_index_build_scan(target->heap, target->rel, info, false, false, each_row, &each, NULL);
	MemoryContextDelete(each.scratch);
	if (target->as_caller)
		vp_as_owner_end(&target->as_owner);
}
