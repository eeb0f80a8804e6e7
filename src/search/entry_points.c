/*-------------------------------------------------------------------------
 *
 * entry_points.c
 *	  Where searches of an index begin: the nodes of an upper level, by their
 *	  codes side by side.
 *
 * From the top of the graph down a search hops from node to node, each hop waiting for
 * the last, to come to a place that it could have looked up: the
 * levels above have some hundred nodes in all.  So a process keeps the codes of some hundred nodes of
 * one level, all or each so many-th, copied out of their pages into one piece of memory.  A search
 * compares the query with all of them, in the time of a few hops, and begins at the nearest.  Where
 * links lead from one cluster to another only by chance it is also surer to come to the right one, if
 * there is a node of each cluster among them: so they should never be few.
 *
 * What is kept may be out of date in any way, since nobody tells of changes: it only
 * chooses nodes, which are looked at and measured again before they are used.  When
 * half of them turn out to be other than expected, or the index has changed by a
 * part, all is copied anew; and again after one search, two, four, and at last
 * each MAX_PATIENCE.  A copy is made by the searches of some time, a few nodes each: to touch a page
 * for the first time takes a process microseconds.  Nodes whose pages are not in shared buffers are
 * left out.  When these are too many, and until there is a first copy, searches begin at the entry
 * point as ever.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/debug_point.h"
#include "page/change_counter.h"
#include "page/node.h"
#include "search/entry_points.h"

/* As many nodes as this, and as many bytes: what a search compares with in a microsecond or two. */
#define MAX_NODES		512
#define MAX_BYTES		(256 * 1024)

/* Of all indexes together, in this process. */
#define MAX_TOTAL		(16 * 1024 * 1024)

/* How many searches do without, as there is no room, until all is forgotten. */
#define MAX_REFUSED		10000

/*
 * A copy lasts while no more of the index has changed than this part, and is used
 * if no more of it is missing: rows often come in an order that puts all of a
 * cluster into that.
 */
#define MOST_OTHER		(1.0 / 64)

/* How much an estimate of the same code may differ, in parts: it is computed in the same way. */
#define SAME_DISTANCE	1e-3f

/* A process that has just begun is busy enough with that. */
#define FIRST_SEARCHES	8

/* Nodes that a search copies. */
#define PORTION			8

/* Where most nodes are dead, a copy looks at so many times as many as it keeps, at most. */
#define LEAST_USED		(1.0 / 8)

/* Searches from one copy to the next, at most. */
#define MAX_PATIENCE	4096

/* Nodes of a level, as they are looked at. */
typedef struct Look
{
	uint32		nids;			/* of the index when it began */
	uint32		changes;		/* of its metapage until then */
	int			level;
	bool		sharded;		/* there are several graphs */
	uint32		stripe;			/* the next one, of those with nodes of the
								 * level, */
	uint32		list;			/* and the next of its lists of it */
	uint32		step;			/* from one list to the next */
	int			looked;			/* nodes that were looked at */
	int			missing;		/* of these not at hand; those of the pool,
								 * which are no nodes, are not */
	int			unknown;		/* nor is what would tell which they are */

	int			n;
	int			max;
	VpId	   *ids;
	uint8	   *shards;
	char	   *coded;
} Look;

/* What is kept of an index: the nodes of a level and their codes, by shard. */
typedef struct EntryPoints
{
	VpRelFileLocator index;		/* first: the key */

	/*
	 * of the index: by these, ids and codes are read; when one changes, it is
	 * another in the same file
	 */
	VpLevels	levels;
	Size		coded_bytes;

	uint32		changes;		/* of its metapage when these were copied:
								 * each insert makes one */
	double		used;			/* of the nodes that were looked at so many
								 * can be kept */
	int			wait;			/* searches until they are copied again */
	int			patience;		/* from the last time on */
	Look	   *look;			/* the copy that is being made; NULL: none */
	int			level;
	int			n;				/* 0: searches do without */
	int			first[VP_MAX_SHARDS + 1];	/* where a shard's begin */
	Size		bytes;			/* of the chunk that ids and coded are in */
	VpId	   *ids;
	char	   *coded;			/* VpCoded, coded_bytes each */
} EntryPoints;

