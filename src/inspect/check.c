/*-------------------------------------------------------------------------
 *
 * check.c
 *	  vecprov_check: are the index's rules kept?  A row for each that is not.
 *
 * The rules are those of page/README.md, by their names.  Without `full` only
 * what holds at any time is looked at, each page by itself, and nobody is kept
 * from anything.  With it the table is locked against writers, so that rules
 * that tie pages together can be looked at too, and each row of the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/xlog.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/loaded.h"
#include "inspect/check.h"
#include "page/merge.h"
#include "page/node.h"
#include "page/record.h"
#include "search/table_end.h"
#include "write/recode.h"

VP_SERVER_FUNCTION(vecprov_check);

/*
 * One node in so many may be out of reach of searches: where m is small, an
 * insert can take the last link that led to a few others.  A VACUUM that removes
 * rows, or REINDEX, links them again; a scan that goes on to the end finds them
 * all the same.
 */
#define UNREACHABLE_ALLOWED 50

static void put_result(Check *check, BlockNumber block, int64 item, const char *rule,
					   const char *format, va_list args) pg_attribute_printf(5, 0);
static void report(Check *check, BlockNumber block, int64 item, const char *rule,
				   const char *format,...) pg_attribute_printf(5, 6);

/* Adds a row to the result. */
static void
put_result(Check *check, BlockNumber block, int64 item, const char *rule, const char *format, va_list args)
{
	Datum		values[4];
	bool		nulls[4] = {false, item < 0, false, false};
	char		message[256];

	vsnprintf(message, sizeof(message), format, args);
	values[0] = Int64GetDatum((int64) block);
	values[1] = Int64GetDatum(item);
	values[2] = CStringGetTextDatum(rule);
	values[3] = CStringGetTextDatum(message);
	tuplestore_putvalues(check->result->setResult, check->result->setDesc, values, nulls);
}

static void
report(Check *check, BlockNumber block, int64 item, const char *rule, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	put_result(check, block, item, rule, format, args);
	va_end(args);
}

/* For other files. */
void
vp_check_report(Check *check, BlockNumber block, int64 item, const char *rule, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	put_result(check, block, item, rule, format, args);
	va_end(args);
}

/* Without `full` others may have made nodes since the metapage was read. */
static bool
is_id(Check *check, VpId id)
{
	return id < check->meta.next_id ||
		(!check->full && id < vp_graph_state(check->store).next_id);
}

/* The same of shards. */
static bool
is_shard(Check *check, uint32 shard)
{
	return shard < check->meta.shards ||
		(!check->full && shard < vp_graph_state(check->store).shards);
}

/* A node that searches go through. */
static bool
in_graph(uint8 flags)
{
	return (flags & VP_NODE_LINKED) && !(flags & VP_NODE_UNLINKED);
}

/* A node that returns a row. */
static bool
has_row(uint8 flags)
{
	return (flags & (VP_NODE_LINKED | VP_NODE_CHAINED)) &&
		!(flags & (VP_NODE_DEAD | VP_NODE_UNLINKED));
}

/*----------
 * Each page by itself
 *----------
 */

/* Are these bytes of a page zero, which nobody uses? */
static void
check_padding(Check *check, Page page, BlockNumber block, Size from, Size to)
{
	for (Size at = from; at < to; at++)
		if (((char *) page)[at] != 0)
		{
			report(check, block, -1, "page padding", "byte %zu, which is not used, is not zero", at);
			return;
		}
}

/* On a standby the page may be ahead of what is known to have been replayed. */
static void
check_unused(Check *check, Page page, BlockNumber block, VpPageKind kind, uint32 number)
{
	const VpGeometry *geo = &check->store->geo;
	const VpPageSpecial *special = VpPageGetSpecial(page);
	Size		used = VP_PAGE_ROOM;

	if (kind == VP_PAGE_META)
		used = sizeof(VpMeta);
	else if (kind == VP_PAGE_MEAN)
		used = Min((check->meta.mean_floats - number * VP_VECTOR_PAGE_WORDS) * sizeof(float), used);
	else if (kind == VP_PAGE_UPPER)
		used = vp_level_slots(&geo->levels) * geo->slot_size;
	else if (kind == VP_PAGE_LANDMARK)
		used = sizeof(VpLandmarkPage);
	else if (kind == VP_PAGE_NODE)
		used = vp_node_page(geo, number).count * geo->node.size;
	else
		used = Min((geo->nodes_per_chunk.value * geo->vector_words -
					number % geo->vector_pages * VP_VECTOR_PAGE_WORDS) * sizeof(uint32), used);
	if (special->kind == VP_PAGE_POOL || kind == VP_PAGE_CODE)
		used = VP_PAGE_ROOM;
	check_padding(check, page, block, VP_PAGE_START + used, VP_PAGE_END);
	if (special->unused != 0 || special->unused2 != 0)
		report(check, block, -1, "page padding", "the special space has more in it than it should");
	if (!RecoveryInProgress() && PageGetLSN(page) > GetXLogInsertRecPtr())
		report(check, block, -1, "page LSN", "the page was changed at %X/%X, where WAL has not come to",
			   LSN_FORMAT_ARGS(PageGetLSN(page)));
}

