/*-------------------------------------------------------------------------
 *
 * index_state.c
 *	  What is known of an index's capacity: a row of vecprov.indexes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/loaded.h"
#include "capacity/arithmetic.h"
#include "capacity/index_state.h"
#include "capacity/memory.h"
#include "capacity/meter.h"
#include "capacity/partitions.h"
#include "capacity/rights.h"
#include "capacity/scaling.h"
#include "page/store.h"
#include "page/unfinished.h"

VP_SERVER_FUNCTION(vecprov_facts);
VP_SERVER_FUNCTION(vecprov_shard_facts);
VP_SERVER_FUNCTION(vecprov_tier_memory);

/* What is advised leaves so much free. */
#define HEADROOM	0.15

/* The columns, in the order of sql/install/31_capacity_index.sql. */
enum
{
	FACT_MODE,
	FACT_TIER,
	FACT_SHARDS,
	FACT_REPLICAS,
	FACT_CURRENT_SHARDS,
	FACT_STATE,
	FACT_ERROR,
	FACT_RECORDS,
	FACT_INDEX_SIZE,
	FACT_CAPACITY,
	FACT_FULLNESS,
	FACT_MEMORY_FULLNESS,
	FACT_STORAGE_FULLNESS,
	FACT_ADVICE,
	NFACTS
};

/* What follows from the tier; of partitions, of all together. */
typedef struct Filled
{
	bool		known;			/* there is a tier */
	int64		capacity;
	double		storage;		/* fullness, of the fullest partition */
	int			shards;			/* to be advised, were it too full */
	VpMemory	memory;
} Filled;

typedef struct Row
{
	Datum		values[NFACTS];
	bool		nulls[NFACTS];
	StringInfoData advice;
	Filled		filled;
} Row;

static void
init_row(Row *row)
{
	memset(row, 0, sizeof(*row));
	memset(row->nulls, true, sizeof(row->nulls));
	initStringInfo(&row->advice);
}

static void
set_fact(Row *row, int fact, Datum value)
{
	row->values[fact] = value;
	row->nulls[fact] = false;
}

static void
advise(Row *row, const char *advice)
{
	if (row->advice.len > 0)
		appendStringInfoString(&row->advice, "; ");
	appendStringInfoString(&row->advice, advice);
}

/* Is a column of the table one of the index's? */
static bool
has_column(Relation rel, AttrNumber column)
{
	for (int i = 0; i < rel->rd_index->indnatts; i++)
		if (rel->rd_index->indkey.values[i] == column)
			return true;
	return false;
}

/* Has a type, or that of which it is an array, a class of keys? */
static bool
can_be_key(Oid type, Oid am)
{
	Oid			element = get_base_element_type(type);

	return OidIsValid(GetDefaultOpClass(OidIsValid(element) ? element : type, am));
}

/* A column by which rows are filtered that the index returns could be one that it filters by. */
static void
advise_key(Row *row, Relation rel, AttrNumber column)
{
	char	   *name = get_attname(rel->rd_index->indrelid, column, true);
	Oid			type = get_atttype(rel->rd_index->indrelid, column);

	/* a column that was dropped has a name, but no type */
	if (name == NULL || !OidIsValid(type) || has_column(rel, column))
		return;
	advise(row, psprintf(can_be_key(type, rel->rd_rel->relam) ?
						 "rows are filtered by %s, which is no key of the index" :
						 "rows are filtered by %s, which cannot be a key; another index on it may help",
						 quote_identifier(name)));
}

static void
advise_keys(Row *row, Relation rel)
{
	AttrNumber	columns[VP_FILTERED];
	int			n = vp_meter_filtered(rel, columns);

	for (int i = 0; i < n; i++)
		advise_key(row, rel, columns[i]);
}

/*
 * As vp_own_index_open; the index of a partitioned table will do, too.  Returns
 * it open and locked (AccessShareLock), for the caller to close and unlock; or
 * NULL, and then no lock is left.
 */
