/*-------------------------------------------------------------------------
 *
 * heap_scan.h
 *	  The rows that an index should hold, read from its table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_HEAP_SCAN_H
#define VP_HEAP_SCAN_H

#include "access/genam.h"
#include "storage/lockdefs.h"

#include "am/am.h"

/* An index, with its table, opened by name for a function of SQL. */
typedef struct VpTarget
{
	Relation	heap;
	Relation	rel;
	VpIndex    *index;
	LOCKMODE	lockmode;
	Oid			caller;			/* to become again */
	int			caller_context;
	int			guc_level;
} VpTarget;

/*
 * Opens both, the table first.  ereports when it is not an index of ours or the
 * user may not read it.  Until it is closed the table's owner acts, in a
 * restricted context: functions of the owner's, in index expressions, shall not
 * run with the rights of whoever looks at the index.
 */
extern void vp_target_open(VpTarget *target, Oid relid, LOCKMODE lockmode);
extern void vp_target_close(VpTarget *target);

/*
 * Calls for each row that the present snapshot sees and the index accepts, in
 * the order of the table; tid as the index knows it.
 */
typedef void (*VpRowCall) (ItemPointer tid, const VpValue *value, void *arg);

extern void vp_each_row(VpTarget *target, VpRowCall call, void *arg);

#endif							/* VP_HEAP_SCAN_H */
