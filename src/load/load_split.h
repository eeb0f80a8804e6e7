/*-------------------------------------------------------------------------
 *
 * load_split.h
 *	  Where a record ends: cuts an input into records, format by format, without reading them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_SPLIT_H
#define VP_LOAD_SPLIT_H

#include "load/load_input.h"
#include "load/load_options.h"

/* A file's position, and what its beginning told about all of its records. */
typedef struct LdSplit
{
	LdInput    *input;
	LdFormat	format;
	char		quote;			/* of CSV */
	char		escape;
	int64_t		line;			/* of the next record, from 1; where lines are
								 * counted */
	char		element;		/* of npy: f (4 bytes), d (8), e (2), B, b */
	int			dimensions;		/* of npy */
	int64_t		rows;			/* of npy: those that are still to come */
} LdSplit;

/* Reads what stands before the first record.  False: *error says why it is no such file. */
extern bool ld_split_begin(LdSplit *split, LdError *error);

/*
 * The next record: its bytes, without a line's end, and its line.  They stay until the next call.
 * Returns 1, 0 at the end of the file, -1 if it cannot be read, or cannot be cut into records.
 */
extern int	ld_split_next(LdSplit *split, const char **data, size_t *len, int64_t *line, LdError *error);

/* Bytes of a number of an npy file. */
extern int	ld_element_bytes(char element);

#endif							/* VP_LOAD_SPLIT_H */
