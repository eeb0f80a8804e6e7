/*-------------------------------------------------------------------------
 *
 * role_refusals.h
 *	  Refused operations of each role, in all databases.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ROLE_REFUSALS_H
#define VP_ROLE_REFUSALS_H

/* Refused operations, by the reason. */
typedef enum VpRefusal
{
	VP_REFUSED_READ_LIMIT,
	VP_REFUSED_WRITE_LIMIT,
	VP_REFUSED_RECORD_SIZE,
	VP_REFUSED_CAPACITY,
	VP_REFUSED_SUSPENDED,
	VP_NREFUSALS
} VpRefusal;

/* So many roles are shown one by one: those with the most refusals. */
#define VP_SHOWN_ROLES	50

typedef struct VpRoleRefusals
{
	Oid			role;			/* InvalidOid: all others together */
	uint64		refused[VP_NREFUSALS];
} VpRoleRefusals;

/* For the shared memory hooks. */
extern void vp_role_refusals_request(void);
extern void vp_role_refusals_startup(void);

/* Counts one of the current role. */
extern void vp_role_refusal(VpRefusal refusal);

/* Copies what was counted: at most VP_SHOWN_ROLES + 1 entries.  Returns how many. */
extern int	vp_role_refusals_read(VpRoleRefusals *roles);

#endif							/* VP_ROLE_REFUSALS_H */
