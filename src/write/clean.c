/*-------------------------------------------------------------------------
 *
 * clean.c
 *	  Takes the dead nodes out of the graphs: for VACUUM, and for the mover.
 *
 *	1. waits for the inserts under way: one of them may have decided to link to a
 *	   node before it was marked; those that begin later do not
 *	2. cleans chains, and closes the gaps that dead nodes leave: in each list a
 *	   dead node's place goes to one of its living neighbours
 *	3. gives each shard a living node as entry point, while no insert is under way:
 *	   links to dead nodes that inserts have removed are logged by then, too
 *	4. makes sure that every node can be reached
 *	5. and that searches come to the places where nodes have left
 *	6. takes the dead off the landmarks, and gives their places to others
 *	7. puts the dead into the waiting list: they stay as they are until all
 *	   snapshots of now are gone, because a search may be on one of them
 *
 * Rows without a vector are simpler: those of two nodes are put into one where
 * they have room.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/xact.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "base/debug_point.h"
#include "page/bare.h"
#include "page/cells.h"
#include "page/landmark.h"
#include "page/node.h"
#include "page/page_locks.h"
#include "page/reclaim.h"
#include "search/node_source.h"
#include "write/clean.h"
#include "write/inserter.h"

/* A set of ids below `nids`. */
typedef struct IdSet
{
	uint8	   *bits;
	uint32		nids;
} IdSet;

typedef struct Cleanup
{
	VpNodeSource source;		/* first: its linkable is ours */
	const VpStore *store;
	VpWriter   *writer;
	uint32		next_id;
	IdSet		dead;			/* linked nodes that are dead */
	IdSet		linked;			/* all linked nodes */
	IdSet		reached;
	uint32		ndead;
	uint32		nmoved;			/* dead, but they must stay for now */
	uint32		shards;
	VpEntry		entries[VP_MAX_SHARDS];
} Cleanup;

