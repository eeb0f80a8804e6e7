/*-------------------------------------------------------------------------
 *
 * node_source.c
 *	  The nodes of an index as a graph's source: VpSource over pages.
 *
 * Here the innermost loop of a search runs: for each neighbour that was not
 * met yet, from its id to its page, and from its code to a distance.  What
 * costs is waiting for memory, three times one after another: the hint (which
 * buffer), the buffer's descriptor, and the record.  So the hints of all
 * neighbours are loaded into the cache first, then descriptors and records,
 * while the neighbours are measured that a search asked for before (graph.h).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/rel.h"

#include "base/debug_point.h"
#include "kernel/sparse.h"
#include "page/bypass.h"
#include "page/landmark.h"
#include "page/node.h"
#include "search/entry_points.h"
#include "search/node_source.h"

/* How many records are loaded ahead where nothing is measured meanwhile. */
#define PREFETCH_AHEAD 32

/* Bytes of a code that is copied to be compared with others: of longer ones the bytes cost most. */
#define MAX_HELD 1024

/* A node's slot, and where it is by the hint for its page. */
typedef struct VpTarget
{
	VpPlace		place;
	BufferDesc *desc;
	const uint8_t *code;
} VpTarget;

/*
 * Follows the hints, and loads the records.  Where there is none any buffer will do: it is
 * looked at whether it holds the page.
 */
static pg_attribute_always_inline void
aim(VpTarget *pg_restrict targets, int n, const VpPeekRel *peek, uint32 bytes, uint32 code_at)
{
	for (int i = 0; i < n; i++)
	{
		Buffer		hint = Max(vp_peek_hint(peek, targets[i].place.block), 1);
		const char *slot = vp_window_page(hint) + targets[i].place.offset;

		targets[i].desc = GetBufferDescriptor(hint - 1);
		targets[i].code = (const uint8_t *) slot + code_at;
		__builtin_prefetch(targets[i].desc);
		for (uint32 at = 0; at < bytes; at += VP_CACHE_LINE)
			__builtin_prefetch(slot + at);
		__builtin_prefetch(slot + bytes - 1);
	}
}

/* As vp_buffer_holds, of all targets. */
static pg_attribute_always_inline bool
hold(const VpTarget *targets, int n, const VpPeekRel *peek)
{
	uint64		differs = 0;

	for (int i = 0; i < n; i++)
		differs |= vp_tag_differs(targets[i].desc, peek, targets[i].place.block);
	pg_read_barrier();
	for (int i = 0; i < n; i++)
		differs |= vp_state_differs(targets[i].desc);
	return likely(differs == 0);
}

/* As vp_page_is_filled, of all targets. */
static pg_noinline bool
are_filled(const VpTarget *targets, int n, const VpPeekRel *peek)
{
	bool		all = true;

	for (int i = 0; i < n; i++)
		all &= vp_page_is_filled(targets[i].desc, peek);
	return all;
}

/*
 * Measures up to VP_DOTS targets.  False: for one of them the hint was wrong, or the
 * buffer was given to another page meanwhile.
 */
static pg_attribute_always_inline bool
target_distances(const VpTarget *targets, int n, const VpPeekRel *peek, const VpQuery *query,
				 int factors_at, float *dist)
{
	const uint8_t *codes[VP_DOTS];

	if (!hold(targets, n, peek))
		return false;
	pg_read_barrier();
	if (unlikely(peek->standby) && !are_filled(targets, n, peek))
		return false;
	for (int i = 0; i < n; i++)
	{
		vp_buffer_touch(targets[i].desc);
		codes[i] = targets[i].code;
	}
	vp_query_distances(query, codes, factors_at, n, dist);
	pg_read_barrier();
	return hold(targets, n, peek);
}

static float
slot_distance(const VpStore *store, const VpQuery *query, const char *slot)
{
	return vp_query_distance(query, (const uint8_t *) slot + store->geo.code_at,
							 (const VpFactors *) (slot + store->geo.factors_at));
}