/* Is the page what its place says?  If not there is no use in looking further. */
static bool
check_header(Check *check, Page page, BlockNumber block, VpPageKind kind, uint32 number)
{
	const VpPageSpecial *special = (VpPageSpecial *) ((char *) page + VP_PAGE_END);

	switch (vp_page_fault(page, block, kind, number))
	{
		case VP_PAGE_SOUND:
			check_unused(check, page, block, kind, number);
			return true;
		case VP_PAGE_ZEROES:
			report(check, block, -1, "page initialised", "the page is all zeroes");
			break;
		case VP_PAGE_SPECIAL:
			report(check, block, -1, "page layout", "the special space begins at %u",
				   ((PageHeader) page)->pd_special);
			break;
		case VP_PAGE_HEADER:
			report(check, block, -1, "page layout", "the header is not that of a page of ours");
			break;
		case VP_PAGE_ALIEN:
		case VP_PAGE_VERSION:
			report(check, block, -1, "page version", "page id %04X, format version %u",
				   special->page_id, special->version);
			break;
		case VP_PAGE_PLACE:
			report(check, block, -1, "page place",
				   "it is page %u of kind %u, expected %u of kind %u",
				   special->number, special->kind, number, kind);
			break;
	}
	return false;
}

/* A list of links: no gaps, nobody twice, not the node itself, only ids there are. */
static void
check_list(Check *check, BlockNumber block, VpId id, const uint32 *words, int room)
{
	int			n = 0;

	while (n < room && words[n] != 0)
		n++;
	for (int i = n; i < room; i++)
		if (words[i] != 0)
		{
			report(check, block, id, "links together", "link %d stands behind an empty one", i);
			break;
		}
	for (int i = 0; i < n; i++)
	{
		VpId		to = vp_deref(words[i]);

		if (to == id)
			report(check, block, id, "no link to itself", "link %d leads to the node itself", i);
		else if (!is_id(check, to))
			report(check, block, id, "links in range", "link %d leads to node %u of %u",
				   i, to, check->meta.next_id);
		for (int j = 0; j < i; j++)
			if (words[j] == words[i])
				report(check, block, id, "links once", "links %d and %d lead to node %u", j, i, to);
	}
}

static bool
flags_make_sense(uint8 flags)
{
	uint8		state = flags & (VP_NODE_PENDING | VP_NODE_LINKED | VP_NODE_CHAINED | VP_NODE_BARE);

	if (flags == 0)
		return true;
	if (state == 0 || (state & (state - 1)) != 0)
		return false;
	if (state == VP_NODE_BARE && (flags & (VP_NODE_DEAD | VP_NODE_MOVED)))
		return false;
	if (((flags & VP_NODE_LISTED) && !(flags & VP_NODE_UNLINKED)) ||
		((flags & VP_NODE_MOVED) && (!(flags & VP_NODE_DEAD) || (flags & VP_NODE_LISTED))))
		return false;

	/*
	 * only chained and bare nodes are taken out alive: other ones have their
	 * rows now
	 */
	return !(flags & VP_NODE_UNLINKED) || (flags & VP_NODE_DEAD) ||
		state == VP_NODE_CHAINED || state == VP_NODE_BARE;
}

/* But for the word of a chained node that leads to the one with its vector. */
static bool
has_no_links(const VpGeometry *geo, const uint32 *words, uint8 flags)
{
	for (int i = 0; i < 2 * geo->m; i++)
		if (words[i] != 0 && !((flags & VP_NODE_CHAINED) && i == VP_CHAINED_HEAD))
			return false;
	return true;
}

