/*-------------------------------------------------------------------------
 *
 * array_key.h
 *	  Key columns of arrays: what nodes and posting lists have of their elements.
 *
 * An element is known by its element key, 32 bits of a hash.  A node has of a row's array a
 * signature, one bit for each element key.  Posting lists have the element keys.
 *
 * The highest bit of a signature is that of no element: so none is all ones, which is NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ARRAY_KEY_H
#define VP_ARRAY_KEY_H

/* Bits of a signature that elements have, and the highest. */
#define VP_ELEMENT_BITS		63
#define VP_NULL_BIT			(UINT64CONST(1) << VP_ELEMENT_BITS)

/* The number of an element key's bit in a signature: smaller keys have no higher ones. */
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

/* The first key of a bit, by its number, is no element's; nor are the largest three. */
#define VP_ELEMENT_LAST		0xFFFFFFFC

static inline uint32
vp_first_of_bit(int number)
{
	return (((uint64) number << 32) + VP_ELEMENT_BITS - 1) / VP_ELEMENT_BITS;
}

/* The element key of a hash. */
static inline uint32
vp_element_key(uint32 hash)
{
	uint32		key = Min(hash, VP_ELEMENT_LAST);

	return key == vp_first_of_bit(vp_bit_number(key)) ? key + 1 : key;
}

#endif							/* VP_ARRAY_KEY_H */
