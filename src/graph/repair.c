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

#include "graph/link.h"
#include "graph/select.h"
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
 * Divides links: the linkable ones stay, `kept`; of the others the linkable
 * links are candidates for their places, `ids`.  Returns how many of these; -1
 * when all links are linkable.
 */
static int
gather(VpSource *source, VpId id, int level, const VpId *links, int n,
	   VpId *kept, int *nkept, VpId *ids)
{
	int			nids = 0;

	*nkept = 0;
	for (int i = 0; i < n; i++)
	{
		if (source->linkable(source, links[i]))
			kept[(*nkept)++] = links[i];
		else
			nids += source->links(source, links[i], level, ids + nids);
	}
	if (*nkept == n)
		return -1;
	nids = unique_ids(ids, nids, id);
	return keep_linkable(source, ids, nids);
}

/*
 * Links stay that can; for each that does not there may be two, as two ways
 * lead on from where it went.
 */
bool
vp_repair(VpWriter *writer, VpSource *source, VpId id, int level)
{
	int			max = vp_level_links(writer->m, level);
	VpId	   *ids;
	bool		changed = false;

	if (writer->repair_ids == NULL)
		writer->repair_ids = writer->alloc.alloc(sizeof(VpId) * VP_MAX_LINKS *
												 (size_t) vp_level_links(writer->m, 0));
	ids = writer->repair_ids;
	for (int try = 0; try < VP_MAX_TRIES && !changed; try++)
	{
		VpId		from[VP_MAX_LINKS];
		VpId		to[VP_MAX_LINKS];
		int			nto;
		int			room;
		int			n = source->links(source, id, level, from);
		int			found = gather(source, id, level, from, n, to, &nto, ids);

		if (found < 0)
			break;
		found = vp_writer_measure(writer, source, id, ids, found);
		if (found < 0)
			break;
		room = nto + 2 * (n - nto);
		nto = vp_select_more(writer, source, writer->candidates, found,
							 room < max ? room : max, to, nto);
		changed = source->replace_links(source, id, level, from, n, to, nto);
	}
	return changed;
}

/*
 * Links one of the candidates to node `id`, the nearest that can be: of those
 * with room at level 0, else of all.  `reached`: those for which it is false
 * are left out; NULL: none.
 */
static bool
link_from_near(VpWriter *writer, VpSource *source, VpId id, const VpCandidate *found, int n,
			   bool (*reached) (void *arg, VpId id), void *arg)
{
	for (int full = 0; full <= 1; full++)
	{
		for (int i = 0; i < n; i++)
		{
			VpId		near = found[i].id;

			if (near == id || !source->linkable(source, near) ||
				(reached != NULL && !reached(arg, near)))
				continue;
			if (full ? vp_link_force(writer, source, near, 0, id) :
				vp_link_append(writer, source, near, 0, id))
				return true;
		}
	}
	return false;
}

bool
vp_regain(VpWriter *writer, VpSource *source, VpId id, VpId entry, int entry_level,
		  uint32_t nids)
{
	const VpCandidate *found;
	int			n;

	if (!source->query_of(source, id, &writer->query))
		return false;
	vp_search_start(writer->search, source, &writer->query, entry, entry_level, 0,
					writer->ef_construction, nids);
	found = vp_search_found(writer->search, &n);
	for (int i = 0; i < n; i++)
		if (found[i].id == id)
			return false;
	return link_from_near(writer, source, id, found, n, NULL, NULL);
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
	vp_link_make_room(writer, source, id, 0);
	return link_from_near(writer, source, id, found, n, reached, arg);
}