static MemoryContext context = NULL;
static HTAB *kept = NULL;
static Size total = 0;			/* bytes */
static int	refused = 0;		/* searches for which there was no room, since
								 * there was */
static int	searches = 0;		/* of this process, up to FIRST_SEARCHES */

/* Begins with nothing, as the indexes that had the room may be gone. */
static void
make_room(void)
{
	HASHCTL		control = {.keysize = sizeof(VpRelFileLocator),.entrysize = sizeof(EntryPoints)};

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "vecprov entrances", ALLOCSET_DEFAULT_SIZES);
	kept = NULL;
	MemoryContextReset(context);
	VP_POINT("allocation");
	control.hcxt = context;
	kept = hash_create("vecprov entrances", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	total = 0;
	refused = 0;
}

static inline bool
is_kept(const EntryPoints *entry_points, const VpStore *store)
{
	return memcmp(&entry_points->levels, &store->geo.levels, sizeof(VpLevels)) == 0 &&
		entry_points->coded_bytes == sizeof(VpCoded) + store->geo.code_bytes;
}

/* What is kept is of no use: it is to be copied at once, and soon again. */
static void
forget(EntryPoints *entry_points)
{
	if (entry_points->look != NULL)
		pfree(entry_points->look);
	entry_points->look = NULL;
	entry_points->n = 0;
	entry_points->used = 1;
	entry_points->wait = 0;
	entry_points->patience = 1;
}

/* What is kept of an index, perhaps nothing yet; NULL: there is no room for more. */
static EntryPoints *
find_entry_points(const VpStore *store)
{
	EntryPoints *entry_points;
	bool		found;

	if (kept == NULL || refused >= MAX_REFUSED)
		make_room();
	entry_points = hash_search(kept, &VpLocator(store->rel), total < MAX_TOTAL ? HASH_ENTER : HASH_FIND, &found);
	if (entry_points == NULL)
		refused++;
	else if (!found)
	{
		total += sizeof(EntryPoints);
		entry_points->bytes = 0;
		entry_points->coded = NULL;
		entry_points->look = NULL;
		entry_points->coded_bytes = 0;
	}
	if (entry_points != NULL && !is_kept(entry_points, store))
	{
		entry_points->levels = store->geo.levels;
		entry_points->coded_bytes = sizeof(VpCoded) + store->geo.code_bytes;
		forget(entry_points);
	}
	return entry_points;
}

/*
 * The level to look at, and each how many-th of its nodes, so that there are at
 * most `max` to be kept, of which `used` are: the lowest level with so few, but
 * if it has less than half, some of the one below.
 */
static int
choose_level(const VpStore *store, uint32 nids, double used, int max, uint32 *step)
{
	double		n = nids / store->geo.m * used;
	int			level = 1;

	for (; n > max && level < VP_MAX_LEVEL; n /= store->geo.m)
		level++;
	*step = 1;
	if (n < max / 2 && level > 1)
	{
		level--;
		*step = (uint32) ceil(n * store->geo.m / max);
	}
	return level;
}

static void
begin_look(EntryPoints *entry_points, const VpStore *store, uint32 nids)
{
	int			max = Min(MAX_NODES, MAX_BYTES / entry_points->coded_bytes);

	/* may raise an error, before there is anything to be lost */
	bool		sharded = vp_graph_state(store).shards > 1;
	Look	   *look;

	VP_POINT("allocation");
	look = MemoryContextAllocZero(context, sizeof(Look) +
								  max * (entry_points->coded_bytes + sizeof(VpId) + sizeof(uint8)));

	look->nids = nids;
	look->changes = vp_page_changes(&store->peek, VP_META_BLOCK);
	look->sharded = sharded;
	/* a level may have some more nodes than its share */
	look->level = choose_level(store, nids, entry_points->used, max - max / 8, &look->step);
	look->max = max;
	look->coded = (char *) (look + 1);
	look->ids = (VpId *) (look->coded + max * entry_points->coded_bytes);
	look->shards = (uint8 *) (look->ids + max);
	entry_points->look = look;
}

/*
 * Is this a node of which all is at hand that is to be kept?  Of a graph alone
 * its code will do: a search looks at the record before it begins there.
 */
