/*-------------------------------------------------------------------------
 *
 * visited.c
 *	  Which nodes a search has met; see visited.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "graph/visited.h"

/* Slots that a search starts with: enough for most to end with. */
#define FIRST_SLOTS (UINT32_C(1) << 14)

void
vp_visited_init(VpVisited *visited, const VpAlloc *alloc)
{
	memset(visited, 0, sizeof(*visited));
	visited->alloc = alloc;
}

void
vp_visited_free(VpVisited *visited)
{
	if (visited->bytes != NULL)
		visited->alloc->free(visited->bytes);
	if (visited->slots != NULL)
		visited->alloc->free(visited->slots);
	vp_visited_init(visited, visited->alloc);
}

/* Some more bytes than ids, for the nodes that are added meanwhile and next. */
static uint32_t
bytes_for(uint32_t nids)
{
	return nids + nids / 4 + 1024;
}

size_t
vp_visited_size(uint32_t nids)
{
	return nids > VP_VISITED_BYTES ? FIRST_SLOTS * sizeof(uint64_t) : bytes_for(nids);
}

static void
begin_bytes(VpVisited *visited, uint32_t nids)
{
	if (visited->nbytes < nids)
	{
		uint32_t	nbytes = bytes_for(nids);
		uint8_t    *bytes = visited->alloc->alloc(nbytes);

		if (visited->bytes != NULL)
			visited->alloc->free(visited->bytes);
		visited->bytes = bytes;
		visited->nbytes = nbytes;
		visited->epoch = UINT8_MAX;
	}
	if (visited->epoch == UINT8_MAX)
	{
		memset(visited->bytes, 0, visited->nbytes);
		visited->epoch = 0;
	}
	visited->epoch++;
}

static uint64_t *
new_slots(VpVisited *visited, uint32_t n)
{
	uint64_t   *slots = visited->alloc->alloc(n * sizeof(uint64_t));

	memset(slots, 0, n * sizeof(uint64_t));
	visited->allocated = n;
	return slots;
}

static void
begin_hash(VpVisited *visited)
{
	if (visited->slots == NULL)
		visited->slots = new_slots(visited, FIRST_SLOTS);
	if (visited->stamp == UINT32_MAX)
	{
		memset(visited->slots, 0, visited->allocated * sizeof(uint64_t));
		visited->stamp = 0;
	}
	visited->stamp++;
	visited->mask = FIRST_SLOTS - 1;
	visited->used = 0;
}

void
vp_visited_begin(VpVisited *visited, uint32_t nids)
{
	visited->hashed = nids > VP_VISITED_BYTES;
	if (visited->hashed)
		begin_hash(visited);
	else
		begin_bytes(visited, nids);
}

/* The slot that holds the id, or the free one where it belongs. */
static inline uint64_t *
find_slot(const VpVisited *visited, VpId id)
{
	uint32_t	at = (id * UINT32_C(0x9E3779B1)) >> 7;

	for (;; at++)
	{
		uint64_t   *slot = &visited->slots[at & visited->mask];

		if (*slot >> 32 != visited->stamp || (uint32_t) *slot == id)
			return slot;
	}
}

/* Twice the slots, and this search's ids in them. */
static void
grow_hash(VpVisited *visited)
{
	uint64_t   *old = visited->slots;
	uint32_t	nold = visited->mask + 1;
	uint32_t	stamp = visited->stamp;

	/* what lies behind the slots in use is stale, but not what lies in them */
	visited->slots = new_slots(visited, visited->allocated > nold ? visited->allocated : 2 * nold);
	visited->mask = 2 * nold - 1;
	for (uint32_t i = 0; i < nold; i++)
	{
		if (old[i] >> 32 == stamp)
			*find_slot(visited, (VpId) old[i]) = old[i];
	}
	visited->alloc->free(old);
}

int
vp_visited_hash_filter(VpVisited *visited, const VpId *ids, int n, VpId *fresh)
{
	int			nfresh = 0;

	for (int i = 0; i < n; i++)
	{
		uint64_t	entry = (uint64_t) visited->stamp << 32 | ids[i];
		uint64_t   *slot = find_slot(visited, ids[i]);

		if (*slot == entry)
			continue;
		*slot = entry;
		fresh[nfresh++] = ids[i];
		if (++visited->used > visited->mask / 2)
			grow_hash(visited);
	}
	return nfresh;
}

bool
vp_visited_met(const VpVisited *visited, VpId id)
{
	if (visited->hashed)
		return *find_slot(visited, id) == ((uint64_t) visited->stamp << 32 | id);
	return id < visited->nbytes && visited->bytes[id] == visited->epoch;
}
