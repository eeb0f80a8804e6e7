/*-------------------------------------------------------------------------
 *
 * follow.c
 *	  Partitions have the capacity that their partitioned index is given; README.md, Partitions.
 *
 * PostgreSQL has no ALTER INDEX ... SET for a partitioned index, so its row of
 * pg_class is written here.  Those of partitions are written by ALTER INDEX.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "commands/event_trigger.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/debug_point.h"
#include "base/options.h"
#include "base/wish_inval.h"
#include "capacity/follow.h"
#include "capacity/ledger.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/rights.h"
#include "capacity/statement.h"

bool		vp_following = false;

/* While following: did the parent decide before? */
static bool followed_before = false;

bool
vp_follow_was_decided(bool is_decided)
{
	return vp_following ? followed_before : is_decided;
}

/*----------
 * Writing options
 *----------
 */

static List *
options_of(const VpWish *wish)
{
	if (!VpIsProvisioned(wish))
		return list_make3(makeDefElem("tier", NULL, -1), makeDefElem("shards", NULL, -1),
						  makeDefElem("replicas", NULL, -1));
	return list_make3(makeDefElem("tier", (Node *) makeString(pstrdup(wish->tier)), -1),
					  makeDefElem("shards", (Node *) makeInteger(wish->shards), -1),
					  makeDefElem("replicas", (Node *) makeInteger(wish->replicas), -1));
}

/*
 * What ALTER INDEX would do with a partitioned index.  Makes the change
 * visible.  The index is locked by the caller, so that nobody else changes its
 * row; pg_class is locked for the time of the call.
 */
static void
write_partitioned(Oid index, List *options, bool reset)
{
	Relation	catalog = table_open(RelationRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(index));
	Datum		values[Natts_pg_class] = {0};
	bool		nulls[Natts_pg_class] = {0};
	bool		replaces[Natts_pg_class] = {0};
	int			column = Anum_pg_class_reloptions - 1;
	HeapTuple	changed;
	Datum		old;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", index);
	old = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	values[column] = transformRelOptions(isnull ? (Datum) 0 : old, options, NULL, NULL, false, reset);
	nulls[column] = values[column] == (Datum) 0;
	replaces[column] = true;
	if (!nulls[column])
		(void) vp_options(values[column], true);
	changed = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls, replaces);
	CatalogTupleUpdate(catalog, &tuple->t_self, changed);
	InvokeObjectPostAlterHook(RelationRelationId, index, 0);
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}

static Form_pg_class
copy_class(Oid relid)
{
	HeapTuple	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(relid));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	return (Form_pg_class) GETSTRUCT(tuple);
}

/*
 * ALTER INDEX of a partition.  Who attaches or detaches a table need not own
 * all that is below it: then the owner acts, and the statement still tells who
 * asks (vp_statement_user).
 */
static void
alter_partition(Oid index, const VpWish *wish)
{
	AlterTableCmd *command = makeNode(AlterTableCmd);
	Oid			user;
	int			context;

	command->subtype = VpIsProvisioned(wish) ? AT_SetRelOptions : AT_ResetRelOptions;
	command->def = (Node *) options_of(wish);
	GetUserIdAndSecContext(&user, &context);
	if (!VpClassOwnercheck(index, user))
		SetUserIdAndSecContext(copy_class(index)->relowner, context | SECURITY_LOCAL_USERID_CHANGE);
	/* of a statement that event triggers are called for, this is no part */
	EventTriggerInhibitCommandCollection();
	PG_TRY();
	{
		AlterTableInternal(index, list_make1(command), false);
	}
	PG_FINALLY();
	{
		EventTriggerUndoInhibitCommandCollection();
	}
	PG_END_TRY();
	SetUserIdAndSecContext(user, context);
	CommandCounterIncrement();
}

/*----------
 * From the root down
 *----------
 */

/*
 * Locks an index, and before it the table of a partitioned one, until the
 * transaction ends.  False: the index is not there any more.
 */
static bool
lock_index(Oid index)
{
	Oid			table = IndexGetRelation(index, true);

	if (!OidIsValid(table))
		return false;
	if (vp_is_partitioned(index))
		LockRelationOid(table, ShareUpdateExclusiveLock);
	LockRelationOid(index, ShareUpdateExclusiveLock);
	return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(index));
}

/*
 * An index, which may be gone by now, has its parent's wish already.  If it had replicas of its
 * own, as when a dump is restored, it shares those of its parent from now on.
 */
static void
note_joined(Oid index, const VpWish *wish)
{
	VpWishChange change = {.index = index,.before = *wish,.after = *wish,.is_decided = true};
	HeapTuple	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(index));
	Form_pg_class form;

	vp_wish_inval_send();
	change.table = IndexGetRelation(index, true);
	if (!HeapTupleIsValid(tuple) || !OidIsValid(change.table))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	change.partitioned = form->relkind == RELKIND_PARTITIONED_INDEX;
	change.name = form->relname;
	namestrcpy(&change.schema, get_namespace_name(form->relnamespace));
	if (vp_ledger_is_own(&change))
		vp_ledger_change(&change);
}

/* The same, with all that is below it. */
static void
note_all_joined(Oid index, const VpWish *wish)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(index, NoLock, NULL))
		note_joined(lfirst_oid(cell), wish);
}

static void give_partitions(Oid parent, const VpWish *wish, bool own);

/*
 * Gives an index and its partitions this capacity.  own: the user must own
 * it.  One that is no partition of `parent` any more is left alone.
 */
