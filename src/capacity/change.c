/*-------------------------------------------------------------------------
 *
 * change.c
 *	  Changes of what an index wishes for: the hook that sees them all, and the
 *	  functions that make them.
 *
 * The server calls object_access_hook where it has written a row of pg_class, and
 * before the command's changes are visible: the row as it was is in the
 * catalogue cache, the row as it is now is found with SnapshotSelf.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/loaded.h"
#include "base/options.h"
#include "base/wish_inval.h"
#include "capacity/change.h"
#include "capacity/charge.h"
#include "capacity/follow.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/quota.h"
#include "capacity/rights.h"
#include "capacity/rules.h"
#include "capacity/statement.h"
#include "capacity/tier.h"

VP_SERVER_FUNCTION(vecprov_provision);
VP_SERVER_FUNCTION(vecprov_release);

static object_access_hook_type previous_hook;

/*----------
 * The hook
 *----------
 */

/* The row of a catalogue that this command has just written; the caller ends the scan. */
static HeapTuple
new_row(Relation catalog, Oid by_oid, AttrNumber column, Oid oid, SysScanDesc *scan)
{
	ScanKeyData key;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	*scan = systable_beginscan(catalog, by_oid, true, SnapshotSelf, 1, &key);
	return systable_getnext(*scan);
}

/*
 * The table of an index that the present command may have made; InvalidOid:
 * there is no such index.  The catalogue is locked for the time of the call.
 */
static Oid
table_of(Oid index)
{
	Relation	catalog = table_open(IndexRelationId, AccessShareLock);
	SysScanDesc scan;
	HeapTuple	tuple = new_row(catalog, IndexRelidIndexId, Anum_pg_index_indexrelid, index, &scan);
	Oid			table = InvalidOid;

	if (HeapTupleIsValid(tuple))
		table = ((Form_pg_index) GETSTRUCT(tuple))->indrelid;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return table;
}

static void
wish_of(HeapTuple tuple, TupleDesc desc, VpWish *wish)
{
	vp_get_wish((VpOptions *) extractRelOptions(tuple, desc, vp_options), wish);
}

/*
 * What a command has made of an index.  False when it is no index of ours.
 * before: its row as it was, zeroes if it is new; after: as it is.  The
 * catalogue is locked for the time of the call.
 */
static bool
get_change(Oid relid, bool created, VpWishChange *change, Form_pg_class before,
		   Form_pg_class after)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan;
	HeapTuple	tuple = new_row(catalog, ClassOidIndexId, Anum_pg_class_oid, relid, &scan);
	bool		ours;

	memset(change, 0, sizeof(*change));
	memset(before, 0, sizeof(*before));
	if (HeapTupleIsValid(tuple))
		memcpy(after, GETSTRUCT(tuple), CLASS_TUPLE_SIZE);
	ours = HeapTupleIsValid(tuple) && after->relam != InvalidOid && after->relam == vp_own_am() &&
		(after->relkind == RELKIND_INDEX || after->relkind == RELKIND_PARTITIONED_INDEX);
	if (ours)
	{
		change->index = relid;
		change->created = created;
		change->name = after->relname;
		wish_of(tuple, RelationGetDescr(catalog), &change->after);
	}
	systable_endscan(scan);
	if (ours && !created)
	{
		tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
		if (HeapTupleIsValid(tuple))
		{
			memcpy(before, GETSTRUCT(tuple), CLASS_TUPLE_SIZE);
			wish_of(tuple, RelationGetDescr(catalog), &change->before);
			ReleaseSysCache(tuple);
		}
	}
	table_close(catalog, AccessShareLock);
	return ours;
}

static void
set_names(const FormData_pg_class *form, NameData *schema, NameData *name)
{
	namestrcpy(schema, get_namespace_name(form->relnamespace));
	*name = form->relname;
}

/* An index that was there: has it another name now? */
static void
note_move(const FormData_pg_class *before, const FormData_pg_class *after)
{
	VpMove		move = {.index = after->oid};

	if (before->oid != after->oid ||
		(before->relnamespace == after->relnamespace &&
		 strcmp(NameStr(before->relname), NameStr(after->relname)) == 0))
		return;
	set_names(before, &move.old_schema, &move.old_name);
	set_names(after, &move.new_schema, &move.new_name);
	vp_statement_moves(&move);
}

