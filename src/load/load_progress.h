/*-------------------------------------------------------------------------
 *
 * load_progress.h
 *	  The table of progress: a row for each batch, written in the batch's own transaction.
 *
 * The row whose file is "" tells which run of the load owns it.  Each batch locks that row against
 * another run taking over: see README.md.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_PROGRESS_H
#define VP_LOAD_PROGRESS_H

#include "load/load_conn.h"
#include "load/load_done.h"
#include "load/load_options.h"

typedef struct LdProgress
{
	const char *table;			/* NULL: none is kept */
	char	   *load;			/* name of the load, as a literal */
	char		owner[40];		/* of this run, as a literal */
} LdProgress;

/*
 * Makes the table if it is not there, takes the load over from an earlier run, once the batches
 * which that has under way are committed or rolled back, and reads what is done.
 */
extern bool ld_progress_begin(LdProgress *progress, const LdOptions *options, PGconn *conn, LdDone *done,
							  LdError *error);

/*
 * In a transaction: notes that these records are dealt with, so many of them dead letters.  Returns
 * 1; 0: they were dealt with before; -1: it failed.
 */
extern int	ld_progress_note(const LdProgress *progress, PGconn *conn, const char *file, int64_t file_bytes,
							 int64_t first, int64_t records, int dead, LdError *error);

#endif							/* VP_LOAD_PROGRESS_H */
