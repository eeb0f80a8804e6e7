/*-------------------------------------------------------------------------
 *
 * vector_io.c
 *	  Text and binary input and output of the type vector, its type modifier.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "port/pg_bswap.h"

#include "type/element.h"
#include "type/vector.h"

StaticAssertDecl(offsetof(VpVector, x) == 8, "the layout of vector is pgvector's");
StaticAssertDecl(VP_VECTOR_MAX_DIM <= PG_INT16_MAX, "dim is an int16");

VP_FUNCTION(vecprov_vector_in);
VP_FUNCTION(vecprov_vector_out);
VP_FUNCTION(vecprov_vector_typmod_in);
VP_FUNCTION(vecprov_vector_recv);
VP_FUNCTION(vecprov_vector_send);

const VpTypeInfo vp_vector_type = {
	.name = "vector",
	.max_dim = VP_VECTOR_MAX_DIM,
	.overflow = INFINITY,
};

VpVector *
vp_vector_new(int dim)
{
	VpVector   *vector = palloc0(VP_VECTOR_SIZE(dim));

	SET_VARSIZE(vector, VP_VECTOR_SIZE(dim));
	vector->dim = dim;
	return vector;
}

Datum
vecprov_vector_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	VpVector   *result = vp_vector_new(vp_elements_room(&vp_vector_type, input));
	int			dim = vp_elements_in(&vp_vector_type, input, result->x);

	Assert(dim == result->dim);
	vp_type_check_typmod(PG_GETARG_INT32(2), dim);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_out(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);

	PG_RETURN_CSTRING(vp_elements_out(vector->x, vector->dim));
}

Datum
vecprov_vector_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(vp_type_typmod_in(&vp_vector_type, PG_GETARG_ARRAYTYPE_P(0)));
}

/*----------
 * Binary: int16 dim, int16 0, dim float4, all in network byte order
 *----------
 */

Datum
vecprov_vector_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	int16		dim = pq_getmsgint(buf, sizeof(int16));
	int16		unused = pq_getmsgint(buf, sizeof(int16));
	VpVector   *result;

	vp_type_check_dim(&vp_vector_type, dim);
	vp_type_check_typmod(typmod, dim);
	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected unused to be 0, not %d", unused)));

	result = vp_vector_new(dim);
	pq_copymsgbytes(buf, (char *) result->x, dim * sizeof(float));
	for (int i = 0; i < dim; i++)
	{
		uint32		word;

		memcpy(&word, &result->x[i], sizeof(word));
		word = pg_ntoh32(word);
		memcpy(&result->x[i], &word, sizeof(word));
	}
	vp_type_check_finite(&vp_vector_type, result->x, dim);
	PG_RETURN_VECTOR_P(result);
}

Datum
vecprov_vector_send(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, 2 * sizeof(int16) + vector->dim * sizeof(float));
	pq_sendint16(&buf, vector->dim);
	pq_sendint16(&buf, vector->unused);
	for (int i = 0; i < vector->dim; i++)
		pq_sendfloat4(&buf, vector->x[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