static Relation
open_any(Oid relid, bool wait)
{
	VpRight		right = wait ? VP_RIGHT_LOOK : VP_RIGHT_ANY;
	Relation	rel;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		return NULL;
	if (wait)
	{
		(void) vp_right_check_any(relid, right);
		LockRelationOid(relid, AccessShareLock);
	}
	else if (!ConditionalLockRelationOid(relid, AccessShareLock))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
	{
		UnlockRelationOid(relid, AccessShareLock);
		return NULL;
	}
	/* who had it locked may have taken the right away */
	(void) vp_right_check_any(relid, right);
	return rel;
}

Relation
vp_own_index_open(Oid relid, bool wait)
{
	if (vp_is_partitioned(relid))
		(void) vp_right_check(relid, VP_RIGHT_ANY);
	return open_any(relid, wait);
}

Relation
vp_own_index_get(Oid relid)
{
	Relation	rel = vp_own_index_open(relid, true);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return rel;
}

double
vp_fullness(int64 used, int64 room)
{
	if (room > 0)
		return (double) used / room;
	return used > 0 ? INFINITY : 0;
}

int
vp_advised_shards(int64 bytes, int shards, const VpTier *tier)
{
	return Max(vp_shards_needed(bytes, HEADROOM, tier->shard_bytes), shards + 1);
}

/* What follows from the tier, for an index of so many bytes. */
static void
fill(Filled *filled, Relation rel, const VpWish *wish, const VpTier *tier, int64 bytes)
{
	filled->known = true;
	filled->capacity = vp_capacity(wish->shards, tier->shard_bytes);
	filled->storage = vp_fullness(bytes, filled->capacity);
	filled->shards = vp_advised_shards(bytes, wish->shards, tier);
	vp_memory_get(rel, tier, &filled->memory);
}

/* Adds a partition; what is promised to others is left to the caller. */
static void
fill_more(Filled *all, const Filled *one)
{
	if (!one->known)
		return;
	all->capacity += one->capacity;
	all->storage = Max(all->storage, one->storage);
	all->shards = Max(all->shards, one->shards);
	all->memory.need += one->memory.need;
}

static void
set_tier_facts(Row *row, Oid index, const VpWish *wish)
{
	const Filled *filled = &row->filled;
	double		storage = filled->storage;
	double		memory = vp_fullness(filled->memory.need, filled->memory.limit - filled->memory.promised);

	set_fact(row, FACT_CAPACITY, Int64GetDatum(filled->capacity));
	set_fact(row, FACT_STORAGE_FULLNESS, Float8GetDatum(storage));
	set_fact(row, FACT_MEMORY_FULLNESS, Float8GetDatum(memory));
	set_fact(row, FACT_FULLNESS, Float8GetDatum(Max(storage, memory)));

	if (storage >= VP_ADVISED_FULLNESS)
		advise(row, psprintf("set shards%s to %d", vp_decided_by(index), filled->shards));
	if (memory >= VP_ADVISED_FULLNESS)
		advise(row, psprintf("set shared_buffers to %lld MB or more",
							 (long long) vp_memory_advised(&filled->memory, VP_ADVISED_FULLNESS)));
	if (wish->replicas == 0)
		advise(row, "suspended: set replicas to 1 or more to resume");
	if (strcmp(GetConfigOption("huge_pages", false, false), "off") == 0)
		advise(row, "set huge_pages to try or on");
}

/* What an index was given.  False: its tier does not exist. */
static bool
set_wish_facts(Row *row, const VpWish *wish, VpTier *tier)
{
	bool		known = !VpIsProvisioned(wish) || vp_tier_find(wish->tier, tier);

	set_fact(row, FACT_MODE,
			 CStringGetTextDatum(VpIsProvisioned(wish) ? "provisioned" : "on-demand"));
	if (VpIsProvisioned(wish))
	{
		set_fact(row, FACT_TIER, CStringGetTextDatum(wish->tier));
		set_fact(row, FACT_SHARDS, Int32GetDatum(wish->shards));
		set_fact(row, FACT_REPLICAS, Int32GetDatum(wish->replicas));
	}
	set_fact(row, FACT_STATE, CStringGetTextDatum(known ? "Ready" : "Error"));
	if (!known)
		set_fact(row, FACT_ERROR,
				 CStringGetTextDatum(psprintf("tier \"%s\" does not exist", wish->tier)));
	return known;
}

