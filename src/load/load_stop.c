/*-------------------------------------------------------------------------
 *
 * load_stop.c
 *	  Signals that ask the program to end, and the descriptor that tells those who wait.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "load/load_stop.h"

volatile sig_atomic_t ld_interrupts;
static int	stop_pipe[2];

void
ld_stop_readers(void)
{
	int			saved = errno;

	/* if it is full, readers have been told */
	if (write(stop_pipe[1], "", 1) < 0)
		errno = saved;
}

static void
interrupt(int signal)
{
	ld_interrupts++;
	ld_stop_readers();
}

bool
ld_stop_begin(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* a connection that is lost is an error, not the end of the program */
	signal(SIGPIPE, SIG_IGN);
	return true;
}

int
ld_stop_fd(void)
{
	return stop_pipe[0];
}

void
ld_stop_sleep(double seconds)
{
	struct pollfd fd = {.fd = stop_pipe[0],.events = POLLIN};

	poll(&fd, 1, (int) (1000 * seconds));
}
