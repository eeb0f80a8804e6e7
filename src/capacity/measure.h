/*-------------------------------------------------------------------------
 *
 * measure.h
 *	  The size of the record that a row of the table is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MEASURE_H
#define VP_MEASURE_H

#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

/* How the values of a column count. */
typedef enum VpColumnRule
{
	VP_RULE_BYTES,				/* as they are before compression */
	VP_RULE_DENSE,				/* what a vector, halfvec or bit holds */
	VP_RULE_SPARSE				/* nine bytes an element */
} VpColumnRule;

/* How to measure rows for one index. */
typedef struct VpMeasure
{
	Bitmapset  *vector_columns; /* those that the vector is made of */
	VpColumnRule *rules;		/* of each column of the table */
} VpMeasure;

/* Allocates in the current memory context. */
extern void vp_measure_init(VpMeasure *measure, Relation rel);

/*
 * The size of a row: its vector, of so many bytes, and the bytes of all columns that
 * the vector is not made of, before compression.  tid as the index knows the row.
 * *replaces: its header says that it is a newer version of a row; NULL: not asked.
 */
extern uint32 vp_measure_row(const VpMeasure *measure, Relation heap, ItemPointer tid,
							 uint32 vector_bytes, bool *replaces);

/* The same of a row at hand. */
extern uint32 vp_measure_slot(const VpMeasure *measure, TupleTableSlot *slot, uint32 vector_bytes);

/* The bytes that a sparsevec counts.  It is not detoasted: its length tells. */
extern uint64 vp_measure_sparse(Datum value);

#endif							/* VP_MEASURE_H */
