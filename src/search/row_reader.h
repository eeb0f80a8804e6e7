/*-------------------------------------------------------------------------
 *
 * row_reader.h
 *	  A row's value of the indexed column or expression, read from the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ROW_READER_H
#define VP_ROW_READER_H

#include "storage/itemptr.h"
#include "utils/snapshot.h"

#include "search/form.h"

typedef struct VpRowReader VpRowReader;

/*
 * For the rows that a snapshot sees; in the current memory context.
 * Expressions are evaluated as the table's owner (base/as_owner.h).  heap and
 * rel stay open and locked until the end.
 */
extern VpRowReader *vp_row_reader_begin(Relation heap, Relation rel, Snapshot snapshot);

/*
 * From now on rows are asked for that may not be in the index: one that its
 * predicate excludes is none.
 */
extern void vp_row_reader_expect_others(VpRowReader *reader);

/* Lets go of what it has pinned. */
extern void vp_row_reader_end(VpRowReader *reader);

/*
 * The value of the row that stands at a TID of the index; NULL when the
 * snapshot sees none there, or it has none.  Stays until the next call.
 */
extern const VpValue *vp_row_reader_get(VpRowReader *reader, ItemPointer tid);

/*
 * The value of any column of the index, from 1 on, likewise; false when the
 * snapshot sees no row there.
 */
extern bool vp_row_reader_column(VpRowReader *reader, ItemPointer tid, int attno, Datum *value,
								 bool *isnull);

/* Did the snapshot see a row there, with a value or without? */
extern bool vp_row_reader_seen(const VpRowReader *reader);

#endif							/* VP_ROW_READER_H */
