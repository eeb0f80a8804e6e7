/*-------------------------------------------------------------------------
 *
 * filter.c
 *	  From a scan's conditions to ranges of stored keys; see filter.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/stratnum.h"
#include "catalog/pg_enum.h"
#include "utils/array.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "key/array.h"
#include "key/filter.h"
#include "key/point.h"

/* What a condition is about. */
typedef struct Side
{
	VpKeyForm	form;
	Oid			column_type;	/* the column's, below domains */
	uint64		last;			/* the largest key but NULL's */
} Side;

/*----------
 * One comparison
 *----------
 */

/*
 * Adds the keys before a point, at it, and behind it, of which those at it are
 * wanted or not.
 */
static void
add_parts(VpKeyRanges *set, const VpKeyPoint *point, uint64 last, bool before, bool at, bool behind)
{
	if (before)
	{
		if (point->place == VP_POINT_AFTER)
			vp_ranges_add(set, 0, point->last, true);
		else if (point->first > 0)
			vp_ranges_add(set, 0, point->first - 1, true);
	}
	if (point->place == VP_POINT_AT && (at || !point->exact))
		vp_ranges_add(set, point->first, point->last, point->exact);
	if (behind)
	{
		if (point->place == VP_POINT_BEFORE)
			vp_ranges_add(set, point->first, last, true);
		else if (point->last < last)
			vp_ranges_add(set, point->last + 1, last, true);
	}
}

/*
 * Enums that have an order for the condition: each of the type's labels is
 * tried.  A label that is added later is of no row that the scan's snapshot
 * sees.
 */
static void
add_labels(VpKeyRanges *set, const Side *side, const ScanKeyData *key, Datum value)
{
	CatCList   *list = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(side->column_type));
	FmgrInfo	operator;

	fmgr_info_copy(&operator, unconstify(FmgrInfo *, &key->sk_func), CurrentMemoryContext);
	for (int i = 0; i < list->n_members; i++)
	{
		Oid			label = ((Form_pg_enum) GETSTRUCT(&list->members[i]->tuple))->oid;

		if (DatumGetBool(FunctionCall2Coll(&operator, key->sk_collation,
										   ObjectIdGetDatum(label), value)))
		{
			bool		exact;
			uint64		stored = vp_key_of(side->form, ObjectIdGetDatum(label), &exact);

			vp_ranges_add(set, stored, stored, exact);
		}
	}
	ReleaseCatCacheList(list);
}

/* Adds the keys of values that stand to another one as a scan key wants. */
static void
add_comparison(VpKeyRanges *set, const Side *side, const ScanKeyData *key, Datum value)
{
	StrategyNumber strategy = key->sk_strategy;
	bool		order = strategy != BTEqualStrategyNumber && strategy != VP_KEY_NOT_EQUAL;
	VpKeyPoint	point;

	if (strategy < BTLessStrategyNumber || strategy > VP_KEY_STRATEGIES)
		elog(ERROR, "unrecognized strategy number: %d", strategy);
	if (order && side->form == VP_KEY_ENUM)
		add_labels(set, side, key, value);
	else if (!vp_key_point(side->form, key->sk_subtype, key->sk_collation, value, order, &point))
		vp_ranges_add(set, 0, side->last, false);
	else
		add_parts(set, &point, side->last,
				  strategy <= BTLessEqualStrategyNumber || strategy == VP_KEY_NOT_EQUAL,
				  strategy == BTLessEqualStrategyNumber || strategy == BTEqualStrategyNumber ||
				  strategy == BTGreaterEqualStrategyNumber,
				  strategy >= BTGreaterEqualStrategyNumber);
}

/* Of any element of an array.  With NULL nothing compares. */
static void
add_comparisons(VpKeyRanges *set, const Side *side, const ScanKeyData *key)
{
	ArrayType  *array = DatumGetArrayTypeP(key->sk_argument);
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			add_comparison(set, side, key, elements[i]);
	pfree(elements);
	pfree(nulls);
}

/*----------
 * One scan key
 *----------
 */

/* Leaves in `set` what satisfies a scan key, too. */
static void
restrict_to(VpKeyRanges *set, const Side *side, const ScanKeyData *key)
{
	VpKeyRanges found;

	vp_ranges_init(&found);
	if (key->sk_flags & SK_SEARCHNULL)
		vp_ranges_add(&found, side->last + 1, side->last + 1, true);
	else if (key->sk_flags & SK_SEARCHNOTNULL)
		vp_ranges_add(&found, 0, side->last, true);
	else if (key->sk_flags & SK_ISNULL)
		;						/* nothing compares with NULL */
	else if (key->sk_flags & SK_SEARCHARRAY)
		add_comparisons(&found, side, key);
	else
		add_comparison(&found, side, key, key->sk_argument);
	vp_ranges_order(&found);
	vp_ranges_intersect(set, &found);
	pfree(found.ranges);
}

