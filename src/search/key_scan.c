/*-------------------------------------------------------------------------
 *
 * key_scan.c
 *	  All rows that satisfy conditions on an index's columns, in no order; see key_scan.h.
 *
 * The posting lists of one column say where to look; all conditions are tested at the nodes.  Rows without
 * a vector, whose keys are not stored, come last.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "page/node.h"
#include "page/postings.h"
#include "search/bare_rows.h"
#include "search/key_scan.h"
#include "search/narrowest.h"
#include "search/table_end.h"

#define IDS_AT_A_TIME	64

struct VpKeyScan
{
	const VpIndex *index;
	const VpFilter *filter;
	VpTableEnd	table;
	VpPostings *postings;		/* NULL: their rows have been returned, or
								 * there are none */
	VpId		ids[IDS_AT_A_TIME];
	int			n;
	int			next;
	char	   *keys;			/* of one node */
	VpBareRows *bare;			/* NULL: not yet */
};

VpKeyScan *
vp_key_scan_begin(const VpIndex *index, const VpFilter *filter, Relation table)
{
	VpKeyScan  *scan = palloc0(sizeof(VpKeyScan));

	Assert(vp_can_scan_keys(filter));
	scan->index = index;
	scan->filter = filter;
	vp_table_end_init(&scan->table, table);
	scan->keys = palloc(Max(index->store.geo.key_bytes, 1));
	if (!filter->never)
	{
		scan->postings = vp_postings_open(&index->store);
		vp_scan_narrowest(scan->postings, filter);
	}
	return scan;
}

void
vp_key_scan_end(VpKeyScan *scan)
{
	if (scan->postings != NULL)
		vp_postings_close(scan->postings);
	pfree(scan);
}

/* The row of a node that is in use. */
static bool
take_row(VpKeyScan *scan, VpId id, ItemPointer tid, bool *recheck)
{
	const VpStore *store = &scan->index->store;
	VpTruth		truth;
	VpNodeTail	tail;

	vp_node_keys(store, id, scan->keys);
	if (vp_filter_test(scan->filter, scan->keys) == VP_NO)
		return false;
	vp_node_fetch(store, id, &tail);
	if (tail.flags == 0 || (tail.flags & VP_NODE_BARE) || vp_is_gone(tail.flags))
		return false;
	/* VACUUM may have given it the row of a node behind it, with other keys */
	vp_node_keys(store, id, scan->keys);
	truth = vp_filter_test(scan->filter, scan->keys);
	if (truth == VP_NO)
		return false;
	if (!vp_table_has(&scan->table, &tail.tid))
		vp_report_damage(store->rel, vp_node_place(&store->geo, id).block,
						 "A record is of a row behind the end of the table.");
	*tid = tail.tid;
	*recheck = truth == VP_UNSURE;
	return true;
}

static bool
next_posted(VpKeyScan *scan, ItemPointer tid, bool *recheck)
{
	while (scan->postings != NULL)
	{
		while (scan->next < scan->n)
		{
			CHECK_FOR_INTERRUPTS();
			if (take_row(scan, scan->ids[scan->next++], tid, recheck))
				return true;
		}
		scan->next = 0;
		scan->n = vp_postings_next(scan->postings, scan->ids, IDS_AT_A_TIME);
		for (int i = 0; i < scan->n; i++)
			vp_node_read_ahead(&scan->index->store, scan->ids[i]);
		if (scan->n == 0)
		{
			vp_postings_close(scan->postings);
			scan->postings = NULL;
		}
	}
	return false;
}

/* Those of one kind end where those of the next begin: a kind that is not wanted is passed over. */
static bool
next_bare_row(VpKeyScan *scan, ItemPointer tid, bool *recheck)
{
	const VpFilter *filter = scan->filter;
	const VpStore *store = &scan->index->store;

	if (filter->nan_rows == VP_NO && filter->null_rows == VP_NO)
		return false;
	if (scan->bare == NULL)
		scan->bare = vp_bare_rows(store);
	while (vp_bare_rows_next(scan->bare, tid))
	{
		VpTruth		truth = scan->bare->walk.kind == VP_BARE_NAN ? filter->nan_rows : filter->null_rows;

		CHECK_FOR_INTERRUPTS();
		if (truth == VP_NO)
			continue;
		if (!vp_table_has(&scan->table, tid))
			vp_report_damage(store->rel, vp_node_place(&store->geo, scan->bare->id).block,
							 "A record is of a row behind the end of the table.");
		*recheck = truth == VP_UNSURE;
		return true;
	}
	return false;
}

bool
vp_key_scan_next(VpKeyScan *scan, ItemPointer tid, bool *recheck)
{
	return next_posted(scan, tid, recheck) || next_bare_row(scan, tid, recheck);
}
