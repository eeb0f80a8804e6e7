/*-------------------------------------------------------------------------
 *
 * link.c
 *	  Links a new node into the graph.
 *
 * Algorithm 1 of Malkov and Yashunin (see graph.h).  First all levels are
 * searched, then the node's own links are written, those of level 0 last, since
 * it is in the graph with them, and then the links to it, from level 0 upwards:
 * whoever finds the node finds its links.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "graph/link.h"
#include "graph/search.h"
#include "graph/select.h"
#include "graph/writer.h"

/* Of those that may hold the same vector so many are looked at. */
#define MAX_EQUAL_TRIES 32

/* What is there already is found by a search of so many candidates, as a rule. */
#define EQUAL_EF 16

/* The most candidates that are looked at at a time. */
#define MAX_EF 100000

bool
vp_link_set(VpWriter *writer, VpSource *source, VpId node, int level, const VpId *to, int nto)
{
	VpId		from[VP_MAX_LINKS];

	for (int try = 0; try < VP_MAX_TRIES; try++)
	{
		int			n = source->links(source, node, level, from);

		if (source->replace_links(source, node, level, from, n, to, nto))
			return true;
	}
	return false;
}

static inline bool
links_to(VpSource *source, VpId from, int level, VpId id)
{
	VpId		links[VP_MAX_LINKS];

	return vp_links_contain(links, source->links(source, from, level, links), id);
}

/*
 * Is `id` led to without the link of `node`, which keeps its links to these?  By
 * one of these; or by another x that is itself led to by one that is not `id`:
 * of two that link to each other alone, neither leads to the other.  Where lists
 * are short there are such circles of more than two: there x must be led to by
 * one of these.  A build looks at its end for what is not led to.
 */
static bool
led_to(VpWriter *writer, VpSource *source, VpId id, int level, VpId node, const VpId *to, int nto)
{
	bool		circles = writer->m < VP_ENOUGH_LINKS;
	VpId		links[VP_MAX_LINKS];
	VpId		back[VP_MAX_LINKS];
	int			n = source->links(source, id, level, links);
	int			nothers = 0;

	for (int i = 0; i < n; i++)
	{
		if (links[i] == node)
			continue;
		if (!vp_links_contain(to, nto, links[i]))
			links[nothers++] = links[i];
		else if (links_to(source, links[i], level, id))
			return true;
	}
	for (int i = 0; i < nothers; i++)
	{
		int			nback = source->links(source, links[i], level, back);

		if (!vp_links_contain(back, nback, id))
			continue;
		if (writer->build)
			return true;
		for (int j = 0; j < nback; j++)
			if (back[j] != id && (!circles || vp_links_contain(to, nto, back[j])) &&
				links_to(source, back[j], level, links[i]))
				return true;
	}
	return false;
}

/*
 * The farthest of a node's links, given nearest first, that can be spared: that
 * is not `but`, and is led to without it.  -1 when there is none.
 */
static int
find_spare(VpWriter *writer, VpSource *source, VpId node, int level, const VpId *links, int n, VpId but)
{
	for (int i = n - 1; i >= 0; i--)
	{
		if (links[i] != but && led_to(writer, source, links[i], level, node, links, n))
			return i;
	}
	return -1;
}

bool
vp_link_append(VpWriter *writer, VpSource *source, VpId node, int level, VpId id)
{
	for (int try = 0; try < VP_MAX_TRIES; try++)
	{
		VpId		from[VP_MAX_LINKS];
		VpId		to[VP_MAX_LINKS];
		int			n = source->links(source, node, level, from);

		if (vp_links_contain(from, n, id))
			return true;
		if (n >= vp_level_links(writer->m, level))
			return false;
		memcpy(to, from, sizeof(VpId) * (size_t) n);
		to[n] = id;
		if (source->replace_links(source, node, level, from, n, to, n + 1))
			return true;
	}
	return false;
}

/*
 * Puts a link to `id` into the list of one of these that has room, the last
 * first.
 */
