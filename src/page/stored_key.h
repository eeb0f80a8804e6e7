/*-------------------------------------------------------------------------
 *
 * stored_key.h
 *	  Stored keys: unsigned numbers of 1, 2, 4 or 8 bytes whose order is that of the values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STORED_KEY_H
#define VP_STORED_KEY_H

#include "page/array_key.h"
#include "page/format.h"

/* A column's key, of a record's keys. */
static inline uint64
vp_stored_key(const char *keys, const VpKeyColumn *column)
{
	uint64		key8;
	uint32		key4;
	uint16		key2;

	switch (column->width)
	{
		case 1:
			return *(const uint8 *) (keys + column->offset);
		case 2:
			memcpy(&key2, keys + column->offset, sizeof(key2));
			return key2;
		case 4:
			memcpy(&key4, keys + column->offset, sizeof(key4));
			return key4;
		default:
			memcpy(&key8, keys + column->offset, sizeof(key8));
			return key8;
	}
}

/* All ones, which stands for NULL, too. */
static inline uint64
vp_largest_key(const VpKeyColumn *column)
{
	return PG_UINT64_MAX >> (64 - 8 * column->width);
}

/*
 * Bytes that a key takes in the pages of runs and recent rows: of arrays, that
 * of an element.
 */
static inline uint32
vp_posted_bytes(const VpKeyColumn *column)
{
	return column->width == 8 && !vp_is_of_arrays(column) ? 8 : 4;
}

/* The largest key there. */
static inline uint64
vp_largest_posted(const VpKeyColumn *column)
{
	return vp_is_of_arrays(column) ? VP_POSTED_NULL : vp_largest_key(column);
}

/*
 * A range of keys in posting lists, closed: of stored keys, but of arrays of
 * those of elements.
 */
typedef struct VpKeySpan
{
	uint64		first;
	uint64		last;
} VpKeySpan;

/* Is a key in one of some spans, which are sorted and disjoint? */
static inline bool
vp_in_spans(uint64 key, const VpKeySpan *spans, int nspans)
{
	int			low = 0;
	int			high = nspans;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (spans[middle].last < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nspans && spans[low].first <= key;
}

#endif							/* VP_STORED_KEY_H */
