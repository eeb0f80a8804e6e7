/*-------------------------------------------------------------------------
 *
 * listed_nodes.h
 *	  Distances of nodes out of a list, page by page.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LISTED_NODES_H
#define VP_LISTED_NODES_H

#include "search/node_source.h"

/* Gives a source its distances_listed.  Allocates in the current context. */
extern void vp_listed_nodes_init(VpNodeSource *source);

#endif							/* VP_LISTED_NODES_H */