/* What a node of a graph holds. */
static void
check_graph_node(Check *check, BlockNumber block, VpId id, const char *record)
{
	const VpGeometry *geo = &check->store->geo;
	VpNodeTail *tail = vp_record_tail(check->store, record);
	const char *links = record + geo->links_offset;

	if (!is_shard(check, tail->shard) && !(tail->flags & VP_NODE_UNLINKED))
		report(check, block, id, "shard", "the node is of shard %u, there are %u", tail->shard,
			   check->meta.shards);
	if (!vp_tid_is_sound(&tail->tid))
		report(check, block, id, "row", "the record has no valid row");
	else if (has_row(tail->flags) && !vp_table_has(&check->table, &tail->tid))
		report(check, block, id, "row", "the record's row is behind the end of the table");
	if (in_graph(tail->flags))
		check_list(check, block, id, (const uint32 *) links, 2 * geo->m);
	else if (!(tail->flags & (VP_NODE_LINKED | VP_NODE_LISTED)) &&
			 !has_no_links(geo, (const uint32 *) links, tail->flags))
		report(check, block, id, "links of linked nodes", "the node is not linked, but has links");
}

static void
check_node(Check *check, BlockNumber block, VpId id, const char *record)
{
	const VpGeometry *geo = &check->store->geo;
	VpNodeTail *tail = vp_record_tail(check->store, record);

	if (!flags_make_sense(tail->flags))
		report(check, block, id, "flags", "flags are %02X", tail->flags);
	if (tail->flags == 0)
	{
		if (!vp_all_zero(record, geo->node.size))
			report(check, block, id, "flags", "the node was never used, but its record is not empty");
		/* replay changes the metapage first */
		if (id < check->meta.next_id && !RecoveryInProgress() &&
			!(id >= check->meta.pool.spare && id < check->meta.pool.spare_end))
			report(check, block, id, "ids in use", "the node was never used, but ids go on to %u",
				   check->meta.next_id);
		return;
	}
	if (!is_id(check, id))
		report(check, block, id, "ids in use", "the node is in use, but ids end at %u",
			   check->meta.next_id);
	if (tail->id != id)
		report(check, block, id, "own id", "the record says that it is node %u", tail->id);
	if (tail->flags & VP_NODE_BARE)
		vp_check_bare_node(check, block, id, record);
	else
		check_graph_node(check, block, id, record);
	if (tail->next != 0 && !is_id(check, vp_deref(tail->next)))
		report(check, block, id, "chain in range", "the chain goes on at node %u of %u",
			   vp_deref(tail->next), check->meta.next_id);
	if (check->full && id < check->meta.next_id)
	{
		check->nodes[id].flags = tail->flags;
		check->nodes[id].shard = tail->shard;
		check->nodes[id].size = tail->size;
		check->nodes[id].tid = tail->tid;
		check->nodes[id].next = tail->next;
	}
}

/* Looks at the records of a node page, which is locked, share. */
static void
check_node_page(Check *check, Page page, BlockNumber block, uint32 number)
{
	const VpGeometry *geo = &check->store->geo;
	VpPageIds	ids = vp_node_page(geo, number);

	for (uint32 i = 0; i < ids.count; i++)
		check_node(check, block, ids.first + i, VpPageData(page) + i * geo->node.size);
}

/* The slots of a code page, or of a node page that has them. */
static void
check_code_page(Check *check, Page page, BlockNumber block, uint32 number)
{
	const VpGeometry *geo = &check->store->geo;
	VpPageIds	ids = vp_code_page(geo, number);

	for (uint32 i = 0; i < ids.count; i++)
	{
		const char *slot = (char *) page + geo->code.start + i * geo->code.size;
		const float *factors = (const float *) (slot + geo->factors_at);

		if (isnan(factors[0]) || isnan(factors[1]))
			report(check, block, ids.first + i, "factors", "a factor of the code is not a number");
		if (geo->apart && !is_id(check, ids.first + i) &&
			!(vp_all_zero(slot, geo->code.size) &&
			  vp_all_zero((char *) page + geo->key.start + i * geo->key.size, geo->key_bytes)))
			report(check, block, ids.first + i, "ids in use", "the node has a code, but ids end at %u",
				   check->meta.next_id);
	}
}

/* What a code page has between its slots and its keys, and around them. */
static void
check_code_padding(Check *check, Page page, BlockNumber block, uint32 number)
{
	const VpGeometry *geo = &check->store->geo;
	uint32		count = vp_code_page(geo, number).count;

	check_padding(check, page, block, VP_PAGE_START, geo->code.start);
	check_padding(check, page, block, geo->code.start + count * geo->code.size, geo->key.start);
	check_padding(check, page, block, geo->key.start + count * geo->key.size, VP_PAGE_END);
}

