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

/* So many of the nodes near the one that was linked last are remembered. */
#define VP_NEAR 40

/* A list that others change again and again while we change it is given up. */
#define VP_MAX_TRIES 100

struct VpWriter
{
	VpAlloc		alloc;
	const VpLevels *levels;
	int			m;
	int			ef_construction;
	bool		build;			/* of a whole graph */
	VpId		near[VP_NEAR];	/* a build: nodes near the one linked last */
	int			nnear;			/* 0: its neighbour does not come next */
	float		within;			/* the farthest that its search found */
	VpSearch   *search;
	VpQuery		query;			/* of a node's own code */
	void	   *planes;			/* query.planes as it was allocated */
	VpCandidate *candidates;
	int			allocated;		/* of them */
	VpId	   *repair_ids;		/* vp_repair's, or NULL: VP_MAX_LINKS for each
								 * link of a list */
	float		dist[VP_MAX_LINKS + 1];
	VpCandidate *window[VP_MAX_LINKS + 1];	/* vp_select's */
	VpId		chosen[VP_MAX_LEVEL + 1][VP_MAX_LINKS];
	int			nchosen[VP_MAX_LEVEL + 1];
	int			nwanted[VP_MAX_LEVEL + 1];	/* so many of them are to link
											 * back, if their lists are full,
											 * too */
};

/* Is it among these links? */
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
