/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  A scan's rows, fetched by the executor from where they were seen last.
 *
 * Of a short search, the executor's fetching of ten rows is a tenth (perf
 * record of a backend under test/bench/driver, 40,000 x 512): for each, a
 * look-up of the buffer, the page's header, its line pointer and the row are
 * not in the processor's cache.  Here these are loaded while vectors are still
 * being measured, and the buffer is found by a hint as the index's own pages
 * are (see page/peek.h), and left where heapam looks first: in the buffer it
 * had last.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ROWS_H
#define VP_ROWS_H

#include "access/genam.h"
#include "access/relscan.h"

#include "page/peek.h"

typedef struct VpRows
{
	Relation	table;
	bool		enabled;		/* it is a heap, and in shared buffers */
	VpPeekRel	peek;
	ItemPointerData coming[2];	/* the last two rows expected, on their way */
	BlockNumber unknown;		/* the block that heapam had to look up; else
								 * invalid */
} VpRows;

/* Begins a scan.  table: NULL if nobody is going to fetch rows. */
extern void vp_rows_begin(VpRows *rows, Relation table);

/*
 * A row is likely to be returned: begins to load it.  cold: from the disk.  The
 * TID is a hint: it may be torn, or that of a row that is gone.
 */
extern void vp_rows_expect(VpRows *rows, const ItemPointerData *tid, bool cold);

/*
 * scan->xs_heaptid is about to be returned.  If it is known where its page is,
 * pins that, and leaves the pin in heapam's xs_cbuf, in place of the page
 * before, which it releases: heapam releases the pin.  Else does nothing, and
 * heapam looks the page up.  Leaves no lock.
 */
extern void vp_rows_pin(VpRows *rows, IndexScanDesc scan);

#endif							/* VP_ROWS_H */
