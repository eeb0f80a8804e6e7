/*-------------------------------------------------------------------------
 *
 * array.c
 *	  Key columns of arrays: elements and conditions; see array.h.
 *
 * Each condition asks the same of a signature: whether some of its bits make
 * a number in a range.
 *
 *		contains q		bits of q and the highest		those of q
 *		overlaps q		bits of q and the highest		1 ... those of q
 *		contained in q	all but those of q				0
 *		equals q		all								those of q
 *		IS NULL			all								all
 *		IS NOT NULL		the highest						0
 *
 * The highest bit is asked for because NULL, which has all bits, satisfies
 * none of these but IS NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "commands/defrem.h"
#include "lib/qunique.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "key/array.h"
#include "page/array_key.h"

/*----------
 * Elements
 *----------
 */

/*
 * The form that a type's operator class of keys says; 0: there is none, or it
 * is of vectors, or for another equality than the type's.
 */
static VpKeyForm
class_form(Oid opclass, Oid element)
{
	Oid			type;
	Oid			function;

	if (!OidIsValid(opclass) || !vp_key_compares(element, get_opclass_family(opclass)))
		return 0;
	type = get_opclass_input_type(opclass);
	function = get_opfamily_proc(get_opclass_family(opclass), type, type, VP_KEY_PROC);
	return OidIsValid(function) ? DatumGetInt32(OidFunctionCall0(function)) : 0;
}

bool
vp_key_compares(Oid type, Oid family)
{
	Oid			equals = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;

	return OidIsValid(equals) && op_in_opfamily(equals, family);
}

VpKeyForm
vp_element_form(Relation rel, int attno)
{
	Oid			column = TupleDescAttr(RelationGetDescr(rel), attno - 1)->atttypid;
	Oid			type = get_base_element_type(column);
	VpKeyForm	form = class_form(GetDefaultOpClass(type, rel->rd_rel->relam), type);

	if (form <= 0 || form >= VP_NKEYFORMS || form == VP_KEY_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("data type %s has no default operator class of keys for access method \"%s\"",
						format_type_be(type), get_am_name(rel->rd_rel->relam)),
				 errdetail("Column %d is of type %s.", attno, format_type_be(column)),
				 errhint("Create a GIN index on the column, which restricts searches, too.")));
	return form;
}

/*
 * Mixes all bits of a key into each (Stafford's variant 13 of the finalizer of
 * MurmurHash3).
 */
static uint32
hash_key(uint64 key)
{
	key = (key ^ key >> 30) * UINT64CONST(0xBF58476D1CE4E5B9);
	key = (key ^ key >> 27) * UINT64CONST(0x94D049BB133111EB);
	return (key ^ key >> 31) >> 32;
}

static int
compare_keys(const void *a, const void *b)
{
	uint32		left = *(const uint32 *) a;
	uint32		right = *(const uint32 *) b;

	return left < right ? -1 : left > right;
}

int
vp_array_elements(VpKeyForm form, Datum array, uint32 **keys, bool *has_null)
{
	ArrayType  *values = DatumGetArrayTypeP(array);
	Oid			type = ARR_ELEMTYPE(values);
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	int			n = 0;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(values, type, length, by_value, align, &elements, &nulls, &nelements);
	*keys = palloc(Max(nelements, 1) * sizeof(uint32));
	*has_null = false;
	for (int i = 0; i < nelements; i++)
	{
		bool		exact;

		if (nulls[i])
			*has_null = true;
		else
			(*keys)[n++] = vp_element_key(hash_key(vp_key_of(form, elements[i], &exact)));
	}
	pfree(elements);
	pfree(nulls);
	if ((Pointer) values != DatumGetPointer(array))
		pfree(values);
	qsort(*keys, n, sizeof(uint32), compare_keys);
	return qunique(*keys, n, sizeof(uint32), compare_keys);
}

uint64
vp_array_signature(const uint32 *keys, int n)
{
	uint64		signature = 0;

	for (int i = 0; i < n; i++)
		signature |= vp_element_bit(keys[i]);
	return signature;
}

/*----------
 * Conditions
 *----------
 */

/* The condition that bits of a signature make a number in a range. */
static void
ask_bits(VpKeyCondition *condition, uint64 mask, uint64 first, uint64 last, bool sure)
{
	condition->mask = mask;
	condition->nranges = 1;
	condition->ranges = palloc(sizeof(VpKeyRange));
	condition->ranges[0].first = first;
	condition->ranges[0].last = last;
	condition->ranges[0].sure = sure;
}

static void
add_span(VpKeySpan *spans, int *n, uint32 first, uint32 last)
{
	spans[*n].first = first;
	spans[*n].last = last;
	(*n)++;
}

/* What posting lists have of the keys from one on to another. */
static void
look_up_range(VpKeyCondition *condition, uint32 first, uint32 last)
{
	condition->nspans = 0;
	condition->spans = palloc(sizeof(VpKeySpan));
	add_span(condition->spans, &condition->nspans, first, last);
}

/*
 * What they have of arrays with any of some elements; and, if wanted, of those
 * with none.
 */
