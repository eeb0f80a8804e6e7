/*-------------------------------------------------------------------------
 *
 * node.c
 *	  Nodes: peeks and fetches, links, chains, exact vectors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "page/node.h"
#include "page/record.h"

/*----------
 * Peeks
 *----------
 */

/*
 * Is this page, on which an id's record would be, one of the pool?  Only an index with key columns
 * has a pool: others are not to pay for one more line of the page.
 */
static inline bool
is_pool(const VpStore *store, const char *page)
{
	return store->geo.nkeys > 0 && vp_is_pool_page(page);
}

/* The list of a node at a level, on its page; sets the room of the list. */
static VpPlace
links_place(const VpStore *store, VpId id, int level, int *room)
{
	VpPlace		place;

	if (level == 0)
	{
		place = vp_node_place(&store->geo, id);
		place.offset += store->geo.links_offset;
		*room = 2 * store->geo.m;
	}
	else
	{
		place = vp_upper_place(&store->geo, id, level);
		place.offset += offsetof(VpUpperSlot, links);
		*room = store->geo.m;
	}
	return place;
}

/* Copies a list out; returns its length. */
static int
copy_links(const char *list, int room, VpId *links)
{
	const volatile uint32 *words = (const volatile uint32 *) list;
	int			n = 0;

	while (n < room)
	{
		uint32		word = words[n];

		if (word == 0)
			break;
		links[n++] = vp_deref(word);
	}
	return n;
}

int
vp_node_links(const VpStore *store, VpId id, int level, VpId *links)
{
	int			room;
	VpPlace		place = links_place(store, id, level, &room);

	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);
		int			n = copy_links(page + place.offset, room, links);

		if (vp_peek_end(store, place.block, desc, pinned))
			return n;
	}
}

uint8
vp_node_standing(const VpStore *store, VpId id, uint8 *shard)
{
	VpPlace		place = vp_node_place(&store->geo, id);

	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);
		const volatile VpNodeTail *tail = vp_record_tail(store, page + place.offset);
		uint8		flags = is_pool(store, page) ? 0 : tail->flags;

		*shard = tail->shard;
		if (vp_peek_end(store, place.block, desc, pinned))
			return flags;
	}
}

uint8
vp_node_flags(const VpStore *store, VpId id)
{
	uint8		shard;

	return vp_node_standing(store, id, &shard);
}

uint8
vp_node_shard(const VpStore *store, VpId id)
{
	uint8		shard;

	(void) vp_node_standing(store, id, &shard);
	return shard;
}

bool
vp_node_standing_cached(const VpStore *store, VpId id, uint8 *flags, uint8 *shard)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	BufferDesc *desc;
	const volatile VpNodeTail *tail;

	desc = store->peek.enabled ?
		vp_peek(&store->peek, place.block, vp_peek_hint(&store->peek, place.block)) : NULL;
	if (desc == NULL)
		return false;
	tail = vp_record_tail(store, vp_peek_page(desc) + place.offset);
	*flags = is_pool(store, vp_peek_page(desc)) ? 0 : tail->flags;
	*shard = tail->shard;
	return vp_peek_done(&store->peek, place.block, desc);
}

bool
vp_node_listed_cached(const VpStore *store, VpId id, int level, bool *listed)
{
	VpPlace		place = vp_upper_place(&store->geo, id, level);
	BufferDesc *desc;

	desc = store->peek.enabled ?
		vp_peek(&store->peek, place.block, vp_peek_hint(&store->peek, place.block)) : NULL;
	if (desc == NULL)
		return false;
	*listed = ((const volatile VpUpperSlot *) (vp_peek_page(desc) + place.offset))->owner != 0;
	return vp_peek_done(&store->peek, place.block, desc);
}

void
vp_node_tid(const VpStore *store, VpId id, ItemPointer tid)
{
	VpPlace		place = vp_node_place(&store->geo, id);

	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);

		*tid = vp_record_tail(store, page + place.offset)->tid;
		if (vp_peek_end(store, place.block, desc, pinned))
			return;
	}
}

uint8
vp_node_glance(const VpStore *store, VpId id, ItemPointer tid, VpId *next)
{
	VpPlace		place = vp_node_place(&store->geo, id);

	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);
		const volatile VpNodeTail *tail = vp_record_tail(store, page + place.offset);
		uint8		flags = tail->flags;

		*next = vp_chain_next(flags, tail->next);
		*tid = ((const VpNodeTail *) tail)->tid;
		if (vp_peek_end(store, place.block, desc, pinned))
			return flags;
	}
}

