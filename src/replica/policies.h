/*-------------------------------------------------------------------------
 *
 * policies.h
 *	  Applies the policies of a database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POLICIES_H
#define VP_POLICIES_H

/*
 * Looks at each index of this database that has a policy, and changes it if
 * the policy says so, each in a transaction of its own.  An error of one is
 * shown in vecprov.policies, and is not in the way of others.  Outside of a
 * transaction.
 */
extern void vp_policies_apply(void);

#endif							/* VP_POLICIES_H */
