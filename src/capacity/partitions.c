/*-------------------------------------------------------------------------
 *
 * partitions.c
 *	  Indexes of partitioned tables; see partitions.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "capacity/own_object.h"
#include "capacity/partitions.h"

bool
vp_is_partitioned(Oid index)
{
	return get_rel_relkind(index) == RELKIND_PARTITIONED_INDEX;
}

/*
 * get_partition_parent() raises an error if the index has just been detached.
 */
static Oid
parent_of(Oid index, Snapshot snapshot)
{
	Oid			parent = InvalidOid;
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(index));
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		parent = ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return parent;
}

Oid
vp_parent_index(Oid index)
{
	return get_rel_relispartition(index) ? parent_of(index, NULL) : InvalidOid;
}

List *
vp_leaf_indexes(Oid index)
{
	List	   *leaves = NIL;
	ListCell   *cell;

	if (!vp_is_partitioned(index))
		return list_make1_oid(index);
	foreach(cell, find_all_inheritors(index, NoLock, NULL))
	{
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_INDEX)
			leaves = lappend_oid(leaves, lfirst_oid(cell));
	}
	list_sort(leaves, list_oid_cmp);
	return leaves;
}

/* Is it an index of ours, or a partitioned one? */
static bool
is_own_index(const FormData_pg_class *form)
{
	return (form->relkind == RELKIND_INDEX || form->relkind == RELKIND_PARTITIONED_INDEX) &&
		form->relam == vp_own_am();
}

/* As this transaction knows them; NULL: there are none, or no such index. */
static VpOptions *
options_of(Oid index)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	VpOptions  *options = NULL;

	if (HeapTupleIsValid(tuple))
	{
		if (is_own_index((Form_pg_class) GETSTRUCT(tuple)))
			options = (VpOptions *) extractRelOptions(tuple, RelationGetDescr(catalog), vp_options);
		ReleaseSysCache(tuple);
	}
	table_close(catalog, AccessShareLock);
	return options;
}

void
vp_wish_of(Oid index, VpWish *wish)
{
	vp_get_wish(options_of(index), wish);
}

void
vp_effort_options_of(Oid index, VpEffortOptions *effort)
{
	vp_get_effort(options_of(index), effort);
}

Oid
vp_deciding_parent(Oid index)
{
	Oid			parent = vp_parent_index(index);
	VpWish		wish;

	if (!OidIsValid(parent))
		return InvalidOid;
	vp_wish_of(parent, &wish);
	return VpIsProvisioned(&wish) ? parent : InvalidOid;
}

bool
vp_created_decided(Oid index)
{
	Oid			parent = parent_of(index, SnapshotSelf);
	VpWish		wish;

	if (!OidIsValid(parent))
		return false;
	vp_wish_of(parent, &wish);
	return VpIsProvisioned(&wish);
}

Oid
vp_decider(Oid index)
{
	Oid			parent;

	while (OidIsValid(parent = vp_deciding_parent(index)))
		index = parent;
	return index;
}

const char *
vp_decided_by(Oid index)
{
	Oid			decider = vp_decider(index);
	char	   *name = decider != index ? get_rel_name(decider) : NULL;

	return name != NULL ? psprintf(" of index \"%s\"", name) : "";
}
