/*-------------------------------------------------------------------------
 *
 * arithmetic.c
 *	  Functions that only compute: how large, how many, how dear.
 *
 * Sizes are decimal: a gigabyte has 10^9 bytes, a kilobyte 1,000.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "capacity/arithmetic.h"
#include "capacity/tier.h"

VP_FUNCTION(vecprov_record_size);
VP_FUNCTION(vecprov_shards_needed);
VP_FUNCTION(vecprov_replicas_needed);
VP_FUNCTION(vecprov_write_units);
VP_FUNCTION(vecprov_read_units);
VP_FUNCTION(vecprov_read_cost);
VP_FUNCTION(vecprov_given_usage);

#define DENSE_BYTES		4
#define SPARSE_BYTES	9

#define UNIT_BYTES			1000	/* of a write unit */
#define MIN_WRITE_UNITS		5

#define READ_UNIT_BYTES		INT64CONST(1000000000)
#define MIN_READ_BYTES		INT64CONST(250000000)

/* An argument that must not be less than something. */
static int64
at_least(int64 least, int64 value, const char *name)
{
	if (value < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least %lld, not %lld", name,
						(long long) least, (long long) value)));
	return value;
}

static int64
add_bytes(int64 a, int64 b)
{
	int64		sum;

	if (pg_add_s64_overflow(a, b, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of bytes is out of range")));
	return sum;
}

/* What fits exactly is not to need one more for a rounding error. */
static double
round_up(double quotient)
{
	return ceil(quotient * (1 - 1e-14));
}

int
vp_shards_needed(int64 bytes, double headroom, int64 shard_bytes)
{
	double		shards = round_up((double) bytes / ((1 - headroom) * shard_bytes));

	return (int) Min(Max(shards, 1), PG_INT32_MAX);
}

int64
vp_capacity(int shards, int64 shard_bytes)
{
	int64		capacity;

	return pg_mul_s64_overflow(shards, shard_bytes, &capacity) ? PG_INT64_MAX : capacity;
}

int64
vp_write_units(int64 bytes)
{
	return Max(bytes / UNIT_BYTES + (bytes % UNIT_BYTES > 0), MIN_WRITE_UNITS);
}

double
vp_read_units(uint64 bytes)
{
	return (double) Max(bytes, MIN_READ_BYTES) / READ_UNIT_BYTES;
}

Datum
vecprov_record_size(PG_FUNCTION_ARGS)
{
	int64		size = at_least(0, PG_GETARG_INT64(0), "id_bytes");

	size = add_bytes(size, DENSE_BYTES * at_least(0, PG_GETARG_INT32(1), "dims"));
	size = add_bytes(size, SPARSE_BYTES * at_least(0, PG_GETARG_INT32(2), "nnz"));
	PG_RETURN_INT64(add_bytes(size, at_least(0, PG_GETARG_INT64(3), "metadata_bytes")));
}

Datum
vecprov_shards_needed(PG_FUNCTION_ARGS)
{
	int64		bytes = at_least(0, PG_GETARG_INT64(0), "bytes");
	double		headroom = PG_GETARG_FLOAT8(1);
	VpTier		tier;

	if (!(headroom >= 0 && headroom < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("headroom must be at least 0 and below 1, not %g", headroom)));
	vp_tier_get(text_to_cstring(PG_GETARG_TEXT_PP(2)), &tier);
	PG_RETURN_INT32(vp_shards_needed(bytes, headroom, tier.shard_bytes));
}

Datum
vecprov_replicas_needed(PG_FUNCTION_ARGS)
{
	double		qps = PG_GETARG_FLOAT8(0);
	double		each = PG_GETARG_FLOAT8(1);
	double		replicas;

	if (!(qps >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("qps must be at least 0, not %g", qps)));
	if (!(each > 0) || isinf(each))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("qps_per_replica must be more than 0, and finite, not %g", each)));
	replicas = Max(round_up(qps / each), 1) + (PG_GETARG_BOOL(2) ? 1 : 0);
	if (replicas > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of replicas is out of range")));
	PG_RETURN_INT32((int32) replicas);
}

Datum
vecprov_write_units(PG_FUNCTION_ARGS)
{
	ArrayType  *request = PG_GETARG_ARRAYTYPE_P(0);
	int64		bytes = at_least(0, PG_GETARG_INT64(1), "replaced_bytes");
	Datum	   *records;
	bool	   *nulls;
	int			n;

	deconstruct_array(request, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &records, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("request_bytes must not contain nulls")));
		bytes = add_bytes(bytes, at_least(0, DatumGetInt64(records[i]), "request_bytes"));
	}
	PG_RETURN_INT64(vp_write_units(bytes));
}

/* A unit for each gigabyte that is searched, a quarter at least. */
Datum
vecprov_read_units(PG_FUNCTION_ARGS)
{
	int64		bytes = at_least(0, PG_GETARG_INT64(0), "bytes");

	PG_RETURN_DATUM(DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(
																			int64_div_fast_to_numeric(Max(bytes, MIN_READ_BYTES), 9))));
}

Datum
vecprov_read_cost(PG_FUNCTION_ARGS)
{
	int64		shards = at_least(1, PG_GETARG_INT32(1), "shards");
	int64		replicas = at_least(0, PG_GETARG_INT32(2), "replicas");
	Datum		rate = vp_monthly_rate(PG_GETARG_DATUM(3), PG_GETARG_DATUM(4), PG_GETARG_DATUM(0));

	PG_RETURN_DATUM(DirectFunctionCall2(numeric_mul, rate,
										NumericGetDatum(int64_to_numeric(shards * replicas))));
}

/*
 * What was read in a month, as the caller of vecprov_cost says: the second
 * argument, read units; NULL: not said.  ereports if the others beside it make
 * no sense: write units, and queries, of which read units would follow.
 */
Datum
vecprov_given_usage(PG_FUNCTION_ARGS)
{
	if (!PG_ARGISNULL(0))
		(void) at_least(0, PG_GETARG_INT64(0), "write_units");
	if (!PG_ARGISNULL(2))
		(void) at_least(0, PG_GETARG_INT64(2), "queries");
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("read_units and queries cannot both be given"),
				 errhint("Give the read units that were counted, or the queries from which they are computed.")));
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, PG_GETARG_DATUM(1),
										  NumericGetDatum(int64_to_numeric(0)))) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("read_units must be at least 0, not %s",
						DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(1))))));
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}