/* False: the page must be read in the ordinary way. */
static bool
peeked_distance(const VpStore *store, const VpQuery *query, VpPlace place, float *dist)
{
	BufferDesc *desc;

	desc = store->peek.enabled ?
		vp_peek(&store->peek, place.block, vp_peek_hint(&store->peek, place.block)) : NULL;
	if (desc == NULL)
		return false;
	vp_buffer_touch(desc);
	*dist = slot_distance(store, query, vp_peek_page(desc) + place.offset);
	return vp_peek_done(&store->peek, place.block, desc);
}

/* Of a page that is not in shared buffers; or is there, and the hint does not say so. */
static float
unpeeked_distance(const VpStore *store, const VpQuery *query, VpPlace place)
{
	const char *copy = store->bypass ? vp_bypass_read(store, place.block) : NULL;
	Buffer		buffer;
	float		dist;

	if (copy != NULL)
		return slot_distance(store, query, copy + place.offset);
	buffer = vp_store_read(store, place.block);
	dist = slot_distance(store, query, BufferGetPage(buffer) + place.offset);
	ReleaseBuffer(buffer);
	return dist;
}

/* Of several pages that are not there, all are asked for before the first is waited for. */
static void
read_ahead(VpNodeSource *source, const VpId *ids, int n)
{
	for (int i = 0; i < n; i++)
		if (vp_id_exists(source, ids[i]))
			vp_code_read_ahead(&source->index->store, ids[i]);
}

pg_noinline float
vp_source_distance(VpNodeSource *source, const VpQuery *query, const VpId *ids, int n, bool *missed)
{
	const VpStore *store = &source->index->store;
	VpPlace		place = vp_source_place(source, ids[0]);
	float		dist;

	if (place.block == InvalidBlockNumber)
		return NAN;
	if (peeked_distance(store, query, place, &dist))
		return dist;
	if (!*missed)
		read_ahead(source, ids, n);
	*missed = true;
	vp_code_read_together(store, ids[0]);
	return unpeeked_distance(store, query, place);
}

/* Begins to load some bytes of a record or a slot, wherever the hint says that it is. */
static pg_attribute_always_inline void
prefetch_at(const VpStore *store, VpPlace place, uint32 offset, uint32 bytes)
{
	Buffer		hint = Max(vp_peek_hint(&store->peek, place.block), 1);
	const char *at = vp_window_page(hint) + place.offset + offset;

	__builtin_prefetch(GetBufferDescriptor(hint - 1));
	__builtin_prefetch(at);
	__builtin_prefetch(at + bytes - 1);
}

/*
 * Loads the links that will be asked for next, and what leads to them; with a filter, what tests
 * the node, too.
 */
static pg_attribute_always_inline void
prefetch_links(VpNodeSource *source)
{
	const VpStore *store = &source->index->store;
	VpId		next = source->source.next;
	VpPlace		place;

	if (next >= source->nids)
		return;
	place = vp_node_place(&store->geo, next);
	prefetch_at(store, place, store->geo.links_offset, VP_CACHE_LINE + 1);
	if (source->filter != NULL || source->tids != NULL)
		prefetch_at(store, place, store->geo.tail_offset, sizeof(VpNodeTail));
	if (source->filter != NULL)
		prefetch_at(store, vp_key_place(&store->geo, next), 0, 1);
}

static void
find_targets(VpNodeSource *source, const VpId *ids, int n, VpTarget *pg_restrict targets)
{
	const VpStore *store = &source->index->store;
	uint32		nids = source->nids;

	for (int i = 0; i < n; i++)
	{
		targets[i].place = likely(ids[i] < nids) ?
			vp_code_place(&store->geo, ids[i]) : vp_source_place(source, ids[i]);
		vp_peek_prefetch_hint(&store->peek, targets[i].place.block);
	}
}

