/*-------------------------------------------------------------------------
 *
 * rights.c
 *	  Who may do what with an index; see rights.h.
 *
 * Who calls a function with an OID has not named the index, so nobody has asked
 * for USAGE on its schema yet.  And who has no right to an index must not wait
 * for a lock on it, nor get in the way of those who do: PostgreSQL's commands
 * ask before they lock, too (RangeVarGetRelidExtended).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/as_owner.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "capacity/rights.h"

static void
report_gone(Oid index)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation with OID %u does not exist", index)));
}

/* The row of pg_class of an index of ours; anything else is an error. */
static FormData_pg_class
get_index(Oid index, bool may_be_partitioned)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	FormData_pg_class form;

	if (!HeapTupleIsValid(tuple))
		report_gone(index);
	memcpy(&form, GETSTRUCT(tuple), CLASS_TUPLE_SIZE);
	ReleaseSysCache(tuple);
	if (form.relam != vp_own_am() ||
		(form.relkind != RELKIND_INDEX &&
		 !(may_be_partitioned && form.relkind == RELKIND_PARTITIONED_INDEX)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an index of access method vecprov", NameStr(form.relname)),
				 form.relkind == RELKIND_PARTITIONED_INDEX ?
				 errhint("Name the index of one of its partitions.") : 0));
	return form;
}

/* SELECT on all of these columns? */
static bool
may_read(Oid table, const Bitmapset *columns)
{
	int			i = -1;

	while ((i = bms_next_member(columns, i)) >= 0)
	{
		AttrNumber	column = i + FirstLowInvalidHeapAttributeNumber;

		if (column == InvalidAttrNumber ?
			pg_attribute_aclcheck_all(table, GetUserId(), ACL_SELECT, ACLMASK_ALL) != ACLCHECK_OK :
			pg_attribute_aclcheck(table, column, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* SELECT on all columns that the index is made of, or that its first key is? */
static bool
may_read_columns(Oid index, Oid table, bool all)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	bool		may;

	if (!HeapTupleIsValid(tuple))
		return false;
	if (all)
		may = may_read(table, vp_index_columns(tuple));
	else
		/* without keys it has no namespaces, as it will be told */
		may = ((Form_pg_index) GETSTRUCT(tuple))->indnkeyatts > 1 &&
			may_read(table, vp_column_columns(tuple, 2)) &&
			may_read(table, vp_predicate_columns(tuple));
	ReleaseSysCache(tuple);
	return may;
}

/* Has the user this right by privileges on the table? */
static bool
has_right(Oid index, Oid table, VpRight right)
{
	Oid			user = GetUserId();
	bool		may_select = pg_class_aclcheck(table, user, ACL_SELECT) == ACLCHECK_OK;

	switch (right)
	{
		case VP_RIGHT_ANY:
		case VP_RIGHT_OWN:
			break;
		case VP_RIGHT_LOOK:
			return may_select || VpClassOwnercheck(table, user) ||
				pg_attribute_aclcheck_all(table, user, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
		case VP_RIGHT_MEASURE:
			return may_select;
		case VP_RIGHT_LOCK:
			/* any of these */
			return may_select &&
				pg_class_aclcheck(table, user, ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE) == ACLCHECK_OK;
		case VP_RIGHT_SEARCH:
			return may_select || may_read_columns(index, table, true);
		case VP_RIGHT_NAMESPACES:
			return may_select || may_read_columns(index, table, false);
	}
	return true;
}

/*
 * Has the user this right by one to an index that this one is a partition of?
 */
static bool
has_right_by_parent(Oid index, VpRight right)
{
	Oid			parent = index;

	while (OidIsValid(parent = vp_parent_index(parent)))
	{
		Oid			table = IndexGetRelation(parent, true);

		if (OidIsValid(table) &&
			VpSchemaAclcheck(get_rel_namespace(parent), GetUserId(), ACL_USAGE) == ACLCHECK_OK &&
			has_right(parent, table, right) &&
			check_enable_rls(table, InvalidOid, true) != RLS_ENABLED)
			return true;
	}
	return false;
}

static Oid
check_right(Oid index, VpRight right, bool may_be_partitioned)
{
	FormData_pg_class form = get_index(index, may_be_partitioned);
	Oid			table = IndexGetRelation(index, false);
	Oid			user = GetUserId();

	if (right == VP_RIGHT_ANY)
		return table;
	if (right == VP_RIGHT_OWN)
	{
		if (!VpClassOwnercheck(index, user))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, NameStr(form.relname));
		return table;
	}
	if ((right == VP_RIGHT_LOOK || right == VP_RIGHT_MEASURE) &&
		has_privs_of_role(user, ROLE_PG_STAT_SCAN_TABLES))
		return table;
	if (has_right_by_parent(index, right))
		return table;
	if (VpSchemaAclcheck(form.relnamespace, user, ACL_USAGE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(form.relnamespace));
	if (!has_right(index, table, right))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
	return table;
}

Oid
vp_right_check(Oid index, VpRight right)
{
	return check_right(index, right, false);
}

Oid
vp_right_check_any(Oid index, VpRight right)
{
	return check_right(index, right, true);
}

static void
open_checked(Oid index, VpRight right, bool may_be_partitioned, LOCKMODE mode, Relation *heap, Relation *rel)
{
	Oid			table = check_right(index, right, may_be_partitioned);

	/* table before index, as everybody locks them */
	*heap = try_table_open(table, mode);
	*rel = *heap != NULL ? try_relation_open(index, mode) : NULL;
	/* dropped meanwhile */
	if (*rel == NULL)
		report_gone(index);
	(void) check_right(index, right, may_be_partitioned);
	if (RELATION_IS_OTHER_TEMP(*rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read temporary indexes of other sessions")));
}

void
vp_right_open(Oid index, VpRight right, LOCKMODE mode, Relation *heap, Relation *rel)
{
	open_checked(index, right, false, mode, heap, rel);
}

void
vp_right_open_any(Oid index, VpRight right, LOCKMODE mode, Relation *heap, Relation *rel)
{
	open_checked(index, right, true, mode, heap, rel);
}