/*----------
 * All
 *----------
 */

/*
 * Sets what a condition has besides ranges: posting lists are to be looked up
 * in these.
 */
static void
use_ranges(VpKeyCondition *condition, const VpKeyRanges *set)
{
	condition->mask = PG_UINT64_MAX;
	condition->ranges = set->ranges;
	condition->nranges = condition->nspans = set->n;
	condition->spans = palloc(Max(set->n, 1) * sizeof(VpKeySpan));
	for (int i = 0; i < set->n; i++)
	{
		condition->spans[i].first = set->ranges[i].first;
		condition->spans[i].last = set->ranges[i].last;
	}
}

/*
 * Makes one condition of all scan keys on a column; how many: 0, 1, or -1,
 * which no row satisfies.
 */
static int
make_condition(VpKeyCondition *condition, const Side *side, int column, const ScanKeyData *keys, int nkeys)
{
	VpKeyRanges set;
	bool		any = false;

	for (int i = 0; i < nkeys; i++)
	{
		if (keys[i].sk_attno != column + 2)
			continue;
		if (!any)
		{
			vp_ranges_init(&set);
			vp_ranges_add(&set, 0, side->last + 1, true);
		}
		any = true;
		restrict_to(&set, side, &keys[i]);
	}
	if (!any)
		return 0;
	use_ranges(condition, &set);
	return set.n > 0 ? 1 : -1;
}

/* The same of a column of arrays: some conditions of each scan key. */
static int
make_array_conditions(VpKeyCondition *conditions, VpKeyForm form, int column, const ScanKeyData *keys, int nkeys)
{
	int			n = 0;

	for (int i = 0; i < nkeys; i++)
	{
		int			made;

		if (keys[i].sk_attno != column + 2)
			continue;
		made = vp_array_conditions(form, &keys[i], conditions + n);
		if (made < 0)
			return -1;
		n += made;
	}
	return n;
}

/* Adds the conditions on a key column, if there are any. */
static void
add_conditions(VpFilter *filter, Relation rel, const VpMeta *meta, int column,
			   const ScanKeyData *keys, int nkeys)
{
	const VpKeyColumn *stored = &meta->keys[column];
	VpKeyCondition *conditions = &filter->conditions[filter->nconditions];
	Side		side;
	int			n;

	side.form = stored->form;
	side.column_type = getBaseType(TupleDescAttr(RelationGetDescr(rel), column + 1)->atttypid);
	side.last = vp_key_ones(stored->width) - 1;
	if (side.form == VP_KEY_ARRAY)
		n = make_array_conditions(conditions, stored->detail, column, keys, nkeys);
	else
		n = make_condition(conditions, &side, column, keys, nkeys);
	filter->never |= n < 0;
	for (int i = 0; i < n; i++)
	{
		conditions[i].column = column;
		conditions[i].offset = stored->offset;
		conditions[i].width = stored->width;
	}
	filter->nconditions += Max(n, 0);
}

/*
 * Conditions on the vector: whether there is one.  A radius is for the search
 * to keep to.
 */
static void
restrict_vectors(VpFilter *filter, const ScanKeyData *key)
{
	if (vp_is_radius(key))
	{
		filter->null_rows = VP_NO;
		if (key->sk_strategy == VP_RADIUS_STRATEGY)
			filter->nan_rows = VP_NO;
	}
	else if (key->sk_flags & SK_SEARCHNULL)
	{
		filter->never = true;
		filter->nan_rows = VP_NO;
	}
	else if (key->sk_flags & SK_SEARCHNOTNULL)
		filter->null_rows = VP_NO;
}

VpFilter *
vp_filter_make(Relation rel, const VpMeta *meta, const ScanKeyData *keys, int nkeys)
{
	VpFilter   *filter = palloc0(sizeof(VpFilter));
	VpTruth		most = VP_YES;

	filter->conditions = palloc0((meta->nkeys + nkeys * VP_ARRAY_CONDITIONS) * sizeof(VpKeyCondition));
	for (uint32 i = 0; i < meta->nkeys; i++)
		add_conditions(filter, rel, meta, i, keys, nkeys);
	if (filter->nconditions > 0 || filter->never)
		most = filter->never ? VP_NO : VP_UNSURE;
	filter->nan_rows = filter->null_rows = most;
	for (int i = 0; i < nkeys; i++)
		if (keys[i].sk_attno == 1)
			restrict_vectors(filter, &keys[i]);
	if (filter->nconditions > 0 || filter->nan_rows != VP_YES || filter->null_rows != VP_YES)
		return filter;
	pfree(filter->conditions);
	pfree(filter);
	return NULL;
}
