/*-------------------------------------------------------------------------
 *
 * vector_io.c
 *	  Text and binary input and output of the type vector, its type modifier,
 *	  and the checks that every way to make a vector goes through.
 *
 * Text input decides how fast a table is loaded and, with clients that send
 * text, how long a query takes.  The usual element is one multiplication or
 * division of doubles, whose error is known to be too small to matter (after
 * Clinger, "How to read floating point numbers accurately", PLDI 1990); all
 * others go to strtof.  Both give the float that is nearest to the decimal.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/array.h"

#include "type/vector.h"

StaticAssertDecl(offsetof(VpVector, x) == 8, "the layout of vector is pgvector's");
StaticAssertDecl(VP_VECTOR_MAX_DIM <= PG_INT16_MAX, "dim is an int16");

VP_FUNCTION(vecprov_vector_in);
VP_FUNCTION(vecprov_vector_out);
VP_FUNCTION(vecprov_vector_typmod_in);
VP_FUNCTION(vecprov_vector_recv);
VP_FUNCTION(vecprov_vector_send);

VpVector *
vp_vector_new(int dim)
{
	VpVector   *vector = palloc0(VP_VECTOR_SIZE(dim));

	SET_VARSIZE(vector, VP_VECTOR_SIZE(dim));
	vector->dim = dim;
	return vector;
}

/*----------
 * Checks
 *----------
 */

