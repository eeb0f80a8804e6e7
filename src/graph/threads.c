/*-------------------------------------------------------------------------
 *
 * threads.c
 *	  Running work in several threads; see threads.h.
 *
 *-------------------------------------------------------------------------
 */
#include "graph/threads.h"

#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#endif

void
vp_run_threads(int nthreads, void (*part) (void *arg, bool first), void *arg)
{
#ifdef _OPENMP
	if (nthreads > 1)
	{
		sigset_t	all,
					mask;

		/* new threads inherit the mask; the caller gets its own back at once */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &mask);
#pragma omp parallel num_threads(nthreads)
		{
			bool		first = omp_get_thread_num() == 0;

			if (first)
				pthread_sigmask(SIG_SETMASK, &mask, NULL);
			part(arg, first);
		}
		pthread_sigmask(SIG_SETMASK, &mask, NULL);
		omp_pause_resource_all(omp_pause_hard);
		return;
	}
#endif
	part(arg, true);
}
