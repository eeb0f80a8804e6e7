/*-------------------------------------------------------------------------
 *
 * growth.h
 *	  How distances grow around the nodes of a graph, by which searches stop
 *	  (stop.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_GROWTH_H
#define VP_GROWTH_H

#include "graph/graph.h"

/* What is known after some searches.  All zeroes: nothing yet. */
typedef struct VpGrowth
{
	float		exponent;		/* for vp_stop_for */
	int			searches;		/* learned from */
} VpGrowth;

/*
 * Searches a graph, and learns from that.  The query is one of the graph's
 * nodes, drawn from all of them; some tens are enough.  Changes the rule of
 * vp_search_stop_by.
 */
extern void vp_growth_learn(VpGrowth *growth, VpSearch *search, VpSource *source,
							const VpQuery *query, VpEntry entry, uint32_t nids);

#endif							/* VP_GROWTH_H */
