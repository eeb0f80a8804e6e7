/*-------------------------------------------------------------------------
 *
 * array_key.c
 *	  Key columns of arrays: what posting lists store; see array_key.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "port/pg_bitutils.h"

#include "page/array_key.h"

static int
one_key(uint32 key, uint32 *keys)
{
	keys[0] = key;
	return 1;
}

static int
keys_of_bits(uint64 signature, uint32 *keys)
{
	int			n = 0;

	for (; signature != 0; signature &= signature - 1)
	{
		if (n == VP_POSTED_MOST)
			return one_key(VP_POSTED_ANY, keys);
		keys[n++] = vp_first_of_bit(pg_rightmost_one_pos64(signature));
	}
	return n;
}

int
vp_posted_keys(uint64 signature, const VpElements *elements, uint32 *keys)
{
	if (signature == PG_UINT64_MAX)
		return one_key(VP_POSTED_NULL, keys);
	if (signature == 0)
		return one_key(VP_POSTED_NONE, keys);
	if (elements == NULL || elements->n > VP_POSTED_MOST)
		return keys_of_bits(signature, keys);
	memcpy(keys, elements->keys, elements->n * sizeof(uint32));
	return elements->n;
}

bool
vp_posted_fits(uint32 key, uint64 signature)
{
	switch (key)
	{
		case VP_POSTED_NULL:
			return signature == PG_UINT64_MAX;
		case VP_POSTED_NONE:
			return signature == 0;
		case VP_POSTED_ANY:
			return signature != PG_UINT64_MAX && signature != 0;
		default:
			return signature != PG_UINT64_MAX && (signature & vp_element_bit(key)) != 0;
	}
}
