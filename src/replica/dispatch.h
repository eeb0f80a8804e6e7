/*-------------------------------------------------------------------------
 *
 * dispatch.h
 *	  The right to search, and searches by others: what the access method knows of
 *	  replicas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_DISPATCH_H
#define VP_DISPATCH_H

#include "storage/block.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

/* Has an index seats, so that vp_seat_give() is due after a search? */
extern bool vp_has_seats(Relation rel);

/*
 * Takes a seat of the index, if it has seats and this process has none: waits
 * until it gets one, in the order of arrival.  Can be cancelled.
 */
extern void vp_seat_take(Relation rel);

/* Gives it back, if this process has one. */
extern void vp_seat_give(void);

/*----------
 * Searches that a replica's worker runs for another process
 *----------
 */

/* A search, with the settings of who asks for it. */
typedef struct VpAsk
{
	int			ef_search;
	int			iterative_scan;
	int			max_scan_tuples;
	int			rows;			/* as many as there are, up to this */
	int			more;			/* and up to so many of what is found beside them */
	Datum		query;			/* not NULL; not toasted */
} VpAsk;

/* A row that was found.  Whether the asker sees it is to be looked up. */
typedef struct VpHit
{
	double		dist;			/* as the index measures it */
	ItemPointerData tid;
} VpHit;

/* Is no seat free, or does somebody wait for one?  False without seats. */
extern bool vp_seats_are_taken(Relation rel);

/*
 * Has a worker search: while no seat is free, in the order of arrival; and, with `meanwhile`, an idle
 * worker if there is one.  Returns how many rows it has put into hits; -1: do it yourself,
 * perhaps with a seat that this process has now.  The caller has the index open, no seat, and a snapshot
 * that is older than the call.  While an idle worker searches, `meanwhile` is called until it returns
 * false.  Can be cancelled.
 */
extern int	vp_search_elsewhere(Relation rel, const VpAsk *ask, VpHit *hits,
								bool (*meanwhile) (void *arg), void *arg);

/* What workers run: given to replica/ by who can search. */
typedef struct VpServer
{
	/*
	 * Begins a transaction and opens an index of this database for some searches.  NULL,
	 * and no transaction, if somebody wants it for himself: it waits for no lock on it.
	 */
	void	   *(*open) (Oid index);

	/* One search; returns how many rows.  Errors are raised. */
	int			(*search) (void *opened, const VpAsk *ask, VpHit *hits);

	/* Ends what open began. */
	void		(*close) (void *opened);

	/*
	 * Reads some of the index's table, from *next on, into buffers that nobody uses.  False: there
	 * is no more to be done.  No transaction is under way, before and after.
	 */
	bool		(*warm_table) (Oid index, BlockNumber *next);
} VpServer;

extern void vp_server_define(const VpServer *server);

#endif							/* VP_DISPATCH_H */