/* Copies an exact vector that goes on on other pages. */
static void
copy_vector(const VpStore *store, VpPlace place, Size left, char *to)
{
	while (left > 0)
	{
		BufferDesc *desc;
		Buffer		pinned;
		Size		n = Min(left, VP_PAGE_END - place.offset);
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);

		memcpy(to, page + place.offset, n);
		if (!vp_peek_end(store, place.block, desc, pinned))
			continue;
		to += n;
		left -= n;
		place.block++;
		place.offset = VP_PAGE_START;
	}
}

double
vp_vector_measure(const VpStore *store, VpId id, void *room, VpVectorMeasure measure, void *arg)
{
	VpPlace		place = vp_vector_place(&store->geo, id);
	Size		bytes = store->geo.exact_words * sizeof(uint32);

	if (place.offset + bytes > VP_PAGE_END)
	{
		copy_vector(store, place, bytes, room);
		return measure(room, arg);
	}
	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, place.block, &desc, &pinned);
		double		result = measure(page + place.offset, arg);

		if (vp_peek_end(store, place.block, desc, pinned))
			return result;
	}
}

/*----------
 * Fetches
 *----------
 */

/* A page of the pool has no nodes. */
static void
copy_tail(const VpStore *store, const char *page, VpPlace place, VpNodeTail *tail)
{
	memcpy(tail, vp_record_tail(store, page + place.offset), sizeof(*tail));
	if (vp_is_pool_page(page))
		memset(tail, 0, sizeof(*tail));
}

/* Raises an error if a tail is not that of the node, or of no row. */
static inline void
check_tail(const VpStore *store, BlockNumber block, VpId id, const VpNodeTail *tail)
{
	if (tail->flags == 0)
		return;
	if (unlikely(tail->id != id))
		vp_report_damage(store->rel, block, "A record is of another node.");
	if (unlikely(!(tail->flags & VP_NODE_BARE) && !vp_tid_is_sound(&tail->tid)))
		vp_report_damage(store->rel, block, "A record is of no row.");
}

void
vp_node_fetch(const VpStore *store, VpId id, VpNodeTail *tail)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	const char *copy = store->bypass && !vp_is_resident(store, place.block) ?
	vp_bypass_read(store, place.block) : NULL;

	if (copy != NULL)
		copy_tail(store, copy, place, tail);
	else
	{
		Buffer		buffer = vp_store_read(store, place.block);

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		copy_tail(store, vp_page_to_read(buffer), place, tail);
		UnlockReleaseBuffer(buffer);
	}
	check_tail(store, place.block, id, tail);
}

uint32
vp_node_fetch_page(const VpStore *store, uint32 page_number, VpId *first, VpNodeTail *tails)
{
	VpPageIds	ids = vp_node_page(&store->geo, page_number);
	Buffer		buffer = vp_store_read(store, ids.block);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < ids.count; i++)
		copy_tail(store, BufferGetPage(buffer), vp_node_place(&store->geo, ids.first + i), &tails[i]);
	UnlockReleaseBuffer(buffer);
	for (uint32 i = 0; i < ids.count; i++)
		check_tail(store, ids.block, ids.first + i, &tails[i]);
	*first = ids.first;
	return ids.count;
}

void
vp_chain_damage(const VpStore *store, VpId id)
{
	vp_report_damage(store->rel, vp_node_place(&store->geo, id).block,
					 "A chain leads to a node that is not in it.");
}

/* That ids have pages is asked of the store first: it costs nothing. */
void
vp_chain_fetch(const VpStore *store, VpId before, VpId id, VpNodeTail *tail)
{
	if (id >= store->nids && id >= vp_graph_state(store).next_id)
		vp_chain_damage(store, before);
	vp_node_fetch(store, id, tail);
	if (!(tail->flags & VP_NODE_CHAINED))
		vp_chain_damage(store, before);
}

/*
 * Calls for each page that a node's exact vector lies on, with the page locked
 * in a mode: the words there, their number, and where in the vector they begin.
 */
typedef void (*VectorPiece) (const VpStore *store, Buffer buffer, uint32 *words,
							 int first, int n, void *arg);

/*
 * Calls for each piece of a node's exact vector, in order.  The piece's page
 * is locked in lockmode during the call, one page at a time; no lock is left.
 */
