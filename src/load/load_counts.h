/*-------------------------------------------------------------------------
 *
 * load_counts.h
 *	  What a load has done so far: the bar, the lines, and the report.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_COUNTS_H
#define VP_LOAD_COUNTS_H

#include <pthread.h>

#include "load/load_error.h"
#include "load/load_options.h"
#include "load/load_text.h"

#define LD_MAX_STATES 40

typedef struct LdCounts
{
	pthread_mutex_t lock;
	double		begun;
	int64_t		loaded;			/* records that are committed */
	int64_t		was_done;		/* of these, found to be committed when they
								 * were tried again */
	int64_t		dead;			/* records that are dead letters */
	int64_t		skipped;		/* records that an earlier run has dealt with */
	int64_t		bytes;			/* of what was loaded, as it was read */
	int64_t		batches;		/* transactions that are committed */
	int64_t		retried;		/* attempts that failed and were made again */
	int64_t		refused;		/* of these, refused by limits */
	struct
	{
		char		sqlstate[6];
		int64_t		n;
	}			states[LD_MAX_STATES];	/* of failed attempts */
	int			nstates;
} LdCounts;

extern void ld_counts_begin(LdCounts *counts);
extern void ld_counts_loaded(LdCounts *counts, int records, int64_t bytes, bool was_done);
extern void ld_counts_dead(LdCounts *counts, int64_t *dead);
extern void ld_counts_failed(LdCounts *counts, const LdError *error);

/* The line of the bar, or of a terminal that is none: how far the load is. */
extern void ld_counts_line(LdCounts *counts, int64_t bytes_read, int64_t bytes_total, bool bar, LdText *line);

/*
 * Members of the report's object, without braces.  in_doubt: records of which nobody knows whether
 * they are committed.
 */
extern void ld_counts_report(LdCounts *counts, int64_t in_doubt, LdText *json);

#endif							/* VP_LOAD_COUNTS_H */
