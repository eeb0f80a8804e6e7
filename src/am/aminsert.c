/*-------------------------------------------------------------------------
 *
 * aminsert.c
 *	  Inserting a row: a new node, linked into the graph.
 *
 * The protocol, with what others see at each step and what a crash leaves, is
 * in am/README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "am/inserter.h"
#include "am/mover.h"
#include "base/debug_point.h"
#include "capacity/limit.h"
#include "capacity/measure.h"
#include "capacity/room.h"
#include "type/vector.h"

/* What inserts into an index work with. */
typedef struct Inserter
{
	MemoryContext context;		/* of all this */
	MemoryContext scratch;		/* emptied after each row */
	Oid			relid;
	VpIndex    *index;			/* own copy */
	VpNodeSource source;
	VpWriter   *writer;
	VpMeasure	measure;
	int64		limit;			/* of the sizes of all records */
	VpQuery		query;
	float	   *rotated;
	uint8	   *code;
} Inserter;

/*
 * Inserters are kept from one statement to the next, a few for each backend:
 * to make one costs as much as an insert.
 */
#define KEPT_INSERTERS 4

static Inserter *kept[KEPT_INSERTERS];

static void *
alloc_in_context(size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

static void
free_in_context(void *p)
{
	pfree(p);
}

const VpAlloc vp_context_alloc = {alloc_in_context, free_in_context};

static Inserter *
make_inserter(const VpIndex *index)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "vecprov inserter",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Inserter   *inserter = palloc0(sizeof(Inserter));
	VpIndex    *copy = vp_index_copy(index);

	inserter->context = context;
	inserter->relid = RelationGetRelid(index->store.rel);
	inserter->scratch = AllocSetContextCreate(context, "vecprov inserter scratch",
											  ALLOCSET_DEFAULT_SIZES);
	inserter->index = copy;
	inserter->limit = PG_INT64_MAX;
	vp_measure_init(&inserter->measure, copy->store.rel, copy->meta.dims);
	vp_node_source_init(&inserter->source, copy);
	inserter->writer = vp_writer_create(&vp_context_alloc, &copy->codec, &copy->store.geo.levels,
										copy->meta.m, copy->meta.ef_construction);
	inserter->rotated = vp_palloc_aligned(copy->codec.padded * sizeof(float));
	inserter->code = vp_palloc_aligned(copy->codec.code_bytes);
	inserter->query.planes = vp_palloc_aligned(vp_query_bytes(&copy->codec));
	MemoryContextSwitchTo(old);
	return inserter;
}

void
vp_inserter_forget(Relation rel)
{
	for (int i = 0; i < KEPT_INSERTERS; i++)
	{
		if (kept[i] != NULL && kept[i]->relid == RelationGetRelid(rel))
		{
			MemoryContextDelete(kept[i]->context);
			kept[i] = NULL;
		}
	}
}

/*
 * An inserter belongs to the relation's present file, since another file has
 * another metapage, and to its present mean.
 */
static bool
is_current(Inserter *inserter, Relation rel, const VpPeekRel *peek)
{
	if (!VpTagIs(&inserter->index->store.peek.tag, &peek->tag, 0))
		return false;
	inserter->index->store.rel = rel;
	return inserter->index->meta.mean_due == vp_graph_state(&inserter->index->store).mean_due;
}

/* The inserter for an index, the most recently used first. */
static Inserter *
get_inserter(Relation rel)
{
	VpPeekRel	peek;
	Inserter   *inserter = NULL;
	int			i;

	vp_peek_init(&peek, rel);
	for (i = 0; i < KEPT_INSERTERS - 1; i++)
		if (kept[i] == NULL || VpTagIs(&kept[i]->index->store.peek.tag, &peek.tag, 0))
			break;
	inserter = kept[i];
	if (inserter != NULL && !is_current(inserter, rel, &peek))
	{
		kept[i] = NULL;
		MemoryContextDelete(inserter->context);
		inserter = NULL;
	}
	if (inserter == NULL)
		inserter = make_inserter(vp_index_get(rel));
	memmove(&kept[1], &kept[0], i * sizeof(kept[0]));
	kept[0] = inserter;
	inserter->index->store.rel = rel;
	inserter->index->store.wal = RelationNeedsWAL(rel);
	inserter->limit = vp_room_limit(rel);
	return inserter;
}

/*
 * Is this node to be the entry point instead of the present one?  If it is on a
 * higher level, or if there is nobody alive to be linked to.
 */
static bool
should_enter(const VpStore *store, VpId id, VpId entry)
{
	VpId		links[VP_MAX_LINKS];

	if (entry == VP_NO_ID ||
		vp_level(&store->geo.levels, id) > vp_level(&store->geo.levels, entry))
		return true;
	return vp_node_links(store, id, 0, links) == 0 &&
		(vp_node_flags(store, entry) & VP_NODE_DEAD) != 0;
}

/*
 * Links a node whose record and vector are written into its shard, and makes it
 * the entry point if it is the first, or on a higher level than that.
 */
