/*-------------------------------------------------------------------------
 *
 * search_memory.h
 *	  The memory of a search, kept from one scan to the next: what it holds for
 *	  each id of the index is dear to make.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SEARCH_MEMORY_H
#define VP_SEARCH_MEMORY_H

#include "graph/graph.h"

/*
 * A search for a scan, in TopMemoryContext: one that was given back, or a new
 * one.  Raises an error when memory is out.
 */
extern VpSearch *vp_search_take(void);

/*
 * Keeps it for the next scan, or destroys it when one is kept already.  Never
 * raises an error.
 */
extern void vp_search_give(VpSearch *search);

#endif							/* VP_SEARCH_MEMORY_H */
