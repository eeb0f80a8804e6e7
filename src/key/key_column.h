/*-------------------------------------------------------------------------
 *
 * key_column.h
 *	  The key columns of an index: which there can be, and their layout.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEY_COLUMN_H
#define VP_KEY_COLUMN_H

#include "utils/relcache.h"

#include "page/array_key.h"

/*
 * ereports unless the first column of an index is a vector and all others can
 * be keys.  (These have an operator class, which CREATE INDEX has seen to.)
 */
extern void vp_keys_check(Relation rel);

/*
 * Sets nkeys and keys of an index's metapage, which are zero.  The columns were
 * checked.
 */
extern void vp_keys_lay_out(Relation rel, VpMeta *meta);

/*
 * Sets besides which form the elements of arrays have.  For a build: it reads
 * the catalogs, and ereports if there is none.
 */
extern void vp_keys_find_elements(Relation rel, VpMeta *meta);

/*
 * Takes that from another metapage, as far as it makes sense.  Code that looks
 * at an existing index must not read the catalogs: that may process
 * invalidations, and what is kept of an index in its relation goes away.
 */
extern void vp_keys_take_elements(VpMeta *meta, const VpMeta *from);

/*
 * The keys of a row, from the values of all columns of the index.  What it
 * allocates it frees.
 */
extern void vp_keys_store(const VpMeta *meta, const Datum *values, const bool *isnull, VpRowKeys *keys);

#endif							/* VP_KEY_COLUMN_H */
