/*-------------------------------------------------------------------------
 *
 * key_column.c
 *	  The key columns of an index; see key_column.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "key/array.h"
#include "key/key_column.h"

/* What the operator class of a column says; 0 if it is no key's. */
static VpKeyForm
column_form(Relation rel, int attno)
{
	int32		said;

	if (!OidIsValid(index_getprocid(rel, attno, VP_KEY_PROC)))
		return 0;
	said = DatumGetInt32(FunctionCall0Coll(index_getprocinfo(rel, attno, VP_KEY_PROC),
										   InvalidOid));
	if (said <= 0 || said >= VP_NKEYFORMS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("support function %d of the operator class of column %d of index \"%s\" returned %d",
						VP_KEY_PROC, attno, RelationGetRelationName(rel), said),
				 errdetail("There is no such form of keys.")));
	return said;
}

void
vp_keys_check(Relation rel)
{
	if (column_form(rel, 1) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the first column of a vecprov index must be a vector"),
				 errhint("Name the vector first, then the columns of conditions, as in "
						 "USING vecprov (embedding, tenant_id).")));
	for (int attno = 2; attno <= IndexRelationGetNumberOfKeyAttributes(rel); attno++)
	{
		Oid			collation = rel->rd_indcollation[attno - 1];
		Oid			type = TupleDescAttr(RelationGetDescr(rel), attno - 1)->atttypid;

		if (column_form(rel, attno) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("only the first column of a vecprov index can be a vector"),
					 errhint("Make an index for each vector.")));
		if (column_form(rel, attno) != VP_KEY_ARRAY &&
			!vp_key_compares(getBaseType(type), rel->rd_opfamily[attno - 1]))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("type %s is not supported for keys of a vecprov index", format_type_be(type)),
					 errdetail("It has an equality of its own, which is none of its operator class."),
					 errhint("Make an expression the key, as in (embedding, lower(name::text)).")));
		if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("nondeterministic collations are not supported for keys of a vecprov index"),
					 errdetail("Column %d has the collation \"%s\".", attno,
							   get_collation_name(collation)),
					 errhint("Give the column of the index another one, as in (embedding, name COLLATE \"C\").")));
	}
}

void
vp_keys_lay_out(Relation rel, VpMeta *meta)
{
	uint32		offset = 0;

	meta->nkeys = IndexRelationGetNumberOfKeyAttributes(rel) - 1;
	for (int width = 8; width > 0; width /= 2)
	{
		for (uint32 i = 0; i < meta->nkeys; i++)
		{
			VpKeyForm	form = column_form(rel, i + 2);

			if (vp_key_width(form) != width)
				continue;
			meta->keys[i].width = width;
			meta->keys[i].form = form;
			meta->keys[i].offset = offset;
			offset += width;
		}
	}
}

void
vp_keys_find_elements(Relation rel, VpMeta *meta)
{
	for (uint32 i = 0; i < meta->nkeys; i++)
		if (meta->keys[i].form == VP_KEY_ARRAY)
			meta->keys[i].detail = vp_element_form(rel, i + 2);
}

void
vp_keys_take_elements(VpMeta *meta, const VpMeta *from)
{
	for (uint32 i = 0; i < meta->nkeys; i++)
	{
		uint32		form = from->keys[i].detail;

		if (meta->keys[i].form == VP_KEY_ARRAY && form > 0 && form < VP_NKEYFORMS && form != VP_KEY_ARRAY)
			meta->keys[i].detail = form;
	}
}

/* The stored key of an array, and its elements. */
static uint64
array_key(VpKeyForm form, Datum value, VpElements *elements)
{
	uint32	   *keys;
	bool		has_null;
	int			n = vp_array_elements(form, value, &keys, &has_null);
	uint64		signature = vp_array_signature(keys, n);

	elements->n = n;
	memcpy(elements->keys, keys, Min(n, VP_POSTED_MOST) * sizeof(uint32));
	pfree(keys);
	return signature;
}

void
vp_keys_store(const VpMeta *meta, const Datum *values, const bool *isnull, VpRowKeys *keys)
{
	char	   *stored = (char *) keys->stored;
	uint32		bytes = 0;

	for (uint32 i = 0; i < meta->nkeys; i++)
	{
		const VpKeyColumn *column = &meta->keys[i];
		uint64		key = vp_key_ones(column->width);
		bool		exact;

		if (!isnull[i + 1] && vp_is_of_arrays(column))
			key = array_key(column->detail, values[i + 1], &keys->elements[i]);
		else if (!isnull[i + 1])
			key = vp_key_of(column->form, values[i + 1], &exact);
		/* the lowest bytes: little-endian */
		memcpy(stored + column->offset, &key, column->width);
		bytes += column->width;
	}
	memset(stored + bytes, 0, -bytes & 3);
}
