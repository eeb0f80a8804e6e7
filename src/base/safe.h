/*-------------------------------------------------------------------------
 *
 * safe.h
 *	  Running code that somebody else wrote with that user's rights.
 *
 * Index expressions, defaults, constraints and triggers of a table run whatever the
 * table's owner put there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SAFE_H
#define VP_SAFE_H

/* What vp_safe_leave restores. */
typedef struct VpSafe
{
	Oid			user;
	int			security;
	int			nest_level;
} VpSafe;

/*
 * From here to vp_safe_leave everything runs as a relation's owner, in a security-restricted
 * operation and with search_path = pg_catalog, pg_temp.  Raises an error when the relation
 * does not exist.  After an error the transaction's or subtransaction's abort restores
 * all of it.
 */
extern void vp_safe_enter(VpSafe *safe, Oid relid);
extern void vp_safe_leave(const VpSafe *safe);

#endif							/* VP_SAFE_H */