static bool
link_from_any(VpWriter *writer, VpSource *source, int level, const VpId *nodes, int n, VpId id)
{
	for (int i = n - 1; i >= 0; i--)
	{
		if (nodes[i] != id && source->linkable(source, nodes[i]) &&
			vp_link_append(writer, source, nodes[i], level, id))
			return true;
	}
	return false;
}

/*
 * A list of `node` is to be `to` and no longer `from`.  Those that lose their
 * place, and are not known to be led to any more, get a free one, or one in
 * the list of a node that stays, or that of one that can be spared, or else
 * that of `id`.  Not those of others at once: a node that is near to everybody,
 * as the longest vectors are by inner product, would in the end have such links
 * only, and none to the others of its kind.
 */
static int
keep_last_links(VpWriter *writer, VpSource *source, VpId node, int level, VpId id,
				const VpId *from, int nfrom, VpId *to, int nto)
{
	int			nchosen = nto;
	int			max = nfrom;	/* it was full */

	for (int i = 0; i < nfrom; i++)
	{
		int			spare;

		if (vp_links_contain(to, nto, from[i]) || !source->linkable(source, from[i]) ||
			led_to(writer, source, from[i], level, node, to, nchosen))
			continue;
		if (nto < max)
		{
			to[nto++] = from[i];
			continue;
		}
		if (link_from_any(writer, source, level, to, nto, from[i]))
			continue;
		spare = find_spare(writer, source, node, level, to, nchosen, id);
		for (int j = 0; j < nchosen && spare < 0; j++)
		{
			if (to[j] == id)
				spare = j;
		}
		if (spare >= 0)
			to[spare] = from[i];
	}
	return nto;
}

bool
vp_link_add(VpWriter *writer, VpSource *source, VpId node, int level, VpId id)
{
	int			max = vp_level_links(writer->m, level);

	for (int try = 0; try < VP_MAX_TRIES; try++)
	{
		VpId		from[VP_MAX_LINKS + 1];
		VpId		to[VP_MAX_LINKS];
		int			n = source->links(source, node, level, from);
		int			nto;

		if (vp_links_contain(from, n, id))
			return true;
		if (n < max)
		{
			memcpy(to, from, sizeof(VpId) * (size_t) n);
			to[n] = id;
			nto = n + 1;
		}
		else
		{
			from[n] = id;
			nto = vp_select_again(writer, source, node, from, n + 1, max, to);
			if (nto < 0)
				return false;
			nto = keep_last_links(writer, source, node, level, id, from, n, to, nto);
		}
		if (source->replace_links(source, node, level, from, n, to, nto))
			return vp_links_contain(to, nto, id);
	}
	return false;
}

/*
 * The place in a full list, given nearest first, that `id` can have: the
 * farthest whose link it takes over, so that what was reached by way of it
 * still is.  -1: there is none.
 */
static int
find_place(VpWriter *writer, VpSource *source, int level, const VpId *links, int n, VpId id)
{
	for (int i = n - 1; i >= 0; i--)
	{
		if (!source->linkable(source, links[i]) ||
			vp_link_append(writer, source, id, level, links[i]))
			return i;
	}
	return -1;
}

bool
vp_link_force(VpWriter *writer, VpSource *source, VpId node, int level, VpId id)
{
	int			max = vp_level_links(writer->m, level);

	for (int try = 0; try < VP_MAX_TRIES; try++)
	{
		VpId		from[VP_MAX_LINKS];
		VpId		to[VP_MAX_LINKS];
		int			n = source->links(source, node, level, from);
		int			nto;
		int			place;

		if (vp_links_contain(from, n, id))
			return true;
		nto = vp_writer_measure(writer, source, node, from, n);
		if (nto < 0)
			return false;
		for (int i = 0; i < nto; i++)
			to[i] = writer->candidates[i].id;
		place = nto < max ? nto++ : find_place(writer, source, level, to, nto, id);
		if (place < 0)
			return false;
		to[place] = id;
		if (source->replace_links(source, node, level, from, n, to, nto))
			return true;
	}
	return false;
}

/*
 * Goes through those that were found at the distance of a vector's own code:
 * equal vectors have equal codes, and these equal distances.  VP_NO_ID: `equal`
 * is true of none of the first of them.
 */