static IdSet
make_set(uint32 nids)
{
	IdSet		set;

	set.nids = nids;
	set.bits = MemoryContextAllocExtended(CurrentMemoryContext, nids / 8 + 1,
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	return set;
}

static inline bool
in_set(const IdSet *set, VpId id)
{
	return id < set->nids && (set->bits[id / 8] & (1 << id % 8)) != 0;
}

static inline void
add_to_set(IdSet *set, VpId id)
{
	if (id < set->nids)
		set->bits[id / 8] |= 1 << id % 8;
}

/*
 * What the survey has not seen in the graph may have come since: a new node, or
 * one used again.
 */
static bool
is_linkable(VpSource *source, VpId id)
{
	Cleanup    *cleanup = (Cleanup *) source;

	if (in_set(&cleanup->linked, id))
		return !in_set(&cleanup->dead, id);
	return vp_id_exists(&cleanup->source, id) &&
		(vp_node_flags(cleanup->store, id) & (VP_NODE_LINKED | VP_NODE_DEAD)) == VP_NODE_LINKED;
}

static bool
is_reached(void *arg, VpId id)
{
	return in_set(&((Cleanup *) arg)->reached, id);
}

/*
 * Step 1.  Takes the insert lock exclusively and lets it go: inserts that were
 * under way have ended.  On entry the move lock is held.
 */
static void
wait_for_inserts(Relation rel)
{
	LockPage(rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
	UnlockPage(rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
}

/* Cleans a node's chain, and adds the node to the sets. */
static void
survey_node(Cleanup *cleanup, VpId id, VpNodeTail *tail)
{
	if ((tail->flags & (VP_NODE_MOVED | VP_NODE_UNLINKED)) == VP_NODE_MOVED)
		cleanup->nmoved++;
	if (!(tail->flags & VP_NODE_LINKED) || (tail->flags & VP_NODE_UNLINKED))
		return;
	if (tail->next != 0)
	{
		vp_chain_clean(cleanup->store, id);
		vp_node_fetch(cleanup->store, id, tail);
	}
	add_to_set(&cleanup->linked, id);
	/* one that was moved may be left in its chain, and must be found */
	if (vp_is_gone(tail->flags) && tail->next == 0)
	{
		add_to_set(&cleanup->dead, id);
		cleanup->ndead++;
	}
}

/*
 * Cleans chains, and finds out which nodes are linked and which of them are
 * dead.  All nodes of a page are read together.  Cleaning a chain changes others
 * only that are not LINKED.
 */
static void
survey(Cleanup *cleanup)
{
	uint32		npages = vp_node_page_count(&cleanup->store->geo, cleanup->next_id);

	for (uint32 page = 0; page < npages; page++)
	{
		VpNodeTail	tails[VP_MAX_PAGE_NODES];
		VpId		first;
		uint32		n = vp_node_fetch_page(cleanup->store, page, &first, tails);

		vacuum_delay_point(false);
		for (uint32 i = 0; i < n && first + i < cleanup->next_id; i++)
			survey_node(cleanup, first + i, &tails[i]);
	}
}

/* Step 2. */
static void
repair_links(Cleanup *cleanup)
{
	for (VpId id = 0; id < cleanup->next_id; id++)
	{
		if (!is_linkable(&cleanup->source.source, id))
			continue;
		vacuum_delay_point(false);
		for (int level = vp_level(&cleanup->store->geo.levels, id); level >= 0; level--)
			vp_repair(cleanup->writer, &cleanup->source.source, id, level);
	}
}

/*
 * Sets for each shard a living node of its highest level, if that is higher
 * than what it has.  `since`: looks only at nodes that were linked since the
 * survey.
 */
static void
find_highest(Cleanup *cleanup, VpEntry *best, uint32 next_id, bool since)
{
	int			lowest = VP_MAX_LEVEL;

	for (uint32 i = 0; i < cleanup->shards; i++)
		lowest = Min(lowest, best[i].level);
	for (VpId id = 0; id < next_id; id++)
	{
		int			level;
		uint8		shard;

		if (since && in_set(&cleanup->linked, id))
			continue;
		CHECK_FOR_INTERRUPTS();
		level = vp_level(&cleanup->store->geo.levels, id);
		if (level <= lowest || !is_linkable(&cleanup->source.source, id))
			continue;
		shard = vp_node_shard(cleanup->store, id);
		if (shard < cleanup->shards && level > best[shard].level)
			best[shard] = vp_entry(id, level);
	}
}

static VpEntry
current_entry(Cleanup *cleanup, uint32 shard)
{
	VpId		id = vp_shard_entry(cleanup->store, shard);

	return vp_entry(id, id == VP_NO_ID ? -1 : vp_level(&cleanup->store->geo.levels, id));
}

/*
 * Step 3.  An insert relies on an entry point not being lowered while it is
 * under way: one that is not below its node stays so.  So inserts are kept out
 * while that may be done, and what they have linked meanwhile is looked at
 * first.
 *
 * The wait for them has another use.  Step 2 may have passed over a list from
 * which an insert had removed a dead node, before that was logged.  Now it is,
 * and no list leads to dead nodes any more that a later insert could change
 * so.
 *
 * On entry the move lock is held and the insert lock is not; takes that
 * exclusively, and releases it.
 */
static void
replace_entries(Cleanup *cleanup)
{
	VpEntry		best[VP_MAX_SHARDS];

	for (uint32 i = 0; i < cleanup->shards; i++)
		best[i] = vp_entry(VP_NO_ID, -1);
	find_highest(cleanup, best, cleanup->next_id, false);
	VP_POINT("vacuum-entries");

	LockPage(cleanup->store->rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
	find_highest(cleanup, best, vp_graph_state(cleanup->store).next_id, true);
	for (uint32 i = 0; i < cleanup->shards; i++)
	{
		VpEntry		entry = current_entry(cleanup, i);

		if (in_set(&cleanup->dead, entry.id) || best[i].level > entry.level)
		{
			(void) vp_entry_replace(cleanup->store, i, entry.id, best[i].id);
			entry = current_entry(cleanup, i);
		}
		cleanup->entries[i] = entry;
	}
	UnlockPage(cleanup->store->rel, VP_INSERT_LOCK_BLOCK, ExclusiveLock);
}

/*
 * Adds all nodes that those reached lead to at a level.  Round after round over
 * the ids, each going on from the nodes that the last one reached: a queue
 * would take 32 times the memory.
 */
static void
find_reached_at(Cleanup *cleanup, int level)
{
	IdSet		done = make_set(cleanup->next_id);
	bool		more = true;

	while (more)
	{
		more = false;
		for (VpId id = 0; id < cleanup->next_id; id++)
		{
			VpId		links[VP_MAX_LINKS];
			int			n;

			if (!in_set(&cleanup->reached, id) || in_set(&done, id))
				continue;
			vacuum_delay_point(false);
			add_to_set(&done, id);
			more = true;
			n = vp_node_links(cleanup->store, id, level, links);
			for (int i = 0; i < n; i++)
				add_to_set(&cleanup->reached, links[i]);
		}
	}
	pfree(done.bits);
}

/*
 * Adds all nodes that a node just reached leads to at level 0: few, as a rule.
 */
static void
follow_links(Cleanup *cleanup, VpId id)
{
	Size		size = VP_MAX_LINKS + 1;
	VpId	   *stack = palloc(size * sizeof(VpId));
	Size		n = 0;

	stack[n++] = id;
	while (n > 0)
	{
		VpId		links[VP_MAX_LINKS];
		int			nlinks = vp_node_links(cleanup->store, stack[--n], 0, links);

		vacuum_delay_point(false);
		if (n + nlinks > size)
		{
			size *= 2;
			stack = repalloc_huge(stack, size * sizeof(VpId));
		}
		for (int i = 0; i < nlinks; i++)
		{
			if (!in_set(&cleanup->reached, links[i]) && links[i] < cleanup->next_id)
				stack[n++] = links[i];
			add_to_set(&cleanup->reached, links[i]);
		}
	}
	pfree(stack);
}

/* The highest level that a shard's searches begin on; -1: all are empty. */
static int
highest_entry(const Cleanup *cleanup)
{
	int			highest = -1;

	for (uint32 i = 0; i < cleanup->shards; i++)
		highest = Max(highest, cleanup->entries[i].level);
	return highest;
}

/*
 * Step 4.  A search comes down from an entry point level by level: what it can
 * reach at each is what leads on at the next.  A node that it cannot gets a
 * link from one that it can, and takes all those along that it leads to.
 */
static void
rescue_nodes(Cleanup *cleanup)
{
	cleanup->reached = make_set(cleanup->next_id);
	for (int level = highest_entry(cleanup); level >= 0; level--)
	{
		for (uint32 i = 0; i < cleanup->shards; i++)
			if (cleanup->entries[i].level == level)
				add_to_set(&cleanup->reached, cleanup->entries[i].id);
		find_reached_at(cleanup, level);
	}

	for (VpId id = 0; id < cleanup->next_id; id++)
	{
		VpEntry		entry;

		if (in_set(&cleanup->reached, id) || !is_linkable(&cleanup->source.source, id))
			continue;
		vacuum_delay_point(false);
		entry = cleanup->entries[Min(vp_node_shard(cleanup->store, id), cleanup->shards - 1)];
		if (entry.id != VP_NO_ID &&
			vp_rescue(cleanup->writer, &cleanup->source.source, id, entry.id, entry.level,
					  cleanup->next_id, is_reached, cleanup))
		{
			add_to_set(&cleanup->reached, id);
			follow_links(cleanup, id);
		}
	}
}

/*
 * The first link of a dead node that stays, the nearest as a rule; VP_NO_ID:
 * none.
 */
static VpId
first_living_link(Cleanup *cleanup, VpId id)
{
	VpId		links[VP_MAX_LINKS];
	int			n = vp_node_links(cleanup->store, id, 0, links);

	for (int i = 0; i < n; i++)
		if (links[i] < cleanup->next_id && is_linkable(&cleanup->source.source, links[i]))
			return links[i];
	return VP_NO_ID;
}

/*
 * Step 5.  That links lead to a node does not mean that a search follows them:
 * of a cluster apart from others, the few nodes that led there may be gone.  So
 * beside each node that leaves, one that stays is searched for, and linked to
 * from where the search ends if it is not found.
 */
static void
regain_nodes(Cleanup *cleanup)
{
	IdSet		asked = make_set(cleanup->next_id);

	for (VpId id = 0; id < cleanup->next_id; id++)
	{
		VpId		near = in_set(&cleanup->dead, id) ? first_living_link(cleanup, id) : VP_NO_ID;
		VpEntry		entry;

		if (near == VP_NO_ID || in_set(&asked, near))
			continue;
		vacuum_delay_point(false);
		add_to_set(&asked, near);
		entry = cleanup->entries[Min(vp_node_shard(cleanup->store, near), cleanup->shards - 1)];
		if (entry.id != VP_NO_ID)
			(void) vp_regain(cleanup->writer, &cleanup->source.source, near, entry.id, entry.level,
							 cleanup->next_id);
	}
	pfree(asked.bits);
}

/* Is this node not going to be taken out? */
static bool
stays_landmark(void *arg, VpId id)
{
	return !in_set(&((Cleanup *) arg)->dead, id);
}

/*
 * Pages of landmarks that there are now.  Who opens a stripe keeps the metapage
 * locked from before its pages take landmarks over until they count: none are
 * under way unseen.
 */
static uint32
count_landmark_pages(Cleanup *cleanup)
{
	VpMeta		meta;

	vp_meta_read(cleanup->store->rel, &meta);
	return vp_landmark_page_count(&cleanup->store->geo, meta.next_id);
}

/*
 * Takes the dead off all pages of landmarks.  A new stripe's pages take over
 * what stands on older ones, the dead too where they are not taken off yet: so
 * it goes on until there is no page more than have been cleaned.
 */
static void
clean_landmarks(Cleanup *cleanup)
{
	uint32		page = 0;
	uint32		npages;

	while (page < (npages = count_landmark_pages(cleanup)))
	{
		for (; page < npages; page++)
		{
			vacuum_delay_point(false);
			vp_landmarks_clean(cleanup->store, page, stays_landmark, cleanup);
		}
	}
}

/*
 * Step 6.  What is left of a term's landmarks may be none of its heaviest
 * nodes, or none at all, so all nodes are offered again: few of them are worth
 * more than looking up.
 */
static void
renew_landmarks(Cleanup *cleanup)
{
	VpNodeSource *source = &cleanup->source;
	VpQuery		query;

	clean_landmarks(cleanup);
	query.planes = vp_palloc0_aligned(vp_query_bytes(&source->index->codec));
	for (VpId id = 0; id < cleanup->next_id; id++)
	{
		vacuum_delay_point(false);
		/* on which pages they belong */
		source->nids = vp_graph_state(cleanup->store).next_id;
		if (is_linkable(&source->source, id) &&
			source->source.query_of(&source->source, id, &query))
			vp_mark_terms(source, id, &query);
	}
}

/*
 * The transaction that divides the snapshots of before from those of after, now
 * that nothing leads to the dead any more: this one, as soon as it has ended
 * new ones are newer.  Or the next one, which must come and end first, in two
 * cases.  A parallel VACUUM cannot have an ID assigned.  And an ID that VACUUM
 * has had since it came to another index of the table is too old: snapshots do
 * not look at a running VACUUM, so a scan that has met a link to the dead may
 * have a snapshot that is newer than this ID.
 */
static FullTransactionId
dividing_xid(void)
{
	bool		assigned = FullTransactionIdIsValid(GetTopFullTransactionIdIfAny());

	if (IsInParallelMode() || (assigned && (MyProc->statusFlags & PROC_IN_VACUUM)))
		return ReadNextFullTransactionId();
	return GetTopFullTransactionId();
}

/* Step 7. */
static void
release_nodes(Cleanup *cleanup)
{
	FullTransactionId xid = dividing_xid();
	uint32		npages = vp_node_page_count(&cleanup->store->geo, cleanup->next_id);

	for (uint32 page = 0; page < npages; page += VP_PAGES_TOGETHER)
	{
		vacuum_delay_point(false);
		vp_release_pages(cleanup->store, page, Min(npages - page, VP_PAGES_TOGETHER), xid);
	}
}

void
vp_clean_graph(Relation rel)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "vecprov vacuum",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	VpIndex    *index = vp_index_copy(vp_index_get(rel));
	Cleanup    *cleanup = palloc0(sizeof(Cleanup));
	uint32	   *pages;

	wait_for_inserts(rel);

	vp_node_source_init(&cleanup->source, index);
	cleanup->source.source.linkable = is_linkable;
	/* what is to be reached is to be so by links */
	cleanup->source.source.landmarks = NULL;
	cleanup->store = &index->store;
	cleanup->next_id = vp_graph_state(&index->store).next_id;
	cleanup->shards = vp_graph_state(&index->store).shards;
	cleanup->source.nids = cleanup->next_id;
	cleanup->dead = make_set(cleanup->next_id);
	cleanup->linked = make_set(cleanup->next_id);
	cleanup->writer = vp_writer_create(&vp_context_alloc, &index->codec, &index->store.geo.levels,
									   index->meta.m, index->meta.ef_construction);
	survey(cleanup);
	VP_POINT("vacuum-surveyed");
	if (cleanup->ndead > 0)
	{
		repair_links(cleanup);
		replace_entries(cleanup);
		VP_POINT("vacuum-entered");
		rescue_nodes(cleanup);
		regain_nodes(cleanup);
		if (index->meta.landmark_pages > 0)
			renew_landmarks(cleanup);
	}
	(void) vp_bare_merge(&index->store, &pages);
	VP_POINT("vacuum-repaired");
	vp_cells_mark_strangers(&index->store, &index->meta);
	release_nodes(cleanup);
	vp_bare_merged(&index->store);
	vp_meta_set_dead(&index->store, cleanup->nmoved);
	VP_POINT("vacuum-unlinked");

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
vp_clean_bare(const VpStore *store)
{
	uint32	   *pages;
	uint32		n = vp_bare_merge(store, &pages);

	VP_POINT("vacuum-merged");
	if (n > 0)
	{
		FullTransactionId xid = dividing_xid();

		for (uint32 i = 0; i < n; i++)
		{
			vacuum_delay_point(false);
			vp_release_pages(store, pages[i], 1, xid);
		}
		pfree(pages);
	}
	vp_bare_merged(store);
}
