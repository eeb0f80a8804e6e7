/*-------------------------------------------------------------------------
 *
 * exponent.c
 *	  How distances grow in an index, by which its searches stop.
 *
 * The exponent (graph/stop.h) belongs to the index and not to a process, so
 * that the same query looks as far in each connection.  It is learned
 * from searches for some of the index's own nodes: by the build, by the insert
 * that finds that there are many more records than when it was learned, and by
 * VACUUM, which comes by an index that nobody writes to.
 *
 * Several inserts may find it due at the same time.  Each of them learns it,
 * and the first one's is written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/debug_point.h"
#include "graph/growth.h"
#include "page/node.h"
#include "search/node_source.h"
#include "write/exponent.h"
#include "write/inserter.h"

/*
 * Searches that teach it: one for so many nodes, which costs a build less than a
 * hundredth, from a least number on.
 */
#define NODES_EACH		64
#define LEAST_SEARCHES	64
#define MOST_SEARCHES	256

/*
 * Makes the first node of first ... end - 1 that is in the graph the query.
 * False: there is none.
 */
static bool
find_query(VpNodeSource *source, VpId first, VpId end, VpQuery *query)
{
	for (VpId id = first; id < end; id++)
		if (vp_node_flags(&source->index->store, id) == VP_NODE_LINKED)
			return source->source.query_of(&source->source, id, query);
	return false;
}

/* What is needed is allocated in the current context. */
static float
learn(const VpIndex *index)
{
	VpSearch   *search = vp_search_create(&vp_context_alloc, index->meta.m);
	VpGrowth	growth = {0};
	VpNodeSource source;
	VpGraphState graph;
	VpId		entry[VP_MAX_SHARDS];
	VpQuery		query;
	uint32		n;

	if (vp_graph_entries(&index->store, &graph, entry) != 1)
		return 0;
	vp_node_source_init(&source, index);
	source.nids = graph.next_id;
	query.planes = vp_palloc0_aligned(vp_query_bytes(&index->codec));
	n = Min(Max(graph.next_id / NODES_EACH, LEAST_SEARCHES), MOST_SEARCHES);
	for (uint64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (find_query(&source, i * graph.next_id / n, (i + 1) * graph.next_id / n, &query))
			vp_growth_learn(&growth, search, &source.source, &query,
							vp_entry(entry[0], vp_level(&index->store.geo.levels, entry[0])),
							graph.next_id);
	}
	return growth.exponent;
}

void
vp_exponent_keep(const VpIndex *index)
{
	VpIndex    *copy;
	MemoryContext context;
	MemoryContext old;

	if (!vp_stop_fits(index->meta.metric) || !vp_exponent_is_due(&index->store))
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "vecprov exponent", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	/* invalidation messages may take the caller's away */
	copy = vp_index_copy(index);
	/* a build logs its pages later */
	copy->store.wal = index->store.wal;
	VP_POINT("exponent-due");
	vp_exponent_write(&copy->store, learn(copy));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
