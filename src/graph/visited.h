/*-------------------------------------------------------------------------
 *
 * visited.h
 *	  Which nodes a search has met.
 *
 * One byte an id that holds the number (epoch) of the search that met it last:
 * nothing has to be cleared but once in 255 searches.  Where the graph is so
 * large that the bytes would not stay in the caches (VP_VISITED_BYTES), a hash
 * table with open addressing, its slots stamped in the same way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_VISITED_H
#define VP_VISITED_H

#include "graph/graph.h"

/* Up to so many ids have a byte each. */
#define VP_VISITED_BYTES (UINT32_C(1) << 23)

typedef struct VpVisited
{
	const VpAlloc *alloc;
	bool		hashed;			/* which of the two this search uses */

	uint8_t    *bytes;
	uint32_t	nbytes;
	uint8_t		epoch;			/* 1 ... 255 */

	uint64_t   *slots;			/* stamp << 32 | id; free when the stamp is
								 * old */
	uint32_t	allocated;		/* slots, a power of two */
	uint32_t	mask;			/* of the slots in use: as few as this search
								 * needs */
	uint32_t	used;
	uint32_t	stamp;
} VpVisited;

extern void vp_visited_init(VpVisited *visited, const VpAlloc *alloc);
extern void vp_visited_free(VpVisited *visited);

/* Bytes that it takes, about, where ids are below nids. */
extern size_t vp_visited_size(uint32_t nids);

/* Forgets everything.  Ids are below nids; larger ones do no harm. */
extern void vp_visited_begin(VpVisited *visited, uint32_t nids);

/*
 * Marks ids as met; `fresh` gets those that were not, in their order.  Returns
 * how many.  Ids too large for the bytes (nodes younger than the search) count
 * as met.
 */
extern int	vp_visited_hash_filter(VpVisited *visited, const VpId *ids, int n, VpId *fresh);

static inline int
vp_visited_filter(VpVisited *visited, const VpId *ids, int n, VpId *fresh)
{
	uint8_t    *bytes = visited->bytes;
	uint32_t	nbytes = visited->nbytes;
	uint8_t		epoch = visited->epoch;
	int			nfresh = 0;

	if (visited->hashed)
		return vp_visited_hash_filter(visited, ids, n, fresh);
	for (int i = 0; i < n; i++)
	{
		VpId		id = ids[i];

		if (id >= nbytes)
			continue;
		fresh[nfresh] = id;
		nfresh += bytes[id] != epoch;
		bytes[id] = epoch;
	}
	return nfresh;
}

extern bool vp_visited_met(const VpVisited *visited, VpId id);

#endif							/* VP_VISITED_H */
