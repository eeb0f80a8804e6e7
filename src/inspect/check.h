/*-------------------------------------------------------------------------
 *
 * check.h
 *	  For the files of vecprov_check: what it knows and how it tells.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CHECK_H
#define VP_CHECK_H

#include "inspect/heap_scan.h"
#include "nodes/execnodes.h"
#include "page/bare.h"
#include "search/table_end.h"

/* What is known of a node in a full check. */
typedef struct NodeInfo
{
	uint8		flags;
	uint8		shard;
	bool		reached;		/* from the entry point, by links */
	bool		chained_to;		/* by another one's chain */
	bool		listed;			/* found in a list */
	bool		in_table;		/* its row is there */
	uint64		posted;			/* found in a run of the present column, or on
								 * a recent page; of arrays: bits of which
								 * element keys were */
	uint32		size;
	ItemPointerData tid;
	uint32		next;
} NodeInfo;

/* A row without a vector, as the index has it. */
typedef struct BareRow
{
	ItemPointerData tid;
	VpBareKind	kind;
	VpId		id;				/* the node */
} BareRow;

typedef struct Check
{
	VpTarget	target;
	const VpStore *store;
	ReturnSetInfo *result;
	VpMeta		meta;
	bool		full;
	NodeInfo   *nodes;			/* full only */
	VpTableEnd	table;			/* where the table ends */
	VpId	   *by_tid;			/* nodes with rows, in the order of those */
	uint32		nby_tid;
	BareRow    *bare;			/* likewise */
	Size		nbare;
	Size		bare_room;
	struct VpKeySort *elements[VP_MAX_KEYS];	/* of check_elements.c */
} Check;

/* Adds a row to the result: a rule is not kept.  item -1: by the page as a whole. */
extern void vp_check_report(Check *check, BlockNumber block, int64 item, const char *rule,
							const char *format,...) pg_attribute_printf(5, 6);

static inline BlockNumber
vp_check_block(const Check *check, VpId id)
{
	return vp_node_place(&check->store->geo, id).block;
}

static inline bool
vp_all_zero(const void *from, Size bytes)
{
	const char *at = from;

	for (Size i = 0; i < bytes; i++)
		if (at[i] != 0)
			return false;
	return true;
}

/*----------
 * check_bare.c: rows without a vector
 *----------
 */

/* Looks at the record of a bare node, on a page that the caller has locked. */
extern void vp_check_bare_node(Check *check, BlockNumber block, VpId id, const char *record);

/* Looks at the chains, and remembers their rows.  After all pages. */
extern void vp_check_bare(Check *check);

/*
 * Is each row without a vector at one node?  find: the node of a graph that has a row, or
 * VP_NO_ID.  After vp_check_bare.
 */
extern void vp_check_bare_once(Check *check, VpId (*find) (Check *check, ItemPointer tid));

/* Is this row of the table in the index?  A VpBareCall, after vp_check_bare_once. */
extern void vp_check_bare_row(ItemPointer tid, VpBareKind kind, void *arg);

/*----------
 * check_runs.c: posting runs
 *----------
 */

/* Looks at the runs of all key columns, and in a full check at what all pages of the pool are for. */
extern void vp_check_runs(Check *check);

/*----------
 * check_cells.c: cells
 *----------
 */

/* Looks at the cells.  After all nodes. */
extern void vp_check_cells(Check *check);

/*----------
 * check_elements.c: elements of arrays
 *----------
 */

/* Before and after the rows of the table, in a full check; and for each that is at a node. */
extern void vp_check_elements_begin(Check *check);
extern void vp_check_elements_row(Check *check, VpId id, const VpRowKeys *keys);
extern void vp_check_elements(Check *check);

#endif							/* VP_CHECK_H */
