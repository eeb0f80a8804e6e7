/*-------------------------------------------------------------------------
 *
 * slot_state.h
 *	  What a provisioned index has of what it was promised: pages and workers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SLOT_STATE_H
#define VP_SLOT_STATE_H

#include "replica/registry.h"

/* Seconds after which missing workers are an error. */
#define VP_WORKERS_DUE	60

typedef struct VpSlotState
{
	VpState		state;			/* of pages and workers together */
	int			replicas;		/* that have all their workers */
	int			wanted;			/* workers that the index is to have */
	int			missing;		/* of these, so many are not there */
	bool		no_room;		/* there are not as many worker slots */
	bool		refused;		/* the server had no background worker */
	int64		all_wanted;		/* that all indexes of the server are to have,
								 * if some are missing; by vp_slot_survey */
} VpSlotState;

/* Of a slot that is used.  The registry's lock is held. */
extern void vp_slot_state_get(int slot, VpSlotState *state);

/*
 * Copies the slot of an index, with its state.  Returns the slot's number, -1 if
 * the index has none or is about to lose it.
 */
extern int	vp_slot_survey(Oid database, Oid index, VpSlot *slot, VpSlotState *state);

/* Has the replica of a slot, from 0, all its workers?  The registry's lock is held. */
extern bool vp_replica_is_complete(int slot, int replica);

/*
 * Why an index is in the state Error; empty if it is in another one.  Palloc'd,
 * or constant.
 */
extern const char *vp_slot_error(const VpSlot *slot, const VpSlotState *state);

/*
 * What to set so that the missing workers can come.  NULL: none is missing, or
 * settings are not in the way.  Palloc'd.
 */
extern char *vp_workers_advice(const VpSlotState *state);

/*
 * Notes since when workers are missing, for each slot, and has supervisors look at
 * those whose state has changed.  By the launcher, with the registry's lock held
 * exclusively, after it has started workers.
 */
extern void vp_slot_states_note(void);

#endif							/* VP_SLOT_STATE_H */