/*
 * Notes the new name of a schema, for rows that name its indexes.  The
 * catalogue is locked for the time of the call.
 */
static void
note_schema_move(Oid schema)
{
	Relation	catalog = table_open(NamespaceRelationId, AccessShareLock);
	char	   *before = get_namespace_name(schema);
	VpMove		move = {0};
	SysScanDesc scan;
	HeapTuple	tuple = new_row(catalog, NamespaceOidIndexId, Anum_pg_namespace_oid, schema, &scan);

	if (HeapTupleIsValid(tuple) && before != NULL)
	{
		namestrcpy(&move.old_schema, before);
		move.new_schema = ((Form_pg_namespace) GETSTRUCT(tuple))->nspname;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (strcmp(NameStr(move.old_schema), NameStr(move.new_schema)) != 0)
		vp_statement_moves(&move);
}

/*
 * Is there an index of this access method that has this wish?  The catalogue
 * is locked for the time of the call.
 */
static bool
has_wish(Oid relid, Oid am, const VpWish *wish)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	VpWish		found = {0};
	bool		ours = HeapTupleIsValid(tuple) && ((Form_pg_class) GETSTRUCT(tuple))->relam == am;

	if (ours)
		wish_of(tuple, RelationGetDescr(catalog), &found);
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	table_close(catalog, AccessShareLock);
	return ours && memcmp(&found, wish, sizeof(VpWish)) == 0;
}

/*
 * Is a new index a copy that pg_repack makes, to swap files with the index it copies and to
 * drop it then?  It lies in that extension's own schema, or is index_OID beside the index OID.
 */
static bool
is_repack_copy(const VpWishChange *change, Form_pg_class form)
{
	Oid			repack = get_extension_oid("pg_repack", true);
	unsigned	oid;

	if (!OidIsValid(repack))
		return false;
	if (getExtensionOfObject(NamespaceRelationId, form->relnamespace) == repack)
		return true;
	if (sscanf(NameStr(form->relname), "index_%u", &oid) != 1 ||
		strcmp(NameStr(form->relname), psprintf("index_%u", oid)) != 0 ||
		IndexGetRelation(oid, true) != change->table)
		return false;
	return has_wish(oid, form->relam, &change->after);
}

bool
vp_index_is_copy(Relation rel)
{
	VpWishChange change = {.index = RelationGetRelid(rel),.table = rel->rd_index->indrelid};

	vp_get_wish((VpOptions *) rel->rd_options, &change.after);
	return vp_statement_copies(false) || is_repack_copy(&change, rel->rd_rel);
}

/*
 * Refuses to change a partition whose parent has a tier, unless it is given
 * what that has.
 */
static void
refuse_decided(const VpWishChange *change)
{
	Oid			decider = vp_decider(change->index);

	if (vp_following || decider == change->index)
		return;
	vp_change_refuse(change, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
					 psprintf("capacity of index \"%s\" is that of partitioned index \"%s\"",
							  NameStr(change->name), get_rel_name(decider)),
					 NULL,
					 "Change that of the partitioned index, or detach the partition.");
}

/*
 * A database whose extension is gone, or was dropped by this very statement,
 * has no ledger.
 */
static void
write_row(const void *change)
{
	if (OidIsValid(vp_own_table("changes")))
		vp_ledger_change(change);
}

/*
 * Judges what a command has made of a relation. internal: the server itself
 * has created it, with the options of another index, which were judged then.
 * For a new partition's index its maker needs the right and the quota all the
 * same.
 *
 * Called by object_access_hook, in the transaction of the command, which has
 * an index that it changes locked.  Leaves no lock of its own on the index; an
 * ereport undoes the command.
 */
