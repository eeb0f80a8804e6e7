/*-------------------------------------------------------------------------
 *
 * opclass.c
 *	  What an operator class for vecprov must look like (amvalidate).
 *
 * Of a vector: one operator for ordering, which returns a number, and support
 * function 1, which takes nothing and returns an integer: form and metric.  A
 * second operator, strategy 2, is pgvector's of the same name where both
 * extensions have the same type (vecprov_adopt).
 *
 * Of a key: comparisons, with B-tree's strategies and <> as the sixth, and
 * support function 2, which returns how its values are stored.
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
#include "key/filter.h"
#include "key/key.h"
#include "search/form.h"

/* Every fault is told as INFO, as other access methods do. */
#define complain(...) \
	ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), errmsg(__VA_ARGS__)))

/* A vector's class orders rows by a distance. */
static bool
check_distance(Form_pg_amop form, const char *class_name)
{
	if ((form->amopstrategy == VP_RADIUS_STRATEGY || form->amopstrategy == VP_RADIUS_OR_NAN_STRATEGY) &&
		form->amoppurpose == AMOP_SEARCH && form->amoplefttype == ANYNONARRAYOID)
		return true;
	if (form->amopstrategy > 2 || form->amoppurpose != AMOP_ORDER)
		complain("operator class \"%s\" of access method vecprov may only have "
				 "ordering operators of strategies 1 and 2, not %s",
				 class_name, format_operator(form->amopopr));
	else if (get_op_rettype(form->amopopr) != FLOAT8OID)
		complain("operator class \"%s\" of access method vecprov contains operator %s "
				 "that does not return double precision",
				 class_name, format_operator(form->amopopr));
	else
		return true;
	return false;
}

/* A key's class has comparisons. */
static bool
check_comparison(Form_pg_amop form, const char *class_name)
{
	if (form->amopstrategy > VP_KEY_STRATEGIES || form->amoppurpose != AMOP_SEARCH)
		complain("operator class \"%s\" of access method vecprov may only have "
				 "search operators of strategies 1 to %d, not %s",
				 class_name, VP_KEY_STRATEGIES, format_operator(form->amopopr));
	else if (get_op_rettype(form->amopopr) != BOOLOID)
		complain("operator class \"%s\" of access method vecprov contains operator %s "
				 "that does not return boolean",
				 class_name, format_operator(form->amopopr));
	else
		return true;
	return false;
}

static bool
check_operators(Oid family, bool of_key, const char *class_name)
{
	CatCList   *list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
	bool		ok = list->n_members > 0;

	if (!ok)
		complain("operator class \"%s\" of access method vecprov is missing its operator",
				 class_name);
	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amop form = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

		if (of_key)
			ok = check_comparison(form, class_name) && ok;
		else
			ok = check_distance(form, class_name) && ok;
	}
	ReleaseCatCacheList(list);
	return ok;
}

/*
 * Sets whether the class is of keys: it has the function of these, and not the
 * other one.
 */
static bool
check_functions(Oid family, const char *class_name, bool *of_key)
{
	CatCList   *list = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(family));
	bool		found[VP_NPROCS + 1] = {false};
	bool		ok = true;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amproc form = (Form_pg_amproc) GETSTRUCT(&list->members[i]->tuple);

		if (form->amprocnum > 0 && form->amprocnum <= VP_NPROCS &&
			check_amproc_signature(form->amproc, INT4OID, true, 0, 0))
			found[form->amprocnum] = true;
		else
		{
			complain("operator class \"%s\" of access method vecprov contains function %s "
					 "with wrong signature for support number %d",
					 class_name, format_procedure(form->amproc), form->amprocnum);
			ok = false;
		}
	}
	ReleaseCatCacheList(list);
	*of_key = found[VP_KEY_PROC] && !found[VP_METRIC_PROC];
	if (!found[VP_METRIC_PROC] && !found[VP_KEY_PROC])
		complain("operator class \"%s\" of access method vecprov is missing support function %d",
				 class_name, VP_METRIC_PROC);
	else if (found[VP_METRIC_PROC] && found[VP_KEY_PROC])
		complain("operator class \"%s\" of access method vecprov has support function %d "
				 "of vectors and %d of keys",
				 class_name, VP_METRIC_PROC, VP_KEY_PROC);
	else
		return ok;
	return false;
}

bool
vp_validate(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass form;
	bool		of_key;
	bool		ok;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	ok = check_functions(form->opcfamily, NameStr(form->opcname), &of_key);
	ok = check_operators(form->opcfamily, of_key, NameStr(form->opcname)) && ok;
	ReleaseSysCache(tuple);
	return ok;
}
