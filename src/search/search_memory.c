/*-------------------------------------------------------------------------
 *
 * search_memory.c
 *	  The memory of a search, kept from one scan to the next; see
 *	  search_memory.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/memutils.h"

#include "search/search_memory.h"
#include "base/debug_point.h"

static VpSearch *idle_search = NULL;

static void *
alloc_for_ever(size_t size)
{
	VP_POINT("allocation");
	return MemoryContextAllocHuge(TopMemoryContext, size);
}

static void
free_memory(void *p)
{
	pfree(p);
}

static const VpAlloc search_alloc = {alloc_for_ever, free_memory};

VpSearch *
vp_search_take(void)
{
	VpSearch   *search = idle_search;

	if (search == NULL)
		return vp_search_create(&search_alloc, VP_MAX_M);
	idle_search = NULL;
	return search;
}

void
vp_search_give(VpSearch *search)
{
	if (idle_search != NULL)
		vp_search_destroy(search);
	else
		idle_search = search;
}
