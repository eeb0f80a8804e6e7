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
	bool		dropped;		/* it is dropped: there is no after */
	bool		partitioned;	/* it is of a partitioned table, and its
								 * partitions have rows of their own */
	bool		was_decided;	/* its replicas were, or are, those of the
								 * partitioned index above */
	bool		is_decided;
	VpWish		before;
	VpWish		after;
} VpWishChange;

/* Did the tier, or the mode, change?  Did shards or replicas, and not the mode? */
extern bool vp_change_of_tier(const VpWish *before, const VpWish *after);
extern bool vp_change_of_scale(const VpWish *before, const VpWish *after);

/* Writes down a change, or a drop, in this transaction. */
extern void vp_ledger_change(const VpWishChange *change);

/*
 * While a policy changes an index: why.  Its change is written down as the policy's, and the rules
 * for owners' intervals do not hear of it.  NULL: no policy is at work.  Valid while the
 * string is.
 */
extern const char *vp_ledger_policy;

/* "on demand", or "tier r10, shards 1, replicas 1".  Palloc'd, or constant. */
extern const char *vp_wish_text(const VpWish *wish);

/* While a change is only tried: neither ledger nor log hear of it, or of its refusal. */
extern bool vp_ledger_silent;

/* Writes down, in this transaction, what a policy that only tells would have changed, and why. */
extern void vp_ledger_dry_run(const VpWishChange *change, const char *why);

/*
 * Writes down, in this transaction, that the policy of this owner has made an
 * index idle, or that it is not any more, and why.
 */
extern void vp_ledger_idle(const VpWishChange *change, Oid owner, bool idle, const char *why);

/* Is it idle, as far as the ledger knows?  What was released or dropped is not. */
extern bool vp_ledger_is_idle(const VpWishChange *change);

/* Has the index replicas of its own, as far as the ledger knows?  False if it does not know the index. */
extern bool vp_ledger_is_own(const VpWishChange *change);

/*
 * Writes down a refusal, in a transaction of its own, and waits until that has
 * ended.  When that is not possible, the log tells.  Only the log has it when there
 * are enough of the index, or of the creator of new ones, in this hour.
 */
extern void vp_ledger_refusal(const VpWishChange *change, const char *message);

/*
 * When the index was last changed so, by another transaction than this and not
 * by a policy; 0 if never, or if this change gives a suspended index the
 * replicas back that it had before, which is no change.  kind: one of the two
 * functions above.
 */
typedef bool (*VpChangeKind) (const VpWish *before, const VpWish *after);

extern TimestampTz vp_ledger_last(const VpWishChange *change, VpChangeKind kind);

#endif							/* VP_LEDGER_H */