/* Looks at the lists of an upper page, which is locked, share. */
static void
check_upper_page(Check *check, Page page, BlockNumber block, uint32 stripe)
{
	const VpGeometry *geo = &check->store->geo;

	for (uint32 i = 0; i < vp_level_slots(&geo->levels); i++)
	{
		VpUpperSlot *slot = (VpUpperSlot *) (VpPageData(page) + i * geo->slot_size);
		int			level;
		VpId		owner = vp_level_owner(&geo->levels, stripe, i, &level);

		if (slot->owner == 0)
		{
			if (!vp_all_zero(slot->links, geo->m * sizeof(uint32)))
				report(check, block, i, "upper list's owner", "a list of nobody has links");
			continue;
		}
		if (owner == VP_NO_ID || slot->owner != vp_ref(owner))
			report(check, block, i, "upper list's owner", "the list of node %u stands in the place of %u",
				   vp_deref(slot->owner), owner);
		else if (!is_id(check, owner))
			report(check, block, i, "upper list's owner", "the list is of node %u of %u", owner,
				   check->meta.next_id);
		else
			check_list(check, block, owner, slot->links, geo->m);
	}
}

/* Looks at a page by itself, under its share lock. */
static void
check_page(Check *check, BlockNumber block)
{
	uint32		number;
	VpPageKind	kind = vp_block_kind(&check->store->geo, block, &number);
	Buffer		buffer = ReadBuffer(check->target.rel, block);
	Page		page = BufferGetPage(buffer);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (check_header(check, page, block, kind, number))
	{
		if (vp_is_pool_page(page))
			;					/* vp_check_runs */
		else if (kind == VP_PAGE_NODE)
		{
			check_node_page(check, page, block, number);
			if (!check->store->geo.apart)
				check_code_page(check, page, block, number);
		}
		else if (kind == VP_PAGE_CODE)
		{
			check_code_padding(check, page, block, number);
			check_code_page(check, page, block, number);
		}
		else if (kind == VP_PAGE_UPPER)
			check_upper_page(check, page, block, number);
	}
	UnlockReleaseBuffer(buffer);
}

/* Pages behind the last chunk are none of the index's yet: the next extension makes them empty. */
static void
check_pages(Check *check)
{
	const VpGeometry *geo = &check->store->geo;
	BlockNumber nblocks = RelationGetNumberOfBlocks(check->target.rel);
	BlockNumber needed;

	needed = check->meta.next_id > 0 ? vp_blocks_for(geo, check->meta.next_id - 1) :
		geo->first_block;
	for (BlockNumber block = 0; block < Min(nblocks, needed); block++)
	{
		CHECK_FOR_INTERRUPTS();
		check_page(check, block);
	}
}

/*----------
 * The graph as a whole
 *----------
 */

/* Does a landmark lead to a node of the graph? */
static void
check_landmark(Check *check, BlockNumber block, int slot, uint32 ref)
{
	VpId		id = vp_deref(ref);

	if (ref == 0)
		return;
	if (id >= check->meta.next_id)
		report(check, block, slot, "landmarks in range", "landmark %d is node %u of %u", slot, id,
			   check->meta.next_id);
	else if (!in_graph(check->nodes[id].flags))
		report(check, block, slot, "landmarks linked", "landmark %d is node %u with flags %02X",
			   slot, id, check->nodes[id].flags);
}

/*
 * Looks at copies of the pages of landmarks; one page at a time is locked,
 * share, for copying.
 */
static void
check_landmarks(Check *check)
{
	const VpGeometry *geo = &check->store->geo;
	uint32		npages = vp_landmark_page_count(geo, check->meta.next_id);

	for (uint32 number = 0; number < npages; number++)
	{
		BlockNumber block = vp_landmark_page_block(geo, number);
		Buffer		buffer = ReadBuffer(check->target.rel, block);
		VpLandmarkPage page;

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		page = *VpPageGetLandmarks(BufferGetPage(buffer));
		UnlockReleaseBuffer(buffer);
		for (int set = 0; set < VP_PAGE_SETS; set++)
			for (int i = 0; i < VP_SET_LANDMARKS; i++)
				check_landmark(check, block, set * VP_SET_LANDMARKS + i, page.sets[set].refs[i]);
	}
}

