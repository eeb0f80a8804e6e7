/*-------------------------------------------------------------------------
 *
 * threads.c
 *	  Running work in several threads; see threads.h.
 *
 * Where the operating system refuses a thread (a limit on processes or on
 * memory), OpenMP's library ends the process without a word to the server.  So
 * as many threads as a team is to have are made here first, all alive at once
 * and with stacks as large as the team's, and the team gets no more than there
 * were.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "graph/threads.h"

#ifdef _OPENMP
#include <ctype.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#endif

void		(*vp_threads_refused) (int asked, int got, int error) = NULL;

#ifdef _OPENMP

/*
 * Until a thread that has ended is not counted any more, we look again each so
 * many nanoseconds.
 */
#define LOOK_AGAIN	100000
#define MAX_LOOKS	10000

/*
 * A number with a unit of B, K (when there is none), M or G; 0: anything else.
 */
static size_t
parse_size(const char *text)
{
	static const char units[] = "bkmg";
	char	   *end;
	size_t		n = strtoul(text, &end, 10);
	int			shift = 10;

	while (isspace((unsigned char) *end))
		end++;
	for (int i = 0; units[i] != '\0'; i++)
		if (tolower((unsigned char) *end) == units[i])
		{
			shift = 10 * i;
			end++;
			break;
		}
	while (isspace((unsigned char) *end))
		end++;
	return *end == '\0' && n << shift >> shift == n ? n << shift : 0;
}

/*
 * The stack that the environment wants a team's threads to have; 0: that of any
 * thread.
 */
static size_t
team_stack(void)
{
	/* libgomp takes the first that is set */
	static const char *const names[] = {"OMP_STACKSIZE", "OMP_STACKSIZE_ALL", "GOMP_STACKSIZE"};

	for (int i = 0; i < (int) (sizeof(names) / sizeof(names[0])); i++)
	{
		const char *text = getenv(names[i]);
		size_t		size = text !=NULL ? parse_size(text) : 0;

		if (size > 0)
			return size;
	}
	return 0;
}

/* Threads of this process as the kernel counts them, and some; 0: unknown. */
static nlink_t
count_threads(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) == 0 ? st.st_nlink : 0;
}

/*
 * A thread that has been joined is counted against limits until the kernel has
 * released it, which may be a moment later.
 */
static void
await_release(nlink_t before)
{
	struct timespec t = {0, LOOK_AGAIN};

	for (int i = 0; i < MAX_LOOKS && count_threads() > before; i++)
		nanosleep(&t, NULL);
}

/* New threads inherit the mask; the caller gets its own back at once. */
static void
block_signals(sigset_t *mask)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, mask);
}

static void *
pass_gate(void *gate)
{
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

/*
 * Makes n threads, and ends them again.  Returns how many there were at once;
 * if fewer than n, *error tells why.
 */
static int
try_threads(int n, int *error)
{
	pthread_t	threads[VP_MAX_THREADS];
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	nlink_t		before = count_threads();
	size_t		stack = team_stack();
	pthread_attr_t attr;
	int			got = 0;

	pthread_attr_init(&attr);
	if (stack > 0)
		(void) pthread_attr_setstacksize(&attr, stack);
	pthread_mutex_lock(&gate);
	while (got < n && (*error = pthread_create(&threads[got], &attr, pass_gate, &gate)) == 0)
		got++;
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < got; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	await_release(before);
	return got;
}

/*
 * How many threads a team of so many can have, the caller's among them; tells
 * if they are fewer.
 */
static int
try_team(int nthreads)
{
	sigset_t	mask;
	int			error;
	int			got;

	block_signals(&mask);
	got = 1 + try_threads(nthreads - 1, &error);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (got < nthreads && vp_threads_refused != NULL)
		vp_threads_refused(nthreads, got, error);
	return got;
}

#endif

int
vp_run_threads(int nthreads, void (*part) (void *arg, bool first), void *arg)
{
#ifdef _OPENMP
	int			got = nthreads > 1 ? try_team(nthreads < VP_MAX_THREADS ? nthreads : VP_MAX_THREADS) : 1;

	if (got > 1)
	{
		sigset_t	mask;

		block_signals(&mask);
#pragma omp parallel num_threads(got)
		{
			bool		first = omp_get_thread_num() == 0;

			if (first)
				pthread_sigmask(SIG_SETMASK, &mask, NULL);
			part(arg, first);
		}
		pthread_sigmask(SIG_SETMASK, &mask, NULL);
		omp_pause_resource_all(omp_pause_hard);
		return got;
	}
#endif
	part(arg, true);
	return 1;
}
