/*-------------------------------------------------------------------------
 *
 * inserter.h
 *	  What an insert into a graph on pages works with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_INSERTER_H
#define VP_INSERTER_H

#include "am/index.h"
#include "capacity/measure.h"
#include "type/vector.h"

typedef struct VpInserter
{
	MemoryContext context;		/* of all this */
	MemoryContext scratch;		/* emptied after each row */
	Oid			relid;
	VpIndex    *index;			/* own copy */
	VpNodeSource source;
	VpWriter   *writer;
	VpMeasure	measure;
	int64		limit;			/* of the sizes of all records */
	VpQuery		query;
	float	   *rotated;
	uint8	   *code;
} VpInserter;

/* Memory for graph/: from the current memory context. */
extern const VpAlloc vp_context_alloc;

extern VpInserter *vp_inserter_make(const VpIndex *index, MemoryContext parent);

/* Throws away what this backend keeps for an index that is built anew. */
extern void vp_inserter_forget(Relation rel);

/*
 * Adds a row's vector.  The caller holds the insert lock, or the index is not known
 * to others.  ereports, having changed nothing, when the limit leaves no room.
 */
extern void vp_inserter_add(VpInserter *inserter, Relation heap, const float *vector, ItemPointer tid);

/* Is this vector to be indexed?  ereports when it has the wrong dimensions. */
extern bool vp_index_accepts(const VpMeta *meta, const VpVector *vector);

#endif							/* VP_INSERTER_H */
