/*-------------------------------------------------------------------------
 *
 * sparsevec_io.c
 *	  Text and binary input and output of the type sparsevec, its type
 *	  modifier, and its checks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <limits.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "type/element.h"
#include "type/sparsevec.h"

StaticAssertDecl(offsetof(VpSparsevec, indices) == 16, "the layout of sparsevec is pgvector's");

VP_FUNCTION(vecprov_sparsevec_in);
VP_FUNCTION(vecprov_sparsevec_out);
VP_FUNCTION(vecprov_sparsevec_typmod_in);
VP_FUNCTION(vecprov_sparsevec_recv);
VP_FUNCTION(vecprov_sparsevec_send);

const VpTypeInfo vp_sparsevec_type = {
	.name = "sparsevec",
	.max_dim = VP_SPARSEVEC_MAX_DIM,
	.overflow = INFINITY,
	.refuses_underflow = true,
};

VpSparsevec *
vp_sparsevec_new(int dim, int nnz)
{
	VpSparsevec *vector = palloc0(VP_SPARSEVEC_SIZE(nnz));

	SET_VARSIZE(vector, VP_SPARSEVEC_SIZE(nnz));
	vector->dim = dim;
	vector->nnz = nnz;
	return vector;
}

/*----------
 * Checks
 *----------
 */

void
vp_sparsevec_check_nnz(int nnz, int dim)
{
	if (nnz < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparsevec cannot have negative number of elements")));
	if (nnz > VP_SPARSEVEC_MAX_NNZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sparsevec cannot have more than %d non-zero elements",
						VP_SPARSEVEC_MAX_NNZ)));
	if (nnz > dim)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sparsevec cannot have more elements than dimensions")));
}

static void
check_indices(const VpSparsevec *vector)
{
	for (int i = 0; i < vector->nnz; i++)
	{
		if (vector->indices[i] < 0 || vector->indices[i] >= vector->dim)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("sparsevec index out of bounds")));
		if (i > 0 && vector->indices[i] < vector->indices[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("sparsevec indices must be in ascending order")));
		if (i > 0 && vector->indices[i] == vector->indices[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("sparsevec indices must not contain duplicates")));
	}
}

/*----------
 * Text: {index:value,...}/dimensions, indices counted from 1, in any order
 *----------
 */

typedef struct Element
{
	int32		index;			/* from 0 */
	float		value;
} Element;

static int
compare_elements(const void *a, const void *b)
{
	int32		x = ((const Element *) a)->index;
	int32		y = ((const Element *) b)->index;

	return (x > y) - (x < y);
}

/*
 * Reads a decimal integer, returns where it ends.  One that does not fit is cut
 * to the nearest that does: it is out of bounds in any case.
 */
static const char *
read_integer(const char *p, const char *input, int *value)
{
	char	   *end;
	long		number = strtol(p, &end, 10);

	if (end == p)
		vp_report_syntax(&vp_sparsevec_type, input, NULL);
	*value = Max(Min(number, INT_MAX), -INT_MAX);
	return end;
}

/*
 * Reads what stands between the braces, from behind the first to behind the
 * last; elements that are zero are left out.
 */
static const char *
read_elements(const char *p, const char *input, Element *elements, int *n)
{
	*n = 0;
	p = vp_skip_spaces(p);
	if (*p == '}')
		return p + 1;
	for (;;)
	{
		int			index;
		float		value;

		p = vp_skip_spaces(read_integer(p, input, &index));
		if (*p != ':')
			vp_report_syntax(&vp_sparsevec_type, input, NULL);
		p = vp_read_element(&vp_sparsevec_type, vp_skip_spaces(p + 1), input, &value);
		if (value != 0)
		{
			elements[*n].index = index - 1;
			elements[(*n)++].value = value;
		}
		p = vp_skip_spaces(p);
		if (*p == '}')
			return p + 1;
		if (*p != ',')
			vp_report_syntax(&vp_sparsevec_type, input, NULL);
		p++;
	}
}

