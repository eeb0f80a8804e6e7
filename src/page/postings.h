/*-------------------------------------------------------------------------
 *
 * postings.h
 *	  The posting lists of key columns, as one search reads them.
 *
 * A search asks for the ids of all nodes whose keys in a column may be in some
 * ranges.  No node is missing whose row the caller's snapshot can see.  All ids
 * are below next_id.  An id may come twice, and its node may be of another key,
 * dead, used again or free.  So the caller
 *
 *	- fetches the node's tail, and after that tests the keys
 *	- accepts all states but free, bare and gone (vp_is_gone): a row may be at a node that is
 *	  UNLINKED
 *
 * README.md, Posting runs, says why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POSTINGS_H
#define VP_POSTINGS_H

#include "page/store.h"
#include "page/stored_key.h"

typedef struct VpPostings VpPostings;

/*
 * In the current memory context.  Valid while the caller's snapshot is, which
 * must be registered or active: it keeps the pages.  NULL: the index has no key
 * columns.
 */
extern VpPostings *vp_postings_open(const VpStore *store);

/*
 * An upper bound of the rows whose keys in a column (from 0 on) are in some
 * spans, which are sorted and disjoint.
 */
extern uint64 vp_postings_count(VpPostings *postings, int column, const VpKeySpan *spans, int nspans);

/* Begins, or begins again, to give their ids.  The spans need not stay. */
extern void vp_postings_scan(VpPostings *postings, int column, const VpKeySpan *spans, int nspans);

/*
 * Do the ids of the scan come in their order, but for few places where that
 * begins anew?
 */
extern bool vp_postings_in_order(const VpPostings *postings);

/*
 * Of the manifest that the lists are read by.  In one file, manifests of one
 * generation list the same runs.
 */
extern uint32 vp_postings_generation(const VpPostings *postings);

/* No more ids of the runs are given: those of recent pages are left. */
extern void vp_postings_leave_runs(VpPostings *postings);

/* The next ids, at most so many; 0: there are none any more. */
extern int	vp_postings_next(VpPostings *postings, VpId *ids, int max);

/*
 * Ids of the scan at random places, which may come twice; fewer than n only if
 * there are none.
 */
extern int	vp_postings_sample(VpPostings *postings, VpId *ids, int n);

extern void vp_postings_close(VpPostings *postings);

#endif							/* VP_POSTINGS_H */
