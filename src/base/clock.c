/*-------------------------------------------------------------------------
 *
 * clock.c
 *	  The time that rules of capacity go by; see clock.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/clock.h"

int			vp_debug_clock = 0;

TimestampTz
vp_clock(void)
{
	return GetCurrentTimestamp() + vp_debug_clock * USECS_PER_SEC;
}
