/*-------------------------------------------------------------------------
 *
 * ledger.h
 *	  The ledger of changes and refusals, vecprov.changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LEDGER_H
#define VP_LEDGER_H

#include "datatype/timestamp.h"

#include "base/options.h"

/* A change of what an index wishes for. */
typedef struct VpWishChange
{
	Oid			index;
	Oid			table;
	NameData	schema;
	NameData	name;
	bool		created;		/* the index is new: there is no before */
	VpWish		before;
	VpWish		after;
} VpWishChange;

/* Did the tier, or the mode, change?  Did shards or replicas, and not the mode? */
extern bool vp_change_of_tier(const VpWish *before, const VpWish *after);
extern bool vp_change_of_scale(const VpWish *before, const VpWish *after);

/* Writes down a change, in this transaction. */
extern void vp_ledger_change(const VpWishChange *change);

/*
 * Writes down a refusal, in a transaction of its own, and waits until that has
 * ended.  When that is not possible, the log tells.  Only the log has it when there
 * are enough of the index, or of the creator of new ones, in this hour.
 */
extern void vp_ledger_refusal(const VpWishChange *change, const char *message);

/*
 * When the index was last changed so, by another transaction than this; 0 if never.
 * kind: one of the two functions above.
 */
typedef bool (*VpChangeKind) (const VpWish *before, const VpWish *after);

extern TimestampTz vp_ledger_last(const VpWishChange *change, VpChangeKind kind);

#endif							/* VP_LEDGER_H */