/*
 * A dead node to which nothing leads any more: VACUUM was interrupted before it put this one
 * into the waiting list, and after it put some there that this one leads to.
 */
static bool
is_left_behind(const NodeInfo *node)
{
	return vp_is_gone(node->flags) && !node->reached;
}

/* After check_reachable. */
static void
check_links(Check *check)
{
	for (VpId id = 0; id < check->meta.next_id; id++)
	{
		int			top = vp_level(&check->store->geo.levels, id);

		CHECK_FOR_INTERRUPTS();
		if (!in_graph(check->nodes[id].flags) || is_left_behind(&check->nodes[id]))
			continue;
		for (int level = 0; level <= top; level++)
		{
			VpId		links[VP_MAX_LINKS];
			int			n = vp_node_links(check->store, id, level, links);

			for (int i = 0; i < n; i++)
			{
				if (links[i] >= check->meta.next_id)
					continue;
				if (!in_graph(check->nodes[links[i]].flags))
					report(check, vp_check_block(check, id), id, "links to linked nodes",
						   "a link of level %d leads to node %u with flags %02X",
						   level, links[i], check->nodes[links[i]].flags);
				if (check->nodes[links[i]].shard != check->nodes[id].shard)
					report(check, vp_check_block(check, id), id, "links in their shard",
						   "a link of level %d leads from shard %u to node %u of shard %u", level,
						   check->nodes[id].shard, links[i], check->nodes[links[i]].shard);
				if (vp_level(&check->store->geo.levels, links[i]) < level)
					report(check, vp_check_block(check, id), id, "links on their level",
						   "a link of level %d leads to node %u, which is not on it",
						   level, links[i]);
			}
		}
	}
}

static void
check_chains(Check *check)
{
	for (VpId id = 0; id < check->meta.next_id; id++)
	{
		NodeInfo   *node = &check->nodes[id];
		uint32		next = node->next;

		if ((node->flags & VP_NODE_UNLINKED) ||
			!(node->flags & (VP_NODE_LINKED | VP_NODE_CHAINED)) ||
			next == 0 || vp_deref(next) >= check->meta.next_id)
			continue;
		if ((check->nodes[vp_deref(next)].flags & (VP_NODE_CHAINED | VP_NODE_UNLINKED)) != VP_NODE_CHAINED)
			report(check, vp_check_block(check, id), id, "chain of chained nodes",
				   "the chain goes on at node %u with flags %02X",
				   vp_deref(next), check->nodes[vp_deref(next)].flags);
		if (check->nodes[vp_deref(next)].shard != node->shard)
			report(check, vp_check_block(check, id), id, "chains in their shard",
				   "the chain leads from shard %u to node %u of shard %u",
				   node->shard, vp_deref(next), check->nodes[vp_deref(next)].shard);
		if (check->nodes[vp_deref(next)].chained_to)
			report(check, vp_check_block(check, id), id, "one chain each",
				   "node %u is in two chains", vp_deref(next));
		check->nodes[vp_deref(next)].chained_to = true;
	}
	for (VpId id = 0; id < check->meta.next_id; id++)
		if ((check->nodes[id].flags & (VP_NODE_CHAINED | VP_NODE_UNLINKED)) == VP_NODE_CHAINED &&
			!check->nodes[id].chained_to)
			report(check, vp_check_block(check, id), id, "chained to one",
				   "the node is chained, but no chain leads to it");
}

/* tail: what the metapage says that the last is; NULL: it does not say. */
static void
check_list_of_ids(Check *check, const char *name, uint32 head, const uint32 *tail)
{
	uint32		last = 0;

	while (head != 0)
	{
		VpId		id = vp_deref(head);
		VpPlace		place;
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (id >= check->meta.next_id || !(check->nodes[id].flags & VP_NODE_LISTED) ||
			check->nodes[id].listed)
		{
			report(check, VP_META_BLOCK, -1, "lists", "the %s list contains node %u, flags %02X%s",
				   name, id, id < check->meta.next_id ? check->nodes[id].flags : 0,
				   id < check->meta.next_id && check->nodes[id].listed ? ", a second time" : "");
			return;
		}
		check->nodes[id].listed = true;
		last = head;
		place = vp_node_place(&check->store->geo, id);
		buffer = vp_store_read(check->store, place.block);
		head = *vp_list_word(check->store, BufferGetPage(buffer) + place.offset);
		ReleaseBuffer(buffer);
	}
	if (tail != NULL && last != *tail)
		report(check, VP_META_BLOCK, -1, "lists", "the %s list ends at node %u, not %u", name,
			   vp_deref(last), vp_deref(*tail));
}