static void
each_vector_piece(const VpStore *store, VpId id, int lockmode, VectorPiece call, void *arg)
{
	int			nwords = store->geo.exact_words;
	VpPlace		place = vp_vector_place(&store->geo, id);

	for (int first = 0; first < nwords;)
	{
		Buffer		buffer = vp_store_read(store, place.block);
		int			fit = (VP_PAGE_END - place.offset) / sizeof(uint32);
		int			n = Min(nwords - first, fit);

		LockBuffer(buffer, lockmode);
		call(store, buffer, (uint32 *) (BufferGetPage(buffer) + place.offset), first, n, arg);
		UnlockReleaseBuffer(buffer);
		first += n;
		place.block++;
		place.offset = VP_PAGE_START;
	}
}

/* A VectorPiece: copies the words to arg.  The page is locked, share. */
static void
copy_piece(const VpStore *store, Buffer buffer, uint32 *words, int first, int n, void *arg)
{
	memcpy((uint32 *) arg + first, words, n * sizeof(uint32));
}

void
vp_vector_fetch(const VpStore *store, VpId id, void *vector)
{
	each_vector_piece(store, id, BUFFER_LOCK_SHARE, copy_piece, vector);
}

VpId
vp_vector_owner(const VpStore *store, VpId id)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	Buffer		buffer = vp_store_read(store, place.block);
	const char *record = BufferGetPage(buffer) + place.offset;
	uint32		head = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (vp_record_tail(store, record)->flags & VP_NODE_CHAINED)
		head = *vp_head_word(store, record);
	UnlockReleaseBuffer(buffer);
	if (head == 0)
		return id;
	if (vp_deref(head) >= vp_graph_state(store).next_id)
		vp_report_damage(store->rel, place.block, "A chained node's vector is at a node that does not exist.");
	return vp_deref(head);
}

/* Of a longer vector the processor loads the rest by itself. */
#define PREFETCH_BYTES	4096
#define CACHE_LINE		64

/*
 * Loads a part of a page, wherever the hint says that it is.  Inlined for sure: see
 * vp_peek_prefetch_hint.
 */
static pg_attribute_always_inline void
prefetch_part(const VpStore *store, BlockNumber block, uint32 offset, uint32 size)
{
	Buffer		hint = vp_peek_hint(&store->peek, block);

	if (hint != InvalidBuffer)
	{
		const char *at = vp_window_page(hint) + offset;

		__builtin_prefetch(GetBufferDescriptor(hint - 1));
		for (const char *end = at + size; at < end; at += CACHE_LINE)
			__builtin_prefetch(at);
	}
}

void
vp_vector_prefetch(const VpStore *store, VpId id)
{
	VpPlace		node = vp_node_place(&store->geo, id);
	VpPlace		vector;
	uint32		bytes = Min(store->geo.exact_words * sizeof(uint32), PREFETCH_BYTES);

	if (!store->peek.enabled || id > store->geo.max_id)
		return;
	vector = vp_vector_place(&store->geo, id);
	prefetch_part(store, vector.block, vector.offset, Min(bytes, VP_PAGE_END - vector.offset));
	/* many a vector goes on on the next page */
	if (vector.offset + bytes > VP_PAGE_END)
		prefetch_part(store, vector.block + 1, VP_PAGE_START,
					  vector.offset + bytes - VP_PAGE_END);
	__builtin_prefetch(vp_window_page(Max(vp_peek_hint(&store->peek, node.block), 1)) +
					   node.offset + store->geo.tail_offset);
}

void
vp_node_prefetch(const VpStore *store, VpId id)
{
	VpPlace		node = vp_node_place(&store->geo, id);

	if (store->peek.enabled)
		prefetch_part(store, node.block, node.offset + store->geo.tail_offset, 1);
}

void
vp_node_read_ahead(const VpStore *store, VpId id)
{
	(void) vp_read_ahead(store, vp_node_place(&store->geo, id).block);
}

bool
vp_vector_read_ahead(const VpStore *store, VpId id)
{
	VpPlace		place = vp_vector_place(&store->geo, id);
	BlockNumber last;
	bool		cold = false;

	last = place.block +
		(place.offset - VP_PAGE_START + store->geo.exact_words * sizeof(uint32) - 1) / VP_PAGE_ROOM;
	for (; place.block <= last; place.block++)
		cold |= vp_read_ahead(store, place.block);
	return cold;
}

