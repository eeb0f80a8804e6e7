/*-------------------------------------------------------------------------
 *
 * bare.c
 *	  Rows without a vector: nodes that hold such rows, in chains; see bare.h.
 *
 * A row is added to the first node of a chain.  If that has no room, a new node
 * becomes the first.  VACUUM empties entries wherever they are, and afterwards
 * moves the rows of a node into the one before it where they have room.
 *
 * Nobody peeks at these nodes: they are read under a share lock, one at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "page/alloc.h"
#include "page/bare.h"
#include "page/change_counter.h"
#include "page/node.h"
#include "page/record.h"

static VpBareEntry
make_entry(const ItemPointerData *tid)
{
	VpBareEntry entry;

	entry.block = ItemPointerGetBlockNumberNoCheck(tid);
	entry.offset = ItemPointerGetOffsetNumberNoCheck(tid);
	return entry;
}

/* False if the entry is empty.  Raises an error if it is of no row; id: the node. */
static bool
get_tid(const VpStore *store, VpId id, const VpBareEntry *entry, ItemPointerData *tid)
{
	if (entry->offset == 0)
		return false;
	/* an offset of more bits than a TID has must not be cut off */
	ItemPointerSet(tid, entry->block, Min(entry->offset, PG_UINT16_MAX));
	if (unlikely(!vp_tid_is_sound(tid)))
		vp_report_damage(store->rel, vp_node_place(&store->geo, id).block, "A record is of no row.");
	return true;
}

/* Is this the record of a bare node of a kind?  Raises an error when not.  Locked by the caller. */
static void
check_bare(const VpStore *store, VpId id, VpBareKind kind, const VpNodeTail *tail)
{
	if (tail->id != id || !(tail->flags & VP_NODE_BARE) || tail->shard != kind)
		vp_report_damage(store->rel, vp_node_place(&store->geo, id).block,
						 "A list of rows without a vector leads to a node that is not in it.");
}

/* The head of a chain; VP_NO_ID: it is empty.  The metapage is locked. */
static VpId
chain_head(const VpStore *store, const VpMeta *meta, VpBareKind kind)
{
	VpId		head = vp_deref(meta->bare[kind].head);

	if (head != VP_NO_ID && head >= meta->next_id)
		vp_report_damage(store->rel, VP_META_BLOCK,
						 "A list of rows without a vector is out of range.");
	return head;
}

/*
 * The head of a chain; VP_NO_ID: it is empty.  Locks the metapage, share, and
 * unlocks it.
 */
static VpId
read_head(const VpStore *store, VpBareKind kind)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpId		head;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	head = chain_head(store, VpPageGetMeta(vp_page_to_read(buffer)), kind);
	UnlockReleaseBuffer(buffer);
	return head;
}

/*----------
 * Insert
 *----------
 */

/* The first empty entry of a node; NULL: there is none. */
static VpBareEntry *
empty_entry(const VpStore *store, char *record)
{
	VpBareEntry *entries = (VpBareEntry *) record;

	for (int i = 0; i < vp_bare_room(store); i++)
		if (entries[i].offset == 0)
			return &entries[i];
	return NULL;
}

/* Adds to a change what the metapage becomes with one row more. */
static void
patch_chain(VpChange *change, VpMeta *meta, VpBareKind kind, const VpBareChain *chain)
{
	vp_change_words(change, &meta->bare[kind].head, &chain->head, 2);
}