/* Measures the targets, and aims at others meanwhile. */
static pg_attribute_always_inline void
measure(VpNodeSource *source, const VpQuery *query,
		const VpTarget *targets, const VpId *ids, int n, float *dist, VpTarget *ahead, int nahead)
{
	const VpPeekRel *peek = &source->index->store.peek;
	uint32		bytes = vp_source_bytes(source);
	uint32		code_at = source->index->store.geo.code_at;
	int			factors_at = vp_source_factors(source);
	bool		missed = false;

	for (int i = 0; i < n || i < nahead; i += VP_DOTS)
	{
		int			ntargets = Min(n - i, VP_DOTS);

		aim(ahead + i, Min(nahead - i, VP_DOTS), peek, bytes, code_at);
		if (ntargets > 0 &&
			!target_distances(targets + i, ntargets, peek, query, factors_at, dist + i))
			for (int j = i; j < i + ntargets; j++)
				dist[j] = vp_source_distance(source, query, ids + j, n - j, &missed);
	}
}

/* Of pages that are not shared there are no hints. */
static void
unaimed_distances(VpNodeSource *source, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	bool		missed = false;

	for (int i = 0; i < n; i++)
		dist[i] = vp_source_distance(source, query, ids + i, n - i, &missed);
}

static void
source_distances(VpSource *base, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	VpNodeSource *source = (VpNodeSource *) base;
	VpTarget	targets[VP_MAX_LINKS + 1];
	int			first = Min(n, PREFETCH_AHEAD);

	if (!source->index->store.peek.enabled)
	{
		unaimed_distances(source, query, ids, n, dist);
		return;
	}
	prefetch_links(source);
	find_targets(source, ids, n, targets);
	measure(source, query, NULL, NULL, 0, NULL, targets, first);
	measure(source, query, targets, ids, n, dist, targets + first, n - first);
}

static void
source_distances_ahead(VpSource *base, const VpQuery *query, const VpId *ids, int n, float *dist,
					   const VpId *ahead, int nahead)
{
	VpNodeSource *source = (VpNodeSource *) base;
	VpTarget   *targets = source->targets[1];

	if (!source->index->store.peek.enabled)
	{
		unaimed_distances(source, query, ids, n, dist);
		return;
	}
	Assert(n == 0 || n == source->naimed);
	prefetch_links(source);
	source->targets[1] = source->targets[0];
	source->targets[0] = targets;
	find_targets(source, ahead, nahead, source->targets[1]);
	measure(source, query, targets, ids, n, dist, source->targets[1], nahead);
	source->naimed = nahead;
}

/* Of a ranked search: what is done meanwhile for what comes after it. */
static inline void
prepare_rows(VpNodeSource *source, VpId id)
{
	if (source->vectors > 0)
	{
		source->vectors--;
		vp_vector_prefetch(&source->index->store, id);
	}
	if (source->rows_come > 0 && --source->rows_come == 0)
		source->hooks->rows_come(source->hooks_arg);
}

static int
source_links(VpSource *base, VpId id, int level, VpId *links)
{
	VpNodeSource *source = (VpNodeSource *) base;

	CHECK_FOR_INTERRUPTS();
	if (!vp_id_exists(source, id))
		return 0;
	if (level == 0)
		prepare_rows(source, id);
	return vp_node_links(&source->index->store, id, level, links);
}

static bool
source_query_of(VpSource *base, VpId id, VpQuery *query)
{
	VpNodeSource *source = (VpNodeSource *) base;
	VpFactors	factors;

	if (!vp_id_exists(source, id))
		return false;
	vp_node_code(&source->index->store, id, (float *) &factors, source->code);
	vp_query_from_code(&source->index->codec, source->code, &factors, query);
	return true;
}

/*----------
 * Nodes that are compared with one another
 *----------
 */
static VpCoded *
held_code(const VpNodeSource *source, int place)
{
	return (VpCoded *) (source->held + place * source->held_bytes);
}

