/*-------------------------------------------------------------------------
 *
 * attempt.h
 *	  Work of a background process in a transaction of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ATTEMPT_H
#define VP_ATTEMPT_H

typedef enum VpAttempt
{
	VP_ATTEMPT_DONE,
	VP_ATTEMPT_LATER,			/* an error that passes by itself: somebody
								 * has a lock, or what it works on is being
								 * dropped */
	VP_ATTEMPT_FAILED
} VpAttempt;

/*
 * Calls work(arg) in a transaction with a snapshot, and commits.  An error of
 * it rolls the transaction back.  FAILED: the message is *message, palloc'd in
 * TopMemoryContext; or, if `message` is NULL, the error is logged.  Raises
 * only what ends the process.  Outside of a transaction.
 */
extern VpAttempt vp_attempt(void (*work) (void *arg), void *arg, char **message);

#endif							/* VP_ATTEMPT_H */