static void
link_node(Inserter *inserter, VpId id, uint32 shard)
{
	const VpStore *store = &inserter->index->store;
	VpId		entry;

	while ((entry = vp_shard_entry(store, shard)) == VP_NO_ID)
		if (vp_entry_replace(store, shard, VP_NO_ID, id))
			return;

	inserter->source.nids = vp_graph_state(store).next_id;
	if (vp_link(inserter->writer, &inserter->source.source, id, &inserter->query,
				entry, vp_level(&store->geo.levels, entry), inserter->source.nids) == VP_CHAINED)
		return;

	vp_node_set_linked(store, id);
	while (should_enter(store, id, entry) && !vp_entry_replace(store, shard, entry, id))
		entry = vp_shard_entry(store, shard);
}

/*
 * Writes a new node's vector and links it into its shard; inserter->rotated is its
 * vector rotated.
 */
static void
place_node(Inserter *inserter, VpId id, const float *vector, uint32 shard)
{
	VP_POINT("insert-created");
	vp_vector_write(&inserter->index->store, id, vector);
	VP_POINT("insert-stored");
	vp_query_prepare(&inserter->index->codec, inserter->rotated, &inserter->query);
	MemoryContextSwitchTo(inserter->context);
	link_node(inserter, id, shard);
	MemoryContextSwitchTo(inserter->scratch);
}

/* There is no room for a row. */
static void
refuse_row(Inserter *inserter, uint32 size)
{
	const VpStore *store = &inserter->index->store;
	uint32		records;
	uint64		bytes;

	vp_store_totals(store, &records, &bytes);
	vp_room_refuse(store->rel, bytes, size);
}

/* Makes a record's code of a vector. */
static void
encode(Inserter *inserter, const float *vector, VpRecord *record)
{
	const VpCodec *codec = &inserter->index->codec;

	vp_codec_rotate(codec, vector, inserter->rotated);
	vp_codec_encode(codec, inserter->rotated, inserter->code, (VpFactors *) record->factors);
	record->code = inserter->code;
}

/*
 * Adds a row's vector.  The insert lock is held.  ereports, having changed nothing,
 * when limits do not allow it, or leave no room.
 */
static void
add_vector(Inserter *inserter, VpMeter *meter, IndexInfo *info, Relation heap,
		   const float *vector, ItemPointer tid)
{
	MemoryContext old = MemoryContextSwitchTo(inserter->scratch);
	VpRecord	record;
	VpId		id;

	encode(inserter, vector, &record);
	record.size = vp_measure_row(&inserter->measure, heap, tid);
	record.tid = *tid;
	vp_limit_write(inserter->index->store.rel, meter, info, record.size, inserter->measure.vector_bytes);

	id = vp_node_create(&inserter->index->store, heap, &record, inserter->limit);
	if (id == VP_NO_ID)
		refuse_row(inserter, record.size);
	place_node(inserter, id, vector, record.shard);
	MemoryContextSwitchTo(old);
	MemoryContextReset(inserter->scratch);
}

void
vp_move_node(Relation rel, Relation heap, VpId id, uint32 shard)
{
	Inserter   *inserter = get_inserter(rel);
	const VpStore *store = &inserter->index->store;
	MemoryContext old = MemoryContextSwitchTo(inserter->scratch);
	float	   *vector = palloc(store->geo.dims * sizeof(float));
	VpNodeTail	tail;
	VpRecord	record;
	VpId		copy;

	vp_node_fetch(store, id, &tail);
	vp_vector_fetch(store, id, vector);
	encode(inserter, vector, &record);
	record.size = tail.size;
	record.tid = tail.tid;
	record.shard = shard;
	copy = vp_node_create_copy(store, heap, &record);
	place_node(inserter, copy, vector, shard);
	VP_POINT("move-linked");
	vp_move_finish(store, id, copy);
	VP_POINT("move-finished");
	MemoryContextSwitchTo(old);
	MemoryContextReset(inserter->scratch);
}

bool
vp_index_accepts(const VpMeta *meta, const VpVector *vector)
{
	if (vector->dim != meta->dims)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %d", meta->dims, vector->dim)));
	if (meta->metric != VP_METRIC_COSINE)
		return true;
	/* a vector without a direction has no cosine */
	for (int i = 0; i < vector->dim; i++)
		if (vector->x[i] != 0.0f)
			return true;
	return false;
}

/*
 * The page lock tells VACUUM that an insert is under way that may have chosen
 * to link to a node which it then marks dead; see amvacuum.c.
 */
bool
vp_insert(Relation rel, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
		  IndexUniqueCheck unique, bool unchanged, IndexInfo *info)
{
	Inserter   *inserter;
	VpVector   *vector;
	VpMeter    *meter;
	uint64		began = vp_now();

	if (isnull[0])
		return false;
	vp_room_check_awake(rel);
	meter = vp_meter_find(rel);

	LockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	inserter = get_inserter(rel);
	if (vp_mean_is_due(inserter->index))
	{
		UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
		vp_mean_take(rel);
		LockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
		inserter = get_inserter(rel);
	}
	vector = DatumGetVector(values[0]);
	if (vp_index_accepts(&inserter->index->meta, vector))
	{
		add_vector(inserter, meter, info, heap, vector->x, tid);
		vp_meter_insert(meter, vp_now() - began);
	}
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);

	if ((Pointer) vector != DatumGetPointer(values[0]))
		pfree(vector);
	return false;
}
