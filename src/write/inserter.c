/*-------------------------------------------------------------------------
 *
 * inserter.c
 *	  A new node, written and linked into the graph: of a row that is inserted, or a copy
 *	  in another shard.
 *
 * The protocol, with what others see at each step and what a crash leaves, is
 * in README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "page/alloc.h"
#include "page/merge.h"
#include "page/move.h"
#include "page/node.h"
#include "page/page_locks.h"
#include "search/node_source.h"
#include "write/inserter.h"
#include "write/recode.h"

/* What inserts into an index work with. */
typedef struct Inserter
{
	MemoryContext context;		/* of all this */
	MemoryContext scratch;		/* emptied after each row */
	VpRelFileLocator file;
	Oid			relid;
	VpIndex    *index;			/* own copy */
	VpNodeSource source;
	VpWriter   *writer;
	VpQuery		query;
	void	   *vector;			/* exact; behind its last byte, zero */
	void	   *rotated;
	uint8	   *code;
} Inserter;

/*
 * Inserters are kept from one statement to the next, a few for each backend:
 * to make one costs as much as an insert.
 */
#define CACHED_INSERTERS 4

static Inserter *cached[CACHED_INSERTERS];

static void *
alloc_in_context(size_t size)
{
	VP_POINT("allocation");
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

static void
free_in_context(void *p)
{
	pfree(p);
}

const VpAlloc vp_context_alloc = {alloc_in_context, free_in_context};

/*
 * An inserter, in a context of its own below TopMemoryContext, with a copy of
 * the index.  The caller's context is the current one again.
 */
static Inserter *
make_inserter(const VpIndex *index)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov inserter",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Inserter   *inserter = palloc0(sizeof(Inserter));
	VpIndex    *copy = vp_index_copy(index);

	inserter->context = context;
	inserter->file = VpLocator(index->store.rel);
	inserter->relid = RelationGetRelid(index->store.rel);
	inserter->scratch = AllocSetContextCreate(context, "vecprov inserter scratch",
											  ALLOCSET_DEFAULT_SIZES);
	inserter->index = copy;
	vp_node_source_init(&inserter->source, copy);
	inserter->writer = vp_writer_create(&vp_context_alloc, &copy->codec, &copy->store.geo.levels,
										copy->meta.m, copy->meta.ef_construction);
	inserter->vector = palloc0(copy->store.geo.exact_words * sizeof(uint32));
	inserter->rotated = vp_palloc_aligned(copy->codec.rotated_bytes);
	inserter->code = vp_palloc_aligned(copy->store.geo.code_bytes);
	inserter->query.planes = vp_palloc0_aligned(vp_query_bytes(&copy->codec));
	MemoryContextSwitchTo(old);
	/* not before: one that is half made goes with the caller's context */
	MemoryContextSetParent(context, TopMemoryContext);
	return inserter;
}

void
vp_inserter_forget(Relation rel)
{
	for (int i = 0; i < CACHED_INSERTERS; i++)
	{
		if (cached[i] != NULL && cached[i]->relid == RelationGetRelid(rel))
		{
			MemoryContextDelete(cached[i]->context);
			cached[i] = NULL;
		}
	}
}

static inline bool
is_of_file(const Inserter *inserter, Relation rel)
{
	return memcmp(&inserter->file, &VpLocator(rel), sizeof(inserter->file)) == 0;
}

/*
 * An inserter belongs to the relation's present file, since another file has
 * another metapage, and to its present mean.
 */
static bool
is_current(Inserter *inserter, Relation rel)
{
	if (!is_of_file(inserter, rel))
		return false;
	inserter->index->store.rel = rel;
	return inserter->index->meta.mean_due == vp_graph_state(&inserter->index->store).mean_due;
}

/*
 * The inserter for an index, the most recently used first.  It lives until
 * another one needs its place, the index's file or mean changes, or
 * vp_inserter_forget.
 */
static Inserter *
get_inserter(Relation rel)
{
	Inserter   *inserter = NULL;
	int			i;

	for (i = 0; i < CACHED_INSERTERS - 1; i++)
		if (cached[i] == NULL || is_of_file(cached[i], rel))
			break;
	inserter = cached[i];
	if (inserter != NULL && !is_current(inserter, rel))
	{
		cached[i] = NULL;
		MemoryContextDelete(inserter->context);
		inserter = NULL;
	}
	if (inserter == NULL)
		inserter = make_inserter(vp_index_get(rel));
	memmove(&cached[1], &cached[0], i * sizeof(cached[0]));
	cached[0] = inserter;
	inserter->index->store.rel = rel;
	inserter->index->store.wal = RelationNeedsWAL(rel);
	return inserter;
}