static void
set_facts(Row *row, Relation rel)
{
	VpWish		wish;
	VpTier		tier;
	bool		known;
	VpIndexLook look;
	const VpMeta *meta = &look.meta;
	VpHeld		held;
	int64		bytes;

	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	known = set_wish_facts(row, &wish, &tier);
	vp_index_look(rel, &look);
	if (look.problem != NULL)
	{
		set_fact(row, FACT_STATE, CStringGetTextDatum("Error"));
		set_fact(row, FACT_ERROR, CStringGetTextDatum(look.problem));
		advise(row, "REINDEX it");
	}
	else if (!look.sound)
		return;
	if (look.sound)
		held = vp_held(meta);
	bytes = look.sound ? (int64) held.bytes : (int64) look.nblocks * BLCKSZ;
	set_fact(row, FACT_INDEX_SIZE, Int64GetDatum(bytes));
	if (look.sound)
	{
		if (known && vp_is_scaling(meta, &wish))
			set_fact(row, FACT_STATE, CStringGetTextDatum("Scaling"));
		set_fact(row, FACT_CURRENT_SHARDS, Int32GetDatum(meta->shards));
		set_fact(row, FACT_RECORDS, Int64GetDatum((int64) held.records));
	}
	if (VpIsProvisioned(&wish) && known)
	{
		fill(&row->filled, rel, &wish, &tier, bytes);
		set_tier_facts(row, RelationGetRelid(rel), &wish);
	}
	advise_keys(row, rel);
}

static int64
fact_bytes(const Row *row, int fact)
{
	return row->nulls[fact] ? 0 : DatumGetInt64(row->values[fact]);
}

static bool
has_state(const Row *row, const char *state)
{
	return strcmp(TextDatumGetCString(row->values[FACT_STATE]), state) == 0;
}

/* Adds what is known of a partition.  shards: what each of them is to have. */
static void
add_partition(Row *sum, const Row *part, Relation rel, int shards)
{
	fill_more(&sum->filled, &part->filled);
	set_fact(sum, FACT_RECORDS, Int64GetDatum(fact_bytes(sum, FACT_RECORDS) + fact_bytes(part, FACT_RECORDS)));
	set_fact(sum, FACT_INDEX_SIZE,
			 Int64GetDatum(fact_bytes(sum, FACT_INDEX_SIZE) + fact_bytes(part, FACT_INDEX_SIZE)));
	if (!part->nulls[FACT_CURRENT_SHARDS] && DatumGetInt32(part->values[FACT_CURRENT_SHARDS]) != shards)
		set_fact(sum, FACT_CURRENT_SHARDS, part->values[FACT_CURRENT_SHARDS]);
	if (has_state(part, "Error") && sum->nulls[FACT_ERROR])
		set_fact(sum, FACT_ERROR,
				 CStringGetTextDatum(psprintf("%s: %s", RelationGetRelationName(rel),
											  TextDatumGetCString(part->values[FACT_ERROR]))));
	if (has_state(part, "Error") || (has_state(part, "Scaling") && !has_state(sum, "Error")))
		set_fact(sum, FACT_STATE, part->values[FACT_STATE]);
}

/*
 * The same of the index of a partitioned table, by what is known of its
 * partitions.  False: one of them is locked exclusively, and we do not wait.
 */
static bool
set_sums(Row *row, Relation parent, bool wait)
{
	VpWish		wish;
	VpTier		tier;
	bool		known;
	List	   *leaves = vp_leaf_indexes(RelationGetRelid(parent));
	ListCell   *cell;

	vp_get_wish((VpOptions *) parent->rd_options, &wish);
	known = set_wish_facts(row, &wish, &tier);
	set_fact(row, FACT_CURRENT_SHARDS, Int32GetDatum(vp_wanted_shards(&wish)));
	set_fact(row, FACT_RECORDS, Int64GetDatum(0));
	set_fact(row, FACT_INDEX_SIZE, Int64GetDatum(0));
	foreach(cell, leaves)
	{
		Relation	rel = vp_own_index_open(lfirst_oid(cell), wait);
		Row			part;

		if (rel == NULL && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(lfirst_oid(cell))))
			return false;
		if (rel == NULL)
			continue;
		init_row(&part);
		set_facts(&part, rel);
		add_partition(row, &part, rel, vp_wanted_shards(&wish));
		relation_close(rel, AccessShareLock);
	}
	if (VpIsProvisioned(&wish) && known)
	{
		row->filled.memory.promised = vp_memory_promised(leaves);
		row->filled.memory.limit = vp_memory_limit();
		set_tier_facts(row, RelationGetRelid(parent), &wish);
	}
	return true;
}

