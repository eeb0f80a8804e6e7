/*-------------------------------------------------------------------------
 *
 * point.c
 *	  Where the other side of a condition lies among stored keys; see point.h.
 *
 * It may be of another type than the column, if the operator class's family has
 * such an operator: integers, reals, and moments (date, timestamp, timestamp
 * with time zone) among each other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "key/point.h"

/*
 * A timestamp without time zone is compared as what it is in the session's.
 * That depends on the moment: clocks are put back, by a day at most, where a
 * country changed the side of the date line.  Farther apart two timestamps are
 * in the order of their moments.
 */
#define CLOCK_CHANGE	(2 * USECS_PER_DAY)

static void
point_at(VpKeyPoint *point, uint64 first, uint64 last, bool exact)
{
	point->place = VP_POINT_AT;
	point->exact = exact;
	point->first = first;
	point->last = last;
}

static void
point_beside(VpKeyPoint *point, VpKeyPlace place, uint64 key)
{
	point->place = place;
	point->exact = false;
	point->first = point->last = key;
}

/* A value of the column's own type. */
static void
own_point(VpKeyForm form, Datum value, VpKeyPoint *point)
{
	bool		exact;
	uint64		key = vp_key_of(form, value, &exact);

	point_at(point, key, key, exact);
}

/*----------
 * Numbers
 *----------
 */

static int64
integer_of(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return DatumGetInt64(value);
		default:
			elog(ERROR, "unexpected type %u of a condition on an integer", type);
	}
}

static void
integer_point(VpKeyForm form, Oid type, Datum value, VpKeyPoint *point)
{
	int64		number = integer_of(type, value);
	int			width = vp_key_width(form);
	int64		most = PG_INT64_MAX >> (64 - 8 * width);

	if (number > most)
		point_beside(point, VP_POINT_AFTER, vp_key_ones(width) - 1);
	else if (number < -most - 1)
		point_beside(point, VP_POINT_BEFORE, 0);
	else if (width == 2)
		own_point(form, Int16GetDatum((int16) number), point);
	else if (width == 4)
		own_point(form, Int32GetDatum((int32) number), point);
	else
		own_point(form, Int64GetDatum(number), point);
}

/* A double among reals.  What is too large for one is infinite then. */
static void
real_point(float8 number, VpKeyPoint *point)
{
	float4		nearest = (float4) number;

	own_point(VP_KEY_FLOAT4, Float4GetDatum(nearest), point);
	if ((float8) nearest > number)
		point_beside(point, VP_POINT_BEFORE, point->first);
	else if ((float8) nearest < number)
		point_beside(point, VP_POINT_AFTER, point->last);
}

/*----------
 * Moments
 *----------
 */

/* Dates that are later than all timestamps are the last of them then. */
static Timestamp
timestamp_of_date(DateADT date)
{
	if (DATE_IS_NOBEGIN(date))
		return DT_NOBEGIN;
	if (DATE_IS_NOEND(date))
		return DT_NOEND;
	return date < TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE ? date * USECS_PER_DAY : END_TIMESTAMP;
}

/* The day that a timestamp is on; sets how far it is into it. */
static DateADT
day_of(Timestamp timestamp, int64 *rest)
{
	int64		day = timestamp / USECS_PER_DAY;

	*rest = 0;
	if (TIMESTAMP_IS_NOBEGIN(timestamp))
		return DATEVAL_NOBEGIN;
	if (TIMESTAMP_IS_NOEND(timestamp))
		return DATEVAL_NOEND;
	*rest = timestamp - day * USECS_PER_DAY;
	if (*rest < 0)
	{
		*rest += USECS_PER_DAY;
		day--;
	}
	return (DateADT) day;
}

/* A timestamp among dates or timestamps, none of them with a time zone. */
static void
timestamp_point(VpKeyForm form, Timestamp timestamp, VpKeyPoint *point)
{
	int64		rest;

	if (form == VP_KEY_TIMESTAMP)
		own_point(form, TimestampGetDatum(timestamp), point);
	else
	{
		own_point(form, DateADTGetDatum(day_of(timestamp, &rest)), point);
		if (rest > 0)
			point_beside(point, VP_POINT_AFTER, point->last);
	}
}

/*
 * At the ends of what there is, timestamps of one kind are none of the other.
 */
static bool
is_ordinary(int64 timestamp)
{
	return timestamp >= MIN_TIMESTAMP + 2 * CLOCK_CHANGE && timestamp < END_TIMESTAMP - 2 * CLOCK_CHANGE;
}

