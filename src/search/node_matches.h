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
#include "search/near_cells.h"

typedef struct VpNodeMatches
{
	VpMatches	matches;		/* first */
	VpPostings *postings;		/* NULL: all ids below nids */
	int			nconditions;
	VpCounted  *counted;		/* the conditions, the narrowest first */
	bool	   *known;			/* of each: an earlier search asked for it */
	bool		more;			/* matches must satisfy more than the filter */
	const VpIndex *index;
	const VpQuery *query;
	MemoryContext context;
	uint32		nids;
	VpId	   *ids;			/* in their order; NULL: as they are posted */
	uint32		n;
	uint32		next;			/* of these, or of all ids */
	uint64	   *bits;			/* of the ids, where they come by cells; NULL:
								 * not read yet */
	VpNearCells *near;			/* NULL: they are given in another order */
	bool		at_start;		/* no id has been given since the scan of
								 * postings began */
	uint64		random;
} VpNodeMatches;

/*
 * For a search of a query with ef candidates.  Of the filter, which must stay as
 * the query does, or NULL, and an index of which all ids are below nids.  `more`:
 * matches must satisfy more than the filter.  In the current memory context,
 * with which it ends; valid while the caller's snapshot is.
 */
extern void vp_node_matches_begin(VpNodeMatches *matches, const VpIndex *index, const VpQuery *query,
								  const VpFilter *filter, bool more, int ef, uint32 nids);

#endif							/* VP_NODE_MATCHES_H */
