/*-------------------------------------------------------------------------
 *
 * load_send.h
 *	  One attempt to load records of a batch: a transaction, or nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_SEND_H
#define VP_LOAD_SEND_H

#include <pthread.h>

#include "load/load_progress.h"
#include "load/load_reader.h"

/* A worker's connection, and what it has to find out about its last COMMIT. */
typedef struct LdSession
{
	const LdOptions *options;
	const LdTable *table;
	const LdProgress *progress;
	bool		from_letters;	/* records are rows of the dead-letter table */
	PGconn	   *conn;			/* NULL: none at the moment */
	bool		was_connected;
	pthread_mutex_t cancel_lock;
	PGcancel   *cancel;			/* for other threads, under the lock */
	PGconn	   *flusher;		/* makes WAL durable: see load_send.c; NULL */
	char		xid[32];		/* of the transaction under way */
	char		timeline[16];
	char		lsn[32];		/* of a WAL record that has the xid */

	/*
	 * Records whose COMMIT was sent and not answered, or answered and not
	 * counted by the worker yet; 0: none.  The main thread reads it.
	 */
	_Atomic int in_doubt;
} LdSession;

/* Records [first, last) of a batch.  row_starts: where the row of each begins in rows. */
typedef struct LdWork
{
	const LdBatch *batch;
	int			first;
	int			last;
	const LdText *rows;
	const size_t *row_starts;	/* one more than records */
	const char *letter;			/* the one record is dead: its letter; NULL:
								 * load it */
	const LdError *why;
} LdWork;

typedef enum LdOutcome
{
	LD_SENT,					/* it is committed */
	LD_WAS_DONE,				/* an earlier attempt, or run, had committed
								 * it */
	LD_FAILED					/* nothing has happened; or nobody knows
								 * (session->in_doubt) */
} LdOutcome;

/* Where it returns LD_SENT or LD_WAS_DONE, the caller sets session->in_doubt to 0. */
extern LdOutcome ld_send(LdSession *session, const LdWork *work, LdError *error);
extern void ld_session_close(LdSession *session);

/* From another thread: ends the statement that the session is running. */
extern void ld_session_cancel(LdSession *session);

#endif							/* VP_LOAD_SEND_H */