static VpId
pick_equal(const VpCandidate *found, int n, float own, bool (*equal) (void *arg, VpId id), void *arg)
{
	int			tries = 0;

	for (int i = 0; i < n && found[i].dist <= own && tries < MAX_EQUAL_TRIES; i++)
	{
		if (found[i].dist < own)
			continue;
		tries++;
		if (equal(arg, found[i].id))
			return found[i].id;
	}
	return VP_NO_ID;
}

/* A node that is linked, and its source. */
typedef struct Linked
{
	VpSource   *source;
	VpId		id;
} Linked;

/* Has `to` the vector of the node, and the node got a place in its chain? */
static bool
chain_to(void *arg, VpId to)
{
	Linked	   *linked = arg;
	VpSource   *source = linked->source;

	return to != linked->id && source->same_vector(source, to, linked->id) &&
		source->chain(source, to, linked->id);
}

/* Hangs the node into the chain of an equal one, if that was found. */
static bool
chain_to_equal(VpSource *source, VpId id, const VpQuery *query,
			   const VpCandidate *found, int n)
{
	Linked		linked = {source, id};
	float		own;

	source->distances(source, query, &id, 1, &own);
	return pick_equal(found, n, own, chain_to, &linked) != VP_NO_ID;
}

VpId
vp_link_find_equal(VpWriter *writer, VpSource *source, const VpQuery *query, float own,
				   VpId entry, int entry_level, uint32_t nids,
				   bool (*equal) (void *arg, VpId id), void *arg)
{
	const VpCandidate *found;
	int			n;

	vp_search_start(writer->search, source, query, entry, entry_level, 0, EQUAL_EF, nids);
	found = vp_search_found(writer->search, &n);
	return pick_equal(found, n, own, equal, arg);
}

int
vp_link_choose(VpWriter *writer, VpSource *source, VpId id, int level,
			   const VpCandidate *found, int n, VpId *chosen)
{
	VpCandidate *candidates = vp_writer_candidates(writer, n);
	int			max = vp_level_choice(writer->m, level, writer->build);
	int			ncandidates = 0;
	int			nchosen;

	for (int i = 0; i < n; i++)
	{
		if (found[i].id != id && source->linkable(source, found[i].id))
			candidates[ncandidates++] = found[i];
	}
	nchosen = vp_select(writer, source, candidates, ncandidates, max, chosen);
	writer->nwanted[level] = writer->build || writer->m < VP_ENOUGH_LINKS ? max : nchosen;
	for (int i = 0; i < ncandidates && nchosen < max; i++)
	{
		if (!vp_links_contain(chosen, nchosen, candidates[i].id))
			chosen[nchosen++] = candidates[i].id;
	}
	return nchosen;
}

/*
 * The same, looking further while there are only nodes around that may not be
 * linked to: VACUUM has marked them, and has not closed the gap yet.
 */
static int
choose_links(VpWriter *writer, VpSource *source, VpId id, int level,
			 const VpCandidate *found, int n)
{
	int			nchosen = vp_link_choose(writer, source, id, level, found, n,
										 writer->chosen[level]);

	for (int ef = writer->ef_construction; nchosen == 0 && n > 0;)
	{
		ef = ef < MAX_EF / 2 ? 2 * ef : MAX_EF;
		/* what was looked at is done with */
		for (VpCandidate taken; vp_search_next(writer->search, &taken);)
			;
		if (!vp_search_more(writer->search, ef))
			break;
		found = vp_search_found(writer->search, &n);
		nchosen = vp_link_choose(writer, source, id, level, found, n, writer->chosen[level]);
	}
	return nchosen;
}

void
vp_link_make_room(VpWriter *writer, VpSource *source, VpId node, int level)
{
	for (int try = 0; try < VP_MAX_TRIES; try++)
	{
		VpId		from[VP_MAX_LINKS];
		VpId		to[VP_MAX_LINKS];
		int			n = source->links(source, node, level, from);
		int			nto;

		if (n < vp_level_links(writer->m, level))
			return;
		nto = vp_writer_measure(writer, source, node, from, n);
		if (nto < 0)
			return;
		/* those without a vector are not among them */
		nto = nto < n ? nto : n - 1;
		for (int i = 0; i < nto; i++)
			to[i] = writer->candidates[i].id;
		if (source->replace_links(source, node, level, from, n, to, nto))
			return;
	}
}

