/*-------------------------------------------------------------------------
 *
 * key.c
 *	  Stored keys: from values of each type; see key.h.
 *
 * Numbers: the sign bit is flipped, so that they are ordered without it, and
 * the largest has the key of the one before, since its own is NULL's.  Reals as
 * B-tree orders them: one zero, one NaN, which is the largest.
 *
 * Strings: up to 7 bytes as they are, filled up with zeroes, and how many there
 * are in the last byte.  Longer ones: 4 bytes, then 4 bytes of a hash, of which
 * the last is above 7.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>
#include <sys/socket.h>

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "key/key.h"

/* Strings that are not longer are stored whole. */
#define WHOLE_BYTES	7

/*----------
 * Numbers
 *----------
 */

static inline uint64
signed_key(int64 value, int width)
{
	return ((uint64) value ^ UINT64CONST(1) << (8 * width - 1)) & vp_key_ones(width);
}

/* What signed_key has made. */
static inline int64
signed_value(uint64 key, int width)
{
	int			unused = 64 - 8 * width;

	return (int64) ((key ^ UINT64CONST(1) << (8 * width - 1)) << unused) >> unused;
}

/* The largest number shares the key of the one before. */
static inline uint64
below_ones(uint64 key, int width, bool *exact)
{
	uint64		largest = vp_key_ones(width) - 1;

	if (key < largest)
		return key;
	*exact = false;
	return largest;
}

/* May be of both. */
static inline bool
is_shared(uint64 key, int width)
{
	return key == vp_key_ones(width) - 1;
}

static uint64
bool_key(Datum value, bool *exact)
{
	return DatumGetBool(value) ? 1 : 0;
}

static bool
bool_value(uint64 key, Datum *value)
{
	*value = BoolGetDatum(key != 0);
	return true;
}

static uint64
int2_key(Datum value, bool *exact)
{
	return below_ones(signed_key(DatumGetInt16(value), 2), 2, exact);
}

static bool
int2_value(uint64 key, Datum *value)
{
	*value = Int16GetDatum((int16) signed_value(key, 2));
	return !is_shared(key, 2);
}

static uint64
int4_key(Datum value, bool *exact)
{
	return below_ones(signed_key(DatumGetInt32(value), 4), 4, exact);
}

static bool
int4_value(uint64 key, Datum *value)
{
	*value = Int32GetDatum((int32) signed_value(key, 4));
	return !is_shared(key, 4);
}

/* Money too. */
static uint64
int8_key(Datum value, bool *exact)
{
	return below_ones(signed_key(DatumGetInt64(value), 8), 8, exact);
}

static bool
int8_value(uint64 key, Datum *value)
{
	*value = Int64GetDatum(signed_value(key, 8));
	return !is_shared(key, 8);
}

/* Enums too. */
static uint64
oid_key(Datum value, bool *exact)
{
	return below_ones(DatumGetObjectId(value), 4, exact);
}

static bool
oid_value(uint64 key, Datum *value)
{
	*value = ObjectIdGetDatum((Oid) key);
	return !is_shared(key, 4);
}

/* Infinity comes directly behind a number that no finite date is. */
static uint64
date_key(Datum value, bool *exact)
{
	return Min(signed_key(DatumGetDateADT(value), 4), vp_key_ones(4) - 1);
}

static bool
date_value(uint64 key, Datum *value)
{
	*value = DateADTGetDatum(is_shared(key, 4) ? DATEVAL_NOEND : (DateADT) signed_value(key, 4));
	return true;
}

/* Times too. */
static uint64
timestamp_key(Datum value, bool *exact)
{
	return Min(signed_key(DatumGetTimestamp(value), 8), vp_key_ones(8) - 1);
}

static bool
timestamp_value(uint64 key, Datum *value)
{
	*value = TimestampGetDatum(is_shared(key, 8) ? DT_NOEND : signed_value(key, 8));
	return true;
}

static uint64
float4_key(Datum value, bool *exact)
{
	float4		number = DatumGetFloat4(value);
	uint32		bits;

	if (isnan(number))
		return 0xFFC00000;
	if (number == 0)
		number = 0;				/* not -0 */
	memcpy(&bits, &number, sizeof(bits));
	return bits ^ ((bits >> 31) != 0 ? 0xFFFFFFFF : 0x80000000);
}

