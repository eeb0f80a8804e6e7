/*-------------------------------------------------------------------------
 *
 * kept_seat.h
 *	  Seats that backends keep after a search, for as long as nobody needs them.
 *
 * A backend may run on the processors of a reserved zone while it has a seat.
 * If it gave that back with the first row it would return the rows, and read
 * the next command, behind all others on the ordinary processors.  So it keeps
 * the seat; whoever needs one takes it away, and has the backend leave the zone.
 * So a kept seat never makes anybody wait, whatever its backend does or waits for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEPT_SEAT_H
#define VP_KEPT_SEAT_H

#include "base/compat.h"

/* For the shared memory hooks. */
extern void vp_kept_seats_request(void);
extern void vp_kept_seats_startup(void);

/* From now on this process keeps its seat of a slot, counted for this replica. */
extern void vp_kept_seat_put(int slot, int replica);

/* Does it still? */
extern bool vp_kept_seat_is_there(void);

/* It has its seat again, or somebody else has taken it (false). */
extern bool vp_kept_seat_take_back(void);

/*
 * Takes a seat of a slot (-1: of any) that some process has kept for `ns` or
 * longer; that process leaves its zone.  *slot and *replica say which it is;
 * the seat is the caller's to give.  False: there is none.
 */
extern bool vp_kept_seat_take(int *slot, int *replica, uint64 ns);

#endif							/* VP_KEPT_SEAT_H */
