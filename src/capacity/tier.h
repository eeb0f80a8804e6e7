/*-------------------------------------------------------------------------
 *
 * tier.h
 *	  Tiers and rates: rows of tables that belong to the administrator.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_TIER_H
#define VP_TIER_H

/* A row of vecprov_tier. */
typedef struct VpTier
{
	char		name[NAMEDATALEN];
	int64		shard_bytes;	/* what one shard holds */
	bool		keeps_vectors;	/* in memory for certain, besides graph and codes */
	int			units;			/* of compute, for each replica */
} VpTier;

/*
 * The tier of a name; false when there is none.  Looked up in memory, but for
 * the first time after a change of the table.
 */
extern bool vp_tier_find(const char *name, VpTier *tier);

/* The same; ereports when there is none. */
extern void vp_tier_get(const char *name, VpTier *tier);

/*
 * The rate, a numeric, of an item (a tier's name, storage, writes, reads) in a
 * plan and region, all text.  ereports when there is none.
 */
extern Datum vp_monthly_rate(Datum plan, Datum region, Datum item);

/* A table of the extension, by name; InvalidOid when it is not there. */
extern Oid	vp_own_table(const char *name);

/* The same; raises an error when it is not there. */
extern Oid	vp_own_table_get(const char *name);

/* The access method's OID; InvalidOid while the extension is not there. */
extern Oid	vp_own_am(void);

#endif							/* VP_TIER_H */
