/*-------------------------------------------------------------------------
 *
 * returned.h
 *	  Which rows a scan has returned, and which it still has to.
 *
 * A scan may meet a row twice: at a node and at its copy in another shard; in a
 * chain, and at its dead first node, to which VACUUM has given the row.  And it
 * may find one too late, when rows that are farther away have been returned.
 * Where order is strict, such a row waits until all others have come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RETURNED_H
#define VP_RETURNED_H

#include "search/hit.h"

/* So many rows are compared with each other; more are looked up in a table. */
#define VP_FEW_ROWS		32

typedef struct VpReturned
{
	MemoryContext context;
	ItemPointerData tids[VP_FEW_ROWS];	/* rows that were met, all in `seen`
										 * if there is one */
	int			ntids;
	struct rows_hash *seen;
	VpHit	   *late;			/* those that were found late */
	int			nlate;
	int			room;			/* of late */
	int			next_late;		/* the next to be returned */
} VpReturned;

/*
 * No row yet.  What is to be remembered goes into the context, and ends with
 * it.
 */
extern void vp_returned_begin(VpReturned *returned, MemoryContext context);

/* Was this row met before?  Else remembers it. */
extern bool vp_returned_before(VpReturned *returned, const ItemPointerData *tid);

/* Puts off a row that was found late. */
extern void vp_returned_put_off(VpReturned *returned, const VpHit *hit);

/* The nearest of those put off, each once; false when there is none left. */
extern bool vp_returned_late(VpReturned *returned, VpHit *hit);

#endif							/* VP_RETURNED_H */
