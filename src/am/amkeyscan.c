/*-------------------------------------------------------------------------
 *
 * amkeyscan.c
 *	  Scans for the rows that satisfy conditions, in no order.
 *
 * What an index on the key columns would be scanned for.  It costs more than by
 * a B-tree; but where there is none, or where a bitmap is to say OR for a
 * search (bitmap_path.c), it is at hand.  A scan without conditions, of all
 * rows of a partial index, is never cheap, but possible.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relscan.h"
#include "pgstat.h"

#include "am/amkeyscan.h"
#include "search/key_scan.h"
#include "search/returned.h"

struct VpUnordered
{
	VpKeyScan  *keys;
	VpReturned	returned;
};

static VpKeyScan *
begin_keys(IndexScanDesc scan, const VpIndex *index, const VpFilter *filter)
{
	/* rows of nodes that are used again must be invisible to this scan */
	if (!IsMVCCSnapshot(scan->xs_snapshot))
		elog(ERROR, "non-MVCC snapshots are not supported with vecprov");
	VpCountSearch(scan);
	pgstat_count_index_scan(scan->indexRelation);
	return vp_key_scan_begin(index, filter, scan->heapRelation);
}

VpUnordered *
vp_unordered_begin(IndexScanDesc scan, const VpIndex *index, const VpFilter *filter)
{
	VpUnordered *unordered = palloc0(sizeof(VpUnordered));

	unordered->keys = begin_keys(scan, index, filter);
	vp_returned_begin(&unordered->returned, CurrentMemoryContext);
	return unordered;
}

bool
vp_unordered_next(VpUnordered *unordered, IndexScanDesc scan)
{
	ItemPointerData tid;
	bool		recheck;

	while (vp_key_scan_next(unordered->keys, &tid, &recheck))
	{
		if (vp_returned_before(&unordered->returned, &tid))
			continue;
		scan->xs_heaptid = tid;
		scan->xs_recheck = recheck;
		return true;
	}
	return false;
}

void
vp_unordered_end(VpUnordered *unordered)
{
	vp_key_scan_end(unordered->keys);
}

int64
vp_unordered_bitmap(IndexScanDesc scan, const VpIndex *index, const VpFilter *filter, TIDBitmap *bitmap)
{
	VpKeyScan  *keys = begin_keys(scan, index, filter);
	ItemPointerData tid;
	bool		recheck;
	int64		n = 0;

	for (; vp_key_scan_next(keys, &tid, &recheck); n++)
		tbm_add_tuples(bitmap, &tid, 1, recheck);
	vp_key_scan_end(keys);
	return n;
}