/*
 * Is this node to be the entry point instead of the present one?  If it is on a
 * higher level, or if there is nobody alive to be linked to: that makes it the entry
 * point of a lower level, perhaps, which VACUUM will look at.
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
 * the entry point if it is the first, or on a higher level than that.  It is not LINKED
 * before it is the entry point, if it is to be one: in whichever step the insert
 * ends, no linked node is above the entry point.
 */
static void
link_node(Inserter *inserter, VpId id, uint32 shard)
{
	const VpStore *store = &inserter->index->store;
	VpId		entry;

	inserter->source.nids = vp_graph_state(store).next_id;
	while ((entry = vp_shard_entry(store, shard)) == VP_NO_ID)
	{
		if (vp_entry_replace(store, shard, VP_NO_ID, id))
		{
			vp_mark_terms(&inserter->source, id, &inserter->query);
			return;
		}
	}

	inserter->source.nids = vp_graph_state(store).next_id;
	inserter->source.shard = shard;
	inserter->source.own = id;
	if (vp_link(inserter->writer, &inserter->source.source, id, &inserter->query,
				entry, vp_level(&store->geo.levels, entry), inserter->source.nids) == VP_CHAINED)
		return;

	/* what found nobody to be linked to is PENDING still */
	do
		entry = vp_shard_entry(store, shard);
	while (should_enter(store, id, entry) && !vp_entry_replace(store, shard, entry, id));
	vp_node_set_linked(store, id);
	vp_mark_terms(&inserter->source, id, &inserter->query);
}

/*
 * Writes a new node's vector, which is inserter->vector, and links it into its
 * shard by inserter->query.  The insert lock is held, and no page is locked.
 * On entry and on exit inserter->scratch is the current context; the graph's
 * working memory is in inserter->context.
 */
static void
place_node(Inserter *inserter, VpId id, uint32 shard)
{
	VP_POINT("insert-created");
	vp_vector_write(&inserter->index->store, id, inserter->vector);
	VP_POINT("insert-stored");
	MemoryContextSwitchTo(inserter->context);
	link_node(inserter, id, shard);
	MemoryContextSwitchTo(inserter->scratch);
}

/* Makes a record's code, and the query, of a vector's elements. */
static void
encode(Inserter *inserter, const void *elements, VpRecord *record)
{
	const VpIndex *index = inserter->index;
	const VpCodec *codec = &index->codec;

	index->form->rotate(codec, &index->meta, elements, inserter->rotated, false);
	vp_codec_encode(codec, inserter->rotated, inserter->code, (VpFactors *) record->factors);
	record->code = inserter->code;
	vp_query_prepare(codec, inserter->rotated, &inserter->query);
}

/* Takes both from a node, whose vector is to be placed a second time. */
static void
encode_again(Inserter *inserter, VpId id, VpRecord *record)
{
	const VpIndex *index = inserter->index;

	id = vp_vector_owner(&index->store, id);
	if (index->form->in_table)
	{
		vp_node_code(&index->store, id, record->factors, inserter->code);
		record->code = inserter->code;
		vp_query_from_code(&index->codec, inserter->code, (VpFactors *) record->factors,
						   &inserter->query);
	}
	else
	{
		vp_vector_fetch(&index->store, id, inserter->vector);
		encode(inserter, inserter->vector, record);
	}
}

/* What is looked for, and where. */
typedef struct Wanted
{
	Inserter   *inserter;
	const VpRecord *record;
} Wanted;

/* Has a node the vector that is in the inserter?  The code comes first, as it tells nearly all apart. */
static bool
has_vector(void *arg, VpId id)
{
	const Wanted *wanted = arg;
	const Inserter *inserter = wanted->inserter;
	const VpStore *store = &inserter->index->store;
	Size		exact_bytes = store->geo.exact_words * sizeof(uint32);
	const void *exact = store->geo.vector_words > 0 ? inserter->vector : inserter->code;
	float		factors[2];
	void	   *room = MemoryContextAlloc(inserter->scratch, Max(store->geo.code_bytes, exact_bytes));

	vp_node_code(store, id, factors, room);
	if (memcmp(factors, wanted->record->factors, sizeof(factors)) != 0 ||
		memcmp(room, inserter->code, store->geo.code_bytes) != 0)
		return false;
	vp_vector_fetch(store, id, room);
	return memcmp(room, exact, exact_bytes) == 0;
}