/*
 * Of an index; NULL when it is gone, or when somebody has it locked exclusively and
 * the second argument says not to wait.  Who waits must have a right to it.
 */
Datum
vecprov_facts(PG_FUNCTION_ARGS)
{
	Relation	rel = open_any(PG_GETARG_OID(0), PG_GETARG_BOOL(1));
	Row			row;
	TupleDesc	desc;
	bool		known = true;

	if (rel == NULL)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	init_row(&row);
	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		known = set_sums(&row, rel, PG_GETARG_BOOL(1));
	else
		set_facts(&row, rel);
	if (row.advice.len > 0)
		set_fact(&row, FACT_ADVICE, CStringGetTextDatum(row.advice.data));
	relation_close(rel, AccessShareLock);
	if (!known)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  row.values, row.nulls)));
}

/* About how many records are to leave a shard. */
static int64
records_to_move(const VpMeta *meta, uint32 i)
{
	const VpShard *shard = &meta->shard[i];
	double		mean = (double) vp_meta_bytes(meta) / meta->target;
	double		bytes = vp_shard_bytes(shard);

	if (i >= meta->target)
		return shard->records;
	if (!meta->moving || bytes <= mean)
		return 0;
	return (int64) (shard->records * (bytes - mean) / bytes);
}

/*
 * Of an index's shards, a row each; none where vecprov_facts is NULL, or where there are
 * no pages, or a damaged metapage.
 */
Datum
vecprov_shard_facts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel;
	VpIndexLook look;
	const VpMeta *meta = &look.meta;
	VpWish		wish;
	VpTier		tier;
	bool		provisioned;

	InitMaterializedSRF(fcinfo, 0);
	rel = vp_own_index_open(PG_GETARG_OID(0), PG_GETARG_BOOL(1));
	if (rel == NULL)
		PG_RETURN_NULL();
	vp_index_look(rel, &look);
	if (look.sound)
	{
		vp_get_wish((VpOptions *) rel->rd_options, &wish);
		provisioned = VpIsProvisioned(&wish) && vp_tier_find(wish.tier, &tier);
		for (uint32 i = 0; i < meta->shards; i++)
		{
			const VpShard *shard = &meta->shard[i];
			int64		bytes = (int64) vp_shard_bytes(shard);
			Datum		values[] = {Int32GetDatum(i), Int64GetDatum(shard->records),
			Int64GetDatum(bytes), 0, 0, Int64GetDatum(records_to_move(meta, i))};
			bool		nulls[] = {false, false, false, !provisioned, !provisioned, false};

			if (provisioned)
			{
				values[3] = Int64GetDatum(tier.shard_bytes);
				values[4] = Float8GetDatum(vp_fullness(bytes, tier.shard_bytes));
			}
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	relation_close(rel, AccessShareLock);
	PG_RETURN_NULL();
}

/* Bytes of an index that a tier keeps in memory, and those that can be had for it. */
Datum
vecprov_tier_memory(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	VpTier		tier;
	List	   *leaves;
	ListCell   *cell;
	int64		need = 0;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	(void) vp_right_check_any(PG_GETARG_OID(0), VP_RIGHT_LOOK);
	vp_tier_get(text_to_cstring(PG_GETARG_TEXT_PP(1)), &tier);
	leaves = vp_leaf_indexes(PG_GETARG_OID(0));
	foreach(cell, leaves)
	{
		Relation	rel = vp_own_index_get(lfirst_oid(cell));

		need += vp_memory_need(rel, &tier);
		relation_close(rel, AccessShareLock);
	}
	values[0] = Int64GetDatum(need);
	values[1] = Int64GetDatum(Max(vp_memory_limit() - vp_memory_promised(leaves), 0));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
