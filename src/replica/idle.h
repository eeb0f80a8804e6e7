/*-------------------------------------------------------------------------
 *
 * idle.h
 *	  Provisioned indexes that nobody searches: they are idle until the next search.
 *
 * README.md has the protocol.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_IDLE_H
#define VP_IDLE_H

#include "replica/registry.h"

/*
 * When an index was searched last, as far as it is known: a search since the
 * last look counts as one of this moment.  The registry's lock is not held.
 */
extern TimestampTz vp_idle_look(int slot, Oid index);

/* Makes an index idle that is Ready and has not been searched since that look. */
extern void vp_idle_begin(int slot, Oid index);

/* Wakes the index of a slot, if it is idle. */
extern void vp_idle_end(int slot, VpWake why);

/* The same, with the registry's lock held exclusively; true: it was idle. */
extern bool vp_idle_end_locked(int slot, VpWake why);

/* In words, for the ledger. */
extern const char *vp_wake_reason(VpWake why);

#endif							/* VP_IDLE_H */