/* The memory is of the current context at the first call, as source->pair is. */
static void
source_hold(VpSource *base, const VpId *ids, int n)
{
	VpNodeSource *source = (VpNodeSource *) base;

	if (source->held == NULL)
		source->held = vp_palloc_aligned((VP_MAX_LINKS + 1) * source->held_bytes + VP_CACHE_LINE);
	for (int i = 0; i < n; i++)
	{
		VpCoded    *coded = held_code(source, i);

		if (vp_id_exists(source, ids[i]))
			vp_node_code(&source->index->store, ids[i], (float *) &coded->factors, coded->code);
		else
			coded->factors.scale = NAN;
	}
}

static void
source_held_query(VpSource *base, int place, VpQuery *query)
{
	VpNodeSource *source = (VpNodeSource *) base;
	const VpCoded *coded = held_code(source, place);

	vp_query_from_code(&source->index->codec, coded->code, &coded->factors, query);
}

static void
source_held_distances(VpSource *base, const VpQuery *query, const int *places, int n, float *dist)
{
	VpNodeSource *source = (VpNodeSource *) base;

	for (int i = 0; i < n; i += VP_DOTS)
	{
		const uint8_t *codes[VP_DOTS];
		int			ncodes = Min(n - i, VP_DOTS);

		for (int j = 0; j < ncodes; j++)
			codes[j] = held_code(source, places[i + j])->code;
		vp_query_distances(query, codes, VP_CODED_FACTORS, ncodes, dist + i);
	}
}

static bool
source_linkable(VpSource *base, VpId id)
{
	VpNodeSource *source = (VpNodeSource *) base;

	return vp_id_exists(source, id) &&
		vp_node_flags(&source->index->store, id) == VP_NODE_LINKED;
}

static bool
source_replace_links(VpSource *base, VpId id, int level,
					 const VpId *from, int nfrom, const VpId *to, int nto)
{
	VpNodeSource *source = (VpNodeSource *) base;

	VP_POINT("insert-linked");
	return vp_links_replace(&source->index->store, id, level, from, nfrom, to, nto, source->own);
}

/* Codes first: they tell nearly all apart without another page. */
static bool
source_same_vector(VpSource *base, VpId a, VpId b)
{
	VpNodeSource *source = (VpNodeSource *) base;
	const VpStore *store = &source->index->store;
	Size		code_bytes = store->geo.code_bytes;
	Size		vector_bytes = store->geo.exact_words * sizeof(uint32);
	VpFactors	factors[2];
	char	   *room;
	char	   *room2;
	bool		same;

	/* kept: an error on the way must not leak it */
	if (source->pair == NULL)
		source->pair = palloc(2 * Max(code_bytes, vector_bytes));
	room = source->pair;
	room2 = room + Max(code_bytes, vector_bytes);
	vp_node_code(store, a, (float *) &factors[0], room);
	vp_node_code(store, b, (float *) &factors[1], room2);
	same = memcmp(&factors[0], &factors[1], sizeof(VpFactors)) == 0 &&
		memcmp(room, room2, code_bytes) == 0;
	if (same)
	{
		vp_vector_fetch(store, a, room);
		vp_vector_fetch(store, b, room2);
		same = memcmp(room, room2, vector_bytes) == 0;
	}
	return same;
}

static bool
source_chain(VpSource *base, VpId first, VpId id)
{
	VpNodeSource *source = (VpNodeSource *) base;

	return vp_chain_push(&source->index->store, first, id);
}

static int
source_entry_points(VpSource *base, const VpQuery *query, VpId entry, VpCandidate *found, int *level)
{
	VpNodeSource *source = (VpNodeSource *) base;

	return vp_entry_points(base, &source->index->store, source->nids, query, entry, found, level);
}

/* Those that VACUUM has not taken out yet: see page/landmark.c. */
static int
source_landmarks(VpSource *base, const VpQuery *query, VpId *ids)
{
	VpNodeSource *source = (VpNodeSource *) base;
	const VpStore *store = &source->index->store;
	uint32		terms[VP_LANDMARK_TERMS];
	int			nterms = vp_sparse_query_terms(query, terms, VP_LANDMARK_TERMS);
	int			nfound = vp_landmarks_find(store, source->nids, terms, nterms, ids);
	int			n = 0;

	for (int i = 0; i < nfound; i++)
		if (source->shard < 0 ||
			(vp_id_exists(source, ids[i]) && vp_node_shard(store, ids[i]) == source->shard))
			ids[n++] = ids[i];
	return n;
}

