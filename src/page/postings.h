/*-------------------------------------------------------------------------
 *
 * postings.h
 *	  The posting lists of key columns, as one search takes them.
 *
 * They give ids of nodes whose keys may be in some ranges.  None is missing whose row the
 * caller's snapshot can see.  An id may come twice, and what it leads to may be anything: a
 * node whose key is another, that is dead, used again, or never was.  So the caller tests each
 * at its node, where all count but those that are free or gone (vp_is_gone): a row may be at a
 * node that is UNLINKED, and since a moment ago at one that was dead when it was looked at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POSTINGS_H
#define VP_POSTINGS_H

#include "page/store.h"
#include "page/stored_key.h"

typedef struct VpPostings VpPostings;

/*
 * In the current memory context.  Valid while the caller's snapshot is, which must be registered
 * or active: it keeps the pages.  NULL: the index has no key columns.
 */
extern VpPostings *vp_postings_open(const VpStore *store);

/*
 * An upper bound of the rows whose keys in a column (from 0 on) are in some spans, which are
 * sorted and disjoint.
 */
extern uint64 vp_postings_count(VpPostings *postings, int column, const VpKeySpan *spans, int nspans);

/* Begins, or begins again, to give their ids.  The spans need not stay. */
extern void vp_postings_scan(VpPostings *postings, int column, const VpKeySpan *spans, int nspans);

/* The next ids, at most so many; 0: there are none any more. */
extern int	vp_postings_next(VpPostings *postings, VpId *ids, int max);

/* Ids of the scan at random places, which may come twice; fewer than n only if there are none. */
extern int	vp_postings_sample(VpPostings *postings, VpId *ids, int n);

extern void vp_postings_close(VpPostings *postings);

#endif							/* VP_POSTINGS_H */
