/*-------------------------------------------------------------------------
 *
 * server.h
 *	  As much of the server as search/'s ranking needs, for tests without one.
 *
 * Memory is freed all at once, by server_end.  An error ends the test.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_UNIT_SERVER_H
#define VP_UNIT_SERVER_H

#include "postgres.h"

#include <math.h>

#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "storage/itemptr.h"
#include "utils/float.h"
#include "utils/memutils.h"

#undef printf
#undef fprintf

volatile sig_atomic_t InterruptPending = false;
int			work_mem = 4096;
MemoryContext CurrentMemoryContext = NULL;

typedef struct ServerChunk
{
	struct ServerChunk *next;
	max_align_t data[];
} ServerChunk;

static ServerChunk *server_chunks = NULL;

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	ServerChunk *chunk = calloc(1, sizeof(ServerChunk) + size);

	if (chunk == NULL)
		abort();
	chunk->next = server_chunks;
	server_chunks = chunk;
	return chunk->data;
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return MemoryContextAllocZero(context, size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return MemoryContextAllocZero(context, size);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return MemoryContextAllocZero(context, size);
}

void *
palloc(Size size)
{
	return MemoryContextAllocZero(NULL, size);
}

void *
palloc0(Size size)
{
	return MemoryContextAllocZero(NULL, size);
}

void
pfree(void *pointer)
{
}

static inline void
server_end(void)
{
	while (server_chunks != NULL)
	{
		ServerChunk *next = server_chunks->next;

		free(server_chunks);
		server_chunks = next;
	}
}

void
ProcessInterrupts(void)
{
}

bool
errstart(int elevel, const char *domain)
{
	abort();
}

bool
errstart_cold(int elevel, const char *domain)
{
	abort();
}

int
errmsg_internal(const char *format,...)
{
	return 0;
}

void
errfinish(const char *file, int line, const char *function)
{
	abort();
}

#undef qsort

void
pg_qsort(void *data, size_t n, size_t size, int (*compare) (const void *, const void *))
{
	/* the server's takes NULL, too */
	if (n > 0)
		qsort(data, n, size, compare);
}

int
float8_cmp_internal(float8 a, float8 b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return a < b ? -1 : a > b;
}

#if PG_VERSION_NUM < 190000
bool
ItemPointerEquals(ItemPointer a, ItemPointer b)
#else
bool
ItemPointerEquals(const ItemPointerData *a, const ItemPointerData *b)
#endif
{
	return ItemPointerGetBlockNumber(a) == ItemPointerGetBlockNumber(b) &&
		ItemPointerGetOffsetNumber(a) == ItemPointerGetOffsetNumber(b);
}

/* A sorted list does what a pairing heap does. */
pairingheap *
pairingheap_allocate(pairingheap_comparator compare, void *arg)
{
	pairingheap *heap = palloc0(sizeof(pairingheap));

	heap->ph_compare = compare;
	heap->ph_arg = arg;
	return heap;
}

void
pairingheap_add(pairingheap *heap, pairingheap_node *node)
{
	pairingheap_node **at = &heap->ph_root;

	while (*at != NULL && heap->ph_compare(node, *at, heap->ph_arg) <= 0)
		at = &(*at)->next_sibling;
	node->next_sibling = *at;
	*at = node;
}

pairingheap_node *
pairingheap_first(pairingheap *heap)
{
	return heap->ph_root;
}

pairingheap_node *
pairingheap_remove_first(pairingheap *heap)
{
	pairingheap_node *node = heap->ph_root;

	heap->ph_root = node->next_sibling;
	return node;
}

#endif							/* VP_UNIT_SERVER_H */
