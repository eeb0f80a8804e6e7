/*-------------------------------------------------------------------------
 *
 * load_pace.c
 *	  How fast all workers together may go, and how much they send at once.
 *
 * A refused transaction has used up what it took of the limit's bucket before it was refused.  So
 * workers that only tried again would keep the bucket empty and load nothing.  The refusal says how
 * fast the bucket fills: they go at nearly that rate, with batches that fit into it.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "load/load_pace.h"
#include "load/load_text.h"

/* Below the rate of the limit, so that the bucket fills while it is worked from. */
#define LD_BELOW_LIMIT 0.95

/* After so many batches without a refusal, more is tried: the limit may have been raised. */
#define LD_TRY_MORE 64

void
ld_pace_begin(LdPace *pace, const LdOptions *options)
{
	pthread_condattr_t attributes;

	memset(pace, 0, sizeof(*pace));
	pthread_mutex_init(&pace->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pace->wake, &attributes);
	pace->asked = options->rate;
	pace->most = options->batch_records;
	/* four batches a second at least: searches beside it notice bursts */
	if (options->rate > 0 && options->rate / 4 < pace->most)
		pace->most = options->rate < 4 ? 1 : (int) (options->rate / 4);
	pace->now = pace->most;
}

int
ld_pace_most(LdPace *pace)
{
	int			most;

	pthread_mutex_lock(&pace->lock);
	most = pace->now;
	pthread_mutex_unlock(&pace->lock);
	return most;
}

/* Waits until a time of ld_now(), under the lock. */
static bool
wait_until(LdPace *pace, double until)
{
	struct timespec time = {.tv_sec = (time_t) until,.tv_nsec = (long) ((until - floor(until)) * 1e9)};

	while (!pace->stopped && ld_now() < until)
		pthread_cond_timedwait(&pace->wake, &pace->lock, &time);
	return !pace->stopped;
}

bool
ld_pace_sleep(LdPace *pace, double seconds)
{
	bool		go_on;

	pthread_mutex_lock(&pace->lock);
	go_on = wait_until(pace, ld_now() + seconds);
	pthread_mutex_unlock(&pace->lock);
	return go_on;
}

bool
ld_pace_turn(LdPace *pace, int records)
{
	double		rate;
	double		now = ld_now();
	double		turn;
	bool		go_on;

	pthread_mutex_lock(&pace->lock);
	rate = pace->asked > 0 && (pace->rate == 0 || pace->asked < pace->rate) ? pace->asked : pace->rate;
	turn = pace->next > now ? pace->next : now;
	if (rate > 0)
		pace->next = turn + records / rate;
	go_on = wait_until(pace, turn);
	pthread_mutex_unlock(&pace->lock);
	return go_on;
}

void
ld_pace_refused(LdPace *pace, const LdError *error, int records)
{
	double		now = ld_now();

	pthread_mutex_lock(&pace->lock);
	pace->accepted = 0;
	if (error->rate > 0 && error->needs > 0)
	{
		double		rate = LD_BELOW_LIMIT * error->rate / error->needs;
		double		fits = error->burst / error->needs / 2;

		/* refused at that rate already: there are others who write */
		pace->rate = pace->rate == 0 || rate < pace->rate ? rate : fmax(0.9 * pace->rate, rate / 20);
		if (fits < pace->now)
			pace->now = fits < 1 ? 1 : (int) fits;
	}
	else if (records / 2 < pace->now)
		pace->now = records < 2 ? 1 : records / 2;
	if (pace->next < now + error->wait)
		pace->next = now + error->wait;
	pthread_mutex_unlock(&pace->lock);
}

void
ld_pace_accepted(LdPace *pace)
{
	pthread_mutex_lock(&pace->lock);
	if (++pace->accepted % LD_TRY_MORE == 0)
	{
		pace->rate *= 1.25;
		if (pace->now < pace->most)
			pace->now = 2 * pace->now < pace->most ? 2 * pace->now : pace->most;
		else if (pace->rate > 1e6)
			pace->rate = 0;
	}
	pthread_mutex_unlock(&pace->lock);
}

void
ld_pace_stop(LdPace *pace)
{
	pthread_mutex_lock(&pace->lock);
	pace->stopped = true;
	pthread_cond_broadcast(&pace->wake);
	pthread_mutex_unlock(&pace->lock);
}

bool
ld_pace_stopped(LdPace *pace)
{
	bool		stopped;

	pthread_mutex_lock(&pace->lock);
	stopped = pace->stopped;
	pthread_mutex_unlock(&pace->lock);
	return stopped;
}