static bool
float4_value(uint64 key, Datum *value)
{
	uint32		bits = (uint32) key;
	float4		number;

	bits ^= (bits >> 31) != 0 ? 0x80000000 : 0xFFFFFFFF;
	memcpy(&number, &bits, sizeof(number));
	*value = Float4GetDatum(number);
	return true;
}

static uint64
double_key(float8 number)
{
	uint64		bits;

	if (isnan(number))
		return UINT64CONST(0xFFF8000000000000);
	if (number == 0)
		number = 0;
	memcpy(&bits, &number, sizeof(bits));
	return bits ^ ((bits >> 63) != 0 ? ~UINT64CONST(0) : UINT64CONST(1) << 63);
}

static uint64
float8_key(Datum value, bool *exact)
{
	return double_key(DatumGetFloat8(value));
}

static bool
float8_value(uint64 key, Datum *value)
{
	float8		number;

	key ^= (key >> 63) != 0 ? UINT64CONST(1) << 63 : ~UINT64CONST(0);
	memcpy(&number, &key, sizeof(number));
	*value = Float8GetDatum(number);
	return true;
}

/*
 * The nearest double.  Numbers that differ in their last digits have the same
 * one, and which do cannot be told from it.
 */
static uint64
numeric_key(Datum value, bool *exact)
{
	*exact = false;
	return double_key(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value)));
}

/*
 * Microseconds, as its operators count: a month has 30 days.  The farthest are
 * stored alike.
 */
static uint64
interval_key(Datum value, bool *exact)
{
	const Interval *interval = DatumGetIntervalP(value);
	int128		span = interval->month * (int128) DAYS_PER_MONTH + interval->day;

	span = span * USECS_PER_DAY + interval->time;
	if (span <= PG_INT64_MIN || span >= PG_INT64_MAX - 1)
	{
		*exact = false;
		span = span < 0 ? PG_INT64_MIN : PG_INT64_MAX - 1;
	}
	return signed_key((int64) span, 8);
}

/*----------
 * Bytes
 *----------
 */

static inline uint64
leading_bytes(const unsigned char *bytes, int n)
{
	uint64		key = 0;

	for (int i = 0; i < n; i++)
		key |= (uint64) bytes[i] << (56 - 8 * i);
	return key;
}

/*
 * All but the first bytes of a long one's key; the last byte is at least
 * `least`, and not 255.
 */
static inline uint64
tail_hash(const unsigned char *bytes, int n, uint32 least)
{
	uint32		hash = hash_bytes(bytes, n);

	return (hash & 0xFFFFFF00) | (least + (hash & 0xFF) % (255 - least));
}

static uint64
bytes_key(const char *string, int n, bool *exact)
{
	const unsigned char *bytes = (const unsigned char *) string;

	if (n <= WHOLE_BYTES)
		return leading_bytes(bytes, n) | n;
	*exact = false;
	return leading_bytes(bytes, VP_KEY_PREFIX_BYTES) | tail_hash(bytes, n, WHOLE_BYTES + 1);
}

/* bytea too. */
static uint64
text_key(Datum value, bool *exact)
{
	text	   *string = DatumGetTextPP(value);
	uint64		key = bytes_key(VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string), exact);

	if ((Pointer) string != DatumGetPointer(value))
		pfree(string);
	return key;
}

/* The same of char(n), without the blanks at its end. */
static bool
text_value(uint64 key, Datum *value)
{
	int			n = key & 0xFF;
	text	   *string;

	if (n > WHOLE_BYTES)
		return false;
	string = palloc(VARHDRSZ + n);
	SET_VARSIZE(string, VARHDRSZ + n);
	for (int i = 0; i < n; i++)
		VARDATA(string)[i] = (char) (key >> (56 - 8 * i));
	*value = PointerGetDatum(string);
	return true;
}

/* Blanks at its end do not count. */
static uint64
bpchar_key(Datum value, bool *exact)
{
	text	   *string = DatumGetTextPP(value);
	char	   *bytes = VARDATA_ANY(string);
	uint64		key = bytes_key(bytes, bpchartruelen(bytes, VARSIZE_ANY_EXHDR(string)), exact);

	if ((Pointer) string != DatumGetPointer(value))
		pfree(string);
	return key;
}

