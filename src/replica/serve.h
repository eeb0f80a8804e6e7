/*-------------------------------------------------------------------------
 *
 * serve.h
 *	  What a worker runs: searches for other processes, and once the reading of the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SERVE_H
#define VP_SERVE_H

#include "replica/request.h"

/* An index opened for some searches. */
typedef struct VpServed VpServed;

/*
 * Begins a transaction, opens an index of this database, locks it
 * (AccessShareLock) and pushes a snapshot, until vp_serve_close().  Waits for no
 * lock: returns NULL, and leaves no transaction, if somebody has the index
 * locked exclusively, or it is gone.
 */
extern VpServed *vp_serve_open(Oid index);

/*
 * The same, where another index may be open, which is closed then; false: this one could not be
 * opened, and none is.
 */
extern bool vp_serve_turn_to(VpServed **served, Oid index);

/* One search; the request has its rows then, and what it cost.  Errors are raised. */
extern void vp_serve_search(VpServed *served, VpRequest *request);

/* Ends what open began, the transaction too, and with it lock and snapshot. */
extern void vp_serve_close(VpServed *served);

/* How far the reading of tables is: of an index, or of the partitions of one. */
typedef struct VpWarmed
{
	int			table;
	BlockNumber block;
} VpWarmed;

/*
 * Reads some more of the index's tables into buffers that nobody uses.  False:
 * there is no more to be done.  No transaction is under way, before and after.
 */
extern bool vp_serve_warm_tables(Oid index, VpWarmed *warmed);

#endif							/* VP_SERVE_H */
