/*-------------------------------------------------------------------------
 *
 * key_sort.c
 *	  Sorts references by stored keys; see key_sort.h.
 *
 * To the server's sort, an entry is a value of 16 bytes whose order is that of
 * its bytes: a UUID, with the key in front and the reference behind it, most
 * significant byte first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "page/key_sort.h"

/* Entries that there is room for at first. */
#define FIRST_ROOM	1024

/* What the server's sort needs. */
#define LEAST_KILOBYTES	64

typedef struct Entry
{
	uint64		key;
	VpId		id;
} Entry;

struct VpKeySort
{
	uint32		n;
	uint32		got;
	Entry	   *entries;		/* NULL: in tuples */
	Size		room;
	int			kilobytes;
	MemoryContext context;
	Tuplesortstate *tuples;
};

static inline int
compare_entries(const Entry *a, const Entry *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE Entry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

VpKeySort *
vp_key_sort_begin(int kilobytes)
{
	VpKeySort  *sort = palloc0(sizeof(VpKeySort));

	sort->context = CurrentMemoryContext;
	sort->kilobytes = Max(kilobytes, LEAST_KILOBYTES);
	sort->room = FIRST_ROOM;
	sort->entries = palloc(sort->room * sizeof(Entry));
	return sort;
}

static void
put_tuple(VpKeySort *sort, uint64 key, VpId id)
{
	pg_uuid_t	uuid = {0};
	uint64		high = pg_hton64(key);
	uint32		low = pg_hton32(id);

	memcpy(uuid.data, &high, sizeof(high));
	memcpy(uuid.data + sizeof(high), &low, sizeof(low));
	tuplesort_putdatum(sort->tuples, UUIDPGetDatum(&uuid), false);
}

/*
 * Goes on in temporary files.  The sort lives in sort->context; leaves the
 * caller's context in place.
 */
static void
begin_tuples(VpKeySort *sort)
{
	TypeCacheEntry *type = lookup_type_cache(UUIDOID, TYPECACHE_LT_OPR);
	MemoryContext old = MemoryContextSwitchTo(sort->context);

	sort->tuples = tuplesort_begin_datum(UUIDOID, type->lt_opr, InvalidOid, false,
										 sort->kilobytes, NULL, TUPLESORT_NONE);
	for (uint32 i = 0; i < sort->n; i++)
		put_tuple(sort, sort->entries[i].key, sort->entries[i].id);
	MemoryContextSwitchTo(old);
	pfree(sort->entries);
	sort->entries = NULL;
}

void
vp_key_sort_put(VpKeySort *sort, uint64 key, VpId id)
{
	if (sort->n == PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a posting list cannot have more than %u entries", PG_UINT32_MAX),
				 errhint("Use partitions.")));
	if (sort->entries != NULL && sort->n == sort->room)
	{
		if (sort->room * 2 * sizeof(Entry) > (Size) sort->kilobytes * 1024)
			begin_tuples(sort);
		else
		{
			sort->room *= 2;
			sort->entries = repalloc_huge(sort->entries, sort->room * sizeof(Entry));
		}
	}
	if (sort->entries != NULL)
	{
		sort->entries[sort->n].key = key;
		sort->entries[sort->n].id = id;
	}
	else
		put_tuple(sort, key, id);
	sort->n++;
}

uint32
vp_key_sort_done(VpKeySort *sort)
{
	if (sort->entries != NULL)
		sort_entries(sort->entries, sort->n);
	else
		tuplesort_performsort(sort->tuples);
	return sort->n;
}

void
vp_key_sort_get(VpKeySort *sort, uint64 *key, VpId *id)
{
	Datum		value;
	bool		isnull;
	uint64		high;
	uint32		low;

	if (sort->entries != NULL)
	{
		*key = sort->entries[sort->got].key;
		*id = sort->entries[sort->got].id;
		sort->got++;
		return;
	}
	if (!VpTuplesortGetDatum(sort->tuples, &value, &isnull))
		elog(ERROR, "fewer references were sorted than there are");
	memcpy(&high, DatumGetUUIDP(value)->data, sizeof(high));
	memcpy(&low, DatumGetUUIDP(value)->data + sizeof(high), sizeof(low));
	*key = pg_ntoh64(high);
	*id = pg_ntoh32(low);
}

void
vp_key_sort_end(VpKeySort *sort)
{
	if (sort->tuples != NULL)
		tuplesort_end(sort->tuples);
	else
		pfree(sort->entries);
	pfree(sort);
}
