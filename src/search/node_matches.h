/*-------------------------------------------------------------------------
 *
 * node_matches.h
 *	  The nodes of an index that may match a filter: VpMatches over posting lists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NODE_MATCHES_H
#define VP_NODE_MATCHES_H

#include "graph/graph.h"
#include "key/filter.h"
#include "page/postings.h"
#include "search/narrowest.h"

typedef struct VpNodeMatches
{
	VpMatches	matches;		/* first */
	VpPostings *postings;		/* NULL: all ids below nids */
	VpNarrowest narrowest;
	MemoryContext context;
	uint32		nids;
	VpId	   *ids;			/* in their order; NULL: as they are posted */
	uint32		n;
	uint32		next;			/* of these, or of all ids */
	bool		at_start;		/* no id has been given since the scan of
								 * postings began */
	uint64		random;
} VpNodeMatches;

/*
 * For a search of ef candidates.  Of the filter, which must stay, or NULL, and
 * an index of which all ids are below nids.  In the current memory context,
 * with which it ends; valid while the caller's snapshot is.
 */
extern void vp_node_matches_begin(VpNodeMatches *matches, const VpStore *store,
								  const VpFilter *filter, int ef, uint32 nids);

#endif							/* VP_NODE_MATCHES_H */
