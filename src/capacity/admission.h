/*-------------------------------------------------------------------------
 *
 * admission.h
 *	  May a row be inserted now?
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ADMISSION_H
#define VP_ADMISSION_H

#include "nodes/execnodes.h"
#include "storage/itemptr.h"

#include "capacity/meter.h"

typedef struct VpAdmission
{
	uint32		size;			/* of the row's record */
	int64		limit;			/* of the sizes of all records of the index */
	VpMeter    *meter;
	uint64		since;			/* for the time that the insert takes */
} VpAdmission;

/*
 * A row is about to be inserted by the statement of `info`; tid as the index knows it, vector_bytes
 * as its vector counts.  ereports when the index is suspended, or when a limit
 * does not allow it now; else it is taken as written.  Reads the row.
 */
extern void vp_admit_row(Relation rel, Relation heap, IndexInfo *info, ItemPointer tid,
						 uint32 vector_bytes, VpAdmission *admission);

/* It has been: counts it. */
extern void vp_admission_done(const VpAdmission *admission);

#endif							/* VP_ADMISSION_H */
