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

#include "base/as_owner.h"
#include "capacity/rights.h"
#include "page/array_key.h"
#include "search/index.h"

/* An index, with its table, opened by name for a function of SQL. */
typedef struct VpTarget
{
	Relation	heap;
	Relation	rel;
	VpIndex    *index;
	LOCKMODE	lockmode;
	VpAsOwner	as_owner;
	bool		as_caller;
	int			guc_level;		/* where the caller acts */
} VpTarget;

/*
 * Opens both, the table first, locked in this mode until vp_target_close.
 * ereports as vp_right_open does, and for an index that no build has made yet.  Until vp_target_close the table's owner
 * acts (base/as_owner.h); settings that change meanwhile are set back then.
 * *target must stay where it is.
 */
extern void vp_target_open(VpTarget *target, Oid relid, VpRight right, LOCKMODE lockmode);
extern void vp_target_close(VpTarget *target);

/*
 * From here on the caller acts again, with its own search_path; settings that
 * change are still set back.
 */
extern void vp_target_as_caller(VpTarget *target);

/*
 * Calls for each row that the present snapshot sees, in the order of the table;
 * tid as the index knows it.  `call` gets those that have a vector, with their
 * keys, `bare`, if it is not NULL, those that have none.  They are called as
 * the owner.
 */
typedef void (*VpRowCall) (ItemPointer tid, const VpValue *value, const VpRowKeys *keys, void *arg);
typedef void (*VpBareCall) (ItemPointer tid, VpBareKind kind, void *arg);

extern void vp_each_row(VpTarget *target, VpRowCall call, VpBareCall bare, void *arg);

#endif							/* VP_HEAP_SCAN_H */