/*----------
 * Matches
 *----------
 */

/* So many of a chain of equal vectors are looked at; behind a longer one there may be a match. */
#define CHAIN_STEPS	64

/* What tells whether a node matches. */
typedef struct Glance
{
	bool		match;			/* the row of the node itself may */
	bool		chained;		/* it is in a chain, and not the first */
	VpId		next;			/* of its chain; VP_NO_ID: none */
} Glance;

/*
 * Does a node satisfy the filter, as far as its keys tell?  Where its hint
 * says, as nearly always.
 */
static inline bool
keys_match(const VpNodeSource *source, VpId id)
{
	const VpStore *store = &source->index->store;
	VpPlace		place;
	char		keys[VP_MAX_KEY_BYTES];
	BufferDesc *desc;

	if (source->filter == NULL)
		return true;
	place = vp_key_place(&store->geo, id);
	desc = store->peek.enabled ?
		vp_peek(&store->peek, place.block, vp_peek_hint(&store->peek, place.block)) : NULL;
	if (likely(desc != NULL))
	{
		bool		match = vp_filter_test(source->filter, vp_peek_page(desc) + place.offset) != VP_NO;

		if (likely(vp_peek_done(&store->peek, place.block, desc)))
			return match;
	}
	vp_node_keys(store, id, keys);
	return vp_filter_test(source->filter, keys) != VP_NO;
}

/* The tail, where its hint says, as nearly always; else in the ordinary way. */
static inline uint8
glance_at_tail(const VpStore *store, VpId id, ItemPointer tid, VpId *next)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	BufferDesc *desc;

	desc = store->peek.enabled ?
		vp_peek(&store->peek, place.block, vp_peek_hint(&store->peek, place.block)) : NULL;
	if (likely(desc != NULL))
	{
		const char *record = vp_peek_page(desc) + place.offset;
		const volatile VpNodeTail *tail = (const volatile VpNodeTail *) (record + store->geo.tail_offset);
		uint8		flags = tail->flags;

		*tid = ((const VpNodeTail *) tail)->tid;
		*next = vp_chain_next(flags, tail->next);
		if (likely(vp_peek_done(&store->peek, place.block, desc)))
			return flags;
	}
	return vp_node_glance(store, id, tid, next);
}

/* The tail first, then the keys: see format.h. */
static inline Glance
glance_at(const VpNodeSource *source, VpId id)
{
	ItemPointerData tid;
	Glance		glance;
	uint8		flags = glance_at_tail(&source->index->store, id, &tid, &glance.next);

	glance.chained = (flags & VP_NODE_CHAINED) != 0;
	glance.match = flags != 0 && !(flags & VP_NODE_BARE) && !vp_is_gone(flags) &&
		(source->tids == NULL || vp_tid_set_has(source->tids, &tid)) && keys_match(source, id);
	return glance;
}

/* Begins to load what glances at nodes need. */
static void
source_expect_matches(VpSource *base, const VpId *ids, int n)
{
	VpNodeSource *source = (VpNodeSource *) base;
	const VpStore *store = &source->index->store;

	if (!store->peek.enabled)
		return;
	for (int i = 0; i < n; i++)
	{
		if (unlikely(ids[i] >= source->nids))
			continue;
		vp_peek_prefetch_hint(&store->peek, vp_node_place(&store->geo, ids[i]).block);
		vp_peek_prefetch_hint(&store->peek, vp_code_place(&store->geo, ids[i]).block);
	}
	for (int i = 0; i < n; i++)
	{
		if (unlikely(ids[i] >= source->nids))
			continue;
		prefetch_at(store, vp_node_place(&store->geo, ids[i]), store->geo.tail_offset, sizeof(VpNodeTail));
		if (store->geo.key_bytes > 0)
			prefetch_at(store, vp_key_place(&store->geo, ids[i]), 0, store->geo.key_bytes);
	}
}

