/*-------------------------------------------------------------------------
 *
 * rules.h
 *	  Which changes of capacity are allowed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RULES_H
#define VP_RULES_H

#include "base/compat.h"

#include "capacity/ledger.h"

/* Writes a refusal to the ledger and ereports it.  detail and hint may be NULL. */
pg_noreturn extern void vp_change_refuse(const VpWishChange *change, int sqlstate,
										 const char *message, const char *detail,
										 const char *hint);

/*
 * Writes a refusal to the ledger and ereports it, if a rule of README.md forbids
 * the change.  rel: the index, locked by the caller; NULL when it has no pages yet,
 * or never will.
 */
extern void vp_rules_check(const VpWishChange *change, Relation rel, bool temporary);

/* Tells, as a notice, when the index is nearly full with what it is given now. */
extern void vp_rules_advise(const VpWishChange *change, Relation rel);

/* Does a change ask for memory that was not promised before? */
extern bool vp_change_of_memory(const VpWishChange *change);

#endif							/* VP_RULES_H */