static void
check_lists(Check *check)
{
	check_list_of_ids(check, "free", check->meta.free_head, NULL);
	check_list_of_ids(check, "waiting", check->meta.waiting_head, &check->meta.waiting_tail);
	for (VpId id = 0; id < check->meta.next_id; id++)
		if ((check->nodes[id].flags & VP_NODE_LISTED) && !check->nodes[id].listed)
			report(check, vp_check_block(check, id), id, "listed nodes in a list",
				   "the node is to be used again, but it is in no list");
}

/* Has VACUUM taken out all dead nodes? */
static bool
is_cleaned(Check *check)
{
	for (VpId id = 0; id < check->meta.next_id; id++)
		if (in_graph(check->nodes[id].flags) && !has_row(check->nodes[id].flags))
			return false;
	return check->meta.ndead == 0;
}

static void
check_entry(Check *check, uint32 shard)
{
	VpId		entry = vp_deref(check->meta.shard[shard].entry);
	int			top = -1;

	for (VpId id = 0; id < check->meta.next_id; id++)
		if (check->nodes[id].shard == shard && in_graph(check->nodes[id].flags) &&
			has_row(check->nodes[id].flags))
			top = Max(top, vp_level(&check->store->geo.levels, id));
	if (entry == VP_NO_ID)
	{
		if (top >= 0)
			report(check, VP_META_BLOCK, -1, "entry point",
				   "shard %u has none, but it has nodes", shard);
	}
	else if (entry >= check->meta.next_id || !in_graph(check->nodes[entry].flags) ||
			 check->nodes[entry].shard != shard)
		report(check, VP_META_BLOCK, -1, "entry point",
			   "that of shard %u is node %u, which is not linked there", shard, entry);
	/* among dead nodes an insert may choose a lower one */
	else if (vp_level(&check->store->geo.levels, entry) < top && is_cleaned(check))
		report(check, VP_META_BLOCK, -1, "entry point on top",
			   "that of shard %u is node %u on level %d, but there are nodes on level %d",
			   shard, entry, vp_level(&check->store->geo.levels, entry), top);
}

/* The metapage's totals are of all nodes that count as records. */
static void
check_totals(Check *check)
{
	VpShard		sums[VP_MAX_SHARDS] = {0};

	for (VpId id = 0; id < check->meta.next_id; id++)
	{
		NodeInfo   *node = &check->nodes[id];

		if (vp_is_alive(node->flags) && node->shard < check->meta.shards && vp_ref(id) != check->meta.copy)
			vp_shard_count(&sums[node->shard], 1, node->size);
	}
	for (uint32 i = 0; i < check->meta.shards; i++)
	{
		const VpShard *said = &check->meta.shard[i];

		if (sums[i].records != said->records || vp_shard_bytes(&sums[i]) != vp_shard_bytes(said))
			report(check, VP_META_BLOCK, -1, "totals",
				   "it says %u records of %llu bytes in shard %u, there are %u of %llu",
				   said->records, (unsigned long long) vp_shard_bytes(said), i,
				   sums[i].records, (unsigned long long) vp_shard_bytes(&sums[i]));
	}
}

/*
 * Is a row of the table at this node, or behind it in its chain?  Of inserts that
 * failed or were killed nodes are left that nobody may lead to; VACUUM takes them out.
 */
static bool
is_needed(Check *check, VpId id)
{
	/* a damaged chain may have no end */
	for (uint32 i = 0; i < check->meta.next_id && id < check->meta.next_id; i++)
	{
		if (check->nodes[id].in_table)
			return true;
		id = vp_deref(check->nodes[id].next);
	}
	return false;
}

