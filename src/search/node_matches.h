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

typedef struct VpNodeMatches
{
	VpMatches	matches;		/* first */
	const VpFilter *filter;
	VpPostings *postings;		/* NULL: all ids below the bound */
	bool		at_start;		/* no id has been given since the scan began */
	VpId		next;			/* of all ids */
	uint64		random;
} VpNodeMatches;

/*
 * Of the filter, which must stay, or NULL, and an index of which all ids are below
 * nids.  In the current memory context, with which it ends; valid while the caller's
 * snapshot is.
 */
extern void vp_node_matches_begin(VpNodeMatches *matches, const VpStore *store,
								  const VpFilter *filter, uint32 nids);

#endif							/* VP_NODE_MATCHES_H */
