/*-------------------------------------------------------------------------
 *
 * opclass.c
 *	  What an operator class for vecprov must look like (amvalidate).
 *
 * One operator for ordering, which returns a number, and one support function
 * that takes nothing and returns an integer: form and metric.  A second operator,
 * strategy 2, is pgvector's of the same name where both extensions have the
 * same type (vecprov_adopt).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "am/opclass.h"
#include "am/radius.h"
#include "search/form.h"

/* Every fault is told as INFO, as other access methods do. */
#define complain(...) \
	ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), errmsg(__VA_ARGS__)))

static bool
check_operators(Oid family, const char *class_name)
{
	CatCList   *list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
	bool		ok = list->n_members > 0;

	if (!ok)
		complain("operator class \"%s\" of access method vecprov is missing its operator",
				 class_name);
	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amop form = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

		if (form->amopstrategy >= VP_RADIUS_STRATEGY &&
			form->amopstrategy <= VP_RADIUS_OR_NAN_STRATEGY && form->amoplefttype == ANYNONARRAYOID &&
			form->amoppurpose == AMOP_SEARCH)
			continue;
		if (form->amopstrategy > 2 || form->amoppurpose != AMOP_ORDER)
		{
			complain("operator class \"%s\" of access method vecprov may only have "
					 "ordering operators of strategies 1 and 2, not %s",
					 class_name, format_operator(form->amopopr));
			ok = false;
		}
		else if (get_op_rettype(form->amopopr) != FLOAT8OID)
		{
			complain("operator class \"%s\" of access method vecprov contains operator %s "
					 "that does not return double precision",
					 class_name, format_operator(form->amopopr));
			ok = false;
		}
	}
	ReleaseCatCacheList(list);
	return ok;
}

static bool
check_functions(Oid family, const char *class_name)
{
	CatCList   *list = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(family));
	bool		found = false;
	bool		ok = true;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amproc form = (Form_pg_amproc) GETSTRUCT(&list->members[i]->tuple);

		if (form->amprocnum == VP_METRIC_PROC &&
			check_amproc_signature(form->amproc, INT4OID, true, 0, 0))
			found = true;
		else
		{
			complain("operator class \"%s\" of access method vecprov contains function %s "
					 "with wrong signature for support number %d",
					 class_name, format_procedure(form->amproc), form->amprocnum);
			ok = false;
		}
	}
	ReleaseCatCacheList(list);
	if (!found)
		complain("operator class \"%s\" of access method vecprov is missing support function %d",
				 class_name, VP_METRIC_PROC);
	return ok && found;
}

bool
vp_validate(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass form;
	bool		ok;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	ok = check_operators(form->opcfamily, NameStr(form->opcname));
	ok = check_functions(form->opcfamily, NameStr(form->opcname)) && ok;
	ReleaseSysCache(tuple);
	return ok;
}
