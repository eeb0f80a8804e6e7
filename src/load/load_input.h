/*-------------------------------------------------------------------------
 *
 * load_input.h
 *	  Bytes of a file, of standard input, or of a COPY from another database, through a buffer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_INPUT_H
#define VP_LOAD_INPUT_H

#include <libpq-fe.h>
#include <stdint.h>

#include "load/load_error.h"

/* Longer records are refused: most likely a quote is never closed.  It also bounds the memory. */
#define LD_MAX_RECORD (64 * 1024 * 1024)

typedef struct LdInput
{
	const char *name;
	int			fd;				/* -1: none */
	PGconn	   *conn;			/* a COPY TO STDOUT under way, or NULL */
	int			stop_fd;		/* becomes readable when reading is to end;
								 * -1: never */
	int64_t		size;			/* bytes; -1: not known */
	int64_t		taken;			/* bytes that have been taken so far */
	char	   *data;			/* what has been read and not taken:
								 * data[start ... end - 1] */
	size_t		start;
	size_t		end;
	size_t		room;
	bool		ended;			/* there is nothing behind data */
} LdInput;

/* "-" is standard input. */
extern bool ld_input_open(LdInput *input, const char *name, int stop_fd, LdError *error);
extern void ld_input_copy(LdInput *input, const char *name, PGconn *conn);
extern void ld_input_close(LdInput *input);

/* Reads more behind what is there.  Returns 1, 0 at the end, -1 if it fails or has to stop. */
extern int	ld_input_more(LdInput *input, LdError *error);

/* Reads until so many bytes are there.  Returns 1, 0 if the input ends before, -1 as above. */
extern int	ld_input_need(LdInput *input, size_t bytes, LdError *error);

static inline char *
ld_input_at(const LdInput *input)
{
	return input->data + input->start;
}

static inline size_t
ld_input_left(const LdInput *input)
{
	return input->end - input->start;
}

static inline void
ld_input_take(LdInput *input, size_t bytes)
{
	input->start += bytes;
	input->taken += bytes;
}

#endif							/* VP_LOAD_INPUT_H */
