/*-------------------------------------------------------------------------
 *
 * measure.h
 *	  The size of the record that a row of the table is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MEASURE_H
#define VP_MEASURE_H

#include "nodes/bitmapset.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

/* How to measure rows for one index. */
typedef struct VpMeasure
{
	Bitmapset  *vector_columns; /* those that the vector is made of */
} VpMeasure;

/* Allocates in the current memory context. */
extern void vp_measure_init(VpMeasure *measure, Relation rel);

/*
 * The size of a row: its vector, of so many bytes, and the bytes of all columns that
 * the vector is not made of, before compression.  tid as the index knows the row.
 */
extern uint32 vp_measure_row(const VpMeasure *measure, Relation heap, ItemPointer tid,
							 uint32 vector_bytes);

#endif							/* VP_MEASURE_H */