/*
 * Makes a node that none of those it has chosen took be reached all the same:
 * from a node next to one of them, or else between one of them and another.
 */
static bool
link_anyhow(VpWriter *writer, VpSource *source, VpId id, const VpId *chosen, int n)
{
	VpId		links[VP_MAX_LINKS];

	for (int i = n - 1; i >= 0; i--)
		if (link_from_any(writer, source, 0, links, source->links(source, chosen[i], 0, links), id))
			return true;
	vp_link_make_room(writer, source, id, 0);
	for (int i = n - 1; i >= 0; i--)
		if (vp_link_force(writer, source, chosen[i], 0, id))
			return true;
	return false;
}

/*
 * Writes the links to a node of those that it has chosen at a level.  Those
 * that its own list was filled up with are nearer to a chosen one than to it:
 * so a choice among their links and the node would drop it again, as a rule,
 * and they get a link to it only if they have room.
 */
static void
link_back(VpWriter *writer, VpSource *source, VpId id, int level)
{
	const VpId *chosen = writer->chosen[level];
	int			n = writer->nchosen[level];
	bool		accepted = false;

	for (int i = 0; i < n; i++)
	{
		if (i < writer->nwanted[level])
			accepted |= vp_link_add(writer, source, chosen[i], level, id);
		else
			accepted |= vp_link_append(writer, source, chosen[i], level, id);
	}
	if (level == 0 && n > 0 && !accepted)
		(void) link_anyhow(writer, source, id, chosen, n);
}

/*
 * Searches level 0 for what is near a node that is to be linked.  A build links
 * near nodes one after the other: then the search begins where the last one
 * ended.  But not if the node is farther from all that than these are from one
 * another: it may be in another cluster, to which no links lead from there.
 */
static const VpCandidate *
search_near(VpWriter *writer, VpSource *source, const VpQuery *query,
			VpId entry, int entry_level, uint32_t nids, int *n)
{
	const VpCandidate *found;

	if (writer->nnear == 0 ||
		!vp_search_start_near(writer->search, source, query, writer->near, writer->nnear,
							  writer->within, writer->ef_construction, nids))
		vp_search_start(writer->search, source, query, entry, entry_level, 0,
						writer->ef_construction, nids);
	found = vp_search_found(writer->search, n);
	writer->nnear = 0;
	if (writer->build && writer->ef_construction <= VP_POOL_DIRECT)
	{
		for (int i = 0; i < *n && i < VP_NEAR; i++)
			writer->near[writer->nnear++] = found[i].id;
		writer->within = *n > 0 ? found[*n - 1].dist : 0;
	}
	return found;
}

VpLinked
vp_link(VpWriter *writer, VpSource *source, VpId id, const VpQuery *query,
		VpId entry, int entry_level, uint32_t nids)
{
	int			level = vp_level(writer->levels, id);
	int			top = level < entry_level ? level : entry_level;

	for (level = top; level >= 0; level--)
	{
		const VpCandidate *found;
		int			n;

		if (level > 0)
		{
			vp_search_start(writer->search, source, query, entry, entry_level, level,
							writer->ef_construction, nids);
			found = vp_search_found(writer->search, &n);
		}
		else
			found = search_near(writer, source, query, entry, entry_level, nids, &n);
		if (level == 0 && chain_to_equal(source, id, query, found, n))
			return VP_CHAINED;
		if (n > 0)
			entry = found[0].id;
		writer->nchosen[level] = choose_links(writer, source, id, level, found, n);
		entry_level = level > 0 ? level - 1 : 0;
	}
	for (level = top; level >= 0; level--)
		if (writer->nchosen[level] > 0)
			vp_link_set(writer, source, id, level, writer->chosen[level], writer->nchosen[level]);
	for (level = 0; level <= top; level++)
		link_back(writer, source, id, level);
	return VP_LINKED;
}
