/*-------------------------------------------------------------------------
 *
 * threads.h
 *	  Running work in several threads of a process that else has one.
 *
 * Threads may call nothing but pure C code that is made for it: no palloc, no
 * ereport, no buffer.  They run with all signals blocked, since a signal
 * handler of the caller's process may run in its own thread only, and are gone
 * afterwards: a process that keeps them cannot fork safely.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_THREADS_H
#define VP_THREADS_H

#include <stdbool.h>

#define VP_MAX_THREADS 256

/*
 * Runs part(arg, first) in up to n threads at once; `first` is true in the
 * caller's, which is one of them.  Returns how many there were: as many as the
 * operating system gave.
 */
extern int	vp_run_threads(int nthreads, void (*part) (void *arg, bool first), void *arg);

/*
 * If set, is called in the caller's thread, before the work begins, when there
 * are fewer threads than were asked for; `error` is an errno.  It must return.
 */
extern void (*vp_threads_refused) (int asked, int got, int error);

#endif							/* VP_THREADS_H */
