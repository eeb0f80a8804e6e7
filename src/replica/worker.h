/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  Launcher, keeper, catalogue reader and workers of replicas as background workers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WORKER_H
#define VP_WORKER_H

#include "base/compat.h"

#include "storage/proc.h"

#include "base/background.h"
#include "base/wait_event.h"

/* Their main functions. */
extern VP_EXPORT void vecprov_launcher_main(Datum arg);
extern VP_EXPORT void vecprov_keeper_main(Datum arg);
extern VP_EXPORT void vecprov_catalog_reader_main(Datum arg);	/* arg: the database's
																 * OID */
extern VP_EXPORT void vecprov_supervisor_main(Datum arg);	/* the same */
extern VP_EXPORT void vecprov_worker_main(Datum arg);	/* arg: the number of
														 * its place */

/*
 * Start of a worker that stays and has no database: signals, connection, and
 * its place in the registry, which it leaves when it ends.
 */
extern void vp_worker_start(PGPROC **place);

/*
 * Waits as vp_wait does, and does what any worker has to do between two things.
 */
extern bool vp_worker_wait(VpWaitEvent event, long timeout);

#endif							/* VP_WORKER_H */
