/*-------------------------------------------------------------------------
 *
 * entrances.h
 *	  Where searches of an index begin; see entrances.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ENTRANCES_H
#define VP_ENTRANCES_H

#include "am/index.h"

/* VpSource's `entrances`, for a VpNodeSource. */
extern int	vp_entrances(VpSource *base, const VpQuery *query, VpId entry, VpCandidate *found, int *level);

#endif							/* VP_ENTRANCES_H */
