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

/* Runs part(arg, first) in n threads at once; `first` is true in the caller's. */
extern void vp_run_threads(int nthreads, void (*part) (void *arg, bool first), void *arg);

#endif							/* VP_THREADS_H */