/*
 * A VectorPiece: stores and logs words of arg.  The page is locked
 * exclusively.
 */
static void
write_piece(const VpStore *store, Buffer buffer, uint32 *words, int first, int n, void *arg)
{
	VpChange	change;

	vp_change_begin(&change, VP_WAL_VECTOR);
	vp_change_page(&change, buffer);
	vp_change_words(&change, words, (const uint32 *) arg + first, n);
	vp_change_apply(&change, store->rel, store->wal);
}

/* The exact vector of a node that nobody reads yet. */
void
vp_vector_write(const VpStore *store, VpId id, const void *vector)
{
	if (store->geo.vector_words > 0)
		each_vector_piece(store, id, BUFFER_LOCK_EXCLUSIVE, write_piece,
						  unconstify(void *, vector));
}

/*----------
 * Links and chains
 *----------
 */

/* Is the list on the page the expected one? */
static bool
links_equal(const uint32 *words, int room, const VpId *links, int n)
{
	for (int i = 0; i < n; i++)
		if (words[i] != vp_ref(links[i]))
			return false;
	return n == room || words[n] == 0;
}

/*
 * Adds a patch for what differs between the list on the page and the new one;
 * words: room for the new list, to stay until the change is applied.
 */
static void
patch_links(VpChange *change, uint32 *list, int nfrom, const VpId *to, int nto, uint32 *words)
{
	int			n = Max(nfrom, nto);

	for (int i = 0; i < n; i++)
		words[i] = i < nto ? vp_ref(to[i]) : 0;
	vp_change_diff(change, list, words, n);
}