static void
judge(Oid relid, bool created, bool internal)
{
	VpWishChange change;
	FormData_pg_class before;
	FormData_pg_class form;
	Relation	rel = NULL;
	bool		changed;
	bool		moved;

	if (!get_change(relid, created, &change, &before, &form))
		return;
	note_move(&before, &form);
	changed = memcmp(&change.before, &change.after, sizeof(VpWish)) != 0;
	moved = before.oid == form.oid && before.relowner != form.relowner && VpIsProvisioned(&change.after);
	if (!changed && !moved)
		return;
	vp_loaded_need();
	vp_wish_inval_send();
	if (vp_change_of_tier(&change.before, &change.after) && VpIsProvisioned(&change.after))
		(void) vp_tier_hold(change.after.tier);
	if (created && vp_statement_copies(internal))
	{
		if (form.relkind == RELKIND_INDEX)
			vp_quota_charge_copy(relid, &change.after, form.relowner);
		return;
	}
	change.table = table_of(relid);
	change.partitioned = form.relkind == RELKIND_PARTITIONED_INDEX;
	change.is_decided = created ? vp_created_decided(relid) : vp_decider(relid) != relid;
	change.was_decided = !created && vp_follow_was_decided(change.is_decided);
	namestrcpy(&change.schema, get_namespace_name(form.relnamespace));
	if (!created && changed)
		refuse_decided(&change);

	/* who changes an index has it locked */
	if (!created && form.relkind == RELKIND_INDEX)
		rel = relation_open(relid, NoLock);
	vp_quota_check_right(&change, moved);
	if (changed && !internal)
		vp_rules_check(&change, rel, form.relpersistence == RELPERSISTENCE_TEMP);

	vp_quota_charge(&change, rel, form.relowner, moved);
	if (created && change.partitioned && !internal)
		vp_follow_created(relid);
	if (changed && internal && !change.partitioned)
		vp_statement_afterwards(write_row, &change, sizeof(change));
	if (!changed || internal)
	{
		if (rel != NULL)
			relation_close(rel, NoLock);
		return;
	}
	if (rel != NULL)
	{
		vp_rules_advise(&change, rel);
		relation_close(rel, NoLock);
	}

	/* Last: SQL makes the command's changes visible. */
	if (!(created && is_repack_copy(&change, &form)))
		vp_ledger_change(&change);
}

/*
 * Writes down that a provisioned index is dropped, after the statement.  Not
 * of a copy, which the ledger does not know. tuple: the row of pg_class, which
 * stays the caller's.
 */
static void
note_end(HeapTuple tuple)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	VpWishChange change = {0};

	wish_of(tuple, RelationGetDescr(catalog), &change.before);
	table_close(catalog, AccessShareLock);
	if (!VpIsProvisioned(&change.before))
		return;
	change.partitioned = form->relkind == RELKIND_PARTITIONED_INDEX;
	change.index = form->oid;
	change.table = IndexGetRelation(form->oid, true);
	change.was_decided = vp_decider(form->oid) != form->oid;
	change.dropped = true;
	set_names(form, &change.schema, &change.name);
	/* compared as when it was made */
	change.after = change.before;
	if (is_repack_copy(&change, form))
		return;
	memset(&change.after, 0, sizeof(VpWish));
	vp_statement_afterwards(write_row, &change, sizeof(change));
}

/*
 * A relation is about to be dropped.  internal: by the server itself, which has made another in its
 * place.
 */
static void
note_drop(Oid relid, bool internal)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			am;

	if (!HeapTupleIsValid(tuple))
		return;
	am = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	if (OidIsValid(am) && am == vp_own_am())
	{
		vp_charge_drop(relid);
		if (!internal)
			note_end(tuple);
	}
	ReleaseSysCache(tuple);
}

static void
after_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (previous_hook)
		previous_hook(access, class, object, column, arg);
	if (class == ExtensionRelationId && (access == OAT_POST_CREATE || access == OAT_POST_ALTER))
		vp_loaded_judge(object);
	/* whose hours are to be written from now on */
	if (class == ExtensionRelationId && access == OAT_POST_CREATE && vp_preloaded)
		vp_wish_inval_send();
	/* in a binary upgrade our tables are empty, and nothing is new */
	if (column != 0 || IsBinaryUpgrade)
		return;

	/*
	 * a new database has its template's indexes, and one may be opened to
	 * connections
	 */
	if (class == DatabaseRelationId && (access == OAT_POST_CREATE || access == OAT_POST_ALTER))
		vp_wish_inval_follow();
	if (class == DatabaseRelationId && access == OAT_POST_CREATE && vp_preloaded)
		vp_quota_check_copy(vp_statement_template());
	if (class == NamespaceRelationId && access == OAT_POST_ALTER)
		note_schema_move(object);
	/* attached or detached: the hook is called with the child's OID */
	if (class == InheritsRelationId && access == OAT_POST_ALTER && vp_preloaded)
		vp_follow_moved(object);
	if (class != RelationRelationId)
		return;
	if (access == OAT_POST_CREATE)
		judge(object, true, ((ObjectAccessPostCreate *) arg)->is_internal);
	else if (access == OAT_POST_ALTER)
		judge(object, false, false);
	else if (access == OAT_DROP && vp_preloaded)
		note_drop(object, (((ObjectAccessDrop *) arg)->dropflags & PERFORM_DELETION_INTERNAL) != 0);
}

