/*-------------------------------------------------------------------------
 *
 * aminsert.h
 *	  aminsert.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AMINSERT_H
#define VP_AMINSERT_H

#include "access/genam.h"
#include "nodes/execnodes.h"

extern bool vp_insert(Relation rel, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
					  IndexUniqueCheck unique, bool unchanged, IndexInfo *info);

#endif							/* VP_AMINSERT_H */
