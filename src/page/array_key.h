/*-------------------------------------------------------------------------
 *
 * array_key.h
 *	  Key columns of arrays: what nodes and posting lists store.
 *
 * An element is known by its element key, 32 bits of a hash.  A node stores the
 * signature of its row's array: a bit for each element key.  The highest bit of
 * a signature is no element's, so no array is stored as all ones, which is
 * NULL.
 *
 * Posting lists have an entry of the row for each of its element keys.  If
 * these are not known, or are too many, there is an entry for each bit of the
 * signature; and if the bits are too many, one that stands for any element.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ARRAY_KEY_H
#define VP_ARRAY_KEY_H

#include "page/format.h"

/* Bits of a signature that elements have, and the highest. */
#define VP_ELEMENT_BITS		63
#define VP_NULL_BIT			(UINT64CONST(1) << VP_ELEMENT_BITS)

/* Entries of a row in the lists of a column, at most. */
#define VP_POSTED_MOST		32

/*
 * What posting lists have: element keys; for an element of which only the bit
 * is known, the first key of this bit; and the largest three numbers, which
 * stand for something else.
 */
#define VP_POSTED_LAST		0xFFFFFFFC	/* the last element key */
#define VP_POSTED_NONE		0xFFFFFFFD	/* no element, but perhaps NULL */
#define VP_POSTED_ANY		0xFFFFFFFE	/* any element */
#define VP_POSTED_NULL		0xFFFFFFFF	/* NULL */

/* The element keys of an array, in order. */
typedef struct VpElements
{
	uint32		n;				/* more than VP_POSTED_MOST: they are not here */
	uint32		keys[VP_POSTED_MOST];
} VpElements;

/*
 * The keys of a row: as its node's record has them, and of columns of arrays
 * the elements, too.
 */
typedef struct VpRowKeys
{
	uint32		stored[VP_MAX_KEY_BYTES / sizeof(uint32)];
	VpElements	elements[VP_MAX_KEYS];
} VpRowKeys;

static inline bool
vp_is_of_arrays(const VpKeyColumn *column)
{
	return column->detail != 0;
}

/*
 * The number of an element key's bit in a signature: smaller keys have no
 * higher ones.
 */
static inline int
vp_bit_number(uint32 key)
{
	return (uint64) key * VP_ELEMENT_BITS >> 32;
}

static inline uint64
vp_element_bit(uint32 key)
{
	return UINT64CONST(1) << vp_bit_number(key);
}

/* The first key of a bit, by its number, is no element's. */
static inline uint32
vp_first_of_bit(int number)
{
	return (((uint64) number << 32) + VP_ELEMENT_BITS - 1) / VP_ELEMENT_BITS;
}

/* The element key of a hash. */
static inline uint32
vp_element_key(uint32 hash)
{
	uint32		key = Min(hash, VP_POSTED_LAST);

	return key == vp_first_of_bit(vp_bit_number(key)) ? key + 1 : key;
}

/*
 * What posting lists are to have of an array: keys, at most VP_POSTED_MOST; how
 * many.  elements: NULL if not known.
 */
extern int	vp_posted_keys(uint64 signature, const VpElements *elements, uint32 *keys);

/* Can posting lists have this of an array with such a signature? */
extern bool vp_posted_fits(uint32 key, uint64 signature);

#endif							/* VP_ARRAY_KEY_H */
