/*-------------------------------------------------------------------------
 *
 * load_input.c
 *	  Bytes of a file, of standard input, or of a COPY from another database, through a buffer.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load/load_conn.h"
#include "load/load_input.h"
#include "load/load_text.h"

#define LD_READ_BYTES (256 * 1024)

bool
ld_input_open(LdInput *input, const char *name, int stop_fd, LdError *error)
{
	struct stat status;

	memset(input, 0, sizeof(*input));
	input->name = name;
	input->size = -1;
	input->stop_fd = stop_fd;
	input->fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &status) != 0)
	{
		ld_error_set(error, LD_FINAL, "", "could not open file \"%s\": %s", name, strerror(errno));
		return false;
	}
	if (S_ISDIR(status.st_mode))
	{
		ld_error_set(error, LD_FINAL, "", "\"%s\" is a directory", name);
		return false;
	}
	if (S_ISREG(status.st_mode))
		input->size = status.st_size;
	return true;
}

void
ld_input_copy(LdInput *input, const char *name, PGconn *conn)
{
	memset(input, 0, sizeof(*input));
	input->name = name;
	input->fd = -1;
	input->stop_fd = -1;
	input->size = -1;
	input->conn = conn;
}

void
ld_input_close(LdInput *input)
{
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	free(input->data);
	memset(input, 0, sizeof(*input));
	input->fd = -1;
}

/* Room for so many more bytes behind data. */
static void
make_room(LdInput *input, size_t bytes)
{
	if (input->start > 0 && input->end + bytes > input->room)
	{
		memmove(input->data, input->data + input->start, ld_input_left(input));
		input->end -= input->start;
		input->start = 0;
	}
	if (input->end + bytes > input->room)
	{
		input->room = input->room * 2 > input->end + bytes ? input->room * 2 : input->end + bytes;
		input->data = ld_grow(input->data, input->room);
	}
}

static int
more_of_copy(LdInput *input, LdError *error)
{
	char	   *row;
	int64_t		rows;
	int			bytes = ld_copy_row(input->conn, &row, &rows, error);

	if (bytes > 0)
	{
		make_room(input, bytes);
		memcpy(input->data + input->end, row, bytes);
		input->end += bytes;
		PQfreemem(row);
		return 1;
	}
	input->ended = true;
	if (bytes < 0)
		error->kind = LD_FINAL;
	return bytes;
}

int
ld_input_more(LdInput *input, LdError *error)
{
	struct pollfd fds[2] = {
		{.fd = input->fd,.events = POLLIN},
		{.fd = input->stop_fd,.events = POLLIN}
	};
	ssize_t		bytes;

	if (input->ended)
		return 0;
	if (input->conn != NULL)
		return more_of_copy(input, error);
	/* a pipe may have nothing to read for hours */
	while (poll(fds, input->stop_fd >= 0 ? 2 : 1, -1) < 0 && errno == EINTR)
		;
	if (fds[1].revents != 0)
	{
		ld_error_set(error, LD_FINAL, "", "reading was interrupted");
		return -1;
	}
	make_room(input, LD_READ_BYTES);
	do
		bytes = read(input->fd, input->data + input->end, LD_READ_BYTES);
	while (bytes < 0 && errno == EINTR);
	if (bytes < 0)
	{
		ld_error_set(error, LD_FINAL, "", "could not read file \"%s\": %s", input->name, strerror(errno));
		return -1;
	}
	input->end += bytes;
	input->ended = bytes == 0;
	return bytes > 0;
}

int
ld_input_need(LdInput *input, size_t bytes, LdError *error)
{
	while (ld_input_left(input) < bytes)
	{
		int			more = ld_input_more(input, error);

		if (more <= 0)
			return more;
	}
	return 1;
}
