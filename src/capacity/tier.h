/*-------------------------------------------------------------------------
 *
 * tier.h
 *	  Tiers and rates: rows of tables that belong to the administrator.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_TIER_H
#define VP_TIER_H

/* A row of vecprov.tiers. */
typedef struct VpTier
{
	char		name[NAMEDATALEN];
	int64		shard_bytes;	/* what one shard holds */
	bool		keeps_vectors;	/* in memory for certain, besides graph and
								 * codes */
	int			units;			/* of compute, for each replica */
} VpTier;

/*
 * The tier of a name; false when there is none.  Looked up in memory, except
 * for the first time after a change of the table (cached_rows.h).
 */
extern bool vp_tier_find(const char *name, VpTier *tier);

/* The same; ereports when there is none. */
extern void vp_tier_get(const char *name, VpTier *tier);

/*
 * Keeps the tier of a name from being deleted or renamed until the transaction
 * ends; false when there is none.  Locks its row, as a foreign key does (FOR
 * KEY SHARE), and so waits for whoever is deleting it.
 */
extern bool vp_tier_hold(const char *name);

/*
 * The rate, a numeric, of an item (a tier's name, storage, writes, reads) in a
 * plan and region, all text.  ereports when there is none.
 */
extern Datum vp_monthly_rate(Datum plan, Datum region, Datum item);

#endif							/* VP_TIER_H */
