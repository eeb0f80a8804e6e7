/*-------------------------------------------------------------------------
 *
 * load_pace.h
 *	  How fast all workers together may go, and how much they send at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_PACE_H
#define VP_LOAD_PACE_H

#include <pthread.h>

#include "load/load_error.h"
#include "load/load_options.h"

typedef struct LdPace
{
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool		stopped;
	double		asked;			/* records a second that the user allows; 0:
								 * any number */
	double		rate;			/* and what a limit of the server allows
								 * besides, as far as is known */
	double		next;			/* when the next batch may begin */
	int			most;			/* records of a batch, as the user has it */
	int			now;			/* and as the limit allows */
	int			accepted;		/* batches since the last refusal */
} LdPace;

extern void ld_pace_begin(LdPace *pace, const LdOptions *options);

/* How many records a batch may have now. */
extern int	ld_pace_most(LdPace *pace);

/* Waits for the turn of so many records, or for a time.  False: the load is stopped. */
extern bool ld_pace_turn(LdPace *pace, int records);
extern bool ld_pace_sleep(LdPace *pace, double seconds);

/* A batch was refused by a limit, or came through. */
extern void ld_pace_refused(LdPace *pace, const LdError *error, int records);
extern void ld_pace_accepted(LdPace *pace);

/* Wakes everybody: no more batches. */
extern void ld_pace_stop(LdPace *pace);
extern bool ld_pace_stopped(LdPace *pace);

#endif							/* VP_LOAD_PACE_H */