/* After check_table. */
static void
check_reachable(Check *check)
{
	VpId	   *queue = MemoryContextAllocHuge(CurrentMemoryContext,
											   ((Size) check->meta.next_id + 1) * sizeof(VpId));
	uint32		nqueue = 0;
	uint32		all = 0;
	uint32		missing = 0;

	/*
	 * as searches come: from all that they can reach at a level to the next
	 * one
	 */
	for (int level = VP_MAX_LEVEL; level >= 0; level--)
	{
		for (uint32 i = 0; i < check->meta.shards; i++)
		{
			VpId		entry = vp_deref(check->meta.shard[i].entry);

			if (entry >= check->meta.next_id || check->nodes[entry].reached ||
				vp_level(&check->store->geo.levels, entry) != level)
				continue;
			check->nodes[entry].reached = true;
			queue[nqueue++] = entry;
		}
		for (uint32 i = 0; i < nqueue; i++)
		{
			VpId		links[VP_MAX_LINKS];
			int			n = vp_node_links(check->store, queue[i], level, links);

			CHECK_FOR_INTERRUPTS();
			for (int j = 0; j < n; j++)
				if (links[j] < check->meta.next_id && !check->nodes[links[j]].reached)
				{
					check->nodes[links[j]].reached = true;
					queue[nqueue++] = links[j];
				}
		}
	}
	pfree(queue);
	for (VpId id = 0; id < check->meta.next_id; id++)
	{
		if (!in_graph(check->nodes[id].flags) || !is_needed(check, id))
			continue;
		all++;
		missing += !check->nodes[id].reached;
	}

	/*
	 * a VACUUM that was interrupted has closed gaps, and not looked yet who
	 * is out of reach
	 */
	if (missing > 1 + all / UNREACHABLE_ALLOWED && is_cleaned(check))
		report(check, VP_META_BLOCK, -1, "nodes reachable",
			   "%u of %u nodes cannot be reached from the entry points", missing, all);
}

/*----------
 * The table
 *----------
 */

static int
compare_by_tid(const void *a, const void *b, void *arg)
{
	NodeInfo   *nodes = arg;

	return ItemPointerCompare(&nodes[*(const VpId *) a].tid, &nodes[*(const VpId *) b].tid);
}

static VpId
find_by_tid(Check *check, ItemPointer tid)
{
	uint32		low = 0;
	uint32		high = check->nby_tid;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			order = ItemPointerCompare(&check->nodes[check->by_tid[middle]].tid, tid);

		if (order == 0)
			return check->by_tid[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return VP_NO_ID;
}

/*
 * Are two codes the same, but for a level more or less where a value lies
 * between two?  Rounding there depends on the CPU that made the code.
 */
static bool
codes_agree(const VpCodec *codec, const uint8 *a, const uint8 *b, uint32 code_bytes)
{
	int			mask = (1 << codec->bits) - 1;

	if (codec->bits < 2 || codec->bits > 8)
		return memcmp(a, b, code_bytes) == 0;
	for (uint32 i = 0; i < code_bytes; i++)
		for (int shift = 0; shift < 8; shift += codec->bits)
			if (abs((a[i] >> shift & mask) - (b[i] >> shift & mask)) > 1)
				return false;
	return true;
}

/*
 * Are two factors of a code about the same?  How a vector that lies between two levels is coded
 * depends on the CPU, and of one that is nearly the mean all is rounding.
 */
static bool
factors_agree(const VpCodec *codec, float a, float b)
{
	double		larger = Max(fabs(a), fabs(b));

	return fabs((double) a - b) <= larger / 2 || larger <= 1e-5 * (1 + codec->mean_norm2);
}

/* Does the node hold this value, exactly and as a code? */
static void
check_vector(Check *check, VpId id, const VpValue *value)
{
	const VpIndex *index = check->target.index;
	const VpCodec *codec = &index->codec;
	void	   *exact = palloc(index->store.geo.exact_words * sizeof(uint32));
	void	   *rotated = vp_palloc_aligned(codec->rotated_bytes);
	uint32		code_bytes = index->meta.code_bytes;
	uint8	   *code = palloc(2 * code_bytes);
	VpId		owner = vp_vector_owner(check->store, id);
	VpFactors	factors[2];

	vp_vector_fetch(check->store, owner, exact);
	if (memcmp(exact, index->form->elements(value), index->meta.vector_bytes) != 0)
		report(check, vp_check_block(check, id), id, "exact vector",
			   "the stored vector is not that of row (%u,%u)",
			   ItemPointerGetBlockNumber(&check->nodes[id].tid),
			   ItemPointerGetOffsetNumber(&check->nodes[id].tid));
	/* codes that are being made anew may be of one mean or the other */
	if (vp_mean_is_due(index))
		return;
	index->form->rotate(codec, &index->meta, index->form->elements(value), rotated, false);
	vp_codec_encode(codec, rotated, code, &factors[0]);
	vp_code_seal(codec, &index->meta, code, vp_value_hash(value));
	vp_node_code(check->store, owner, (float *) &factors[1], code + code_bytes);
	if (!codes_agree(codec, code, code + code_bytes, code_bytes) ||
		!factors_agree(codec, factors[0].scale, factors[1].scale) ||
		!factors_agree(codec, factors[0].norm2, factors[1].norm2))
		report(check, vp_check_block(check, id), id, "code", "the code is not that of the vector");
}

/* Does the node hold the row's keys?  Unless it has got another row meanwhile. */
static void
check_keys(Check *check, VpId id, ItemPointer tid, const uint32 *keys)
{
	uint32		stored[VP_MAX_KEY_BYTES / sizeof(uint32)];
	VpNodeTail	tail;

	vp_node_keys(check->store, id, stored);
	vp_node_fetch(check->store, id, &tail);
	if (memcmp(stored, keys, check->store->geo.key_bytes) != 0 && ItemPointerEquals(&tail.tid, tid))
		report(check, vp_check_block(check, id), id, "keys",
			   "the stored keys are not those of row (%u,%u)",
			   ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid));
}

