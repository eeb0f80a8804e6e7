/*-------------------------------------------------------------------------
 *
 * load_done.h
 *	  Which records an earlier run of the load has dealt with: ranges of numbers, file by file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_DONE_H
#define VP_LOAD_DONE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct LdRange
{
	char	   *file;
	int64_t		first;
	int64_t		last;
	int64_t		bytes;			/* of the file then; -1: not known */
} LdRange;

/* In the order of files and numbers; no two of them touch. */
typedef struct LdDone
{
	LdRange    *ranges;
	int			nranges;
	int			room;
} LdDone;

/* Adds a range behind all others. */
extern void ld_done_add(LdDone *done, const char *file, int64_t first, int64_t last, int64_t bytes);

/* The range that a record is in; NULL: it is to be loaded. */
extern const LdRange *ld_done_find(const LdDone *done, const char *file, int64_t number);

#endif							/* VP_LOAD_DONE_H */
