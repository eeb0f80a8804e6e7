/*-------------------------------------------------------------------------
 *
 * policy.h
 *	  Policies: how the server scales indexes by itself.  What is to be done is decided here;
 *	  replica/ measures, and does it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POLICY_H
#define VP_POLICY_H

#include "datatype/timestamp.h"

#include "base/options.h"
#include "capacity/ledger.h"
#include "capacity/tier.h"

/* A row of vecprov.policies.  Bounds of 0: not its matter. */
typedef struct VpPolicy
{
	NameData	schema;
	NameData	index;
	Oid			role;			/* the owner whose policy it is */
	int			min_replicas;
	int			max_replicas;
	double		busy;
	int			min_shards;
	int			max_shards;
	double		fullness;
	int64		up_after;		/* microseconds */
	int64		down_after;
	int64		change_interval;
	bool		dry_run;
	int64		idle_after;		/* 0: never */
	char		error[256];		/* the begin of what is shown; empty: none */
} VpPolicy;

/* What is known of its index. */
typedef struct VpPolicyFacts
{
	TimestampTz now;
	TimestampTz last_change;	/* 0: never */
	VpWish		wish;
	int64		bytes;			/* of records */
	int64		shard_bytes;
	double		busy;			/* share of the busiest replica */
	TimestampTz high_since;		/* it was above the policy's since then; 0: is
								 * not */
	TimestampTz low_since;		/* with a replica less it would be well below;
								 * 0: is not */
	TimestampTz searched;		/* the last search */
} VpPolicyFacts;

/* How much below the policy's share or fullness there must be to take capacity away. */
#define VP_POLICY_LOW	(2.0 / 3)

/* Is so busy a replica too busy, or one of n too many? */
extern bool vp_policy_is_high(const VpPolicy *policy, double busy);
extern bool vp_policy_is_low(const VpPolicy *policy, double busy, int replicas);

/*
 * What a policy wants, and why (palloc'd, for the ledger).  False: nothing is
 * to be done.  Neither reads nor writes anything.
 */
extern bool vp_policy_decide(const VpPolicy *policy, const VpPolicyFacts *facts,
							 VpWish *wish, char **why);

/* The same of whether the index is to be idle. */
extern bool vp_policy_idles(const VpPolicy *policy, const VpPolicyFacts *facts, char **why);

/*
 * Copies the policies of this database into the current memory context.
 * NULL: there are none, or no extension.  In a transaction.
 */
extern VpPolicy *vp_policies_read(int *n);

/* Seconds between two looks that the policies of this database need; 0: there are none. */
extern int	vp_policy_look_interval(void);

/* The last change, refusal or dry run that an index's policy has to keep away from; 0: never. */
extern TimestampTz vp_policy_last(const VpWishChange *change);

/* Shows why a policy does nothing; NULL: it does.  In a transaction. */
extern void vp_policy_set_error(const VpPolicy *policy, const char *error);

/* ereports if a partitioned index decides what capacity the index has. */
extern void vp_policy_check_decides(Oid index);

#endif							/* VP_POLICY_H */