/* Puts a row into the first node of a chain; false: it has no room.  The metapage is locked. */
static bool
add_to_head(const VpStore *store, Buffer metabuf, VpBareKind kind, const VpBareEntry *entry)
{
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpBareChain chain = meta->bare[kind];
	VpId		head = chain_head(store, meta, kind);
	VpPlace		place;
	Buffer		buffer;
	char	   *record;
	VpBareEntry *to;
	VpChange	change;

	if (head == VP_NO_ID)
		return false;
	place = vp_node_place(&store->geo, head);
	buffer = vp_store_read(store, place.block);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	record = BufferGetPage(buffer) + place.offset;
	check_bare(store, head, kind, vp_record_tail(store, record));
	to = empty_entry(store, record);
	if (to != NULL)
	{
		chain.rows++;
		vp_change_begin(&change, VP_WAL_BARE);
		vp_change_page(&change, buffer);
		vp_change_words(&change, to, (const uint32 *) entry, 2);
		vp_change_page(&change, metabuf);
		patch_chain(&change, meta, kind, &chain);
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
	return to != NULL;
}

/*
 * Makes a new node the first of a chain, with this row.  The metapage is locked exclusively, and
 * stays so; the node's page is locked and released.  On a standby the node is complete before the
 * metapage leads to it: its page comes first in the record.
 */
static void
add_node(const VpStore *store, Relation heap, Buffer metabuf, VpBareKind kind, const VpBareEntry *entry)
{
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	VpBareChain chain = meta->bare[kind];
	uint32		words[VP_PAGE_ROOM / sizeof(uint32)] = {0};
	VpNodeTail *tail = (VpNodeTail *) ((char *) words + store->geo.tail_offset);
	VpTakenId	take;
	VpChange	change;

	vp_take_id(store, heap, meta, &take);
	memcpy(words, entry, sizeof(*entry));
	tail->next = chain.head;
	tail->id = take.id;
	tail->shard = kind;
	tail->flags = VP_NODE_BARE;
	chain.head = vp_ref(take.id);
	chain.rows++;

	vp_change_begin(&change, VP_WAL_BARE);
	vp_change_page(&change, take.buffer);
	vp_change_words(&change, take.record, words, store->geo.node.size / sizeof(uint32));
	vp_change_page(&change, metabuf);
	vp_patch_taken(&change, meta, &take);
	patch_chain(&change, meta, kind, &chain);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(take.buffer);
}

void
vp_bare_add(const VpStore *store, Relation heap, VpBareKind kind, const ItemPointerData *tid)
{
	VpBareEntry entry = make_entry(tid);
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	if (!add_to_head(store, metabuf, kind, &entry))
		add_node(store, heap, metabuf, kind, &entry);
	UnlockReleaseBuffer(metabuf);
}

/*----------
 * All rows of a kind
 *----------
 */

void
vp_bare_walk(VpBareWalk *walk, const VpStore *store, VpBareKind kind)
{
	walk->store = store;
	walk->kind = kind;
	walk->id = read_head(store, kind);
	walk->before = walk->mark = VP_NO_ID;
	walk->steps = 0;
}

/* Goes on to the node that was read as the next one: a damaged chain may lead back (Brent). */
static void
step_on(VpBareWalk *walk, VpId next)
{
	if (next != VP_NO_ID && next == walk->mark)
		vp_chain_damage(walk->store, walk->id);
	if ((walk->steps & (walk->steps + 1)) == 0)
		walk->mark = next;
	walk->steps++;
	walk->before = walk->id;
	walk->id = next;
}

int
vp_bare_walk_on(VpBareWalk *walk, VpId *id, ItemPointerData *tids)
{
	const VpStore *store = walk->store;
	VpPlace		place;
	Buffer		buffer;
	const char *record;
	VpId		next;
	int			n = 0;

	*id = walk->id;
	if (walk->id == VP_NO_ID)
		return -1;
	CHECK_FOR_INTERRUPTS();
	/* that ids have pages is asked of the store first: it costs nothing */
	if (*id >= store->nids && *id >= vp_graph_state(store).next_id)
		vp_chain_damage(store, walk->before != VP_NO_ID ? walk->before : 0);
	place = vp_node_place(&store->geo, *id);
	buffer = vp_store_read(store, place.block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	record = vp_page_to_read(buffer) + place.offset;
	check_bare(store, *id, walk->kind, vp_record_tail(store, record));
	for (int i = 0; i < vp_bare_room(store); i++)
		n += get_tid(store, *id, (const VpBareEntry *) record + i, &tids[n]);
	next = vp_deref(vp_record_tail(store, record)->next);
	UnlockReleaseBuffer(buffer);
	step_on(walk, next);
	return n;
}

/*----------
 * VACUUM: entries of rows that are gone
 *----------
 */

/* The entry's row is gone. */
static bool
is_gone(const VpStore *store, VpId id, const VpBareEntry *entry, VpRowGone gone, void *arg)
{
	ItemPointerData tid;

	return get_tid(store, id, entry, &tid) && gone(&tid, arg);
}

/*
 * Asks for all rows of a node of which some are gone, and adds the patch that empties those to
 * the change; entries: a copy of the node's, which stays until that is applied.  Returns how
 * many there are.
 */
static int
empty_gone(const VpStore *store, VpId id, char *record, VpBareEntry *entries,
		   VpRowGone gone, void *arg, VpChange *change)
{
	int			first = -1;
	int			last = -1;
	int			n = 0;

	for (int i = 0; i < vp_bare_room(store); i++)
	{
		if (!is_gone(store, id, &entries[i], gone, arg))
			continue;
		memset(&entries[i], 0, sizeof(VpBareEntry));
		first = first < 0 ? i : first;
		last = i;
		n++;
	}
	if (n > 0)
		vp_change_words(change, record + first * sizeof(VpBareEntry),
						(const uint32 *) &entries[first], 2 * (last - first + 1));
	return n;
}

/* Is this a bare node, and in its chain?  Raises an error for damage. */
static bool
is_in_chain(const VpStore *store, VpId id, const VpNodeTail *tail)
{
	if (tail->flags != VP_NODE_BARE)
		return false;
	if (tail->id != id || tail->shard >= VP_NBARE)
		vp_report_damage(store->rel, vp_node_place(&store->geo, id).block,
						 "A record is of another node.");
	return true;
}

/*
 * `gone` is asked for each row until one is gone: who only wants to be shown all
 * rows says of none that it is.
 */
bool
vp_bare_any_gone(const VpStore *store, Buffer buffer, const VpPageIds *ids, VpRowGone gone, void *arg, double *rows)
{
	bool		found = false;

	for (uint32 i = 0; i < ids->count; i++)
	{
		const char *record = vp_page_record(store, buffer, i);
		const VpBareEntry *entries = (const VpBareEntry *) record;

		if (!is_in_chain(store, ids->first + i, vp_record_tail(store, record)))
			continue;
		for (int j = 0; j < vp_bare_room(store); j++)
		{
			*rows += entries[j].offset != 0;
			found = found || is_gone(store, ids->first + i, &entries[j], gone, arg);
		}
	}
	return found;
}

int
vp_bare_empty(const VpStore *store, Buffer metabuf, Buffer buffer, const VpPageIds *ids,
			  VpRowGone gone, void *arg)
{
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	PGAlignedBlock copy;
	VpBareChain chains[VP_NBARE];
	VpChange	change;
	int			sum = 0;

	memcpy(chains, meta->bare, sizeof(chains));
	memcpy(copy.data, BufferGetPage(buffer), BLCKSZ);
	vp_change_begin(&change, VP_WAL_BARE);
	vp_change_page(&change, buffer);
	for (uint32 i = 0; i < ids->count; i++)
	{
		char	   *record = vp_page_record(store, buffer, i);
		VpNodeTail *tail = vp_record_tail(store, record);
		int			n;

		if (!is_in_chain(store, ids->first + i, tail))
			continue;
		n = empty_gone(store, ids->first + i, record,
					   (VpBareEntry *) (copy.data + (record - (char *) BufferGetPage(buffer))),
					   gone, arg, &change);
		chains[tail->shard].rows -= n;
		chains[tail->shard].emptied += n;
		sum += n;
	}
	vp_change_page(&change, metabuf);
	vp_change_words(&change, meta->bare, (const uint32 *) chains,
					VP_NBARE * sizeof(VpBareChain) / sizeof(uint32));
	vp_change_apply(&change, store->rel, store->wal);
	return sum;
}

/*----------
 * VACUUM: fewer nodes
 *----------
 */

/* Puts the entries of one node into places that are empty in the other's; false: they do not fit. */
static bool
fit_in(const VpStore *store, VpBareEntry *to, const VpBareEntry *from)
{
	int			room = vp_bare_room(store);
	int			at = 0;

	for (int i = 0; i < room; i++)
	{
		if (from[i].offset == 0)
			continue;
		while (at < room && to[at].offset != 0)
			at++;
		if (at == room)
			return false;
		to[at] = from[i];
	}
	return true;
}

/*
 * Moves the rows of `id` into `before`, which leads to it, if they have room there, and takes it
 * out of the chain.  It keeps its entries and `next`: a scan that has read `before` earlier
 * finds the rows there.  Both nodes are changed in one record.
 *
 * Inserts lock the metapage and one node's page, never two: no metapage is needed here.
 */
static bool
merge(const VpStore *store, VpBareKind kind, VpId before, VpId id)
{
	VpNodePair	pair;
	VpChange	change;
	VpBareEntry entries[VP_PAGE_ROOM / sizeof(VpBareEntry)];
	VpBareEntry *to;
	uint32		next;
	uint32		flags;
	bool		ok;

	vp_pair_lock(store, &pair, before, id);
	check_bare(store, before, kind, pair.tail[0]);
	check_bare(store, id, kind, pair.tail[1]);
	if (((pair.tail[0]->flags | pair.tail[1]->flags) & VP_NODE_UNLINKED) || before == id)
		vp_chain_damage(store, before);
	to = (VpBareEntry *) ((char *) pair.tail[0] - store->geo.tail_offset);
	memcpy(entries, to, store->geo.tail_offset);
	ok = fit_in(store, entries,
				(VpBareEntry *) ((char *) pair.tail[1] - store->geo.tail_offset));
	if (ok)
	{
		next = pair.tail[1]->next;
		vp_change_begin(&change, VP_WAL_BARE);
		vp_change_page(&change, pair.buffer[1]);
		vp_patch_flags(&change, pair.tail[1], VP_NODE_BARE | VP_NODE_UNLINKED, &flags);
		vp_pair_other_page(&change, &pair);
		vp_change_words(&change, to, (const uint32 *) entries, store->geo.tail_offset / sizeof(uint32));
		vp_change_words(&change, &pair.tail[0]->next, &next, 1);
		vp_change_apply(&change, store->rel, store->wal);
	}
	vp_pair_unlock(&pair);
	return ok;
}

/* Which node follows in a chain; VP_NO_ID: none. */
static VpId
next_of(const VpStore *store, VpId id)
{
	VpNodeTail	tail;
	VpId		next;

	vp_node_fetch(store, id, &tail);
	next = vp_deref(tail.next);
	if (next != VP_NO_ID && next >= vp_graph_state(store).next_id)
		vp_chain_damage(store, id);
	return next;
}

typedef struct Merged
{
	uint32	   *pages;
	uint32		n;
	uint32		room;
} Merged;

static void
remember_page(Merged *merged, uint32 page)
{
	if (merged->n > 0 && merged->pages[merged->n - 1] == page)
		return;
	if (merged->n == merged->room)
	{
		merged->room = Max(2 * merged->room, 64);
		merged->pages = merged->pages == NULL ?
			palloc(merged->room * sizeof(uint32)) :
			repalloc_huge(merged->pages, (Size) merged->room * sizeof(uint32));
	}
	merged->pages[merged->n++] = page;
}

/* Each turn takes a node out of the chain or goes on to the next; a chain that leads back is damaged. */
static void
merge_chain(const VpStore *store, VpBareKind kind, Merged *merged)
{
	uint32		next_id = vp_graph_state(store).next_id;
	VpId		before = read_head(store, kind);
	VpId		id;

	for (uint32 turns = 0; before != VP_NO_ID && (id = next_of(store, before)) != VP_NO_ID; turns++)
	{
		CHECK_FOR_INTERRUPTS();
		if (turns > next_id)
			vp_chain_damage(store, before);
		if (merge(store, kind, before, id))
			remember_page(merged, vp_node_page_number(&store->geo, id));
		else
			before = id;
	}
}

uint32
vp_bare_merge(const VpStore *store, uint32 **pages)
{
	Merged		merged = {0};

	for (VpBareKind kind = 0; kind < VP_NBARE; kind++)
		merge_chain(store, kind, &merged);
	*pages = merged.pages;
	return merged.n;
}

void
vp_bare_merged(const VpStore *store)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	uint32		zero = 0;
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	for (VpBareKind kind = 0; kind < VP_NBARE; kind++)
		vp_change_words(&change, &meta->bare[kind].emptied, &zero, 1);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

/*----------
 * Build
 *----------
 */

void
vp_bare_write(const VpStore *store, VpId id, VpBareKind kind, const ItemPointerData *tids, int n, VpId next)
{
	VpPlace		place = vp_node_place(&store->geo, id);
	Buffer		buffer = vp_store_read(store, place.block);
	VpBareEntry *entries = (VpBareEntry *) (BufferGetPage(buffer) + place.offset);
	VpNodeTail *tail = vp_record_tail(store, (char *) entries);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	for (int i = 0; i < n; i++)
		entries[i] = make_entry(&tids[i]);
	tail->next = vp_ref(next);
	tail->id = id;
	tail->shard = kind;
	tail->flags = VP_NODE_BARE;
	vp_mark_dirty(buffer);
	UnlockReleaseBuffer(buffer);
}

void
vp_bare_finish(const VpStore *store, uint32 next_id, const VpBareChain *chains)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	vp_change_words(&change, &meta->next_id, &next_id, 1);
	vp_change_words(&change, meta->bare, (const uint32 *) chains,
					VP_NBARE * sizeof(VpBareChain) / sizeof(uint32));
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}
