/*-------------------------------------------------------------------------
 *
 * quota.h
 *	  Who may provision indexes, and how much: vecprov.provision, vecprov.quotas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_QUOTA_H
#define VP_QUOTA_H

#include "utils/relcache.h"

#include "capacity/charge.h"
#include "capacity/ledger.h"

/* A role's quota: its row of this database's vecprov.quotas, or else the row for all. */
extern void vp_quota_get(Oid role, VpQuota *quota);

/* ereports when a role may not provision an index (its name). */
extern void vp_quota_need_right(Oid role, const char *index);

/*
 * ereports when a change asks for more than there was, or moves the index to another
 * owner, and the role that executes it may not provision.
 */
extern void vp_quota_check_right(const VpWishChange *change, bool moved);

/*
 * Charges the owner of an index for a change of it.  rel: the index, NULL while it is
 * being created, or if it is partitioned.  ereports when that asks for more, or comes from another owner, and
 * exceeds the owner's quota or the places of the server; a superuser is only warned.
 */
extern void vp_quota_charge(const VpWishChange *change, Relation rel, Oid owner, bool moved);

/*
 * A database is being created as a copy of this one, which nobody else is in; NULL: unknown.
 * ereports when the role that executes the statement is no superuser, and indexes there are
 * provisioned or may be.
 */
extern void vp_quota_check_copy(const char *database);

/*
 * What an index costs its owner that needs so many bytes of memory.  decided: its units are those of
 * the partitioned index that decides for it.
 */
extern VpCharge vp_quota_charge_of(const VpWish *wish, bool decided, Oid owner, int64 bytes);

/* The same of an index that replaces another, or was there before: whatever it is. */
extern void vp_quota_charge_copy(Oid index, const VpWish *wish, Oid owner);

/* For messages. */
typedef struct VpComplaint
{
	char	   *message;
	char	   *detail;
	char	   *hint;
	bool		memory;			/* of the server is what is in the way */
} VpComplaint;

/*
 * An index was built and needs so many bytes of memory: charges its owner.  False, and
 * *complaint is set, when that exceeds the quota; if `warn` is set, or a superuser
 * builds, it is charged all the same, and `warn` is set.
 */
extern bool vp_quota_charge_built(Relation rel, const VpWish *wish, int64 bytes, bool *warn,
								  VpComplaint *complaint);

#endif							/* VP_QUOTA_H */
