/*-------------------------------------------------------------------------
 *
 * posting.h
 *	  What catalogue readers have read, written into the registry.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POSTING_H
#define VP_POSTING_H

#include "replica/registry.h"

/*
 * A catalogue reader's ticket: the holds during which all that is read from now
 * on is sure.
 */
typedef struct VpTicket
{
	uint64		number;
	uint64	   *holds;			/* of all slots */
} VpTicket;

extern void vp_registry_enter(VpTicket *ticket);

/*
 * What a catalogue reader has read: all provisioned indexes of a database.
 * Nothing is done when another has posted that began later.
 */
extern void vp_registry_post(Oid database, const VpDefinition *definition, int ndefinitions,
							 const VpTicket *ticket);

/* Indexes of this database are no more. */
extern void vp_registry_drop(Oid database);

#endif							/* VP_POSTING_H */