/* Looks in all shards for a node with the vector that is in the inserter. */
static VpId
find_equal(Inserter *inserter, const VpRecord *record)
{
	const VpStore *store = &inserter->index->store;
	VpNodeSource *source = &inserter->source;
	VpGraphState state = vp_graph_state(store);
	float		own = vp_query_distance(&inserter->query, inserter->code,
										(const VpFactors *) record->factors);
	Wanted		wanted = {inserter, record};
	VpId		found = VP_NO_ID;

	source->nids = state.next_id;
	for (uint32 shard = 0; shard < state.shards && found == VP_NO_ID; shard++)
	{
		VpId		entry = vp_shard_entry(store, shard);

		source->shard = shard;
		if (entry == VP_NO_ID)
			continue;
		MemoryContextSwitchTo(inserter->context);
		found = vp_link_find_equal(inserter->writer, &source->source, &inserter->query, own, entry,
								   vp_level(&store->geo.levels, entry), source->nids, has_vector,
								   &wanted);
		MemoryContextSwitchTo(inserter->scratch);
	}
	return found;
}

/*
 * Puts another version of a row behind the node that has its vector: then neither
 * code nor vector is to be written.  False: it is to be added in the ordinary way.
 */
static bool
add_version(Inserter *inserter, Relation heap, VpRecord *record, VpRoom *room)
{
	const VpStore *store = &inserter->index->store;
	VpId		first;

	if (store->geo.nkeys > 0 || !store->geo.apart)
		return false;
	first = find_equal(inserter, record);
	VP_POINT("insert-found");
	return first != VP_NO_ID && vp_node_create_behind(store, heap, first, record, room);
}

/* The insert lock is held. */
static bool
add_value(Inserter *inserter, Relation heap, const VpValue *value, const VpRowKeys *keys,
		  ItemPointer tid, uint32 size, bool unchanged, VpRoom *room)
{
	MemoryContext old = MemoryContextSwitchTo(inserter->scratch);
	const VpIndex *index = inserter->index;
	const void *elements = index->form->elements(value);
	VpRecord	record;
	bool		added;

	memcpy(inserter->vector, elements, index->meta.vector_bytes);
	encode(inserter, elements, &record);
	if (index->form->in_table)
		vp_code_seal(&index->codec, &index->meta, inserter->code, vp_value_hash(value));
	record.keys = keys->stored;
	record.elements = keys->elements;
	record.size = size;
	record.tid = *tid;

	added = unchanged && add_version(inserter, heap, &record, room);
	if (!added)
	{
		VpId		id = vp_node_create(&index->store, heap, &record, room);

		added = id != VP_NO_ID;
		if (added)
			place_node(inserter, id, record.shard);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(inserter->scratch);
	return added;
}

/*
 * The page lock tells VACUUM that an insert is under way that may have chosen
 * to link to a node which it then marks dead; see clean.c.
 */
bool
vp_insert_value(Relation rel, Relation heap, const VpValue *value, const VpRowKeys *keys,
				ItemPointer tid, uint32 size, bool unchanged, VpRoom *room)
{
	bool		added;

	LockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	if (vp_mean_is_due(vp_index_get(rel)))
	{
		UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
		vp_mean_take(rel);
		LockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	}
	added = add_value(get_inserter(rel), heap, value, keys, tid, size, unchanged, room);
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ShareLock);
	vp_runs_keep(&get_inserter(rel)->index->store, heap);
	return added;
}

void
vp_move_node(Relation rel, Relation heap, VpId id, uint32 shard)
{
	Inserter   *inserter = get_inserter(rel);
	const VpStore *store = &inserter->index->store;
	MemoryContext old = MemoryContextSwitchTo(inserter->scratch);
	VpNodeTail	tail;
	VpRecord	record;
	uint32		keys[VP_MAX_KEY_BYTES / sizeof(uint32)];
	VpId		copy;

	vp_node_fetch(store, id, &tail);
	encode_again(inserter, id, &record);
	vp_node_keys(store, id, keys);
	record.keys = keys;
	/* arrays are in the table */
	record.elements = NULL;
	record.size = tail.size;
	record.tid = tail.tid;
	record.shard = shard;
	copy = vp_node_create_copy(store, heap, &record);
	place_node(inserter, copy, shard);
	VP_POINT("move-linked");
	vp_move_finish(store, id, copy);
	VP_POINT("move-finished");
	MemoryContextSwitchTo(old);
	MemoryContextReset(inserter->scratch);
}
