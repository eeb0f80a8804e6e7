/*-------------------------------------------------------------------------
 *
 * serve.h
 *	  Searches for other processes: what replicas' workers run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SERVE_H
#define VP_SERVE_H

#include "replica/dispatch.h"

/* Tells replica/ what workers run; only while shared_preload_libraries are loaded. */
extern void vp_serve_define(void);

#endif							/* VP_SERVE_H */
