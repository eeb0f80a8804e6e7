/*-------------------------------------------------------------------------
 *
 * halfvec_io.c
 *	  Text and binary input and output of the type halfvec, its type modifier,
 *	  and the ways to make a halfvec.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"

#include "kernel/kernel.h"
#include "type/element.h"
#include "type/halfvec.h"

StaticAssertDecl(offsetof(VpHalfvec, x) == 8, "the layout of halfvec is pgvector's");
StaticAssertDecl(VP_HALFVEC_MAX_DIM <= PG_INT16_MAX, "dim is an int16");

VP_FUNCTION(vecprov_halfvec_in);
VP_FUNCTION(vecprov_halfvec_out);
VP_FUNCTION(vecprov_halfvec_typmod_in);
VP_FUNCTION(vecprov_halfvec_recv);
VP_FUNCTION(vecprov_halfvec_send);

const VpTypeInfo vp_halfvec_type = {
	.name = "halfvec",
	.max_dim = VP_HALFVEC_MAX_DIM,
	.overflow = VP_HALF_OVERFLOW,
};

VpHalfvec *
vp_halfvec_new(int dim)
{
	VpHalfvec  *vector = palloc0(VP_HALFVEC_SIZE(dim));

	SET_VARSIZE(vector, VP_HALFVEC_SIZE(dim));
	vector->dim = dim;
	return vector;
}

VpHalfvec *
vp_halfvec_of_floats(const float *x, int dim)
{
	VpHalfvec  *result;
	char text[	FLOAT_SHORTEST_DECIMAL_LEN];

	vp_type_check_dim(&vp_halfvec_type, dim);
	result = vp_halfvec_new(dim);
	vp_kernel.float_to_half(x, result->x, dim);
	for (int i = 0; i < dim; i++)
		if (vp_half_is_infinite(result->x[i]) && !isinf(x[i]))
		{
			float_to_shortest_decimal_buf(x[i], text);
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("\"%s\" is out of range for type halfvec", text)));
		}
	vp_type_check_finite(&vp_halfvec_type, x, dim);
	return result;
}

float *
vp_halfvec_floats(const VpHalfvec *vector)
{
	float	   *x = palloc(vector->dim * sizeof(float));

	vp_kernel.half_to_float(vector->x, x, vector->dim);
	return x;
}

Datum
vecprov_halfvec_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	float	   *x = palloc(vp_elements_room(&vp_halfvec_type, input) * sizeof(float));
	int			dim = vp_elements_in(&vp_halfvec_type, input, x);

	vp_type_check_typmod(PG_GETARG_INT32(2), dim);
	PG_RETURN_HALFVEC_P(vp_halfvec_of_floats(x, dim));
}

/*
 * Written as floats: the shortest decimal that reads back as the same float,
 * and so as the same half.
 */
Datum
vecprov_halfvec_out(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);

	PG_RETURN_CSTRING(vp_elements_out(vp_halfvec_floats(vector), vector->dim));
}

Datum
vecprov_halfvec_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(vp_type_typmod_in(&vp_halfvec_type, PG_GETARG_ARRAYTYPE_P(0)));
}

/*----------
 * Binary: int16 dim, int16 0, dim halves, all in network byte order
 *----------
 */

Datum
vecprov_halfvec_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int16		dim = pq_getmsgint(buf, sizeof(int16));
	int16		unused = pq_getmsgint(buf, sizeof(int16));
	VpHalfvec  *result;

	vp_type_check_dim(&vp_halfvec_type, dim);
	vp_type_check_typmod(PG_GETARG_INT32(2), dim);
	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected unused to be 0, not %d", unused)));

	result = vp_halfvec_new(dim);
	pq_copymsgbytes(buf, (char *) result->x, dim * sizeof(VpHalf));
	for (int i = 0; i < dim; i++)
		result->x[i] = pg_ntoh16(result->x[i]);
	vp_type_check_finite(&vp_halfvec_type, vp_halfvec_floats(result), dim);
	PG_RETURN_HALFVEC_P(result);
}

Datum
vecprov_halfvec_send(PG_FUNCTION_ARGS)
{
	VpHalfvec  *vector = PG_GETARG_HALFVEC_P(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, 2 * sizeof(int16) + vector->dim * sizeof(VpHalf));
	pq_sendint16(&buf, vector->dim);
	pq_sendint16(&buf, vector->unused);
	for (int i = 0; i < vector->dim; i++)
		pq_sendint16(&buf, vector->x[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