void
vp_vector_check_dim(int dim)
{
	if (dim < 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vector must have at least 1 dimension")));
	if (dim > VP_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vector cannot have more than %d dimensions", VP_VECTOR_MAX_DIM)));
}

void
vp_vector_check_typmod(int32 typmod, int dim)
{
	if (typmod != -1 && typmod != dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));
}

static void
check_element(float value)
{
	if (isnan(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN not allowed in vector")));
	if (isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value not allowed in vector")));
}

void
vp_vector_check_finite(const VpVector *vector)
{
	for (int i = 0; i < vector->dim; i++)
		check_element(vector->x[i]);
}

void
vp_vector_check_same_dim(const VpVector *a, const VpVector *b)
{
	if (a->dim != b->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different vector dimensions %d and %d", a->dim, b->dim)));
}

/*----------
 * Text
 *----------
 */

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_spaces(const char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

static void
report_syntax(const char *input, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type vector: \"%s\"", input),
			 detail ? errdetail("%s", detail) : 0));
}

/*
 * Appends digits to a number.  NULL when it becomes too large to stay exact.
 */
static const char *
read_digits(const char *p, uint64 *number)
{
	for (; is_digit(*p); p++)
	{
		if (*number >= PG_UINT64_MAX / 100)
			return NULL;
		*number = *number * 10 + (*p - '0');
	}
	return p;
}

/*
 * Reads a plain decimal number that ends at a separator.  Returns where it
 * ends, or NULL when strtof has to look at it: it is no such number, or what
 * is computed here would not surely be the nearest float.
 */
static const char *
read_decimal(const char *p, float *value)
{
	static const double powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	const int	max_power = lengthof(powers) - 1;
	bool		negative = *p == '-';
	uint64		mantissa = 0;
	int			exponent = 0;
	int			digits;
	const char *start;
	double		result;
	int64		bits;

	if (*p == '-' || *p == '+')
		p++;
	start = p;
	p = read_digits(p, &mantissa);
	if (p == NULL)
		return NULL;
	digits = p - start;
	if (*p == '.')
	{
		start = ++p;
		p = read_digits(p, &mantissa);
		if (p == NULL)
			return NULL;
		digits += p - start;
		exponent = start - p;
	}
	if (digits == 0)
		return NULL;
	if (*p == 'e' || *p == 'E')
	{
		bool		negative_power = p[1] == '-';
		uint64		power = 0;

		start = p + 1 + (p[1] == '-' || p[1] == '+');
		p = read_digits(start, &power);
		if (p == NULL || p == start || power > 2 * max_power)
			return NULL;
		exponent += negative_power ? -(int) power : (int) power;
	}
	if (*p != ',' && *p != ']' && !is_space(*p))
		return NULL;
	if (exponent < -max_power || exponent > max_power)
		return NULL;

	/* The power is exact; the mantissa and the result are rounded once each. */
	if (exponent < 0)
		result = (double) mantissa / powers[-exponent];
	else
		result = (double) mantissa * powers[exponent];
	if (result != 0 && (result < FLT_MIN || result > FLT_MAX))
		return NULL;

	/*
	 * So the double is off by at most two of its last digits.  Rounding it to
	 * float gives the nearest one to the decimal unless half-way between two
	 * floats (the 29 bits to be dropped are 1000...) lies that near.
	 */
	memcpy(&bits, &result, sizeof(bits));
	if ((bits & 0x1FFFFFFF) >= 0x10000000 - 3 && (bits & 0x1FFFFFFF) <= 0x10000000 + 3)
		return NULL;

	*value = (float) (negative ? -result : result);
	return p;
}

/*
 * Reads one element, returns where it ends.  `input` is the whole text, for
 * messages.
 */
static const char *
read_element(const char *p, const char *input, float *value)
{
	const char *end = read_decimal(p, value);
	char	   *strtof_end;

	if (end != NULL)
		return end;

	errno = 0;
	*value = strtof(p, &strtof_end);
	if (strtof_end == p)
		report_syntax(input, NULL);

	/* A value too small for a float becomes zero; one too large is an error. */
	if (errno == ERANGE && isinf(*value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" is out of range for type vector",
						pnstrdup(p, strtof_end - p))));
	check_element(*value);
	return strtof_end;
}

/*
 * Reads "[1,2,3]", with white space before and after every part.
 */
Datum
vecprov_vector_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	int32		typmod = PG_GETARG_INT32(2);
	int			room = 1;
	int			dim = 0;
	const char *p;
	VpVector   *result;

	/* There is one comma less than there are elements. */
	for (p = input; *p != '\0' && room < VP_VECTOR_MAX_DIM; p++)
		room += *p == ',';
	result = vp_vector_new(room);

	p = skip_spaces(input);
	if (*p != '[')
		report_syntax(input, "Vector contents must start with \"[\".");
	p = skip_spaces(p + 1);
	if (*p == ']')
		vp_vector_check_dim(0);

	for (;;)
	{
		if (dim == VP_VECTOR_MAX_DIM)
			vp_vector_check_dim(dim + 1);
		p = read_element(skip_spaces(p), input, &result->x[dim++]);
		p = skip_spaces(p);
		if (*p == ']')
			break;
		if (*p != ',')
			report_syntax(input, NULL);
		p++;
	}
	if (*skip_spaces(p + 1) != '\0')
		report_syntax(input, "Junk after closing right brace.");

	Assert(dim == room);
	vp_vector_check_typmod(typmod, dim);
	PG_RETURN_VECTOR_P(result);
}

/*
 * Writes every element with the fewest digits that read back as the same
 * float.
 */
Datum
vecprov_vector_out(PG_FUNCTION_ARGS)
{
	VpVector   *vector = PG_GETARG_VECTOR_P(0);
	char	   *result;
	char	   *p;

	/* FLOAT_SHORTEST_DECIMAL_LEN counts a final zero: room for the comma. */
	result = palloc(vector->dim * FLOAT_SHORTEST_DECIMAL_LEN + 2);
	p = result;
	for (int i = 0; i < vector->dim; i++)
	{
		*p++ = i == 0 ? '[' : ',';
		p += float_to_shortest_decimal_bufn(vector->x[i], p);
	}
	*p++ = ']';
	*p = '\0';
	PG_RETURN_CSTRING(result);
}

/*----------
 * Type modifier: the number of dimensions
 *----------
 */

Datum
vecprov_vector_typmod_in(PG_FUNCTION_ARGS)
{
	int			n;
	int32	   *typmod = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier")));
	if (*typmod < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type vector must be at least 1")));
	if (*typmod > VP_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type vector cannot exceed %d", VP_VECTOR_MAX_DIM)));
	PG_RETURN_INT32(*typmod);
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

	vp_vector_check_dim(dim);
	vp_vector_check_typmod(typmod, dim);
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
	vp_vector_check_finite(result);
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
