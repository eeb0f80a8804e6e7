/*-------------------------------------------------------------------------
 *
 * repair.c
 *	  Heals the graph: links to nodes that leave, nodes that nobody reaches.
 *
 * The repair is that of Singh et al., "FreshDiskANN" (2021): who links to a
 * node that leaves gets the links of that node as candidates for its own.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "graph/writer.h"

static int
by_id(const void *a, const void *b)
{
	VpId		x = *(const VpId *) a;
	VpId		y = *(const VpId *) b;

	return (x > y) - (x < y);
}

/* Sorts and keeps one of each, and none that is `but`. */
static int
unique_ids(VpId *ids, int n, VpId but)
{
	int			kept = 0;

	qsort(ids, (size_t) n, sizeof(VpId), by_id);
	for (int i = 0; i < n; i++)
	{
		if (ids[i] != but && (kept == 0 || ids[kept - 1] != ids[i]))
			ids[kept++] = ids[i];
	}
	return kept;
}

static int
keep_linkable(VpSource *source, VpId *ids, int n)
{
	int			kept = 0;

	for (int i = 0; i < n; i++)
	{
		if (source->linkable(source, ids[i]))
			ids[kept++] = ids[i];
	}
	return kept;
}

/*
 * Who could be linked to in the place of these links: the linkable ones, and
 * the linkable links of the others.  Returns how many; -1 when all links are
 * linkable.
 */
static int
gather(VpSource *source, VpId id, int level, const VpId *links, int n, VpId *ids)
{
	int			nids = 0;
	bool		whole = true;

	for (int i = 0; i < n; i++)
	{
		if (source->linkable(source, links[i]))
			ids[nids++] = links[i];
		else
		{
			nids += source->links(source, links[i], level, ids + nids);
			whole = false;
		}
	}
	if (whole)
		return -1;
	nids = unique_ids(ids, nids, id);
	return keep_linkable(source, ids, nids);
}

bool
vp_repair(VpWriter *writer, VpSource *source, VpId id, int level)
{
	int			max = vp_level_links(writer->m, level);
	VpId	   *ids = writer->alloc.alloc(sizeof(VpId) * VP_MAX_LINKS * (size_t) max);
	bool		changed = false;

	for (int try = 0; try < VP_MAX_TRIES && !changed; try++)
	{
		VpId		from[VP_MAX_LINKS];
		VpId		to[VP_MAX_LINKS];
		int			n = source->links(source, id, level, from);
		int			found = gather(source, id, level, from, n, ids);

		if (found < 0)
			break;
		found = vp_writer_measure(writer, source, id, ids, found);
		if (found < 0)
			break;
		if (found > max && found > writer->ef_construction)
			found = max > writer->ef_construction ? max : writer->ef_construction;
		found = vp_select(writer, source, writer->candidates, found, max, to);
		changed = source->replace_links(source, id, level, from, n, to, found);
	}
	writer->alloc.free(ids);
	return changed;
}

bool
vp_rescue(VpWriter *writer, VpSource *source, VpId id, VpId entry, int entry_level,
		  uint32_t nids, bool (*reached) (void *arg, VpId id), void *arg)
{
	VpId		links[VP_MAX_LINKS];
	const VpCandidate *found;
	int			n;

	if (!source->query_of(source, id, &writer->query))
		return false;
	vp_search_start(writer->search, source, &writer->query, entry, entry_level, 0,
					writer->ef_construction, nids);
	found = vp_search_found(writer->search, &n);
	if (source->links(source, id, 0, links) == 0)
	{
		VpId	   *chosen = writer->chosen[0];
		int			nchosen = vp_link_choose(writer, source, id, 0, found, n, chosen);

		vp_link_set(writer, source, id, 0, chosen, nchosen);
	}
	for (int full = 0; full <= 1; full++)
	{
		for (int i = 0; i < n; i++)
		{
			VpId		near = found[i].id;

			if (near == id || !source->linkable(source, near) || !reached(arg, near))
				continue;
			if (full || source->links(source, near, 0, links) < vp_level_links(writer->m, 0))
			{
				if (vp_link_force(writer, source, near, 0, id))
					return true;
			}
		}
	}
	return false;
}