static void
look_up_elements(VpKeyCondition *condition, const uint32 *keys, int n, bool none)
{
	condition->nspans = 0;
	condition->spans = palloc((2 * n + 2) * sizeof(VpKeySpan));
	for (int i = 0; i < n; i++)
	{
		int			bit = vp_bit_number(keys[i]);

		if (i == 0 || bit != vp_bit_number(keys[i - 1]))
			add_span(condition->spans, &condition->nspans, vp_first_of_bit(bit), vp_first_of_bit(bit));
		add_span(condition->spans, &condition->nspans, keys[i], keys[i]);
	}
	if (none)
		add_span(condition->spans, &condition->nspans, VP_POSTED_NONE, VP_POSTED_NONE);
	add_span(condition->spans, &condition->nspans, VP_POSTED_ANY, VP_POSTED_ANY);
}

/*
 * What they have of arrays with any element of the same bits, for which a test
 * takes these.
 */
static void
look_up_bits(VpKeyCondition *condition, const uint32 *keys, int n)
{
	condition->nwide = 0;
	condition->wide = palloc((n + 1) * sizeof(VpKeySpan));
	for (int i = 0; i < n; i++)
	{
		int			bit = vp_bit_number(keys[i]);

		if (i == 0 || bit != vp_bit_number(keys[i - 1]))
			add_span(condition->wide, &condition->nwide, vp_first_of_bit(bit),
					 bit + 1 < VP_ELEMENT_BITS ? vp_first_of_bit(bit + 1) - 1 : VP_POSTED_LAST);
	}
	add_span(condition->wide, &condition->nwide, VP_POSTED_ANY, VP_POSTED_ANY);
}

/* All arrays but NULL; not all of them may satisfy it if it is not sure. */
static int
ask_not_null(VpKeyCondition *condition, bool sure)
{
	ask_bits(condition, VP_NULL_BIT, 0, 0, sure);
	look_up_range(condition, 0, VP_POSTED_ANY);
	return 1;
}

/*
 * All bits of some elements, and none of the others in `mask`.  There is a
 * condition for each of the first elements, so that a search can choose the
 * shortest of their lists.
 */
static int
ask_all(VpKeyCondition *conditions, const uint32 *keys, int n, uint64 mask)
{
	uint64		bits = vp_array_signature(keys, n);
	int			made = Min(n, VP_ARRAY_CONDITIONS);

	for (int i = 0; i < made; i++)
	{
		ask_bits(&conditions[i], bits | mask, bits, bits, false);
		look_up_elements(&conditions[i], &keys[i], 1, false);
		if (mask == VP_NULL_BIT)
			look_up_bits(&conditions[i], &keys[i], 1);
	}
	return made;
}

/* A comparison with an array of these elements. */
static int
ask_elements(VpKeyCondition *conditions, StrategyNumber strategy, const uint32 *keys, int n, bool has_null)
{
	uint64		bits = vp_array_signature(keys, n);

	switch (strategy)
	{
		case VP_ARRAY_OVERLAP:
			if (n == 0)
				return -1;
			ask_bits(conditions, bits | VP_NULL_BIT, 1, bits, false);
			look_up_elements(conditions, keys, n, false);
			look_up_bits(conditions, keys, n);
			return 1;
		case VP_ARRAY_CONTAINS:
			if (has_null)
				return -1;		/* NULL is no element's equal */
			return n > 0 ? ask_all(conditions, keys, n, VP_NULL_BIT) : ask_not_null(conditions, true);
		case VP_ARRAY_CONTAINED:
			ask_bits(conditions, ~bits, 0, 0, false);
			look_up_elements(conditions, keys, n, true);
			return 1;
		case VP_ARRAY_EQUAL:
			if (n > 0)
				return ask_all(conditions, keys, n, vp_key_ones(8));
			ask_bits(conditions, vp_key_ones(8), 0, 0, false);
			look_up_range(conditions, VP_POSTED_NONE, VP_POSTED_NONE);
			return 1;
		default:
			elog(ERROR, "unrecognized strategy number: %d", strategy);
	}
}

int
vp_array_conditions(VpKeyForm form, const ScanKeyData *key, VpKeyCondition *conditions)
{
	uint32	   *keys;
	int			n;
	bool		has_null;

	if (key->sk_flags & SK_SEARCHNULL)
	{
		ask_bits(conditions, vp_key_ones(8), vp_key_ones(8), vp_key_ones(8), true);
		look_up_range(conditions, VP_POSTED_NULL, VP_POSTED_NULL);
		return 1;
	}
	if (key->sk_flags & SK_SEARCHNOTNULL)
		return ask_not_null(conditions, true);
	if (key->sk_flags & SK_ISNULL)
		return -1;				/* nothing compares with NULL */
	if (key->sk_flags & SK_SEARCHARRAY)
		return ask_not_null(conditions, false); /* of domains over arrays */
	n = vp_array_elements(form, key->sk_argument, &keys, &has_null);
	n = ask_elements(conditions, key->sk_strategy, keys, n, has_null);
	pfree(keys);
	return n;
}
