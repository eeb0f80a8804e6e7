/*-------------------------------------------------------------------------
 *
 * inserter.h
 *	  What aminsert.c has for others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_INSERTER_H
#define VP_INSERTER_H

#include "am/index.h"

/* Memory for graph/: from the current memory context. */
extern const VpAlloc vp_context_alloc;

/* Throws away what this backend keeps for an index that is built anew. */
extern void vp_inserter_forget(Relation rel);

#endif							/* VP_INSERTER_H */
