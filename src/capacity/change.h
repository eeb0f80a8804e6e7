/*-------------------------------------------------------------------------
 *
 * change.h
 *	  Changes of what an index wishes for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WISH_CHANGE_H
#define VP_WISH_CHANGE_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * Sets the hook that sees them.  Without the library in shared_preload_libraries it lets
 * none pass.
 */
extern void vp_change_define(void);

/*
 * ALTER INDEX SET, or RESET, as a user would type it, of these DefElems; of a
 * partitioned index, what that cannot do.  The user must own the index.
 */
extern void vp_alter_index(Oid index, List *options, bool reset);

/*
 * Is an index that is being built, or was a moment ago, a copy of one that was there: by REINDEX,
 * concurrently or not, or by pg_repack?
 */
extern bool vp_index_is_copy(Relation rel);

#endif							/* VP_WISH_CHANGE_H */
