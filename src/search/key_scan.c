/*-------------------------------------------------------------------------
 *
 * key_scan.c
 *	  All rows of an index that satisfy conditions on its columns, in no order; see key_scan.h.
 *
 * The posting lists of one column say where to look; all conditions are tested
 * at the nodes.  Where there is no condition on a key, all nodes are looked at.
 * Rows without a vector, whose keys are not stored, come last.
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
	VpPostings *postings;		/* NULL: all ids up to `nids` instead */
	VpId		id;				/* the next of these */
	uint32		nids;
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

	scan->index = index;
	scan->filter = filter;
	vp_table_end_init(&scan->table, table);
	scan->keys = palloc(Max(index->store.geo.key_bytes, 1));
	if (filter != NULL && filter->never)
		return scan;
	if (filter != NULL && filter->nconditions > 0)
	{
		scan->postings = vp_postings_open(&index->store);
		vp_scan_condition(scan->postings, vp_count_conditions(scan->postings, filter)->condition);
	}
	else
		scan->nids = vp_graph_state(&index->store).next_id;
	return scan;
}

void
vp_key_scan_end(VpKeyScan *scan)
{
	if (scan->postings != NULL)
		vp_postings_close(scan->postings);
	pfree(scan);
}

static VpTruth
test_keys(VpKeyScan *scan, VpId id)
{
	if (scan->filter == NULL)
		return VP_YES;
	vp_node_keys(&scan->index->store, id, scan->keys);
	return vp_filter_test(scan->filter, scan->keys);
}

/* The row of a node that is in use. */
static bool
take_row(VpKeyScan *scan, VpId id, ItemPointer tid, bool *recheck)
{
	const VpStore *store = &scan->index->store;
	VpTruth		truth;
	VpNodeTail	tail;

	if (test_keys(scan, id) == VP_NO)
		return false;
	vp_node_fetch(store, id, &tail);
	if (tail.flags == 0 || (tail.flags & VP_NODE_BARE) || vp_is_gone(tail.flags))
		return false;
	/* VACUUM may have given it the row of a node behind it, with other keys */
	truth = test_keys(scan, id);
	if (truth == VP_NO)
		return false;
	if (!vp_table_has(&scan->table, &tail.tid))
		vp_report_damage(store->rel, vp_node_place(&store->geo, id).block,
						 "A record is of a row behind the end of the table.");
	*tid = tail.tid;
	*recheck = truth == VP_UNSURE;
	return true;
}

/* The next ids to look at; false: no more. */
static bool
next_ids(VpKeyScan *scan)
{
	scan->next = scan->n = 0;
	if (scan->postings != NULL)
		scan->n = vp_postings_next(scan->postings, scan->ids, IDS_AT_A_TIME);
	else
		while (scan->n < IDS_AT_A_TIME && scan->id < scan->nids)
			scan->ids[scan->n++] = scan->id++;
	for (int i = 0; i < scan->n; i++)
		vp_node_read_ahead(&scan->index->store, scan->ids[i]);
	return scan->n > 0;
}

static bool
next_row_of_node(VpKeyScan *scan, ItemPointer tid, bool *recheck)
{
	do
	{
		while (scan->next < scan->n)
		{
			CHECK_FOR_INTERRUPTS();
			if (take_row(scan, scan->ids[scan->next++], tid, recheck))
				return true;
		}
	} while (next_ids(scan));
	return false;
}

/*
 * Those of one kind end where those of the next begin: a kind that is not
 * wanted is passed over.
 */
static bool
next_bare_row(VpKeyScan *scan, ItemPointer tid, bool *recheck)
{
	const VpFilter *filter = scan->filter;
	const VpStore *store = &scan->index->store;

	if (filter != NULL && filter->nan_rows == VP_NO && filter->null_rows == VP_NO)
		return false;
	if (scan->bare == NULL)
		scan->bare = vp_bare_rows(store);
	while (vp_bare_rows_next(scan->bare, tid))
	{
		VpTruth		truth = VP_YES;

		if (filter != NULL)
			truth = scan->bare->walk.kind == VP_BARE_NAN ? filter->nan_rows : filter->null_rows;
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
	return next_row_of_node(scan, tid, recheck) || next_bare_row(scan, tid, recheck);
}
