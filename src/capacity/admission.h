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

#include "capacity/measure.h"
#include "capacity/meter.h"
#include "page/unfinished.h"

typedef struct VpAdmission
{
	uint32		size;			/* of the row's record */
	VpRoom		room;			/* what it may take; whose record it replaces
								 * is for the caller to say */
	VpMeter    *meter;
	uint64		since;			/* for the time that the insert takes */
} VpAdmission;

/*
 * The executor that writes a statement's rows, and the table it writes them
 * to.
 */
typedef struct VpWriter
{
	bool		known;			/* it was looked for */
	EState	   *estate;			/* NULL: it is none of ours */
	ResultRelInfo *result;
} VpWriter;

/*
 * A row is about to be inserted by the statement of `info`; tid as the index knows it, vector_bytes
 * as its vector counts.  ereports when the index is suspended, or when a limit
 * does not allow it now; else it is taken as written.  Reads the row.
 */
extern void vp_admit_row(Relation rel, Relation heap, IndexInfo *info, ItemPointer tid,
						 uint32 vector_bytes, VpAdmission *admission);

/* How that statement measures rows. */
extern const VpMeasure *vp_admission_measure(IndexInfo *info);

/* Room for who executes that statement, which am/old_version.c looks for. */
extern VpWriter *vp_admission_writer(IndexInfo *info);

/*
 * There was no room for the row, or no telling: reads the limit again, as it is now.  False: that
 * changes nothing.
 */
extern bool vp_admit_again(Relation rel, IndexInfo *info, VpRoom *room);

/* It has been: counts it. */
extern void vp_admission_done(const VpAdmission *admission);

#endif							/* VP_ADMISSION_H */
