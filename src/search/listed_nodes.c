/*-------------------------------------------------------------------------
 *
 * listed_nodes.c
 *	  Distances of nodes out of a list, page by page; see listed_nodes.h.
 *
 * A list is in the order of ids, nearly always, so several of its nodes are on a page.  What a
 * peek costs is paid once for all of them: where the page is, and the checks before and after.  The
 * checks are those of node_source.c, but between them all distances of a call are computed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "page/node.h"
#include "search/listed_nodes.h"

/* Nodes that are on a page and come one after the other. */
typedef struct NodePage
{
	BlockNumber block;
	BufferDesc *desc;			/* by the hint for the block */
	int			end;			/* of its nodes */
} NodePage;

/* The nodes of a call. */
typedef struct VpListedNodes
{
	int			n;
	int			npages;
	NodePage	pages[VP_LISTED];
	uint32		offset[VP_LISTED];	/* of a slot on its page */
	const uint8_t *codes[VP_LISTED];
} VpListedNodes;

/* Tells which nodes are on which page, and begins to load the hints of the pages. */
static void
find_pages(VpNodeSource *source, const VpId *ids, int n, VpListedNodes *listed)
{
	const VpGeometry *geo = &source->index->store.geo;
	VpId		first = 0;
	uint32		count = 0;		/* ids from `first` on that are on the page */
	int			npages = 0;

	for (int i = 0; i < n; i++)
	{
		if (ids[i] - first >= count)
		{
			VpPlace		place = vp_source_place(source, ids[i]);

			vp_peek_prefetch_hint(&source->index->store.peek, place.block);
			listed->pages[npages++].block = place.block;
			first = ids[i];
			count = 1;
			if (place.block != InvalidBlockNumber)
			{
				VpPageIds	on_page = vp_page_of(geo, &geo->code, ids[i]);

				first = on_page.first;
				count = on_page.count;
			}
		}
		listed->pages[npages - 1].end = i + 1;
		listed->offset[i] = geo->code.start + (ids[i] - first) * geo->code.size;
	}
	listed->n = n;
	listed->npages = npages;
}

/* Follows the hints of some of the pages, and begins to load their nodes. */
static void
aim_at_pages(const VpNodeSource *source, VpListedNodes *listed, int from, int to)
{
	uint32		bytes = vp_source_bytes(source);
	uint32		code_at = source->index->store.geo.code_at;

	for (int p = from; p < to; p++)
	{
		NodePage   *page = &listed->pages[p];
		Buffer		hint = Max(vp_peek_hint(&source->index->store.peek, page->block), 1);
		const char *start = vp_window_page(hint);

		page->desc = GetBufferDescriptor(hint - 1);
		__builtin_prefetch(page->desc);
		for (int i = p == 0 ? 0 : page[-1].end; i < page->end; i++)
		{
			const char *slot = start + listed->offset[i];

			listed->codes[i] = (const uint8_t *) slot + code_at;
			for (uint32 at = 0; at < bytes; at += VP_CACHE_LINE)
				__builtin_prefetch(slot + at);
			__builtin_prefetch(slot + bytes - 1);
		}
	}
}

/* Do the buffers hold the pages?  As vp_peek and vp_peek_done. */
static bool
hold_pages(const VpNodeSource *source, const VpListedNodes *listed)
{
	const VpPeekRel *peek = &source->index->store.peek;
	uint64		differs = 0;

	for (int p = 0; p < listed->npages; p++)
		differs |= vp_tag_differs(listed->pages[p].desc, peek, listed->pages[p].block);
	pg_read_barrier();
	for (int p = 0; p < listed->npages; p++)
		differs |= vp_state_differs(listed->pages[p].desc);
	pg_read_barrier();
	for (int p = 0; p < listed->npages && unlikely(peek->standby); p++)
		differs |= !vp_page_is_filled(listed->pages[p].desc, peek);
	return likely(differs == 0);
}

/* Where a hint was wrong, or a buffer was given to another page meanwhile. */
static pg_noinline void
measure_one_by_one(VpNodeSource *source, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	bool		missed = false;

	for (int i = 0; i < n; i++)
		dist[i] = vp_source_distance(source, query, ids + i, n - i, &missed);
}

static void
listed_distances(VpSource *base, const VpQuery *query, const VpId *ids, int n, float *dist,
				 const VpId *ahead, int nahead)
{
	VpNodeSource *source = (VpNodeSource *) base;
	VpListedNodes *now = &source->listed[source->now];
	VpListedNodes *next = &source->listed[1 - source->now];
	int			aimed = 0;
	bool		held;

	if (!source->index->store.peek.enabled)
	{
		measure_one_by_one(source, query, ids, n, dist);
		return;
	}
	find_pages(source, ahead, nahead, next);
	held = n > 0 && hold_pages(source, now);
	for (int i = 0; i < n && held; i += VP_DOTS)
	{
		int			upto = next->npages * Min(i + VP_DOTS, n) / n;

		aim_at_pages(source, next, aimed, upto);
		aimed = upto;
		vp_query_distances(query, now->codes + i, vp_source_factors(source), Min(n - i, VP_DOTS), dist + i);
	}
	aim_at_pages(source, next, aimed, next->npages);
	if (n > 0 && !(held && hold_pages(source, now)))
		measure_one_by_one(source, query, ids, n, dist);
	for (int p = 0; p < (n > 0 ? now->npages : 0); p++)
		vp_buffer_touch(now->pages[p].desc);
	source->now = 1 - source->now;
}

void
vp_listed_nodes_init(VpNodeSource *source)
{
	source->source.distances_listed = listed_distances;
	source->listed = palloc(2 * sizeof(VpListedNodes));
	source->now = 0;
}