static void
give(Oid index, Oid parent, const VpWish *wish, bool own)
{
	VpWish		present;

	/* who may not must not wait for the lock */
	if (own && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(index)))
		(void) vp_right_check_any(index, VP_RIGHT_OWN);
	if (!lock_index(index) || vp_parent_index(index) != parent)
		return;
	if (own)
		(void) vp_right_check_any(index, VP_RIGHT_OWN);
	vp_wish_of(index, &present);
	if (memcmp(&present, wish, sizeof(VpWish)) != 0)
	{
		if (vp_is_partitioned(index))
			write_partitioned(index, options_of(wish), !VpIsProvisioned(wish));
		else
			alter_partition(index, wish);
		VP_POINT("partition-followed");
	}
	else if (VpIsProvisioned(wish))
		note_joined(index, wish);
	if (vp_is_partitioned(index))
		give_partitions(index, wish, own);
}

/*
 * A REINDEX CONCURRENTLY that ends while we wait for its lock leaves another
 * index in place of a partition: so we look again until there is none that is
 * new.
 */
static void
give_partitions(Oid parent, const VpWish *wish, bool own)
{
	List	   *seen = NIL;
	int			before;

	do
	{
		ListCell   *cell;

		before = list_length(seen);
		foreach(cell, find_inheritance_children(parent, NoLock))
		{
			if (list_member_oid(seen, lfirst_oid(cell)))
				continue;
			seen = lappend_oid(seen, lfirst_oid(cell));
			give(lfirst_oid(cell), parent, wish, own);
		}
	} while (list_length(seen) > before);
}

/* The same, which hooks and rules are told of.  decided: did a parent decide before? */
static void
give_following(Oid index, Oid parent, const VpWish *wish, bool decided)
{
	vp_following = true;
	followed_before = decided;
	PG_TRY();
	{
		give(index, parent, wish, false);
	}
	PG_FINALLY();
	{
		vp_following = false;
	}
	PG_END_TRY();
}

void
vp_change_partitioned(Oid index, List *options, bool reset)
{
	VpWish		before;
	VpWish		wish;

	(void) vp_right_check_any(index, VP_RIGHT_OWN);
	if (!lock_index(index))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", index)));
	(void) vp_right_check_any(index, VP_RIGHT_OWN);
	vp_wish_of(index, &before);
	write_partitioned(index, options, reset);
	vp_wish_of(index, &wish);
	/* without a tier before and after, its partitions decide for themselves */
	if (!VpIsProvisioned(&before) && !VpIsProvisioned(&wish))
		return;
	vp_following = true;
	followed_before = VpIsProvisioned(&before);
	PG_TRY();
	{
		give_partitions(index, &wish, true);
	}
	PG_FINALLY();
	{
		vp_following = false;
	}
	PG_END_TRY();
}

/*----------
 * Joining and leaving
 *----------
 */

/*
 * An index that may be a new partition has what its parent has, if that
 * decides.
 */
static void
join(Oid index)
{
	Oid			parent = vp_deciding_parent(index);
	VpWish		wish;
	VpWish		present;

	if (!OidIsValid(parent))
		return;
	vp_wish_of(parent, &wish);
	vp_wish_of(index, &present);
	if (memcmp(&present, &wish, sizeof(VpWish)) != 0)
		give_following(index, parent, &wish, false);
	else
		note_all_joined(index, &wish);
}

static void
join_all(Oid parent)
{
	ListCell   *cell;

	foreach(cell, find_inheritance_children(parent, NoLock))
		join(lfirst_oid(cell));
}

static void
join_created(const void *about)
{
	/* made by the statement, in whose transaction we still are */
	CommandCounterIncrement();
	join_all(*(const Oid *) about);
}

void
vp_follow_created(Oid parent)
{
	vp_statement_afterwards(join_created, &parent, sizeof(parent));
}

void
vp_follow_attached(const RangeVar *parent)
{
	Oid			index = RangeVarGetRelid(parent, NoLock, true);

	CommandCounterIncrement();
	if (OidIsValid(index) && vp_is_partitioned(index) && copy_class(index)->relam == vp_own_am())
		join_all(index);
}

/*
 * The vecprov indexes of a table; of these only those that a parent decides
 * for, if so wished.  The catalogue is locked for the time of the call, the
 * indexes are not.
 */
static List *
indexes_of(Oid table, bool decided)
{
	Oid			am = vp_own_am();
	List	   *indexes = NIL;
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *cell;
	List	   *ours = NIL;

	if (!OidIsValid(am))
		return NIL;
	catalog = table_open(IndexRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(catalog, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		indexes = lappend_oid(indexes, ((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(cell, indexes)
	{
		Oid			index = lfirst_oid(cell);

		if (copy_class(index)->relam == am && (!decided || OidIsValid(vp_deciding_parent(index))))
			ours = lappend_oid(ours, index);
	}
	return ours;
}

/*
 * A table that was attached or detached, and those of its indexes that a
 * parent had decided for.
 */
typedef struct Moved
{
	Oid			table;
	int			n;
	Oid			decided[FLEXIBLE_ARRAY_MEMBER];
} Moved;

static void
follow_moved(const void *about)
{
	const Moved *moved = about;
	const VpWish on_demand = {0};
	ListCell   *cell;

	CommandCounterIncrement();
	for (int i = 0; i < moved->n; i++)
		if (!OidIsValid(vp_parent_index(moved->decided[i])))
			give_following(moved->decided[i], InvalidOid, &on_demand, true);
	foreach(cell, indexes_of(moved->table, false))
		join(lfirst_oid(cell));
}

void
vp_follow_moved(Oid table)
{
	List	   *decided = indexes_of(table, true);
	int			n = list_length(decided);
	Size		size = offsetof(Moved, decided) + n * sizeof(Oid);
	Moved	   *moved = palloc(size);

	moved->table = table;
	moved->n = n;
	for (int i = 0; i < n; i++)
		moved->decided[i] = list_nth_oid(decided, i);
	vp_statement_afterwards(follow_moved, moved, size);
}