void
vp_change_define(void)
{
	vp_statement_define();
	vp_statement_when_attached(vp_follow_attached);
	previous_hook = object_access_hook;
	object_access_hook = after_access;
}

/*----------
 * The functions
 *----------
 */

/* What follows ALTER INDEX and the index's name. */
static char *
options_text(List *options, bool reset)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		appendStringInfo(&text, ", %s", option->defname);
		if (!reset)
			appendStringInfo(&text, " = %s", IsA(option->arg, Integer) ? defGetString(option) :
							 quote_literal_cstr(defGetString(option)));
	}
	return psprintf("%s (%s)", reset ? "RESET" : "SET", text.data + strlen(", "));
}

/*
 * Who may not is told before anything is locked, by ALTER INDEX too.
 */
void
vp_alter_index(Oid relid, List *options, bool reset)
{
	char	   *schema;
	char	   *name;
	char	   *statement;

	(void) vp_right_check_any(relid, VP_RIGHT_OWN);
	if (vp_is_partitioned(relid))
	{
		vp_change_partitioned(relid, options, reset);
		return;
	}
	schema = get_namespace_name(get_rel_namespace(relid));
	name = get_rel_name(relid);
	/* without a lock it may be dropped at any time */
	if (schema == NULL || name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	statement = psprintf("ALTER INDEX %s %s", quote_qualified_identifier(schema, name),
						 options_text(options, reset));
	if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(statement, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\"", statement);
	SPI_finish();
}

/*
 * The same in a subtransaction that is rolled back, locks and charges with
 * it: all rights, rules and quotas are asked, and nothing is written down.
 * Tells what would be.
 */
static void
try_alter_index(Oid relid, List *options)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	VpWish		before;
	VpWish		after;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	vp_ledger_silent = true;
	PG_TRY();
	{
		vp_wish_of(relid, &before);
		vp_alter_index(relid, options, false);
		CommandCounterIncrement();
		vp_wish_of(relid, &after);
	}
	PG_CATCH();
	{
		vp_ledger_silent = false;
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	vp_ledger_silent = false;
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
	ereport(NOTICE,
			(errmsg("dry run: capacity of index \"%s\" would be: %s", get_rel_name(relid), vp_wish_text(&after)),
			 errdetail("It is: %s.", vp_wish_text(&before))));
}

/* Arguments: index, tier, shards, replicas, dry_run; what is null stays as it is. */
Datum
vecprov_provision(PG_FUNCTION_ARGS)
{
	List	   *options = NIL;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		options = lappend(options, makeDefElem("tier", (Node *) makeString(text_to_cstring(PG_GETARG_TEXT_PP(1))), -1));
	if (!PG_ARGISNULL(2))
		options = lappend(options, makeDefElem("shards", (Node *) makeInteger(PG_GETARG_INT32(2)), -1));
	if (!PG_ARGISNULL(3))
		options = lappend(options, makeDefElem("replicas", (Node *) makeInteger(PG_GETARG_INT32(3)), -1));
	if (options == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tier, shards and replicas must not all be null")));
	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("dry_run must not be null")));
	if (PG_GETARG_BOOL(4))
		try_alter_index(PG_GETARG_OID(0), options);
	else
		vp_alter_index(PG_GETARG_OID(0), options, false);
	PG_RETURN_VOID();
}

Datum
vecprov_release(PG_FUNCTION_ARGS)
{
	vp_alter_index(PG_GETARG_OID(0),
				   list_make3(makeDefElem("tier", NULL, -1), makeDefElem("shards", NULL, -1),
							  makeDefElem("replicas", NULL, -1)), true);
	PG_RETURN_VOID();
}