/* Does one of the chain that begins at `id` match? */
static bool
chain_matches(VpNodeSource *source, VpId id)
{
	for (int i = 0; id != VP_NO_ID && i < CHAIN_STEPS; i++)
	{
		Glance		glance;

		if (!vp_id_exists(source, id))
			return false;
		glance = glance_at(source, id);
		if (glance.match)
			return true;
		id = glance.next;
	}
	return id != VP_NO_ID;
}

/*
 * Posting lists lead to each node of a chain by itself.  Where there is none, ids that are tested
 * alone are all there are.  Then the first of a chain stands for it: those behind it
 * may have no code.
 */
static void
source_matches(VpSource *base, const VpId *ids, int n, bool alone, bool *match)
{
	VpNodeSource *source = (VpNodeSource *) base;
	bool		firsts = alone && source->filter == NULL;
	VpId		next[VP_MAX_LINKS];

	CHECK_FOR_INTERRUPTS();
	if (alone)
		source_expect_matches(base, ids, n);
	for (int i = 0; i < n; i++)
	{
		Glance		glance = {false, false, VP_NO_ID};
		bool		behind;

		if (likely(vp_id_exists(source, ids[i])))
			glance = glance_at(source, ids[i]);
		behind = firsts && unlikely(glance.chained);
		match[i] = glance.match && !behind;
		next[i] = behind ? VP_NO_ID : glance.next;
	}
	for (int i = 0; i < n && (!alone || firsts); i++)
		if (unlikely(!match[i] && next[i] != VP_NO_ID))
			match[i] = chain_matches(source, next[i]);
}

void
vp_mark_terms(VpNodeSource *source, VpId id, const VpQuery *query)
{
	uint32		terms[VP_LANDMARK_TERMS];

	if (source->index->meta.landmark_pages > 0)
		vp_landmarks_add(&source->index->store, source->nids, terms,
						 vp_sparse_query_terms(query, terms, VP_LANDMARK_TERMS), id);
}

void
vp_node_source_init(VpNodeSource *source, const VpIndex *index)
{
	source->source.next = VP_NO_ID;
	source->source.links = source_links;
	source->source.distances = source_distances;
	source->source.distances_ahead = source_distances_ahead;
	source->source.distances_listed = NULL;
	source->source.query_of = source_query_of;
	source->source.hold = index->store.geo.code_bytes <= MAX_HELD ? source_hold : NULL;
	source->source.held_query = source_held_query;
	source->source.held_distances = source_held_distances;
	source->source.linkable = source_linkable;
	source->source.replace_links = source_replace_links;
	source->source.same_vector = source_same_vector;
	source->source.chain = source_chain;
	/* sparse vectors have landmarks: most are equally far */
	source->source.entry_points = index->codec.slots > 0 ? NULL : source_entry_points;
	source->source.matches = source_matches;
	source->source.expect_matches = source_expect_matches;
	source->source.landmarks = index->meta.landmark_pages > 0 ? source_landmarks : NULL;
	source->index = index;
	source->nids = 0;
	source->vectors = 0;
	source->rows_come = 0;
	source->hooks = NULL;
	source->hooks_arg = NULL;
	source->filter = NULL;
	source->tids = NULL;
	source->shard = -1;
	source->own = VP_NO_ID;
	for (int i = 0; i < lengthof(source->targets); i++)
		source->targets[i] = palloc(VP_MAX_LINKS * sizeof(VpTarget));
	source->naimed = 0;
	source->listed = NULL;
	source->pair = NULL;
	source->held = NULL;
	source->held_bytes = MAXALIGN(sizeof(VpCoded) + index->store.geo.code_bytes);
	source->code = vp_palloc_aligned(index->store.geo.code_bytes);
}
