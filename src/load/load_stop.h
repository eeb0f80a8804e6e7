/*-------------------------------------------------------------------------
 *
 * load_stop.h
 *	  Signals that ask the program to end, and the descriptor that tells those who wait.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_STOP_H
#define VP_LOAD_STOP_H

#include <signal.h>
#include <stdbool.h>

/* How often the user has asked the program to end. */
extern volatile sig_atomic_t ld_interrupts;

/* Catches SIGINT and SIGTERM, and ignores SIGPIPE.  False: errno says why not. */
extern bool ld_stop_begin(void);

/* Readable from the first signal, or the first ld_stop_readers(), on. */
extern int	ld_stop_fd(void);

/* Has readers end that wait for a pipe or for another server; any thread, any number of times. */
extern void ld_stop_readers(void);

/* Sleeps, but not beyond the moment that ld_stop_fd() is readable. */
extern void ld_stop_sleep(double seconds);

#endif							/* VP_LOAD_STOP_H */
