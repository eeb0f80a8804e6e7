/*-------------------------------------------------------------------------
 *
 * check_bare.c
 *	  vecprov_check: rows without a vector, which are kept in chains of bare nodes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "utils/rel.h"

#include "inspect/check.h"
#include "page/record.h"

/* Remembers a row of a node that is in its chain. */
static void
add_row(Check *check, const ItemPointerData *tid, VpBareKind kind, VpId id)
{
	BareRow    *row;

	if (check->nbare == check->bare_room)
	{
		check->bare_room = Max(2 * check->bare_room, 1024);
		check->bare = check->bare == NULL ?
			palloc(check->bare_room * sizeof(BareRow)) :
			repalloc_huge(check->bare, check->bare_room * sizeof(BareRow));
	}
	row = &check->bare[check->nbare++];
	row->tid = *tid;
	row->kind = kind;
	row->id = id;
}

static void
check_entry(Check *check, BlockNumber block, const VpNodeTail *tail, int i, const VpBareEntry *entry)
{
	ItemPointerData tid;

	ItemPointerSet(&tid, entry->block, Min(entry->offset, PG_UINT16_MAX));
	if (entry->offset == 0 ? entry->block != 0 : !vp_tid_is_sound(&tid))
		vp_check_report(check, block, tail->id, "row", "entry %d is of no valid row", i);
	else if (entry->offset == 0 || tail->flags != VP_NODE_BARE)
		return;
	else if (!vp_table_has(&check->table, &tid))
		vp_check_report(check, block, tail->id, "row", "the row of entry %d is behind the end of the table", i);
	else if (check->full)
		add_row(check, &tid, tail->shard, tail->id);
}

void
vp_check_bare_node(Check *check, BlockNumber block, VpId id, const char *record)
{
	const VpNodeTail *tail = vp_record_tail(check->store, record);

	if (tail->shard >= VP_NBARE)
		vp_check_report(check, block, id, "shard", "rows without a vector are of kind %u, there are %d",
						tail->shard, VP_NBARE);
	if (!vp_all_zero(&tail->tid, sizeof(tail->tid)) ||
		(tail->size != 0 && !(tail->flags & VP_NODE_LISTED)))
		vp_check_report(check, block, id, "row", "the record is of rows without a vector, and of another one");
	for (int i = 0; i < vp_bare_room(check->store); i++)
		check_entry(check, block, tail, i, (const VpBareEntry *) record + i);
}

/* Can the chain of a kind go on at this node? */
static bool
fits_chain(Check *check, VpId id, VpBareKind kind)
{
	NodeInfo   *node = &check->nodes[id];

	return id < check->meta.next_id && node->flags == VP_NODE_BARE && node->shard == kind &&
		!node->chained_to;
}

/* Follows a chain of bare nodes.  False: it cannot be followed to its end. */
static bool
follow_chain(Check *check, VpBareKind kind)
{
	VpId		before = VP_NO_ID;
	VpId		id = vp_deref(check->meta.bare[kind].head);

	while (id != VP_NO_ID)
	{
		if (!fits_chain(check, id, kind))
		{
			vp_check_report(check, before == VP_NO_ID ? VP_META_BLOCK : vp_check_block(check, before),
							before == VP_NO_ID ? -1 : (int64) before, "chain of bare nodes",
							"the chain goes on at node %u, which is none of it, or a second time", id);
			return false;
		}
		check->nodes[id].chained_to = true;
		before = id;
		id = vp_deref(check->nodes[id].next);
	}
	return true;
}

/* Are there as many rows of a kind as the metapage says? */
static void
check_rows(Check *check, VpBareKind kind)
{
	uint32		rows = 0;

	for (Size i = 0; i < check->nbare; i++)
		rows += check->bare[i].kind == kind;
	if (rows != check->meta.bare[kind].rows)
		vp_check_report(check, VP_META_BLOCK, -1, "totals",
						"it says %u rows of kind %d without a vector, there are %u",
						check->meta.bare[kind].rows, kind, rows);
}

void
vp_check_bare(Check *check)
{
	bool		sound = true;

	for (VpBareKind kind = 0; kind < VP_NBARE; kind++)
	{
		sound &= follow_chain(check, kind);
		check_rows(check, kind);
	}
	for (VpId id = 0; id < check->meta.next_id && sound; id++)
		if (check->nodes[id].flags == VP_NODE_BARE && !check->nodes[id].chained_to)
			vp_check_report(check, vp_check_block(check, id), id, "bare nodes in a chain",
							"no chain leads to the node");
}

static int
compare_bare(const void *a, const void *b)
{
	return ItemPointerCompare(&((BareRow *) unconstify(void *, a))->tid,
							  &((BareRow *) unconstify(void *, b))->tid);
}

void
vp_check_bare_row(ItemPointer tid, VpBareKind kind, void *arg)
{
	Check	   *check = arg;
	BareRow		want = {.tid = *tid};
	BareRow    *found;

	found = check->nbare == 0 ? NULL :
		bsearch(&want, check->bare, check->nbare, sizeof(BareRow), compare_bare);
	CHECK_FOR_INTERRUPTS();
	if (found != NULL && found->kind != kind)
		vp_check_report(check, vp_check_block(check, found->id), found->id, "every row indexed",
						"row (%u,%u), without a vector, is in the chain of another kind",
						ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid));
	if (found == NULL && check->meta.complete && check->target.rel->rd_index->indisvalid)
		vp_check_report(check, ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
						"every row indexed",
						"row (%u,%u) of the table, without a vector, is not in the index",
						ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid));
}

/* Is each row without a vector at one node?  Puts them in the order of rows. */
void
vp_check_bare_once(Check *check, VpId (*find) (Check *check, ItemPointer tid))
{
	if (check->nbare == 0)
		return;
	qsort(check->bare, check->nbare, sizeof(BareRow), compare_bare);
	for (Size i = 0; i < check->nbare; i++)
	{
		BareRow    *row = &check->bare[i];
		VpId		other = find(check, &row->tid);

		if (other == VP_NO_ID && i > 0 && compare_bare(&row[-1], row) == 0)
			other = row[-1].id;
		if (other != VP_NO_ID)
			vp_check_report(check, vp_check_block(check, row->id), row->id, "every row once",
							"nodes %u and %u are of the same row", other, row->id);
	}
}
