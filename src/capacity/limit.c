/*-------------------------------------------------------------------------
 *
 * limit.c
 *	  Limits of reads and writes a second: rows of vecprov.limits.
 *
 * The row of an index holds for it, or else the row without a name.  The buckets are
 * in the index's meter (meter.c).  Who finds one empty is told how long to wait: we
 * do not wait ourselves, holding locks and a connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/rel.h"

#include "base/options.h"
#include "base/settings.h"
#include "capacity/arithmetic.h"
#include "capacity/cached_rows.h"
#include "capacity/limit.h"
#include "capacity/meter.h"

enum
{
	LIMIT_SCHEMA,
	LIMIT_INDEX,
	LIMIT_RATES,				/* one for each bucket */
	LIMIT_BURST = LIMIT_RATES + VP_NBUCKETS,
	LIMIT_METADATA
};

static const VpColumn limit_columns[] = {
	[LIMIT_SCHEMA] = {"schema", NAMEOID, true},
	[LIMIT_INDEX] = {"index", NAMEOID, true},
	[LIMIT_RATES + VP_BUCKET_READ_UNITS] = {"read_units", FLOAT8OID, true},
	[LIMIT_RATES + VP_BUCKET_WRITE_RECORDS] = {"write_records", FLOAT8OID, true},
	[LIMIT_RATES + VP_BUCKET_WRITE_BYTES] = {"write_bytes", FLOAT8OID, true},
	[LIMIT_RATES + VP_BUCKET_WRITE_UNITS] = {"write_units", FLOAT8OID, true},
	[LIMIT_BURST] = {"burst_seconds", FLOAT8OID, false},
	[LIMIT_METADATA] = {"metadata_bytes", INT8OID, true}
};

/* A row of vecprov.limits. */
typedef struct VpLimit
{
	NameData	schema;			/* empty: for all that have no row of their
								 * own */
	NameData	index;
	double		rates[VP_NBUCKETS]; /* 0: no limit */
	double		burst;			/* seconds */
	int64		metadata;		/* bytes of a record; -1: no limit */
} VpLimit;

static const char *const bucket_units[VP_NBUCKETS] = {
	"read units", "records", "bytes", "write units"
};

static void
read_limit(const Datum *values, const bool *nulls, void *row)
{
	VpLimit    *limit = row;

	if (!nulls[LIMIT_SCHEMA])
		limit->schema = *DatumGetName(values[LIMIT_SCHEMA]);
	if (!nulls[LIMIT_INDEX])
		limit->index = *DatumGetName(values[LIMIT_INDEX]);
	for (int i = 0; i < VP_NBUCKETS; i++)
		if (!nulls[LIMIT_RATES + i])
			limit->rates[i] = DatumGetFloat8(values[LIMIT_RATES + i]);
	limit->burst = DatumGetFloat8(values[LIMIT_BURST]);
	limit->metadata = nulls[LIMIT_METADATA] ? -1 : DatumGetInt64(values[LIMIT_METADATA]);
}

static VpCachedRows limits = {
	.table = "limits",.columns = limit_columns,.ncolumns = lengthof(limit_columns),
	.row_bytes = sizeof(VpLimit),.read = read_limit
};

/* The limits of an index; NULL: none. */
static const VpLimit *
find_limit(Relation rel)
{
	const VpLimit *rows = vp_cached_rows(&limits);
	const VpLimit *found = NULL;

	if (limits.nrows == 0 || rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		return NULL;
	for (int i = 0; i < limits.nrows; i++)
	{
		if (NameStr(rows[i].schema)[0] == '\0')
			found = &rows[i];
		else if (strcmp(NameStr(rows[i].index), RelationGetRelationName(rel)) == 0 &&
				 get_namespace_oid(NameStr(rows[i].schema), true) == RelationGetNamespace(rel))
			return &rows[i];
	}
	return found;
}

/*
 * ereports that a bucket is empty: what needs so much of it has to wait so long.  The text is for
 * people; programs read the same numbers in the field CONSTRAINT NAME, which every driver passes
 * on, and which no server translates.
 */
static void
refuse(Relation rel, VpMeter *meter, const VpLimit *limit, VpBucket bucket, double cost, uint64 ns)
{
	bool		is_read = bucket == VP_BUCKET_READ_UNITS;
	unsigned long long ms = ns / 1000000 + 1;
	char	   *fields = psprintf("wait_ms=%llu needs=%.15g rate=%.15g burst=%.15g", ms, cost,
								  limit->rates[bucket], limit->rates[bucket] * limit->burst);

	vp_meter_refusal(meter, is_read ? VP_REFUSED_READ_LIMIT : VP_REFUSED_WRITE_LIMIT);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, fields),
			 errmsg("index \"%s\" has reached its limit of %.15g %s a second",
					RelationGetRelationName(rel), limit->rates[bucket], bucket_units[bucket]),
			 errdetail("The %s needs %.15g; up to %.15g can be used at once. Wait %llu ms.",
					   is_read ? "search" : "record", cost, limit->rates[bucket] * limit->burst,
					   ms),
			 is_read ? errhint("Retry after that time, with exponential back-off and jitter.") :
			 errhint("Retry after that time, with exponential back-off and jitter, "
					 "and write less at once.")));
}

