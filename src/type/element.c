/*-------------------------------------------------------------------------
 *
 * element.c
 *	  What the types have in common: checks, the text of elements, type
 *	  modifiers, arrays.
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

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "utils/fmgrprotos.h"

#include "type/element.h"

/* The bits of a float that all are set in infinity and NaN, and in no other. */
#define FLOAT_EXPONENT	UINT32_C(0x7F800000)

/*----------
 * Checks
 *----------
 */

void
vp_type_check_dim(const VpTypeInfo *type, int dim)
{
	if (dim < 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s must have at least 1 dimension", type->name)));
	if (dim > type->max_dim)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s cannot have more than %d dimensions", type->name, type->max_dim)));
}

void
vp_type_check_same_dim(const VpTypeInfo *type, int a, int b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different %s dimensions %d and %d", type->name, a, b)));
}

void
vp_type_check_typmod(int32 typmod, int dim)
{
	if (typmod != -1 && typmod != dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));
}

void
vp_type_check_finite(const VpTypeInfo *type, const float *x, int n)
{
	uint32		odd = 0;

	/* compilers make vectors of this, and there seldom is one */
	for (int i = 0; i < n; i++)
	{
		uint32		bits;

		memcpy(&bits, &x[i], sizeof(bits));
		odd |= (bits & FLOAT_EXPONENT) == FLOAT_EXPONENT;
	}
	for (int i = 0; i < n && odd; i++)
	{
		if (isnan(x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("NaN not allowed in %s", type->name)));
		if (isinf(x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("infinite value not allowed in %s", type->name)));
	}
}

int32
vp_type_typmod_in(const VpTypeInfo *type, ArrayType *typmods)
{
	int			n;
	int32	   *typmod = ArrayGetIntegerTypmods(typmods, &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier")));
	if (*typmod < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s must be at least 1", type->name)));
	if (*typmod > type->max_dim)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s cannot exceed %d", type->name, type->max_dim)));
	return *typmod;
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

const char *
vp_skip_spaces(const char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

void
vp_report_syntax(const VpTypeInfo *type, const char *input, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%s\"", type->name, input),
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
	if (*p != ',' && *p != ']' && *p != '}' && !is_space(*p))
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
 * Reads an element of any form, and checks it.  A value too small for a float
 * becomes zero, or is an error as one that is too large.
 */
static pg_noinline const char *
read_unusual(const VpTypeInfo *type, const char *p, const char *input, float *value)
{
	char	   *end;

	errno = 0;
	*value = strtof(p, &end);
	if (end == p)
		vp_report_syntax(type, input, NULL);
	if ((errno == ERANGE && (isinf(*value) || (*value == 0 && type->refuses_underflow))) ||
		(fabsf(*value) >= type->overflow && !isinf(*value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" is out of range for type %s", pnstrdup(p, end - p), type->name)));
	vp_type_check_finite(type, value, 1);
	return end;
}

static inline const char *
read_element(const VpTypeInfo *type, const char *p, const char *input, float *value)
{
	const char *end = read_decimal(p, value);

	if (end != NULL && fabsf(*value) < type->overflow)
		return end;
	return read_unusual(type, p, input, value);
}

const char *
vp_read_element(const VpTypeInfo *type, const char *p, const char *input, float *value)
{
	return read_element(type, p, input, value);
}

/*
 * There is one comma less than there are elements.
 */
int
vp_elements_room(const VpTypeInfo *type, const char *input)
{
	int			commas = 0;

	for (; *input != '\0'; input++)
		commas += *input == ',';
	return Min(commas + 1, type->max_dim);
}

/*
 * White space may stand before and after every part.
 */
int
vp_elements_in(const VpTypeInfo *type, const char *input, float *x)
{
	const char *p = vp_skip_spaces(input);
	int			dim = 0;

	if (*p != '[')
		vp_report_syntax(type, input, "Vector contents must start with \"[\".");
	p = vp_skip_spaces(p + 1);
	if (*p == ']')
		vp_type_check_dim(type, 0);

	for (;;)
	{
		if (dim == type->max_dim)
			vp_type_check_dim(type, dim + 1);
		p = read_element(type, vp_skip_spaces(p), input, &x[dim++]);
		p = vp_skip_spaces(p);
		if (*p == ']')
			break;
		if (*p != ',')
			vp_report_syntax(type, input, NULL);
		p++;
	}
	if (*vp_skip_spaces(p + 1) != '\0')
		vp_report_syntax(type, input, "Junk after closing right brace.");
	return dim;
}

/*
 * Writes every element with the fewest digits that read back as the same
 * float.
 */
char *
vp_elements_out(const float *x, int n)
{
	/* FLOAT_SHORTEST_DECIMAL_LEN counts a final zero: room for the comma. */
	char	   *result = palloc(n * FLOAT_SHORTEST_DECIMAL_LEN + 2);
	char	   *p = result;

	for (int i = 0; i < n; i++)
	{
		*p++ = i == 0 ? '[' : ',';
		p += float_to_shortest_decimal_bufn(x[i], p);
	}
	*p++ = ']';
	*p = '\0';
	return result;
}

/*----------
 * Arrays
 *----------
 */

/*
 * An array of one dimension, without nulls.
 */
int
vp_array_dim(const VpTypeInfo *type, ArrayType *array, int32 typmod)
{
	int			dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array must be 1-D")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));
	vp_type_check_dim(type, dim);
	vp_type_check_typmod(typmod, dim);
	return dim;
}

static void
numeric_floats(ArrayType *array, float *x)
{
	Datum	   *elements;
	int			n;

	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		x[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
	pfree(elements);
}

/*
 * Of integer, real, double precision or numeric.
 */
void
vp_array_floats(ArrayType *array, float *x)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const char *data = ARR_DATA_PTR(array);

	switch (ARR_ELEMTYPE(array))
	{
		case INT4OID:
			for (int i = 0; i < n; i++)
				x[i] = ((const int32 *) data)[i];
			break;
		case FLOAT4OID:
			memcpy(x, data, n * sizeof(float4));
			break;
		case FLOAT8OID:
			for (int i = 0; i < n; i++)
				x[i] = ((const float8 *) data)[i];
			break;
		case NUMERICOID:
			numeric_floats(array, x);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("unsupported array type")));
	}
}

ArrayType *
vp_floats_array(const float *x, int n)
{
	Datum	   *elements = palloc(sizeof(Datum) * n);
	ArrayType  *result;

	for (int i = 0; i < n; i++)
		elements[i] = Float4GetDatum(x[i]);
	result = construct_array(elements, n, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT);
	pfree(elements);
	return result;
}

VarBit *
vp_floats_signs(const float *x, int n)
{
	int			size = VARBITTOTALLEN(n);
	VarBit	   *result = palloc0(size);
	uint8	   *bytes = VARBITS(result);

	SET_VARSIZE(result, size);
	VARBITLEN(result) = n;
	for (int i = 0; i < n; i++)
		bytes[i / 8] |= (x[i] > 0) << (7 - i % 8);
	return result;
}