static bool
is_at_hand(const Look *look, const VpStore *store, VpId id, uint8 *shard, VpCoded *coded, bool *is_node)
{
	uint8		flags;

	if (vp_node_standing_cached(store, id, &flags, shard))
		*is_node = flags == VP_NODE_LINKED && *shard < VP_MAX_SHARDS;
	else if (look->sharded)
		return false;
	else
		*shard = 0;
	return *is_node && vp_node_code_cached(store, id, (float *) &coded->factors, coded->code);
}

static void
look_at(Look *look, Size coded_bytes, const VpStore *store, VpId id)
{
	VpCoded    *coded = (VpCoded *) (look->coded + look->n * coded_bytes);
	bool		is_node;
	bool		known = vp_node_listed_cached(store, id, look->level, &is_node);

	look->looked++;
	/* without key columns there is no pool */
	if (!known)
		is_node = true;
	known |= store->geo.nkeys == 0;
	if (!is_node)
		return;
	if (is_at_hand(look, store, id, &look->shards[look->n], coded, &is_node))
		look->ids[look->n++] = id;
	else if (is_node && known)
		look->missing++;
	else if (is_node)
		look->unknown++;
}

/* Goes on.  True: all have been looked at. */
static bool
look_on(Look *look, Size coded_bytes, const VpStore *store)
{
	const VpLevels *levels = &store->geo.levels;
	uint32		last = (look->nids - 1) / levels->stripe;
	uint32		nlists;
	uint32		first = vp_level_lists(levels, look->level, &nlists);

	for (int i = 0; i < PORTION; i++)
	{
		uint32		stripe;
		int			list_level;
		VpId		id;

		look->stripe += look->list / nlists;
		look->list %= nlists;
		stripe = vp_level_stripe(levels, look->level, look->stripe);
		if (stripe > last || look->n == look->max)
			return true;
		id = vp_level_owner(levels, stripe, first + look->list, &list_level);
		if (id < look->nids)
			look_at(look, coded_bytes, store, id);
		look->list += look->step;
	}
	return false;
}

/* Keeps what was looked at, by shards. */
static void
keep(EntryPoints *entry_points, const Look *look)
{
	Size		coded_bytes = entry_points->coded_bytes;
	Size		bytes = look->n * (coded_bytes + sizeof(VpId));
	int			at[VP_MAX_SHARDS];
	char	   *chunk;

	VP_POINT("allocation");
	chunk = MemoryContextAlloc(context, Max(bytes, 1));
	if (entry_points->coded != NULL)
		pfree(entry_points->coded);
	total += bytes - entry_points->bytes;
	entry_points->bytes = bytes;
	entry_points->coded = chunk;
	entry_points->ids = (VpId *) (chunk + look->n * coded_bytes);
	entry_points->n = look->n;

	memset(entry_points->first, 0, sizeof(entry_points->first));
	for (int i = 0; i < look->n; i++)
		entry_points->first[look->shards[i] + 1]++;
	for (int shard = 0; shard < VP_MAX_SHARDS; shard++)
	{
		entry_points->first[shard + 1] += entry_points->first[shard];
		at[shard] = entry_points->first[shard];
	}
	for (int i = 0; i < look->n; i++)
	{
		int			to = at[look->shards[i]]++;

		entry_points->ids[to] = look->ids[i];
		memcpy(entry_points->coded + to * coded_bytes, look->coded + i * coded_bytes, coded_bytes);
	}
}

/* Goes on with a copy, if one is being made or to be made. */
static void
copy_some(EntryPoints *entry_points, const VpStore *store, uint32 nids)
{
	uint32		changes = vp_page_changes(&store->peek, VP_META_BLOCK) - entry_points->changes;
	Look	   *look;

	if (entry_points->look == NULL && (--entry_points->wait < 0 || changes > nids * MOST_OTHER))
		begin_look(entry_points, store, nids);
	look = entry_points->look;
	if (look == NULL || !look_on(look, entry_points->coded_bytes, store))
		return;
	ereport(DEBUG2,
			(errmsg_internal("vecprov entrances: %d nodes of level %d, %d not at hand, %d unknown",
							 look->n, look->level, look->missing, look->unknown)));
	entry_points->used = Max(LEAST_USED, (look->n + look->missing) /
							 (double) Max(look->looked - look->unknown, 1));
	if (look->missing > look->n * MOST_OTHER || look->unknown / 4 > look->n)
		look->n = 0;
	keep(entry_points, look);
	entry_points->level = look->level;
	entry_points->changes = look->changes;
	entry_points->wait = entry_points->patience;
	entry_points->patience = Min(2 * entry_points->patience, MAX_PATIENCE);
	entry_points->look = NULL;
	pfree(look);
}

