/*-------------------------------------------------------------------------
 *
 * threads_test.c
 *	  Work in several threads, of which the operating system refuses some.
 *
 * test/unit/run links this program with --wrap: pthread_create is refused here
 * to graph/threads.c, not to OpenMP's library.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "graph/threads.h"

#include "unit.h"

static int	allowed = 1000;		/* so many threads at once */
static int	alive;
static int	most;				/* that were alive at once */
static size_t stack;			/* of the last */

extern int	__real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
								  void *(*start) (void *), void *arg);
extern int	__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
								  void *(*start) (void *), void *arg);
extern int	__real_pthread_join(pthread_t thread, void **result);
extern int	__wrap_pthread_join(pthread_t thread, void **result);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start) (void *), void *arg)
{
	sigset_t	mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	VP_CHECK(sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGUSR1) == 1,
			 "a thread is made with signals blocked");
	pthread_attr_getstacksize(attr, &stack);
	if (alive >= allowed)
		return EAGAIN;
	alive++;
	most = alive > most ? alive : most;
	return __real_pthread_create(thread, attr, start, arg);
}

int
__wrap_pthread_join(pthread_t thread, void **result)
{
	alive--;
	return __real_pthread_join(thread, result);
}

static int	parts;
static int	firsts;
static pthread_t caller;

static void
part(void *arg, bool first)
{
	__atomic_fetch_add(&parts, 1, __ATOMIC_RELAXED);
	if (first)
	{
		sigset_t	mask;

		firsts++;
		pthread_sigmask(SIG_SETMASK, NULL, &mask);
		VP_CHECK(pthread_equal(caller, pthread_self()) && sigismember(&mask, SIGINT) == 0,
				 "the caller's thread is as it was");
	}
}

static int	told_asked;
static int	told_got;
static int	told_error;

static void
refused(int asked, int got, int error)
{
	sigset_t	mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	VP_CHECK(sigismember(&mask, SIGINT) == 0, "no signal is blocked when it is told");
	told_asked = asked;
	told_got = got;
	told_error = error;
}

/* `asked` threads where there are `others` besides the caller's. */
static void
check(int asked, int others)
{
	int			expected = asked < others + 1 ? asked : others + 1;
	int			got;

#ifndef _OPENMP
	expected = 1;
#endif
	allowed = others;
	parts = firsts = most = 0;
	told_asked = told_got = told_error = 0;
	got = vp_run_threads(asked, part, NULL);
	VP_CHECK(got == expected && parts == expected && firsts == 1,
			 "%d threads asked for, %d others: %d, %d parts", asked, others, got, parts);
#ifdef _OPENMP
	VP_CHECK(most == expected - 1 && alive == 0, "%d were tried at once, %d are left", most, alive);
	VP_CHECK(expected == asked ? told_asked == 0 :
			 told_asked == asked && told_got == expected && told_error == EAGAIN,
			 "told: %d, %d, %d", told_asked, told_got, told_error);
#endif
}

/* The trial's stacks are as large as those of the team. */
static void
check_stack(const char *name, const char *value, size_t expected)
{
#ifdef _OPENMP
	setenv(name, value, 1);
	vp_run_threads(2, part, NULL);
	VP_CHECK(stack == expected, "%s=%s: a stack of %zu, %zu", name, value, stack, expected);
	unsetenv(name);
#endif
}

int
main(void)
{
	pthread_attr_t attr;
	size_t		usual;

	caller = pthread_self();
	vp_threads_refused = refused;
	for (int asked = 1; asked <= 9; asked++)
		for (int others = 0; others <= 9; others++)
			check(asked, others);

	allowed = 1000;
	pthread_attr_init(&attr);
	pthread_attr_getstacksize(&attr, &usual);
	check_stack("OMP_STACKSIZE", "3m", 3 << 20);
	check_stack("OMP_STACKSIZE", " 2048 ", 2 << 20);
	check_stack("OMP_STACKSIZE", "1048576B", 1 << 20);
	check_stack("GOMP_STACKSIZE", "4096 k", 4 << 20);
	check_stack("OMP_STACKSIZE", "much", usual);
	check_stack("OMP_STACKSIZE", "99999999999G", usual);
	check_stack("OMP_STACKSIZE", "1", usual);

	/* nobody has to be told */
	vp_threads_refused = NULL;
	allowed = 1;
	parts = 0;
	vp_run_threads(4, part, NULL);
	VP_CHECK(parts <= 2, "%d parts", parts);
	return vp_unit_report();
}
