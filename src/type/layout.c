/*-------------------------------------------------------------------------
 *
 * layout.c
 *	  Do two types store a value in the same bytes?
 *
 * vecprov_adopt asks before it reads another extension's type as ours.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

VP_FUNCTION(vecprov_same_layout);

static Datum
input(Oid type, char *value)
{
	Oid			function;
	Oid			param;

	getTypeInputInfo(type, &function, &param);
	return OidInputFunctionCall(function, value, param, -1);
}

/*
 * Both types are asked to read the same text; storage (TOAST) does not matter.
 */
Datum
vecprov_same_layout(PG_FUNCTION_ARGS)
{
	Oid			a = PG_GETARG_OID(0);
	Oid			b = PG_GETARG_OID(1);
	char	   *value = text_to_cstring(PG_GETARG_TEXT_PP(2));
	int16		a_len,
				b_len;
	bool		a_by_value,
				b_by_value;
	char		a_align,
				b_align;

	get_typlenbyvalalign(a, &a_len, &a_by_value, &a_align);
	get_typlenbyvalalign(b, &b_len, &b_by_value, &b_align);
	PG_RETURN_BOOL(a_len == b_len && a_by_value == b_by_value && a_align == b_align &&
				   datumIsEqual(input(a, value), input(b, value), a_by_value, a_len));
}