/* The meter of an index with limits; ereports when it can have none. */
static VpMeter *
get_meter(Relation rel, const VpLimit *limit)
{
	VpMeter    *meter = vp_meter_claim(rel, NameStr(limit->schema)[0] != '\0' ?
									   VP_CLAIM_NAMED : VP_CLAIM_GENERAL);

	if (meter == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("index \"%s\" has a limit, but there is no meter left to count by",
						RelationGetRelationName(rel)),
				 errdetail("All %d meters of the server are in use by other indexes with limits.",
						   vp_max_metered_indexes),
				 errhint("Increase vecprov.max_metered_indexes.")));
	return meter;
}

/*
 * Takes what something costs out of all buckets that are limited, or of none of them, and
 * ereports.  costs[i] is of bucket first + i.
 */
static void
take_from(Relation rel, VpMeter *meter, const VpLimit *limit, VpBucket first, int n,
		  const double *costs)
{
	for (int i = 0; i < n; i++)
	{
		double		rate = limit->rates[first + i];
		uint64		ns;

		if (rate == 0 || costs[i] == 0)
			continue;
		ns = vp_meter_take(meter, first + i, costs[i], rate, limit->burst);
		if (ns == 0)
			continue;
		for (int j = 0; j < i; j++)
			if (limit->rates[first + j] != 0)
				vp_meter_give_back(meter, first + j, costs[j], limit->rates[first + j]);
		refuse(rel, meter, limit, first + i, costs[i], ns);
	}
}

/* The same, of the index's own buckets; nothing is taken where no rate holds. */
static void
take(Relation rel, const VpLimit *limit, VpBucket first, int n, const double *costs)
{
	VpMeter    *meter;
	bool		limited = false;

	for (int i = 0; i < n; i++)
		if (limit->rates[first + i] != 0)
			limited = true;
	if (!limited)
		return;
	do
	{
		meter = get_meter(rel, limit);
		take_from(rel, meter, limit, first, n, costs);
		/* it may have passed to another index just now */
	} while (!vp_meter_is_of(meter, rel));
}

/* The limit of reads of an index; NULL: none.  Reads of a provisioned index are not limited. */
static const VpLimit *
find_read_limit(Relation rel)
{
	VpOptions  *options = (VpOptions *) rel->rd_options;
	const VpLimit *limit;

	if (options != NULL && options->tier != 0)
		return NULL;
	limit = find_limit(rel);
	return limit != NULL && limit->rates[VP_BUCKET_READ_UNITS] != 0 ? limit : NULL;
}

bool
vp_limit_reads(Relation rel)
{
	return find_read_limit(rel) != NULL;
}

void
vp_limit_read(Relation rel, uint64 bytes)
{
	const VpLimit *limit = find_read_limit(rel);
	double		units = vp_read_units(bytes);

	if (limit != NULL)
		take(rel, limit, VP_BUCKET_READ_UNITS, 1, &units);
}

/* The write units that one more record adds to those of its statement. */
static double
more_units(int64 *request, uint32 size)
{
	int64		before = *request > 0 ? vp_write_units(*request) : 0;

	*request += size;
	return vp_write_units(*request) - before;
}

void
vp_limit_write(Relation rel, int64 *request, uint32 size, uint32 vector_bytes)
{
	const VpLimit *limit = find_limit(rel);
	double		costs[] = {1, size, 0};

	if (limit == NULL)
		return;
	if (limit->metadata >= 0 && size - vector_bytes > limit->metadata)
	{
		vp_meter_refusal(vp_meter_find(rel), VP_REFUSED_RECORD_SIZE);
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("record has %u bytes besides its vector, index \"%s\" takes %lld at most",
						size - vector_bytes, RelationGetRelationName(rel),
						(long long) limit->metadata)));
	}
	if (limit->rates[VP_BUCKET_WRITE_UNITS] != 0)
		costs[VP_BUCKET_WRITE_UNITS - VP_BUCKET_WRITE_RECORDS] = more_units(request, size);
	take(rel, limit, VP_BUCKET_WRITE_RECORDS, lengthof(costs), costs);
}
