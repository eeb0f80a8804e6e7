/*-------------------------------------------------------------------------
 *
 * charge.h
 *	  What the owners of provisioned indexes use of the server, in shared memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CHARGE_H
#define VP_CHARGE_H

/* What an index costs its owner. */
typedef struct VpCharge
{
	Oid			owner;			/* InvalidOid: the index is not provisioned */
	int64		bytes;			/* of memory */
	int64		units;
} VpCharge;

/* What a role may use; PG_INT64_MAX: as much as there is. */
typedef struct VpQuota
{
	int64		bytes;
	int64		units;
} VpQuota;

/* What is in the way of a charge. */
typedef enum VpObstacle
{
	VP_OBSTACLE_NONE,
	VP_OBSTACLE_UNREAD,			/* not all databases were read since the
								 * server started */
	VP_OBSTACLE_PLACES,			/* the server has
								 * vecprov.max_provisioned_indexes already */
	VP_OBSTACLE_BYTES,			/* the quota */
	VP_OBSTACLE_UNITS,
	VP_OBSTACLE_MEMORY			/* the server's */
} VpObstacle;

/* For the shared memory hooks. */
extern void vp_charge_request(void);
extern void vp_charge_startup(void);

/* For the library's load: charges end as their transactions do. */
extern void vp_charge_define(void);

/*
 * Charges an index of this database, from now on; an abort takes that back.  Of two
 * sessions that do so at the same time the second one sees the first one's charge.
 * quota: what the owner may use; NULL: whatever it is, the charge is written.
 * others: what its other indexes use, of all databases; of a transaction under way what
 * it asks for, or has had so far, whatever is more.
 * memory: what all indexes of the server may have together, of all owners; PG_INT64_MAX: not
 * asked.  In the way of that, others is what all others use.
 * Nothing is charged when there is an obstacle.
 */
extern VpObstacle vp_charge_set(Oid index, const VpCharge *charge, const VpQuota *quota,
								int64 memory, VpQuota *others);

/* Bytes of memory that are charged for indexes of other databases. */
extern int64 vp_charge_elsewhere(void);

/*
 * Is an index of a database charged for?  *all_read: all databases were read since the server
 * started; before that, "no" means nothing.
 */
extern bool vp_charge_any(Oid database, bool *all_read);

/*
 * Units of all indexes of the server but one of this database, as
 * vp_charge_set counts those of an owner. *all_read: as above.
 */
extern int64 vp_charge_other_units(Oid except, bool *all_read);

/* An index is dropped: its charge ends when this transaction commits. */
extern void vp_charge_drop(Oid index);

/*
 * For catalogue readers: what is known of the provisioned indexes of a database, all of them.
 * clock: vp_charge_clock(), before they were read; what has changed since is not touched.
 * Bytes of a charge are only taken for an index that has none yet.
 */
typedef struct VpChargeRead
{
	Oid			index;
	VpCharge	charge;
} VpChargeRead;

extern uint64 vp_charge_clock(void);
extern void vp_charge_post(Oid database, uint64 clock, const VpChargeRead *read, int n);

/* For the keeper: so many bytes are kept in memory of an index. */
extern void vp_charge_memory(Oid database, Oid index, int64 bytes);

/* For the launcher: ends charges of databases that are gone; all others have been read. */
extern void vp_charge_end_databases(bool (*exists) (Oid database));
extern void vp_charge_all_read(void);

#endif							/* VP_CHARGE_H */
