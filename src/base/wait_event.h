/*-------------------------------------------------------------------------
 *
 * wait_event.h
 *	  What processes wait for, as pg_stat_activity tells it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WAIT_EVENT_H
#define VP_WAIT_EVENT_H

/* The names, and what each means to an administrator: doc/metrics.md. */
typedef enum VpWaitEvent
{
	VP_WAIT_ANSWER,				/* a client: a search that a worker runs */
	VP_WAIT_BATCH,				/* vecprov_search: any of those that workers
								 * run */
	VP_WAIT_KEEPER,				/* the keeper: its next look */
	VP_WAIT_LAUNCHER,			/* the launcher: its next look */
	VP_WAIT_LAUNCHER_IDLE,		/* the launcher, while nothing is provisioned */
	VP_WAIT_MOVER,				/* a mover: transactions that may still see
								 * moved records */
	VP_WAIT_QUOTA,				/* who provisions: the quotas of all
								 * databases, after a start */
	VP_WAIT_READY,				/* vecprov_wait */
	VP_WAIT_SEAT,				/* a search: its seat */
	VP_WAIT_WORKER				/* a worker: a search to run */
} VpWaitEvent;

/*
 * Waits until this process's latch is set, which it resets, or so many
 * milliseconds are over (-1: no limit).  The process exits if the postmaster
 * dies.  False: the time is over.  May raise an error when a process waits for
 * an event for the first time: the server has room for 128 names.
 */
extern bool vp_wait(VpWaitEvent event, long timeout);

#endif							/* VP_WAIT_EVENT_H */
