/*-------------------------------------------------------------------------
 *
 * effort.h
 *	  How many candidates a search of an index keeps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_EFFORT_H
#define VP_EFFORT_H

#include "utils/relcache.h"

/* Who decides. */
typedef enum VpEffortBy
{
	VP_EFFORT_BY_SETTING,		/* vecprov.ef_search, of the session or the
								 * server */
	VP_EFFORT_BY_INDEX,			/* its option ef_search */
	VP_EFFORT_BY_TUNING,		/* what vecprov_tune has found for its
								 * target_recall */
	VP_EFFORT_BY_ROWS			/* more rows are wanted than that */
} VpEffortBy;

/*
 * Of an opened index, when so many rows are wanted of it (0: not known).  *by:
 * which setting or option decided; may be NULL.  Never raises.
 */
extern int	vp_ef_search_of(Relation index, double rows, VpEffortBy *by);

#endif							/* VP_EFFORT_H */
