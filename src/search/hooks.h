/*-------------------------------------------------------------------------
 *
 * hooks.h
 *	  What the user of a search is told while it works.
 *
 * A search ranks rows and does nothing else: who may search, who waits for the
 * rows and what is counted is its user's business.  These are the places in a
 * search at which a user has something to do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_HOOKS_H
#define VP_HOOKS_H

#include "storage/itemptr.h"

/* How the rows in order came to their end. */
typedef struct VpSearchEnd
{
	bool		cut_off;		/* there may be more: the effort allowed no
								 * more rows */
	int			nlate;			/* rows that were put off, and come now */
	int64		nreturned;		/* before these */
} VpSearchEnd;

/*
 * Each gets the argument that was given with the hooks.  No lock or pin is
 * held.
 */
typedef struct VpSearchHooks
{
	/*
	 * The call has more to do than to hand out a row that is ready.  At most
	 * once a call.
	 */
	void		(*works) (void *arg);

	/*
	 * A round of the search begins, in the graph or over all nodes.  May wait
	 * and raise errors.
	 */
	void		(*round) (void *arg);

	/*
	 * Once a search: the first round of the graph is about to end, or has
	 * ended.  `lead` says how many expansions before its end this is to be
	 * told; it is asked at the beginning.  Both may be NULL.
	 */
	void		(*rows_come) (void *arg);
	int			(*lead) (void *arg);

	/*
	 * A row is likely to be returned, so that it can be loaded ahead; cold:
	 * exact vectors had to be read from disk.  A hint: the TID may be torn.
	 */
	void		(*expect) (void *arg, const ItemPointerData *tid, bool cold);

	/* All rows have been returned that come in order. */
	void		(*ends) (void *arg, const VpSearchEnd *end);
} VpSearchHooks;

#endif							/* VP_HOOKS_H */
