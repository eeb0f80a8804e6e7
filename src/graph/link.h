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

/* Puts it there if there is room.  True when it is in. */
extern bool vp_link_append(VpWriter *writer, VpSource *source, VpId node, int level, VpId id);

/*
 * Puts it there; where the list is full, in the place of the farthest link that
 * the list of `id` takes over: whatever was reached by way of `node` still is.
 * False when both are full.
 */
extern bool vp_link_force(VpWriter *writer, VpSource *source, VpId node, int level, VpId id);

/*
 * Takes the farthest link out of a full list, of a node that nothing is reached
 * by way of.
 */
extern void vp_link_make_room(VpWriter *writer, VpSource *source, VpId node, int level);

/*
 * Chooses a new node's links at a level among what a search found.  The first
 * writer->nwanted[level] of them are worth a choice anew of their own links;
 * the others only fill the list up.
 */
extern int	vp_link_choose(VpWriter *writer, VpSource *source, VpId id, int level,
						   const VpCandidate *found, int n, VpId *chosen);

/* Makes `to` a node's links, whatever they are now. */
extern bool vp_link_set(VpWriter *writer, VpSource *source, VpId node, int level,
						const VpId *to, int nto);

#endif							/* VP_LINK_H */