static void
check_row(ItemPointer tid, const VpValue *value, const VpRowKeys *keys, void *arg)
{
	Check	   *check = arg;
	VpId		id = find_by_tid(check, tid);

	CHECK_FOR_INTERRUPTS();
	if (id == VP_NO_ID)
	{
		/* a concurrent build may have failed before it had all rows */
		if (!check->target.rel->rd_index->indisvalid)
			return;
		report(check, ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
			   "every row indexed", "row (%u,%u) of the table is not in the index",
			   ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid));
		return;
	}
	check->nodes[id].in_table = true;
	check_vector(check, id, value);
	check_keys(check, id, tid, keys->stored);
	vp_check_elements_row(check, id, keys);
}

static void
check_table(Check *check)
{
	check->by_tid = MemoryContextAllocHuge(CurrentMemoryContext,
										   ((Size) check->meta.next_id + 1) * sizeof(VpId));
	for (VpId id = 0; id < check->meta.next_id; id++)
		if (has_row(check->nodes[id].flags) && vp_ref(id) != check->meta.copy)
			check->by_tid[check->nby_tid++] = id;
	qsort_arg(check->by_tid, check->nby_tid, sizeof(VpId), compare_by_tid, check->nodes);
	for (uint32 i = 1; i < check->nby_tid; i++)
	{
		VpId		id = check->by_tid[i];

		if (compare_by_tid(&check->by_tid[i - 1], &id, check->nodes) == 0)
			report(check, vp_check_block(check, id), id, "every row once",
				   "nodes %u and %u are of the same row", check->by_tid[i - 1], id);
	}
	vp_check_bare_once(check, find_by_tid);
	vp_check_elements_begin(check);
	vp_each_row(&check->target, check_row, vp_check_bare_row, check);
	vp_check_elements(check);
}

Datum
vecprov_check(PG_FUNCTION_ARGS)
{
	Check	   *check = palloc0(sizeof(Check));
	bool		lock;

	InitMaterializedSRF(fcinfo, 0);
	check->result = (ReturnSetInfo *) fcinfo->resultinfo;
	check->full = PG_GETARG_BOOL(1);
	/* a standby has no writers but replay, which a lock does not keep out */
	lock = check->full && !RecoveryInProgress();
	vp_target_open(&check->target, PG_GETARG_OID(0), lock ? VP_RIGHT_LOCK : VP_RIGHT_MEASURE,
				   lock ? ShareLock : AccessShareLock);
	check->store = &check->target.index->store;
	/* ShareLock keeps all others out that write to the index, but a merger */
	if (lock)
		vp_runs_lock(check->store);
	vp_meta_read(check->target.rel, &check->meta);
	vp_table_end_init(&check->table, check->target.heap);
	if (check->full)
		check->nodes = MemoryContextAllocExtended(CurrentMemoryContext,
												  ((Size) check->meta.next_id + 1) * sizeof(NodeInfo),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	check_pages(check);
	vp_check_runs(check);
	if (check->full)
	{
		check_landmarks(check);
		check_chains(check);
		vp_check_bare(check);
		check_lists(check);
		vp_check_cells(check);
		for (uint32 i = 0; i < check->meta.shards; i++)
			check_entry(check, i);
		check_totals(check);
		check_table(check);
		check_reachable(check);
		check_links(check);
	}
	if (lock)
		vp_runs_unlock(check->store, check->target.heap);
	vp_target_close(&check->target);
	PG_RETURN_NULL();
}
