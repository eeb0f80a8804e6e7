/*-------------------------------------------------------------------------
 *
 * link.h
 *	  Lists of links; for the files of this room.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LINK_H
#define VP_LINK_H

#include "graph/writer.h"

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

#endif							/* VP_LINK_H */
