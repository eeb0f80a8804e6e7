/*-------------------------------------------------------------------------
 *
 * clock.h
 *	  The time that rules of capacity go by.
 *
 * Intervals between changes, policies and bills deal with hours, days and months.  So a test can
 * move this clock: the setting vecprov.debug_clock (superusers, hidden) is a number of seconds
 * that is added to the server's time.  Nothing else may be moved by it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CLOCK_H
#define VP_CLOCK_H

#include "datatype/timestamp.h"

extern int	vp_debug_clock;

extern TimestampTz vp_clock(void);

#endif							/* VP_CLOCK_H */