/* A timestamp with time zone among those. */
static bool
zoned_point(VpKeyForm form, TimestampTz moment, VpKeyPoint *point)
{
	Timestamp	local;
	VpKeyPoint	until;

	if (TIMESTAMP_NOT_FINITE(moment))
	{
		timestamp_point(form, moment, point);
		return true;
	}
	if (!is_ordinary(moment))
		return false;
	local = DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp,
												  TimestampTzGetDatum(moment)));
	timestamp_point(form, local - CLOCK_CHANGE, point);
	timestamp_point(form, local + CLOCK_CHANGE, &until);
	point_at(point, point->first, until.last, false);
	return true;
}

/* Among timestamps with time zone. */
static bool
moment_point(Oid type, Datum value, VpKeyPoint *point)
{
	if (type != TIMESTAMPTZOID)
	{
		Timestamp	local = type == DATEOID ? timestamp_of_date(DatumGetDateADT(value)) :
		DatumGetTimestamp(value);

		if (!TIMESTAMP_NOT_FINITE(local) && !is_ordinary(local))
			return false;
		value = DirectFunctionCall1(timestamp_timestamptz, TimestampGetDatum(local));
	}
	own_point(VP_KEY_TIMESTAMPTZ, value, point);
	return true;
}

/*----------
 * All
 *----------
 */

/*
 * PostgreSQL's own collations, since 17, order code points, which in UTF-8 is
 * the order of bytes.
 */
#define PROVIDER_BUILTIN	'b'

/* A row's collation that orders bytes: provider and name of such a kind. */
static bool
is_bytewise(char provider, const char *name)
{
	if (provider == COLLPROVIDER_LIBC)
		return strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0;
	return provider == PROVIDER_BUILTIN;
}

/*
 * Does a collation order strings by their bytes?  By the catalogs: the header
 * that tells needs those of ICU.
 */
static bool
orders_bytes(Oid collation)
{
	bool		of_database = collation == DEFAULT_COLLATION_OID;
	HeapTuple	tuple = of_database ?
	SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId)) :
	SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	char		provider;
	Datum		name;
	bool		isnull;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	if (of_database)
	{
		provider = ((Form_pg_database) GETSTRUCT(tuple))->datlocprovider;
		name = SysCacheGetAttr(DATABASEOID, tuple, Anum_pg_database_datcollate, &isnull);
	}
	else
	{
		provider = ((Form_pg_collation) GETSTRUCT(tuple))->collprovider;
		name = SysCacheGetAttr(COLLOID, tuple, Anum_pg_collation_collcollate, &isnull);
	}
	result = is_bytewise(provider, isnull ? "" : TextDatumGetCString(name));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Texts are ordered as their first bytes are, under a collation that orders
 * bytes.
 */
static bool
prefix_point(VpKeyForm form, Oid collation, Datum value, VpKeyPoint *point)
{
	uint64		prefix = ~UINT64CONST(0) << (64 - 8 * VP_KEY_PREFIX_BYTES);

	if (OidIsValid(collation) && !orders_bytes(collation))
		return false;
	own_point(form, value, point);
	point_at(point, point->first & prefix, point->first | ~prefix, false);
	return true;
}

bool
vp_key_point(VpKeyForm form, Oid type, Oid collation, Datum value, bool order, VpKeyPoint *point)
{
	switch (form)
	{
		case VP_KEY_INT2:
		case VP_KEY_INT4:
		case VP_KEY_INT8:
			integer_point(form, type, value, point);
			return true;
		case VP_KEY_FLOAT4:
			real_point(type == FLOAT4OID ? DatumGetFloat4(value) : DatumGetFloat8(value), point);
			return true;
		case VP_KEY_FLOAT8:
			own_point(form, type == FLOAT4OID ? Float8GetDatum(DatumGetFloat4(value)) : value, point);
			return true;
		case VP_KEY_DATE:
		case VP_KEY_TIMESTAMP:
			if (type == TIMESTAMPTZOID)
				return zoned_point(form, DatumGetTimestampTz(value), point);
			if (form == VP_KEY_DATE && type == DATEOID)
				own_point(form, value, point);
			else
				timestamp_point(form, type == DATEOID ? timestamp_of_date(DatumGetDateADT(value)) :
								DatumGetTimestamp(value), point);
			return true;
		case VP_KEY_TIMESTAMPTZ:
			return moment_point(type, value, point);
		case VP_KEY_ENUM:
			own_point(form, value, point);
			return !order;
		case VP_KEY_TEXT:
		case VP_KEY_BPCHAR:
		case VP_KEY_BYTEA:
		case VP_KEY_UUID:
			if (order)
				return prefix_point(form, collation, value, point);
			own_point(form, value, point);
			return true;
		default:
			own_point(form, value, point);
			return true;
	}
}