/*
 * Its first bytes, then a hash: many have the same first bytes, and some the
 * same last.
 */
static uint64
uuid_key(Datum value, bool *exact)
{
	const unsigned char *bytes = DatumGetUUIDP(value)->data;

	*exact = false;
	return leading_bytes(bytes, VP_KEY_PREFIX_BYTES) | tail_hash(bytes, UUID_LEN, 0);
}

/*
 * Networks are ordered by family, by what the network's bits say, by how many
 * these are, and by the host.  Of an IPv4 address 16 bits of the host fit in.
 */
static uint64
inet_key(Datum value, bool *exact)
{
	inet	   *address = DatumGetInetPP(value);
	const unsigned char *bytes = ip_addr(address);
	int			bits = ip_bits(address);
	uint64		key;

	if (ip_family(address) == PGSQL_AF_INET)
	{
		uint32		whole = leading_bytes(bytes, 4) >> 32;
		uint32		host = bits < 32 ? whole & (0xFFFFFFFF >> bits) : 0;

		*exact = bits >= 16;
		key = (uint64) (whole ^ host) << 24 | (uint64) bits << 16 |
			(bits >= 16 ? host : host >> (16 - bits));
	}
	else
	{
		uint64		network = leading_bytes(bytes, 8);

		if (bits < 64)
			network &= bits > 0 ? ~UINT64CONST(0) << (64 - bits) : 0;
		*exact = false;
		key = UINT64CONST(1) << 56 | network >> 8;
	}
	if ((Pointer) address != DatumGetPointer(value))
		pfree(address);
	return key;
}

/*----------
 * Forms
 *----------
 */

typedef struct KeyForm
{
	int			width;
	uint64		(*key) (Datum value, bool *exact);
	bool		(*value) (uint64 key, Datum *value);	/* NULL: a key does not
														 * say */
} KeyForm;

static const KeyForm forms[VP_NKEYFORMS] = {
	[VP_KEY_BOOL] = {1, bool_key, bool_value},
	[VP_KEY_INT2] = {2, int2_key, int2_value},
	[VP_KEY_INT4] = {4, int4_key, int4_value},
	[VP_KEY_INT8] = {8, int8_key, int8_value},
	[VP_KEY_OID] = {4, oid_key, oid_value},
	[VP_KEY_FLOAT4] = {4, float4_key, float4_value},
	[VP_KEY_FLOAT8] = {8, float8_key, float8_value},
	[VP_KEY_MONEY] = {8, int8_key, int8_value},
	[VP_KEY_DATE] = {4, date_key, date_value},
	[VP_KEY_TIME] = {8, timestamp_key, timestamp_value},
	[VP_KEY_TIMESTAMP] = {8, timestamp_key, timestamp_value},
	[VP_KEY_TIMESTAMPTZ] = {8, timestamp_key, timestamp_value},
	[VP_KEY_INTERVAL] = {8, interval_key, NULL},
	[VP_KEY_NUMERIC] = {8, numeric_key, NULL},
	[VP_KEY_ENUM] = {4, oid_key, oid_value},
	[VP_KEY_UUID] = {8, uuid_key, NULL},
	[VP_KEY_INET] = {8, inet_key, NULL},
	[VP_KEY_BYTEA] = {8, text_key, text_value},
	[VP_KEY_TEXT] = {8, text_key, text_value},
	[VP_KEY_BPCHAR] = {8, bpchar_key, text_value},
	[VP_KEY_ARRAY] = {8, NULL, NULL},
};

int
vp_key_width(VpKeyForm form)
{
	return forms[form].width;
}

uint64
vp_key_of(VpKeyForm form, Datum value, bool *exact)
{
	*exact = true;
	return forms[form].key(value, exact);
}

bool
vp_key_value(VpKeyForm form, uint64 key, Datum *value, bool *isnull)
{
	*isnull = key == vp_key_ones(forms[form].width);
	return *isnull || (forms[form].value != NULL && forms[form].value(key, value));
}
