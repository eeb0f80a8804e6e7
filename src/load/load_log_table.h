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
extern bool ld_log_table_begin(const LdOptions *options, PGconn *conn, LdError *error);

/* Keeps a row until the next flush; any thread. */
extern void ld_log_table_add(const LdOptions *options, const LdLogRow *row);

/*
 * Writes what is kept, over a connection of its own, if there is something, and if a server is
 * there; the main thread.  `last`: what cannot be written now is given up.
 */
extern void ld_log_table_flush(const LdOptions *options, bool last);

#endif							/* VP_LOAD_LOG_TABLE_H */
