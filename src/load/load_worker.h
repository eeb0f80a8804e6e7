/*-------------------------------------------------------------------------
 *
 * load_worker.h
 *	  A thread that loads batches over a connection of its own: attempts, halves, dead letters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_WORKER_H
#define VP_LOAD_WORKER_H

#include "load/load_counts.h"
#include "load/load_pace.h"
#include "load/load_send.h"

/* What the workers of a load share. */
typedef struct LdLoad
{
	const LdOptions *options;
	LdTable		table;
	LdProgress	progress;
	LdReader	reader;
	LdPace		pace;
	LdCounts	counts;
	pthread_mutex_t lock;
	bool		failed;			/* the load cannot go on */
	LdError		failure;		/* if it failed */
	int			running;		/* workers */
} LdLoad;

typedef struct LdWorker LdWorker;

extern LdWorker *ld_worker_start(LdLoad *load, int number);

/* Cancels what the worker's connection is doing. */
extern void ld_worker_cancel(LdWorker *worker);

/*
 * Records of which nobody knows whether they are committed: of a worker that has ended, or, of one
 * that has not, those whose COMMIT is under way.
 */
extern int	ld_worker_in_doubt(const LdWorker *worker);

/* Waits for the end of the thread. */
extern void ld_worker_join(LdWorker *worker);

/* Ends the load because of an error; the first one is kept. */
extern void ld_load_fail(LdLoad *load, const LdError *error);

#endif							/* VP_LOAD_WORKER_H */