Datum
vecprov_sparsevec_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	int			room = 1;
	int			nnz;
	int			dim;
	Element    *elements;
	const char *p;
	VpSparsevec *result;

	/* There is one comma less than there are elements. */
	for (p = input; *p != '\0'; p++)
		room += *p == ',';
	vp_sparsevec_check_nnz(room, room);
	elements = palloc(room * sizeof(Element));

	p = vp_skip_spaces(input);
	if (*p != '{')
		vp_report_syntax(&vp_sparsevec_type, input, "Vector contents must start with \"{\".");
	p = vp_skip_spaces(read_elements(p + 1, input, elements, &nnz));
	if (*p != '/')
		vp_report_syntax(&vp_sparsevec_type, input, "Unexpected end of input.");
	p = read_integer(p + 1, input, &dim);
	if (*vp_skip_spaces(p) != '\0')
		vp_report_syntax(&vp_sparsevec_type, input, "Junk after closing.");
	vp_type_check_dim(&vp_sparsevec_type, dim);
	vp_type_check_typmod(PG_GETARG_INT32(2), dim);

	qsort(elements, nnz, sizeof(Element), compare_elements);
	result = vp_sparsevec_new(dim, nnz);
	for (int i = 0; i < nnz; i++)
	{
		result->indices[i] = elements[i].index;
		VP_SPARSEVEC_VALUES(result)[i] = elements[i].value;
	}
	check_indices(result);
	PG_RETURN_SPARSEVEC_P(result);
}

/*
 * Writes every element with the fewest digits that read back as the same
 * float.
 */
Datum
vecprov_sparsevec_out(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);
	const float *values = VP_SPARSEVEC_VALUES(vector);
	const int	integer = 10;	/* the longest index or number of dimensions */
	char	   *result;
	char	   *p;

	/* FLOAT_SHORTEST_DECIMAL_LEN counts a final zero: room for the comma. */
	result = palloc(vector->nnz * (integer + 1 + FLOAT_SHORTEST_DECIMAL_LEN) + integer + 4);
	p = result;
	*p++ = '{';
	for (int i = 0; i < vector->nnz; i++)
	{
		if (i > 0)
			*p++ = ',';
		p += pg_ltoa(vector->indices[i] + 1, p);
		*p++ = ':';
		p += float_to_shortest_decimal_bufn(values[i], p);
	}
	*p++ = '}';
	*p++ = '/';
	p += pg_ltoa(vector->dim, p);
	*p = '\0';
	PG_RETURN_CSTRING(result);
}

Datum
vecprov_sparsevec_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(vp_type_typmod_in(&vp_sparsevec_type, PG_GETARG_ARRAYTYPE_P(0)));
}

/*----------
 * Binary: int32 dim, int32 nnz, int32 0, nnz int32 indices counted from 0,
 * nnz float4, all in network byte order
 *----------
 */

Datum
vecprov_sparsevec_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		dim = pq_getmsgint(buf, sizeof(int32));
	int32		nnz = pq_getmsgint(buf, sizeof(int32));
	int32		unused = pq_getmsgint(buf, sizeof(int32));
	VpSparsevec *result;
	float	   *values;

	vp_type_check_dim(&vp_sparsevec_type, dim);
	vp_sparsevec_check_nnz(nnz, dim);
	vp_type_check_typmod(PG_GETARG_INT32(2), dim);
	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected unused to be 0, not %d", unused)));

	result = vp_sparsevec_new(dim, nnz);
	for (int i = 0; i < nnz; i++)
		result->indices[i] = pq_getmsgint(buf, sizeof(int32));
	check_indices(result);

	values = VP_SPARSEVEC_VALUES(result);
	for (int i = 0; i < nnz; i++)
	{
		values[i] = pq_getmsgfloat4(buf);
		if (values[i] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("binary representation of sparsevec cannot contain zero values")));
	}
	vp_type_check_finite(&vp_sparsevec_type, values, nnz);
	PG_RETURN_SPARSEVEC_P(result);
}

Datum
vecprov_sparsevec_send(PG_FUNCTION_ARGS)
{
	VpSparsevec *vector = PG_GETARG_SPARSEVEC_P(0);
	const float *values = VP_SPARSEVEC_VALUES(vector);
	StringInfoData buf;

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, 3 * sizeof(int32) + vector->nnz * (sizeof(int32) + sizeof(float)));
	pq_sendint32(&buf, vector->dim);
	pq_sendint32(&buf, vector->nnz);
	pq_sendint32(&buf, vector->unused);
	for (int i = 0; i < vector->nnz; i++)
		pq_sendint32(&buf, vector->indices[i]);
	for (int i = 0; i < vector->nnz; i++)
		pq_sendfloat4(&buf, values[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
