/*-------------------------------------------------------------------------
 *
 * load_done.c
 *	  Which records an earlier run of the load has dealt with: ranges of numbers, file by file.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "load/load_done.h"
#include "load/load_text.h"

void
ld_done_add(LdDone *done, const char *file, int64_t first, int64_t last, int64_t bytes)
{
	if (done->nranges == done->room)
	{
		done->room = 2 * done->room + 16;
		done->ranges = ld_grow(done->ranges, done->room * sizeof(LdRange));
	}
	done->ranges[done->nranges++] = (LdRange)
	{
		.file = ld_copy_string(file),.first = first,.last = last,.bytes = bytes
	};
}

const LdRange *
ld_done_find(const LdDone *done, const char *file, int64_t number)
{
	int			low = 0;
	int			high = done->nranges;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const LdRange *range = &done->ranges[middle];
		int			order = strcmp(range->file, file);

		if (order == 0 && number >= range->first && number <= range->last)
			return range;
		if (order < 0 || (order == 0 && range->last < number))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
