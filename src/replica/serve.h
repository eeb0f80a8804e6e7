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
 * Begins a transaction and opens an index of this database.  NULL, and no
 * transaction, if somebody wants it for himself: it waits for no lock on it.
 */
extern VpServed *vp_serve_open(Oid index);

/* One search; the request has its rows then, and what it cost.  Errors are raised. */
extern void vp_serve_search(VpServed *served, VpRequest *request);

/* Ends what open began. */
extern void vp_serve_close(VpServed *served);

/*
 * Reads some of the index's table, from *next on, into buffers that nobody
 * uses.  False: there is no more to be done.  No transaction is under way,
 * before and after.
 */
extern bool vp_serve_warm_table(Oid index, BlockNumber *next);

#endif							/* VP_SERVE_H */
