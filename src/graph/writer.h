/*-------------------------------------------------------------------------
 *
 * writer.h
 *	  What select, link and repair share: a writer's working memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WRITER_H
#define VP_WRITER_H

#include "graph/graph.h"

/* A list that others change again and again while we change it is given up. */
#define VP_MAX_TRIES 100

struct VpWriter
{
	VpAlloc		alloc;
	const VpLevels *levels;
	int			m;
	int			ef_construction;
	bool		build;			/* of a whole graph */
	VpSearch   *search;
	VpQuery		query;			/* of a node's own code */
	void	   *planes;			/* query.planes as it was allocated */
	VpCandidate *candidates;
	int			allocated;		/* of them */
	VpId	   *repair_ids;		/* vp_repair's, or NULL: VP_MAX_LINKS for each link of a list */
	float		dist[VP_MAX_LINKS + 1];
	VpCandidate window[VP_MAX_LINKS + 1];	/* vp_select's */
	VpId		chosen[VP_MAX_LEVEL + 1][VP_MAX_LINKS];
	int			nchosen[VP_MAX_LEVEL + 1];
};

/* Makes room for n candidates; those that are there get lost. */
extern VpCandidate *vp_writer_candidates(VpWriter *writer, int n);

/*
 * Makes candidates of ids: their distances to node `base`, nearest first, those
 * without a vector left out.  Returns how many; -1 when the base has none.
 */
extern int	vp_writer_measure(VpWriter *writer, VpSource *source, VpId base, const VpId *ids, int n);

/* As vp_select, beside those that are chosen already, up to `max` in all. */
extern int	vp_select_more(VpWriter *writer, VpSource *source, const VpCandidate *candidates, int n,
						   int max, VpId *chosen, int nchosen);

/*
 * Puts a link to `id` into the list of `node`: where the list is full, by
 * choosing among it and `id`.  True when it is in.
 */
extern bool vp_link_add(VpWriter *writer, VpSource *source, VpId node, int level, VpId id);

/* Makes it be in the list of `node`, in the place of the farthest one that can be spared. */
extern bool vp_link_force(VpWriter *writer, VpSource *source, VpId node, int level, VpId id);

/* Chooses a new node's links at a level among what a search found. */
extern int	vp_link_choose(VpWriter *writer, VpSource *source, VpId id, int level,
						   const VpCandidate *found, int n, VpId *chosen);

/* Makes `to` a node's links, whatever they are now. */
extern bool vp_link_set(VpWriter *writer, VpSource *source, VpId node, int level,
						const VpId *to, int nto);

static inline bool
vp_links_contain(const VpId *links, int n, VpId id)
{
	for (int i = 0; i < n; i++)
	{
		if (links[i] == id)
			return true;
	}
	return false;
}

#endif							/* VP_WRITER_H */
