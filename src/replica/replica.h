/*-------------------------------------------------------------------------
 *
 * replica.h
 *	  What the library's start-up calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_REPLICA_H
#define VP_REPLICA_H

/*
 * Registers launcher and keeper; only while shared_preload_libraries are
 * loaded.
 */
extern void vp_replica_define(void);

/* For the shared memory hooks. */
extern void vp_replica_request(void);
extern void vp_replica_startup(void);

#endif							/* VP_REPLICA_H */
