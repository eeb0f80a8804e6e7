/*-------------------------------------------------------------------------
 *
 * dispatch.h
 *	  The right to search: what the access method knows of replicas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_DISPATCH_H
#define VP_DISPATCH_H

#include "utils/relcache.h"

/* Has an index seats, so that vp_seat_give() is due after a search? */
extern bool vp_has_seats(Relation rel);

/*
 * Takes a seat of the index, if it has seats and this process has none: waits
 * until it gets one, in the order of arrival.  Can be cancelled.
 */
extern void vp_seat_take(Relation rel);

/* Gives it back, if this process has one. */
extern void vp_seat_give(void);

#endif							/* VP_DISPATCH_H */
