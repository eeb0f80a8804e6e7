/*-------------------------------------------------------------------------
 *
 * load_log_table.h
 *	  --log-table: a row for each attempt that decided something, written beside the load.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_LOG_TABLE_H
#define VP_LOAD_LOG_TABLE_H

#include "load/load_conn.h"
#include "load/load_options.h"

typedef struct LdLogRow
{
	int64_t		batch;
	int			worker;
	int			records;
	int64_t		bytes;
	double		ms;
	int			attempts;
	const char *outcome;		/* loaded, found, dead, retried, refused,
								 * failed */
	const LdError *error;		/* NULL: none */
} LdLogRow;

/* Makes the table if it is not there. */
extern bool ld_log_table_make(const LdOptions *wanted, PGconn *conn, LdError *error);

/*
 * Starts the thread that writes what is kept, over a connection of its own.  The main thread calls
 * it, before any worker is there.  Without a log table, nothing is done.
 */
extern void ld_log_table_begin(const LdOptions *wanted);

/* Keeps a row until it is written; any thread. */
extern void ld_log_table_add(const LdLogRow *row);

/*
 * Has the thread write what is kept, and end; what cannot be written now is given up.  `give_up`:
 * so is a statement that waits for a lock.  Does not wait: returns whether it has ended, and is to be
 * called again until it has.  The main thread, when no worker is there any more.
 */
extern bool ld_log_table_end(bool give_up);

#endif							/* VP_LOAD_LOG_TABLE_H */
