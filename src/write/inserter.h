/*-------------------------------------------------------------------------
 *
 * inserter.h
 *	  A new node, written and linked into the graph.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_INSERTER_H
#define VP_INSERTER_H

#include "graph/graph.h"
#include "page/array_key.h"
#include "page/unfinished.h"
#include "search/index.h"

/* Memory for graph/: from the current memory context. */
extern const VpAlloc vp_context_alloc;

/*
 * Adds the record of a row of the table, which has such a value and keys and is
 * of this size, and links it.  False, and nothing is changed, if there is no
 * room for it, or no telling (room->stale).  unchanged: it is a new version of
 * a row, whose value is probably that of the version before; then it is put
 * behind that one's node, if it can be.  Takes the mean first, if it is due.
 * Takes the insert lock, and others inside of that; holds none at the end.  May
 * be cancelled: what an error leaves behind is a PENDING node (README.md).
 */
extern bool vp_insert_value(Relation rel, Relation heap, const VpValue *value, const VpRowKeys *keys,
							ItemPointer tid, uint32 size, bool unchanged, VpRoom *room);

/*
 * Moves a living node's record to another shard.  Move lock and insert lock are held,
 * and the mean is not due.
 */
extern void vp_move_node(Relation rel, Relation heap, VpId id, uint32 shard);

/* Throws away what this backend keeps for an index that is built anew. */
extern void vp_inserter_forget(Relation rel);

#endif							/* VP_INSERTER_H */