/* Those that are nearest by what is kept: at most VP_MAX_ENTRY_POINTS, sorted. */
static int
find_nearest(const EntryPoints *entry_points, int shard, const VpQuery *query, VpCandidate *nearest)
{
	int			end = entry_points->first[shard + 1];
	float		bound = INFINITY;
	int			n = 0;

	for (int i = entry_points->first[shard]; i < end; i += VP_DOTS)
	{
		const uint8_t *codes[VP_DOTS];
		float		dist[VP_DOTS];
		int			ncodes = Min(end - i, VP_DOTS);

		for (int j = 0; j < ncodes; j++)
			codes[j] = ((const VpCoded *) (entry_points->coded + (i + j) * entry_points->coded_bytes))->code;
		vp_query_distances(query, codes, VP_CODED_FACTORS, ncodes, dist);
		for (int j = 0; j < ncodes; j++)
		{
			int			at;

			if (!(dist[j] < bound))
				continue;
			n = Min(n + 1, VP_MAX_ENTRY_POINTS);
			for (at = n - 1; at > 0 && nearest[at - 1].dist > dist[j]; at--)
				nearest[at] = nearest[at - 1];
			nearest[at] = vp_candidate(dist[j], entry_points->ids[i + j]);
			if (n == VP_MAX_ENTRY_POINTS)
				bound = nearest[n - 1].dist;
		}
	}
	return n;
}

/*
 * Measures nodes again, leaving out those that a search had better not begin at.  Returns how many
 * are left; *same: how many were as they are kept.
 */
static int
measure_again(VpSource *source, const VpStore *store, const VpQuery *query, int shard,
			  VpCandidate *found, int n, int *same)
{
	VpId		ids[VP_MAX_ENTRY_POINTS];
	float		dist[VP_MAX_ENTRY_POINTS];
	int			left = 0;

	for (int i = 0; i < n; i++)
		ids[i] = found[i].id;
	source->next = VP_NO_ID;
	source->distances(source, query, ids, n, dist);
	*same = 0;
	for (int i = 0; i < n; i++)
	{
		uint8		its_shard;

		/*
		 * NaN also where an index has become smaller: there is no such page
		 * to be looked at
		 */
		if (isnan(dist[i]) || vp_node_standing(store, ids[i], &its_shard) != VP_NODE_LINKED ||
			its_shard != shard)
			continue;
		/* equal where it is infinite */
		*same += dist[i] == found[i].dist ||
			fabsf(dist[i] - found[i].dist) <= SAME_DISTANCE * fabsf(dist[i]);
		found[left++] = vp_candidate(dist[i], ids[i]);
	}
	return left;
}

int
vp_entry_points(VpSource *source, const VpStore *store, uint32 nids, const VpQuery *query,
				VpId entry, VpCandidate *found, int *level)
{
	EntryPoints *entry_points;
	int			shard;
	int			nkept;
	int			n;
	int			same;

	if (!store->peek.enabled || nids == 0)
		return 0;
	if (searches < FIRST_SEARCHES)
	{
		searches++;
		return 0;
	}
	entry_points = find_entry_points(store);
	if (entry_points == NULL)
		return 0;
	copy_some(entry_points, store, nids);
	if (entry_points->n == 0)
		return 0;
	shard = vp_node_shard(store, entry);
	if (shard >= VP_MAX_SHARDS)
		return 0;
	nkept = find_nearest(entry_points, shard, query, found);
	if (nkept == 0)
		return 0;
	n = measure_again(source, store, query, shard, found, nkept, &same);
	if (2 * same < nkept)
		forget(entry_points);
	*level = entry_points->level;
	return n;
}