void
vp_node_await_wal(const VpStore *store, VpId id)
{
	Buffer		buffer;

	if (!store->wal)
		return;
	/* who changes a page keeps it locked until the change is logged */
	buffer = vp_store_read(store, vp_node_place(&store->geo, id).block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	UnlockReleaseBuffer(buffer);
}

/*
 * The same of all that a list will lead to and did not before, but `own`.  Most
 * lists begin as they were.
 */
static void
await_wal_of_new(const VpStore *store, const VpId *from, int nfrom, const VpId *to, int nto, VpId own)
{
	int			same = 0;

	while (same < nfrom && same < nto && from[same] == to[same])
		same++;
	for (int i = same; i < nto; i++)
	{
		int			j = same;

		while (j < nfrom && from[j] != to[i])
			j++;
		if (j == nfrom && to[i] != own)
			vp_node_await_wal(store, to[i]);
	}
}

/* Is a shard's entry point, of which this is the reference, below a node? */
static bool
is_below(const VpStore *store, uint32 entry, VpId id)
{
	return entry == 0 ||
		vp_level(&store->geo.levels, vp_deref(entry)) < vp_level(&store->geo.levels, id);
}

/*
 * If a node is to become LINKED that is above its shard's entry point: the metapage,
 * pinned and locked exclusively.  Else InvalidBuffer.
 */
static Buffer
lock_entry(const VpStore *store, VpId id)
{
	uint8		shard;
	Buffer		metabuf;

	if (vp_level(&store->geo.levels, id) == 0 ||
		vp_node_standing(store, id, &shard) != VP_NODE_PENDING ||
		!is_below(store, vp_ref(vp_shard_entry(store, shard)), id))
		return InvalidBuffer;
	metabuf = vp_store_read(store, VP_META_BLOCK);
	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	return metabuf;
}

/*
 * Makes a node the entry point, *ref, unless another one as high has become it
 * meanwhile.  The metapage is locked exclusively; *ref stays until the change
 * is applied.
 */
static void
patch_entry(const VpStore *store, VpChange *change, Buffer metabuf, const VpNodeTail *tail,
			const uint32 *ref)
{
	uint32	   *entry = &VpPageGetMeta(BufferGetPage(metabuf))->shard[tail->shard].entry;

	if (!is_below(store, *entry, tail->id))
		return;
	vp_change_page(change, metabuf);
	vp_change_words(change, entry, ref, 1);
}

bool
vp_links_replace(const VpStore *store, VpId id, int level,
				 const VpId *from, int nfrom, const VpId *to, int nto, VpId own)
{
	uint32		words[VP_MAX_LINKS];
	uint32		ref = vp_ref(id);
	uint32		flags;
	int			room;
	VpPlace		place = links_place(store, id, level, &room);
	Buffer		buffer = vp_store_read(store, place.block);
	uint32	   *list = (uint32 *) (BufferGetPage(buffer) + place.offset);
	Buffer		metabuf;
	bool		ok;

	/* the slot would be another node's */
	if (level > 0 && vp_level(&store->geo.levels, id) < level)
		vp_report_damage(store->rel, place.block, "A link leads to a node that is not on its level.");
	if (is_pool(store, BufferGetPage(buffer)))
		vp_report_damage(store->rel, place.block, "A link leads to a page that has no nodes.");
	await_wal_of_new(store, from, nfrom, to, nto, own);
	metabuf = level == 0 ? lock_entry(store, id) : InvalidBuffer;
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	ok = links_equal(list, room, from, nfrom);
	if (ok)
	{
		VpChange	change;

		vp_change_begin(&change, VP_WAL_LINKS);
		vp_change_page(&change, buffer);
		if (level > 0 && list[-1] != ref)
			vp_change_words(&change, &list[-1], &ref, 1);
		patch_links(&change, list, nfrom, to, nto, words);
		if (level == 0)
		{
			VpNodeTail *tail = (VpNodeTail *) (list + room);

			if (tail->flags == VP_NODE_PENDING)
				vp_patch_flags(&change, tail, VP_NODE_LINKED, &flags);
			if (BufferIsValid(metabuf))
				patch_entry(store, &change, metabuf, tail, &ref);
		}
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
	if (BufferIsValid(metabuf))
		UnlockReleaseBuffer(metabuf);
	return ok;
}

void
vp_node_set_linked(const VpStore *store, VpId id)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	Buffer		buffer = vp_store_read(store, place.block);
	VpNodeTail *tail = vp_record_tail(store, BufferGetPage(buffer) + place.offset);
	uint32		word;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	if (tail->flags == VP_NODE_PENDING)
	{
		VpChange	change;

		vp_change_begin(&change, VP_WAL_LINKS);
		vp_change_page(&change, buffer);
		vp_patch_flags(&change, tail, VP_NODE_LINKED, &word);
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
}

/*
 * Both nodes are changed in one record, so that a chained node is in a chain at
 * any time.  Who locks two node pages takes the one with the lower number first.
 */
bool
vp_chain_push(const VpStore *store, VpId first, VpId id)
{
	VpNodePair	pair;
	uint32		next;
	uint32		words[2];
	bool		ok;

	vp_pair_lock(store, &pair, first, id);
	ok = first != id && pair.tail[0]->flags == VP_NODE_LINKED;
	if (ok)
	{
		VpChange	change;

		next = pair.tail[0]->next;
		words[0] = vp_ref(id);
		vp_change_begin(&change, VP_WAL_CHAIN);
		vp_change_page(&change, pair.buffer[1]);
		vp_change_words(&change, &pair.tail[1]->next, &next, 1);
		vp_patch_flags(&change, pair.tail[1], VP_NODE_CHAINED, &words[1]);
		vp_pair_other_page(&change, &pair);
		vp_change_words(&change, &pair.tail[0]->next, &words[0], 1);
		vp_change_apply(&change, store->rel, store->wal);
	}
	vp_pair_unlock(&pair);
	return ok;
}

bool
vp_entry_replace(const VpStore *store, uint32 shard, VpId from, VpId entry)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	Buffer		buffer = InvalidBuffer;
	uint32		words[2] = {vp_ref(entry), 0};
	VpChange	change;
	bool		ok;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	ok = meta->shard[shard].entry == vp_ref(from);
	vp_change_begin(&change, VP_WAL_META);
	if (ok && entry != VP_NO_ID)
	{
		VpPlace		place = vp_node_place(&store->geo, entry);
		VpNodeTail *tail;

		buffer = vp_store_read(store, place.block);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		tail = vp_record_tail(store, BufferGetPage(buffer) + place.offset);
		if (tail->flags == VP_NODE_PENDING)
		{
			vp_change_page(&change, buffer);
			vp_patch_flags(&change, tail, VP_NODE_LINKED, &words[1]);
		}
	}
	if (ok)
	{
		vp_change_page(&change, metabuf);
		vp_change_words(&change, &meta->shard[shard].entry, &words[0], 1);
		vp_change_apply(&change, store->rel, store->wal);
	}
	if (BufferIsValid(buffer))
		UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(metabuf);
	return ok;
}
