/*-------------------------------------------------------------------------
 *
 * foreign_limit.h
 *	  vecprov.foreign_limit: a LIMIT is sent along to other servers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FOREIGN_LIMIT_H
#define VP_FOREIGN_LIMIT_H

/* For the library's load. */
extern void vp_foreign_limit_define(void);

#endif							/* VP_FOREIGN_LIMIT_H */
